package weights

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// What the kernels of a backend are made for.
const (
	lane      = 32  // columns in the words of a plane
	most      = 128 // values of a head
	step      = 8   // values of a head in one load of 16 bytes
	mostGroup = 8   // query heads that share a KV head
)

// Load finds a model as workloads.Load does, and reads also what changes its values only. A model that the engine
// cannot run is an error.
func Load(nameOrPath string) (*Model, error) {
	shape, config, err := workloads.LoadConfig(nameOrPath)
	if err != nil {
		return nil, err
	}
	n, err := shape.Numerics(config)
	if err != nil {
		return nil, err
	}
	if n.Erf && shape.Activation == workloads.Gelu {
		return nil, fmt.Errorf("%s: hidden_act: \"gelu\", by the error function, is not run; accepted: gelu_new, gelu_fast or "+
			"gelu_pytorch_tanh, its approximation by tanh", config.File)
	}
	m := &Model{Model: shape, NormEps: n.NormEps, RopeTheta: n.RopeTheta, RopeScale: (*RopeScale)(n.RopeScale), EOS: n.EOS}
	if !config.Preset {
		sum := sha256.Sum256(config.Data)
		m.ConfigSHA256 = hex.EncodeToString(sum[:])
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", config.File, err)
	}
	return m, nil
}

// families returns those whose blocks the kernels of the backends compute.
func families() []workloads.Family {
	return []workloads.Family{workloads.Llama, workloads.Mistral, workloads.Qwen2, workloads.Phi, workloads.StableLM}
}

// check says what the engine cannot run, by the names of config.json.
func (m *Model) check() error {
	if !slices.Contains(families(), m.Family) {
		return fmt.Errorf("model_type: %s is not run; %s", m.Family, suggest.Accepted("", families()))
	}
	if m.QKNorm || m.Softcap || m.BlockNorms > 2 {
		return fmt.Errorf("model_type: norms of q and k, soft-capped logits and four norms a block are not run; accepted: none of them")
	}
	if gated := m.Activation == workloads.Silu; gated != m.GatedMLP {
		return fmt.Errorf("hidden_act: %s in an MLP with gate=%t is not run; accepted: silu with a gate, gelu_new without one",
			m.Activation, m.GatedMLP)
	}
	for _, in := range []struct {
		key   string
		value int
	}{{"hidden_size", m.Hidden}, {"num_attention_heads × head_dim", m.Heads * m.HeadDim}, {"intermediate_size", m.FFN}} {
		if in.value%lane != 0 {
			return fmt.Errorf("%s: %d is not run; accepted: a multiple of %d, the columns of a word of a plane", in.key, in.value, lane)
		}
	}
	if m.HeadDim%step != 0 || m.HeadDim > most {
		return fmt.Errorf("head_dim: %d is not run; accepted: a multiple of %d up to %d", m.HeadDim, step, most)
	}
	if m.Heads > mostGroup*m.KVHeads {
		return fmt.Errorf("num_key_value_heads: %d for %d query heads is not run; accepted: at most %d query heads each",
			m.KVHeads, m.Heads, mostGroup)
	}
	return nil
}

// Fits returns an error if so many positions, prompt and generated tokens together, cannot be run.
func (m *Model) Fits(positions int) error {
	if positions < 1 || positions > m.MaxPositions {
		return fmt.Errorf("%s: %d positions; accepted: 1 to max_position_embeddings (%d)", m.Name, positions, m.MaxPositions)
	}
	if m.Window > 0 && positions > m.Window {
		return fmt.Errorf("%s: %d positions are more than sliding_window, and windows are not run; accepted: up to %d", m.Name,
			positions, m.Window)
	}
	return nil
}

// Memory returns the bytes that the model takes on a device that holds it at these widths: planes up to the widest
// below 16, a codebook for each width, the fp16 matrices where 16 is among them, and what is fp16 always. Caches and
// buffers are not in it.
func (m *Model) Memory(bits ...int) int64 {
	p := m.Params()
	bytes := 2 * (p.Embedding + p.Head + p.Biases + p.Norms)
	rows, widest := int64(0), 0
	for _, s := range m.shapes() {
		rows += int64(s.out)
	}
	held := map[int]bool{}
	for _, n := range bits {
		switch {
		case held[n]:
		case n == Half:
			bytes += 2 * p.Blocks
		default:
			bytes += 2 * rows * int64(m.Layers) << n
			widest = max(widest, n)
		}
		held[n] = true
	}
	return bytes + p.Blocks/8*int64(widest)
}

// shape is one matrix of a block before there are values.
type shape struct {
	name    string
	out, in int
	bias    bool
	parts   []workloads.Linear // from top to bottom
}

// shapes are the matrices of a block in the order of Block: qkv, o, up, down.
func (m *Model) shapes() [4]shape {
	a, mlp := m.Attention(), m.MLP()
	fuse := func(name string, parts ...workloads.Linear) shape {
		s := shape{name: name, in: parts[0].In, bias: parts[0].Bias, parts: parts}
		for _, p := range parts {
			s.out += p.Out
		}
		return s
	}
	last := len(mlp) - 1
	return [4]shape{fuse("qkv", a[:3]...), fuse("o", a[3]), fuse("up", mlp[:last]...), fuse("down", mlp[last])}
}
