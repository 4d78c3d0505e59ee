package ops

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/workloads"
)

// Step returns the operators of one pass of a model, in execution order.
func Step(m *workloads.Model) []Op {
	const perBlock, outside = 36, 6 // at most, so that the slice is allocated once
	s := step{m: m, layer: -1, ops: make([]Op, 0, perBlock*m.Layers+outside)}
	s.add(Op{Kind: Embed, Name: "embed", Makes: []Value{Stream}, Width: m.Hidden, Params: int64(m.Hidden)})
	for s.layer = range m.Layers {
		s.block()
	}
	s.layer = -1
	s.norm("final_norm", Stream, Normed)
	s.add(Op{Kind: Head, Name: "lm_head", Reads: []Value{Normed}, Makes: []Value{Logits}, Width: m.Vocab,
		Matrix: workloads.Linear{Name: "lm_head", Out: m.Vocab, In: m.Hidden, Bias: m.HeadBias}})
	if m.Softcap {
		s.add(Op{Kind: LogitCap, Name: "final_softcap", Reads: []Value{Logits}, Makes: []Value{Logits}, Width: m.Vocab})
	}
	s.add(Op{Kind: Sample, Name: "sample", Reads: []Value{Logits}, Width: m.Vocab})
	return s.ops
}

// step collects the operators of one pass.
type step struct {
	m     *workloads.Model
	layer int
	ops   []Op
}

func (s *step) add(o Op) {
	o.Layer = s.layer
	o.Last = s.layer < 0 && o.Kind != Embed
	if o.Matrix.Bias {
		o.Params = int64(o.Matrix.Out)
	}
	s.ops = append(s.ops, o)
}

// block adds one layer, in one of three forms:
//
//	sequential:  x += attention(norm(x)); x += mlp(norm(x))
//	gemma2:      x += norm(attention(norm(x))); x += norm(mlp(norm(x)))
//	parallel:    n = norm(x); x += attention(n) + mlp(n)
func (s *step) block() {
	s.norm("input_norm", Stream, Normed)
	s.attention()
	switch s.m.BlockNorms {
	case 1:
		s.mlp()
		s.residual("residual", Attention, MLP)
	case 2:
		s.residual("attention_residual", Attention)
		s.norm("mlp_norm", Stream, Normed)
		s.mlp()
		s.residual("mlp_residual", MLP)
	case 4:
		s.norm("post_attention_norm", Attention, Attention)
		s.residual("attention_residual", Attention)
		s.norm("mlp_norm", Stream, Normed)
		s.mlp()
		s.norm("post_mlp_norm", MLP, MLP)
		s.residual("mlp_residual", MLP)
	default:
		panic(fmt.Sprintf("ops: %s has %d norms in a block", s.m.Name, s.m.BlockNorms))
	}
}

func (s *step) attention() {
	m := s.m
	projections := m.Attention()
	for i, v := range []Value{Q, K, V} {
		s.linear(projections[i], Normed, v)
	}
	if m.QKNorm {
		s.headNorm("q_norm", Q, m.Heads)
		s.headNorm("k_norm", K, m.KVHeads)
	}
	s.add(Op{Kind: Rope, Name: "rope", Reads: []Value{Q, K}, Makes: []Value{Q, K}, Width: (m.Heads + m.KVHeads) * m.RotaryDim})
	s.add(Op{Kind: KVAppend, Name: "kv_append", Reads: []Value{K, V}, Makes: []Value{Cache}, Width: 2 * m.KVWidth()})

	attend := func(k Kind, name string, makes Value, reads ...Value) {
		o := Op{Kind: k, Name: name, Reads: reads, Makes: []Value{makes}, Width: m.Heads * m.HeadDim,
			Heads: m.Heads, KVHeads: m.KVHeads, HeadDim: m.HeadDim}
		if m.Windowed(s.layer) {
			o.Window = m.Window
		}
		s.add(o)
	}
	attend(Scores, "scores", Weighing, Q, Cache)
	if m.Softcap {
		attend(ScoreCap, "attention_softcap", Weighing, Weighing)
	}
	attend(Softmax, "softmax", Weighing, Weighing)
	attend(Context, "context", Attended, Weighing, Cache)
	s.linear(projections[3], Attended, Attention)
}

func (s *step) mlp() {
	if s.m.Sparse(s.layer) {
		s.experts()
		return
	}
	s.feedForward("", s.m.MLP(), MLP)
}

// feedForward adds an MLP, with a prefix for the name of its activation.
func (s *step) feedForward(prefix string, matrices []workloads.Linear, makes Value) {
	m := s.m
	last := matrices[len(matrices)-1]
	activation := Op{Kind: Activation, Makes: []Value{Hidden}, Width: last.In}
	if m.GatedMLP {
		s.linear(matrices[0], Normed, Gate)
		s.linear(matrices[1], Normed, Up)
		activation.Name, activation.Reads = prefix+string(m.Activation)+"_mul", []Value{Gate, Up}
	} else {
		s.linear(matrices[0], Normed, Up)
		activation.Name, activation.Reads = prefix+string(m.Activation), []Value{Up}
	}
	if last.Copies > 0 {
		activation.Experts = m.Experts.PerToken
		activation.Width *= activation.Experts
	}
	s.add(activation)
	s.linear(last, Hidden, makes)
}

func (s *step) linear(l workloads.Linear, reads, makes Value) {
	o := Op{Kind: Linear, Name: l.Name, Reads: []Value{reads}, Makes: []Value{makes}, Width: l.Out, Matrix: l}
	if l.Copies > 0 {
		o.Experts = s.m.Experts.PerToken
		o.Reads = append(o.Reads, Routing)
		o.Width *= o.Experts
	}
	s.add(o)
}

// norm adds a norm of rows as wide as the residual stream.
func (s *step) norm(name string, reads, makes Value) {
	s.add(Op{Kind: Norm, Name: name, Reads: []Value{reads}, Makes: []Value{makes}, Width: s.m.Hidden, Params: s.normParams(s.m.Hidden)})
}

// headNorm adds a norm of each of a token's heads; the heads share its weights.
func (s *step) headNorm(name string, v Value, heads int) {
	s.add(Op{Kind: HeadNorm, Name: name, Reads: []Value{v}, Makes: []Value{v}, Width: heads * s.m.HeadDim, Heads: heads,
		Params: s.normParams(s.m.HeadDim)})
}

// normParams is the number of parameters of a norm over n values: a weight each, and for LayerNorm a bias each.
func (s *step) normParams(n int) int64 {
	if s.m.Norm == workloads.LayerNorm {
		return 2 * int64(n)
	}
	return int64(n)
}

// residual adds the addition of some results to the residual stream.
func (s *step) residual(name string, results ...Value) {
	s.add(Op{Kind: Residual, Name: name, Reads: append([]Value{Stream}, results...), Makes: []Value{Stream}, Width: s.m.Hidden})
}
