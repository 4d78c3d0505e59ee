package bench

import (
	"context"
	"runtime"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/cuda"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// checkedBits are those of prefill and then those of the decode passes of a check.
var checkedBits = [...]int{4, 16, 8, 7, 6, 5, 4, 3, 2}

// Checked is how a pass on the GPU compares with one on the CPU: a line of JSON.
type Checked struct {
	Kind      string  `json:"kind"` // passes
	Model     string  `json:"model"`
	Pass      string  `json:"pass"`
	Bits      int     `json:"weight_bits"`
	Positions int     `json:"positions"`
	Logits    float64 `json:"logits_error"`
	Cache     float64 `json:"cache_error"`
	Signals   float64 `json:"signals_error"`
	Token     int     `json:"token"`
	Want      int     `json:"want_token"`
	Wrong     string  `json:"wrong"` // what is too far off; empty: nothing
}

// steep reports whether a model is checked with large biases of q and k. What a unit in the last place does then, grows from block to
// block: two right backends are 0.06 of the logits and 1.1 nats apart after 24 blocks.
func steep(m *weights.Model) bool {
	const blocks = 4
	return m.QKVBias && m.Layers <= blocks
}

// CheckPositions returns how many positions of a model's cache a check with a prompt of so many tokens takes.
func CheckPositions(prompt int) int { return prompt + len(checkedBits) }

// Check runs prefill and a decode pass at every precision on a GPU and on the CPU, with random weights of a seed, and
// compares them. Models with biases of q and k have large ones, as trained models of their families do (weights.Biased), if they have
// few blocks.
// Each row is handed on as soon as it is known. Without a GPU it returns driver.ErrNone.
func Check(ctx context.Context, m *weights.Model, device, tokens int, seed uint64, seen func(Checked) error) error {
	source, err := weights.Random(m, seed)
	if err != nil {
		return err
	}
	steep := steep(m)
	if steep {
		if source, err = weights.Biased(source); err != nil {
			return err
		}
	}
	onGPU, err := cuda.Open(source, cuda.Options{Device: device})
	if err != nil {
		return err
	}
	defer func() { _ = onGPU.Close() }()
	onCPU, err := cpu.Open(ctx, source, cpu.Options{Workers: runtime.GOMAXPROCS(0)})
	if err != nil {
		return err
	}
	prompt := make([]int, tokens)
	for i := range prompt {
		prompt[i] = (i*37 + 11) % m.Vocab
	}
	_, err = gpu.Compare(onCPU, onGPU, prompt, precision.Uniforms(checkedBits[:]...), func(a gpu.Agreement) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		a.Steep = steep
		return seen(Checked{"passes", m.Name, a.Pass, a.Bits, a.Positions, a.Logits, a.Cache, a.Signals, a.Token, a.Want, a.Wrong()})
	})
	return err
}

// SmallModels returns models for a check. They have what the families' blocks differ in: grouped heads and no biases;
// parallel halves, biases everywhere, a head with a bias; partial rotation, heads whose width is no power of two; seven query heads
// to a KV head, biases of q, k and v. Columns do not fill the groups of the planes.
func SmallModels() []*weights.Model {
	shape := func(m workloads.Model) *weights.Model {
		m.Source, m.MaxPositions, m.BlockNorms = "for gpu check", 4096, 2
		if m.Parallel {
			m.BlockNorms = 1
		}
		return &weights.Model{Model: &m, Numerics: workloads.Numerics{NormEps: 1e-5, RopeTheta: 10000}}
	}
	return []*weights.Model{
		shape(workloads.Model{Name: "small-llama", Family: workloads.Llama, Layers: 3, Hidden: 256, Heads: 4, KVHeads: 2, HeadDim: 64,
			FFN: 704, Vocab: 320, RotaryDim: 64, Norm: workloads.RMSNorm, Activation: workloads.Silu, GatedMLP: true}),
		shape(workloads.Model{Name: "small-phi", Family: workloads.Phi, Layers: 2, Hidden: 256, Heads: 4, KVHeads: 4, HeadDim: 64,
			FFN: 1056, Vocab: 301, RotaryDim: 32, Norm: workloads.LayerNorm, Activation: workloads.Gelu, Parallel: true, QKVBias: true,
			OBias: true, MLPBias: true, HeadBias: true}),
		shape(workloads.Model{Name: "small-stablelm", Family: workloads.StableLM, Layers: 2, Hidden: 320, Heads: 4, KVHeads: 4, HeadDim: 80,
			FFN: 864, Vocab: 288, RotaryDim: 20, Norm: workloads.LayerNorm, Activation: workloads.Silu, GatedMLP: true}),
		shape(workloads.Model{Name: "small-qwen2", Family: workloads.Qwen2, Layers: 2, Hidden: 448, Heads: 7, KVHeads: 1, HeadDim: 64,
			FFN: 608, Vocab: 333, RotaryDim: 64, Norm: workloads.RMSNorm, Activation: workloads.Silu, GatedMLP: true, QKVBias: true, Tied: true}),
	}
}
