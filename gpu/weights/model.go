package weights

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// lane is the number of columns in a word of a plane.
const lane = 32

// The matrices of a block that hold the rows of several operators.
const (
	qkvMatrix = "qkv"
	upMatrix  = "up"
)

// Load finds a model as workloads.Load does, and reads also what changes its values only. A model that no backend can
// run is an error; a backend may refuse others.
func Load(nameOrPath string) (*Model, error) {
	shape, config, err := workloads.LoadConfig(nameOrPath)
	if err != nil {
		return nil, err
	}
	n, err := shape.Numerics(config)
	if err != nil {
		return nil, err
	}
	m := &Model{Model: shape, Numerics: *n}
	if !config.Preset {
		sum := sha256.Sum256(config.Data)
		m.ConfigSHA256 = hex.EncodeToString(sum[:])
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", config.File, err)
	}
	return m, nil
}

// check says what no backend can run, by the names of config.json.
func (m *Model) check() error {
	if !slices.Contains(families(), m.Family) {
		return fmt.Errorf("model_type: %s is not run; %s", m.Family, suggest.Accepted("", families()))
	}
	for _, in := range []struct {
		key   string
		value int
	}{{"hidden_size", m.Hidden}, {"num_attention_heads × head_dim", m.Heads * m.HeadDim}, {"intermediate_size", m.FFN}} {
		if in.value%lane != 0 {
			return fmt.Errorf("%s: %d is not run; accepted: a multiple of %d, the columns of a word of a plane", in.key, in.value, lane)
		}
	}
	return nil
}

// Fits returns an error if so many positions, prompt and generated tokens together, cannot be run.
func (m *Model) Fits(positions int) error {
	if positions < 1 || positions > m.MaxPositions {
		return fmt.Errorf("%s: %d positions; accepted: 1 to max_position_embeddings (%d)", m.Name, positions, m.MaxPositions)
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
	return [4]shape{fuse(qkvMatrix, a[:3]...), fuse("o", a[3]), fuse(upMatrix, mlp[:last]...), fuse("down", mlp[last])}
}
