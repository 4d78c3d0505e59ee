//go:build cuda

package cuda_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/cuda"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// drawnModel is a model whose sizes are drawn among those that the kernels run: heads of any multiple of 8, groups of 1 to 8, columns
// that fill no turn and no group of the planes, vocabularies of any size.
func drawnModel(r *rand.Rand) *weights.Model {
	of := func(all ...int) int { return all[r.IntN(len(all))] }
	yes := func() bool { return r.IntN(2) == 0 }
	kv := of(1, 1, 2, 3, 4)
	m := workloads.Model{Name: "drawn", Source: "drawn", Layers: 2, KVHeads: kv, Heads: kv * (1 + r.IntN(8)), HeadDim: 8 * (1 + r.IntN(16)),
		Hidden: 32 * (2 + r.IntN(12)), FFN: 32 * (1 + r.IntN(20)), Vocab: 1 + r.IntN(400), MaxPositions: 420, BlockNorms: 2, Tied: r.IntN(4) == 0}
	for m.Heads*m.HeadDim%32 != 0 || m.Heads*m.HeadDim > 1024 {
		m.HeadDim = 8 * (1 + r.IntN(16))
		m.Heads = kv * (1 + r.IntN(8))
	}
	m.Norm, m.Activation, m.GatedMLP = workloads.RMSNorm, workloads.Silu, true
	m.RotaryDim = m.HeadDim
	switch m.Family = []workloads.Family{workloads.Llama, workloads.Mistral, workloads.Qwen2, workloads.Phi, workloads.Phi3, workloads.StableLM}[r.IntN(6)]; m.Family {
	case workloads.Llama:
		m.QKVBias, m.OBias, m.MLPBias = yes(), yes(), yes()
	case workloads.Qwen2:
		m.QKVBias = true
	case workloads.Phi:
		m.Norm, m.Activation, m.GatedMLP, m.Parallel, m.BlockNorms = workloads.LayerNorm, workloads.Gelu, false, true, 1
		m.QKVBias, m.OBias, m.MLPBias, m.HeadBias, m.Tied = true, true, true, true, false
		m.RotaryDim = 2 * (1 + r.IntN(m.HeadDim/2))
	case workloads.Phi3:
		m.RotaryDim = 2 * (1 + r.IntN(m.HeadDim/2))
	case workloads.StableLM:
		m.Norm, m.QKVBias = workloads.LayerNorm, yes()
		m.RotaryDim = 2 * (1 + r.IntN(m.HeadDim/2))
		if m.Parallel = yes(); m.Parallel {
			m.BlockNorms = 1
		}
	}
	return &weights.Model{Model: &m, Numerics: workloads.Numerics{NormEps: 1e-5, RopeTheta: 10000}}
}

// TestDrawnModelsAgainstTheCPU: drawn models, prompts that end around a border of attention's splits, passes over it at drawn bits, and
// multiprocessors enough for as many splits as an H200 has. PMPD_TEST_DRAWS: so many models, in place of a few.
func TestDrawnModelsAgainstTheCPU(t *testing.T) {
	gputest.Numbers(t)
	draws := 4
	if text := os.Getenv("PMPD_TEST_DRAWS"); text != "" {
		draws, _ = strconv.Atoi(text)
	}
	t.Setenv("PMPD_FAKE_SMS", "132") // nothing on a GPU
	for seed := range draws {
		r := rand.New(rand.NewPCG(uint64(seed), 1))
		m := drawnModel(r)
		prompt := []int{61, 62, 63, 64, 126, 127, 190, 318}[r.IntN(8)]
		t.Run(fmt.Sprintf("%d: %s, %d of %d/%d by %d/%d, hidden %d, ffn %d, vocab %d, prompt %d", seed, m.Family, m.Heads, m.KVHeads, m.Heads/m.KVHeads, m.HeadDim,
			m.RotaryDim, m.Hidden, m.FFN, m.Vocab, prompt), func(t *testing.T) {
			source, err := weights.Random(m, uint64(seed))
			if err != nil {
				t.Fatal(err)
			}
			steep := m.QKVBias && m.RotaryDim >= 8
			if steep {
				if source, err = weights.Biased(source); err != nil {
					t.Fatal(err)
				}
			}
			passes := []precision.Assignment{precision.Uniform([]int{16, 4, 2}[r.IntN(3)])}
			for range 4 {
				passes = append(passes, precision.Uniform([]int{2, 3, 4, 5, 6, 7, 8, 16}[r.IntN(8)]))
			}
			mixed := precision.Assign(m.Model, func(int, string) int { return []int{2, 3, 4, 5, 6, 7, 8, 16}[r.IntN(8)] })
			passes = append(passes, mixed)
			b := open(t, source, cuda.Options{Rows: []int{0, 32, 50}[r.IntN(3)], SampleOps: r.IntN(3), Apart: []precision.Assignment{mixed}})
			onCPU, err := cpu.Open(t.Context(), source, cpu.Options{Workers: 2})
			if err != nil {
				t.Fatal(err)
			}
			all, err := gpu.Compare(onCPU, b, gputest.Prompt(m, prompt), passes)
			if err != nil || len(all) != len(passes) {
				t.Fatal(len(all), err)
			}
			for i, a := range all {
				a.Steep = steep
				if a.Wrong() != "" {
					t.Errorf("%s at %s bits, %d positions: %s", a.Pass, passes[i], a.Positions, a.Wrong())
				}
			}
		})
	}
}
