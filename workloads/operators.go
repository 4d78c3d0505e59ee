package workloads

import (
	"fmt"
	"strconv"
)

// OpKind says what an operator is for.
type OpKind string

// The kinds of operators.
const (
	OpEmbed      OpKind = "embed"      // embedding row of each token
	OpNorm       OpKind = "norm"       // RMSNorm, LayerNorm, norms of q and k heads
	OpLinear     OpKind = "linear"     // matrix of a block
	OpRope       OpKind = "rope"       // rotary position embedding of q and k
	OpKVAppend   OpKind = "kv-append"  // K and V of the new tokens to the cache
	OpScores     OpKind = "scores"     // Q·Kᵀ
	OpSoftmax    OpKind = "softmax"    // over the attended positions; also the soft cap before it
	OpContext    OpKind = "context"    // P·V
	OpActivation OpKind = "activation" // silu(gate)·up, gelu(fc1)
	OpResidual   OpKind = "residual"   // residual additions
	OpHead       OpKind = "head"       // lm_head
	OpSample     OpKind = "sample"     // argmax over the vocabulary; also the soft cap before it
)

// Operator is one operation of a step, apart from any hardware. Fields that a kind does not need are zero.
type Operator struct {
	Kind   OpKind
	Name   string // "L3.q_proj"; without the layer outside the blocks
	Layer  int    // -1 outside the blocks
	Tokens int    // M: tokens that it works on

	Out, In int  // linear, head: Out×In matrix
	Bias    bool // linear, head: and Out values are added

	Heads, KVHeads, HeadDim int   // scores, softmax, context
	Context                 int   // cached positions that any of the tokens attends to, within the window
	Attended                int64 // sum over the tokens of the positions that each attends to, for one head

	Elements   int64 // values that pass through a vector function; of a residual, additions
	Rows       int64 // norm, softmax, sample: vectors that are reduced, Elements/Rows values each on average
	Softcap    bool  // the function is cap·tanh(x/cap), before the softmax or the argmax
	SideParams int64 // parameters read besides the matrix: biases, norm weights, embedding rows
}

// MACs is the number of multiply-accumulates, exact with causal masks and windows; vector functions have none.
func (o *Operator) MACs() int64 {
	switch o.Kind {
	case OpLinear, OpHead:
		return int64(o.Tokens) * o.WeightParams()
	case OpScores, OpContext:
		return int64(o.Heads) * int64(o.HeadDim) * o.Attended
	default:
		return 0
	}
}

// WeightParams is the number of parameters of the operator's matrix.
func (o *Operator) WeightParams() int64 { return int64(o.Out) * int64(o.In) }

// Step returns the operators of one pass over tokens new tokens with past positions in the cache, in execution order.
// Prefill is Step(prompt, 0), the first decode pass Step(1, prompt).
func (m *Model) Step(tokens, past int) []Operator {
	if tokens < 1 || past < 0 || past > m.MaxPositions-tokens {
		panic(fmt.Sprintf("workloads: a step of %s over %d tokens after %d, with %d positions", m.Name, tokens, past,
			m.MaxPositions))
	}
	const perBlock, outside = 24, 6 // at most, so that the slice is allocated once
	s := step{m: m, tokens: tokens, past: past, layer: -1, ops: make([]Operator, 0, perBlock*m.Layers+outside)}
	n := int64(tokens) * int64(m.Hidden)
	s.add(Operator{Kind: OpEmbed, Name: "embed_tokens", Elements: n, SideParams: n})
	for s.layer = range m.Layers {
		s.prefix = "L" + strconv.Itoa(s.layer) + "."
		s.block()
	}
	s.layer, s.prefix = -1, ""
	s.tokens = 1 // from here on only the last token counts
	s.norm("norm")
	s.linear(OpHead, Linear{"lm_head", m.Vocab, m.Hidden, m.HeadBias})
	if m.Softcap {
		s.add(Operator{Kind: OpSample, Name: "softcap", Elements: int64(m.Vocab), Softcap: true})
	}
	s.add(Operator{Kind: OpSample, Name: "argmax", Elements: int64(m.Vocab), Rows: 1})
	return s.ops
}

// step collects the operators of one pass.
type step struct {
	m                   *Model
	tokens, past, layer int
	prefix              string // of the layer's names
	ops                 []Operator
}

func (s *step) add(o Operator) {
	o.Layer, o.Tokens, o.Name = s.layer, s.tokens, s.prefix+o.Name
	s.ops = append(s.ops, o)
}

// block adds one layer, in one of three forms:
//
//	sequential:  x += attention(norm(x)); x += mlp(norm(x))
//	gemma2:      x += norm(attention(norm(x))); x += norm(mlp(norm(x)))
//	parallel:    n = norm(x); x += attention(n) + mlp(n)
func (s *step) block() {
	s.norm("input_layernorm")
	s.attention()
	switch s.m.BlockNorms {
	case 1:
		s.mlp()
		s.residual("residual", 2)
	case 2:
		s.residual("attn_residual", 1)
		s.norm("post_attention_layernorm")
		s.mlp()
		s.residual("mlp_residual", 1)
	case 4:
		s.norm("post_attention_layernorm")
		s.residual("attn_residual", 1)
		s.norm("pre_feedforward_layernorm")
		s.mlp()
		s.norm("post_feedforward_layernorm")
		s.residual("mlp_residual", 1)
	default:
		panic(fmt.Sprintf("workloads: %s has %d norms in a block", s.m.Name, s.m.BlockNorms))
	}
}

func (s *step) attention() {
	m := s.m
	projections := m.Attention()
	for _, p := range projections[:3] {
		s.linear(OpLinear, p)
	}
	if m.QKNorm {
		s.headNorm("q_norm", m.Heads)
		s.headNorm("k_norm", m.KVHeads)
	}
	tokens, heads := int64(s.tokens), int64(m.Heads)
	s.add(Operator{Kind: OpRope, Name: "rope", Elements: tokens * int64(m.Heads+m.KVHeads) * int64(m.RotaryDim)})
	s.add(Operator{Kind: OpKVAppend, Name: "kv_append", Elements: 2 * tokens * int64(m.KVWidth())})

	context, attended := s.span()
	o := Operator{Heads: m.Heads, KVHeads: m.KVHeads, HeadDim: m.HeadDim, Context: context, Attended: attended}
	scores, softcap, softmax, values := o, o, o, o
	scores.Kind, scores.Name = OpScores, "scores"
	s.add(scores)
	if m.Softcap {
		softcap.Kind, softcap.Name, softcap.Softcap, softcap.Elements = OpSoftmax, "softcap", true, heads*attended
		s.add(softcap)
	}
	softmax.Kind, softmax.Name, softmax.Elements, softmax.Rows = OpSoftmax, "softmax", heads*attended, heads*tokens
	s.add(softmax)
	values.Kind, values.Name = OpContext, "context"
	s.add(values)
	s.linear(OpLinear, projections[3])
}

// span returns the cached positions that the pass touches in this layer, and the sum over its tokens of the positions
// that each attends to. Token i of the pass sees past+i+1 positions, itself included, or a window of them:
//
//	past 2, tokens 4, window 4:   3 4 4 4 of the positions 0…5: context 6, attended 15
func (s *step) span() (context int, attended int64) {
	window := s.past + s.tokens
	if s.m.Windowed(s.layer) {
		window = min(window, s.m.Window)
	}
	growing := int64(max(0, min(s.tokens, window-s.past))) // tokens before the window is full
	attended = growing*int64(s.past) + growing*(growing+1)/2 + (int64(s.tokens)-growing)*int64(window)
	return min(s.past+s.tokens, window+s.tokens-1), attended
}

func (s *step) mlp() {
	matrices := s.m.MLP()
	last := len(matrices) - 1
	for _, l := range matrices[:last] {
		s.linear(OpLinear, l)
	}
	s.add(Operator{Kind: OpActivation, Name: "act_fn", Elements: int64(s.tokens) * int64(s.m.FFN)})
	s.linear(OpLinear, matrices[last])
}

func (s *step) linear(kind OpKind, l Linear) {
	o := Operator{Kind: kind, Name: l.Name, Out: l.Out, In: l.In, Bias: l.Bias}
	if l.Bias {
		o.SideParams = int64(l.Out)
	}
	s.add(o)
}

// norm adds a norm of the residual stream.
func (s *step) norm(name string) {
	rows, width := int64(s.tokens), s.m.Hidden
	s.add(Operator{Kind: OpNorm, Name: name, Elements: rows * int64(width), Rows: rows, SideParams: s.m.normParams(width)})
}

// headNorm adds a norm of each of a token's heads; the heads share its weights.
func (s *step) headNorm(name string, heads int) {
	rows, width := int64(s.tokens)*int64(heads), s.m.HeadDim
	s.add(Operator{Kind: OpNorm, Name: name, Elements: rows * int64(width), Rows: rows, SideParams: s.m.normParams(width)})
}

// residual adds the addition of a number of results to the residual stream.
func (s *step) residual(name string, results int) {
	s.add(Operator{Kind: OpResidual, Name: name, Elements: int64(results) * int64(s.tokens) * int64(s.m.Hidden)})
}
