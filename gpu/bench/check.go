package bench

import (
	"runtime"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/cuda"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// checkedBits are those of prefill and then those of the decode passes of a check.
var checkedBits = [...]int{4, 16, 8, 7, 6, 5, 4, 3, 2}

// CheckPositions returns how many positions of a model's cache a check with a prompt of so many tokens takes.
func CheckPositions(prompt int) int { return prompt + len(checkedBits) }

// Check runs prefill and a decode pass at every precision on a GPU and on the CPU, with random weights of a seed, and
// compares them. Without a GPU it returns driver.ErrNone.
func Check(m *weights.Model, device, tokens int, seed uint64) ([]gpu.Agreement, error) {
	source, err := weights.Random(m, seed)
	if err != nil {
		return nil, err
	}
	onGPU, err := cuda.Open(source, cuda.Options{Device: device})
	if err != nil {
		return nil, err
	}
	defer func() { _ = onGPU.Close() }()
	onCPU, err := cpu.Open(source, cpu.Options{Workers: runtime.GOMAXPROCS(0)})
	if err != nil {
		return nil, err
	}
	prompt := make([]int, tokens)
	for i := range prompt {
		prompt[i] = (i*37 + 11) % m.Vocab
	}
	return gpu.Compare(onCPU, onGPU, prompt, checkedBits[:])
}

// SmallModels returns models for a check. They have what the families' blocks differ in: grouped heads and no biases;
// parallel halves, biases everywhere, a head with a bias; partial rotation, heads whose width is no power of two.
// Columns do not fill the groups of the planes.
func SmallModels() []*weights.Model {
	shape := func(m workloads.Model) *weights.Model {
		m.Source, m.MaxPositions, m.BlockNorms = "for gpu check", 4096, 2
		if m.Parallel {
			m.BlockNorms = 1
		}
		return &weights.Model{Model: &m, NormEps: 1e-5, RopeTheta: 10000}
	}
	return []*weights.Model{
		shape(workloads.Model{Name: "small-llama", Family: workloads.Llama, Layers: 3, Hidden: 256, Heads: 4, KVHeads: 2, HeadDim: 64,
			FFN: 704, Vocab: 320, RotaryDim: 64, Norm: workloads.RMSNorm, Activation: workloads.Silu, GatedMLP: true}),
		shape(workloads.Model{Name: "small-phi", Family: workloads.Phi, Layers: 2, Hidden: 256, Heads: 4, KVHeads: 4, HeadDim: 64,
			FFN: 1056, Vocab: 301, RotaryDim: 32, Norm: workloads.LayerNorm, Activation: workloads.Gelu, Parallel: true, QKVBias: true,
			OBias: true, MLPBias: true, HeadBias: true}),
		shape(workloads.Model{Name: "small-stablelm", Family: workloads.StableLM, Layers: 2, Hidden: 320, Heads: 4, KVHeads: 4, HeadDim: 80,
			FFN: 864, Vocab: 288, RotaryDim: 20, Norm: workloads.LayerNorm, Activation: workloads.Silu, GatedMLP: true}),
	}
}
