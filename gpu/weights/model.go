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
	type width struct {
		key   string
		value int
	}
	widths := []width{{"hidden_size", m.Hidden}, {"intermediate_size", m.FFN}, {"the width of experts",
		m.expertWidth(false)},
		{"the width of shared experts", m.expertWidth(true)}}
	if l := m.Latent; l != nil {
		widths = append(widths, width{"q_lora_rank", l.QRank}, width{"kv_lora_rank", l.KVRank},
			width{"num_attention_heads × v_head_dim", m.Heads * l.ValueDim})
	} else {
		widths = append(widths, width{"num_attention_heads × head_dim", m.Heads * m.HeadDim})
	}
	for _, in := range widths {
		if in.value%lane != 0 {
			return fmt.Errorf("%s: %d is not run; accepted: a multiple of %d, the columns of a word of a plane",
				in.key, in.value, lane)
		}
	}
	return nil
}

// expertWidth is the width of routed experts or of the shared one; 0: there are none.
func (m *Model) expertWidth(shared bool) int {
	switch {
	case m.Experts == nil:
		return 0
	case shared:
		return m.Experts.Shared
	}
	return m.Experts.Width
}

// Fits returns an error if so many positions, prompt and generated tokens together, cannot be run.
func (m *Model) Fits(positions int) error {
	if positions < 1 || positions > m.MaxPositions {
		return fmt.Errorf("%s: %d positions; accepted: 1 to max_position_embeddings (%d)", m.Name, positions,
			m.MaxPositions)
	}
	return nil
}

// Memory returns the bytes that the model takes on a device that holds it at these widths: planes up to the widest
// below 16, a codebook for each width, the fp16 matrices where 16 is among them, and what is fp16 always. Caches and
// buffers are not in it.
func (m *Model) Memory(bits ...int) int64 {
	p := m.Params()
	bytes := 2 * (p.Embedding + p.Positions + p.Head + p.Biases + p.Norms + p.Routers)
	rows, widest := int64(0), 0
	for layer := range m.Layers {
		for _, s := range m.shapes(layer) {
			if !s.fixed {
				rows += int64(s.out) * int64(max(1, s.copies))
			}
		}
	}
	held := map[int]bool{}
	for _, n := range bits {
		switch {
		case held[n]:
		case n == Half:
			bytes += 2 * p.Blocks
		default:
			bytes += 2 * rows << n
			widest = max(widest, n)
		}
		held[n] = true
	}
	return bytes + p.Blocks/8*int64(widest)
}

// shape is one matrix of a block before there are values, or one for each expert.
type shape struct {
	name    string
	out, in int
	bias    bool
	fixed   bool               // fp16 always
	copies  int                // experts; 0: there is one matrix
	parts   []workloads.Linear // from top to bottom
}

// shapes are the matrices of a layer in the order of Block.
func (m *Model) shapes(layer int) []shape {
	var all []shape
	fuse := func(name string, parts ...workloads.Linear) {
		s := shape{name: name, in: parts[0].In, copies: parts[0].Copies, fixed: parts[0].Fixed, parts: parts}
		for _, p := range parts {
			s.out += p.Out
			s.bias = s.bias || p.Bias
		}
		all = append(all, s)
	}
	mlp := func(up, down string, matrices []workloads.Linear) {
		if last := len(matrices) - 1; last > 0 {
			fuse(up, matrices[:last]...)
			fuse(down, matrices[last])
		}
	}
	if m.Latent == nil {
		a := m.Attention()
		fuse(qkvMatrix, a[:3]...)
		fuse("o", a[3])
	} else {
		for _, x := range m.Matrices(layer) {
			if x.Name == "o_proj" {
				fuse("o", x)
				break
			}
			fuse(x.Name, x)
		}
	}
	if !m.Sparse(layer) {
		mlp(upMatrix, "down", m.MLP())
		return all
	}
	fuse("router", m.RouterMatrix())
	mlp("shared_up", "shared_down", m.SharedExpert())
	if m.Experts.SharedGate {
		fuse("shared_gate", m.SharedGateMatrix())
	}
	mlp("experts_up", "experts_down", m.Expert())
	return all
}

// to is where a block has the matrices of a shape, one or one for each expert.
func (b *Block) to(s *shape) []*Matrix {
	several := func(to *[]Matrix) (all []*Matrix) {
		*to = make([]Matrix, s.copies)
		for i := range *to {
			all = append(all, &(*to)[i])
		}
		return all
	}
	switch s.name {
	case "experts_up":
		return several(&b.ExpertsUp)
	case "experts_down":
		return several(&b.ExpertsDown)
	}
	to, ok := map[string]*Matrix{qkvMatrix: &b.QKV, "o": &b.O, upMatrix: &b.Up, "down": &b.Down, "router": &b.Router,
		"shared_up": &b.SharedUp, "shared_down": &b.SharedDown, "shared_gate": &b.SharedGate}[s.name]
	if !ok { // of latent attention
		if b.Latent == nil {
			b.Latent = map[string]*Matrix{}
		}
		to = new(Matrix)
		b.Latent[s.name] = to
	}
	return []*Matrix{to}
}

// correct puts a bias that is for scores, not for the logits they are made of, where it belongs.
func (b *Block) correct(m *Model) {
	if m.Experts != nil && m.Experts.Scoring == workloads.SigmoidAll {
		b.RouterBias, b.Router.Bias = b.Router.Bias, nil
	}
}

// called is the name of a matrix of a layer, or of one of its experts.
func (s *shape) called(layer, copy int) string {
	if s.copies > 0 {
		return fmt.Sprintf("L%d.%s.%d", layer, s.name, copy)
	}
	return fmt.Sprintf("L%d.%s", layer, s.name)
}
