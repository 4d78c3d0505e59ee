package workloads

import (
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

// Params counts a model's parameters by what becomes of them.
type Params struct {
	Blocks    int64 `json:"blocks"`             // matrices of the blocks: what a precision schedule changes
	Embedding int64 `json:"embedding"`          // token embedding
	Head      int64 `json:"head"`               // lm_head where it has a matrix of its own; 0 when it is the embedding
	Biases    int64 `json:"biases"`             // of blocks and head
	Norms     int64 `json:"norms"`              // of blocks and of the final norm
	Positions int64 `json:"positions,omitzero"` // their embedding, where it is learned
	Total     int64 `json:"total"`

	Experts int64 `json:"experts,omitempty"` // matrices of the routed experts, part of Blocks
	Routers int64 `json:"routers,omitempty"` // matrices that choose and weight experts: fp16 always, no part of Blocks
	Active  int64 `json:"active,omitempty"`  // what a token uses: Total without the experts that it does not take
}

// Params counts the model's parameters.
func (m *Model) Params() Params {
	var p Params
	idle := int64(0) // parameters of experts that a token does not take
	for l := range m.Layers {
		for _, x := range m.Matrices(l) {
			size, count := int64(x.Out)*int64(x.In), int64(x.Count())
			if x.Fixed {
				p.Routers += size
			} else {
				p.Blocks += size * count
			}
			bias := int64(0)
			if x.Bias {
				bias = int64(x.Out)
			}
			p.Biases += bias * count
			if x.Copies > 0 {
				p.Experts += size * count
				idle += (size + bias) * (count - int64(m.Experts.PerToken))
			}
		}
	}
	p.Norms = m.BlockNormParams()
	p.Norms = p.Norms*int64(m.Layers) + m.Norm.Params(m.Hidden)
	if m.EmbedNorm {
		p.Norms += m.Norm.Params(m.Hidden)
	}
	p.Positions = int64(m.LearnedPositions) * int64(m.Hidden)
	p.Embedding = m.HeadParams()
	if !m.Tied {
		p.Head = p.Embedding
	}
	if m.HeadBias {
		p.Biases += int64(m.Vocab)
	}
	p.Total = p.Blocks + p.Routers + p.Embedding + p.Positions + p.Head + p.Biases + p.Norms
	if m.Experts != nil {
		p.Active = p.Total - idle
	}
	return p
}

// HeadParams returns the size of the matrix that lm_head multiplies with, whether it is its own or the embedding.
func (m *Model) HeadParams() int64 { return int64(m.Vocab) * int64(m.Hidden) }

// BlockNormParams returns the parameters of a block's norms.
func (m *Model) BlockNormParams() int64 {
	n := int64(m.BlockNorms)*m.Norm.Params(m.Hidden) + m.QKNormParams(m.Heads) + m.QKNormParams(m.KVHeads) + m.latentNorms()
	if m.SubNorms {
		n += m.Norm.Params(m.Heads*m.HeadDim) + m.Norm.Params(m.FFN)
	}
	return n
}

// QKNormParams returns the parameters of the norm of q, or of k, with so many heads.
func (m *Model) QKNormParams(heads int) int64 {
	switch {
	case !m.QKNorm:
		return 0
	case m.QKNormKind == BareNorms:
		return 0
	case m.QKNormKind == WideNorms:
		return m.Norm.Params(heads * m.HeadDim)
	case m.QKNormKind == OwnNorms:
		return int64(heads) * int64(m.HeadDim)
	}
	return m.Norm.Params(m.HeadDim)
}

// KVBytesPerToken returns what one token adds to the KV cache of all layers, with bits per value.
func (m *Model) KVBytesPerToken(bits unit.Bits) unit.Bytes {
	return bits.Of(int64(m.Layers) * int64(m.CacheWidth()))
}

// mostPositions is the longest context: llama4's is 10 Mi.
const mostPositions = 1 << 24

// mostLayers is the most blocks.
const mostLayers = 1 << 12

// Validate says what is impossible about the shape, by the names of config.json. Its limits are far above any model of
// today and keep every count of Params and of Step's operators within int64.
func (m *Model) Validate() error {
	if _, ok := traitsOf(m.Family); !ok {
		return fmt.Errorf("model_type: %q is not known; %s", m.Family, suggest.Accepted("", Families()))
	}
	for _, limit := range []struct {
		key        string
		value, max int
	}{
		{"hidden_size", m.Hidden, 1 << 19},
		{"num_hidden_layers", m.Layers, mostLayers},
		{"num_attention_heads", m.Heads, 1 << 13},
		{"num_key_value_heads", m.KVHeads, 1 << 13},
		{"head_dim", m.HeadDim, 1 << 13},
		{"num_attention_heads × head_dim", m.Heads * m.HeadDim, 1 << 19},
		{"intermediate_size", m.FFN, 1 << 22},
		{"vocab_size", m.Vocab, 1 << 24},
		{"max_position_embeddings", m.MaxPositions, mostPositions},
	} {
		if limit.value < 1 || limit.value > limit.max {
			return fmt.Errorf("%s: %d is out of range; accepted: 1 to %d", limit.key, limit.value, limit.max)
		}
	}
	if err := m.Stored.Check(); err != nil {
		return err
	}
	return m.validateParts()
}

func (m *Model) validateParts() error {
	if m.Heads%m.KVHeads != 0 {
		return fmt.Errorf("num_key_value_heads: %d does not divide num_attention_heads (%d); accepted: a divisor of it",
			m.KVHeads, m.Heads)
	}
	if m.RotaryDim < 0 || m.RotaryDim > m.HeadDim || m.RotaryDim%2 != 0 {
		return fmt.Errorf("partial_rotary_factor: rotates %d of head_dim %d; accepted: an even number up to it", m.RotaryDim,
			m.HeadDim)
	}
	if !slices.Contains(Norms(), m.Norm) {
		return fmt.Errorf("norm: %q is not known; %s", m.Norm, suggest.Accepted("", Norms()))
	}
	if !slices.Contains(Activations(), m.Activation) {
		return fmt.Errorf("hidden_act: %q is not known; %s", m.Activation, suggest.Accepted("", Activations()))
	}
	if !slices.Contains([]string{"", OwnNorms, WideNorms, BareNorms}, m.QKNormKind) {
		return fmt.Errorf("qk_norm_kind: %q is not known; accepted: %s, %s, %s, or none", m.QKNormKind, OwnNorms, WideNorms, BareNorms)
	}
	if least := 2; m.BlockNorms == 1 && !m.Parallel || m.BlockNorms != 1 && m.BlockNorms != least && (m.BlockNorms != 4 || m.Parallel) ||
		m.NormsBehind && (m.Parallel || m.BlockNorms != least) {
		return fmt.Errorf("block norms: %d with parallel=%t; accepted: 1 or 2 in a parallel block, 2 or 4 in a sequential one",
			m.BlockNorms, m.Parallel)
	}
	if m.LearnedPositions < 0 || m.LearnedPositions > mostPositions+2 {
		return fmt.Errorf("learned_positions: %d is out of range; accepted: 0 to %d", m.LearnedPositions, mostPositions+2)
	}
	if err := m.validatePattern(); err != nil {
		return err
	}
	const most = 1 << 31
	if m.Window < 0 || m.WindowEvery < 0 || m.WindowFrom < 0 || m.Window > most || m.WindowEvery > most || m.WindowFrom > most {
		return fmt.Errorf("sliding_window: %d, every %d layers from layer %d; accepted: 0 to %d each", m.Window, m.WindowEvery,
			m.WindowFrom, most)
	}
	if err := m.validateLatent(); err != nil {
		return err
	}
	return m.validateExperts()
}

// CheckLengths returns an error if prompt and generation do not fit the positions that the model was made for.
func (m *Model) CheckLengths(prompt, gen int) error {
	if prompt < 1 || gen < 1 {
		return fmt.Errorf("%s: a prompt of %d tokens and %d generated tokens; accepted: at least 1 of each", m.Name, prompt, gen)
	}
	if prompt > m.MaxPositions || gen > m.MaxPositions-prompt { // not prompt+gen, which may overflow
		return fmt.Errorf("%s: a prompt of %d tokens and %d generated tokens are more than the model's "+
			"max_position_embeddings of %d; accepted: up to %d together", m.Name, prompt, gen, m.MaxPositions, m.MaxPositions)
	}
	return nil
}
