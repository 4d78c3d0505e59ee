package ops

import (
	"github.com/pmpdsim/pmpdsim/workloads"
)

// Step returns the operators of one pass of a model, in execution order: of any pass, or of a prompt where a decode pass has
// another form (DecodeStep).
func Step(m *workloads.Model) []Op { return stepOf(m, false) }

func stepOf(m *workloads.Model, decode bool) []Op {
	const perBlock, outside = 36, 6 // at most, so that the slice is allocated once
	s := step{m: m, decode: decode, layer: -1, ops: make([]Op, 0, perBlock*m.Layers+outside)}
	s.embed()
	for s.layer = range m.Layers {
		s.block()
	}
	s.layer, s.last = -1, true
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
	m      *workloads.Model
	decode bool
	layer  int
	last   bool // behind the blocks
	ops    []Op
}

// embed adds what makes the residual stream of a token: its row of the embedding, and that of its position, where these
// are learned. Factors of the embedding are in the copy.
func (s *step) embed() {
	rows := int64(1)
	if s.m.LearnedPositions > 0 {
		rows = 2
	}
	s.add(Op{Kind: Embed, Name: "embed", Makes: []Value{Stream}, Width: s.m.Hidden, Params: rows * int64(s.m.Hidden)})
	if s.m.EmbedNorm {
		s.norm("embed_norm", Stream, Stream)
	}
}

func (s *step) add(o Op) {
	o.Layer = s.layer
	o.Last = s.last
	if o.Matrix.Bias {
		o.Params = int64(o.Matrix.Out)
	}
	s.ops = append(s.ops, o)
}

// block adds one layer, in one of these forms:
//
//	sequential:  x += attention(norm(x)); x += mlp(norm(x))
//	gemma2:      x += norm(attention(norm(x))); x += norm(mlp(norm(x)))
//	behind:      x += norm(attention(x)); x += norm(mlp(x))
//	parallel:    n = norm(x); x += attention(n) + mlp(n), or with two norms mlp(norm(x))
func (s *step) block() {
	m := s.m
	before, behind := !m.NormsBehind, m.NormsBehind || m.BlockNorms == 4
	in := s.input(before, "input_norm")
	if m.Latent != nil {
		s.latentAttention(in)
	} else {
		s.attention(in)
	}
	if m.Parallel {
		in := Normed
		if m.BlockNorms == 2 {
			in = s.input(true, "mlp_norm")
		}
		s.mlp(in)
		s.residual("residual", Attention, MLP)
		return
	}
	if behind {
		s.norm("post_attention_norm", Attention, Attention)
	}
	s.residual("attention_residual", Attention)
	s.mlp(s.input(before, "mlp_norm"))
	if behind {
		s.norm("post_mlp_norm", MLP, MLP)
	}
	s.residual("mlp_residual", MLP)
}

// input returns what half a block reads: the residual stream, or that behind a norm.
func (s *step) input(norm bool, name string) Value {
	if !norm {
		return Stream
	}
	s.norm(name, Stream, Normed)
	return Normed
}

func (s *step) attention(in Value) {
	m := s.m
	projections := m.Attention()
	for i, v := range []Value{Q, K, V} {
		s.linear(projections[i], in, v)
	}
	if m.NormsHeads(s.layer) {
		s.headNorm("q_norm", Q, m.Heads)
		s.headNorm("k_norm", K, m.KVHeads)
	}
	if m.Rotated(s.layer) {
		s.rope()
	}
	s.add(Op{Kind: KVAppend, Name: "kv_append", Reads: []Value{K, V}, Makes: []Value{Cache}, Width: 2 * m.KVWidth()})

	attend := func(k Kind, name string, makes Value, reads ...Value) {
		o := Op{Kind: k, Name: name, Reads: reads, Makes: []Value{makes}, Width: m.Heads * m.HeadDim,
			Heads: m.Heads, KVHeads: m.KVHeads, HeadDim: m.HeadDim}
		if m.Windowed(s.layer) {
			o.Window, o.Chunked = m.Window, m.Chunked
		}
		s.add(o)
	}
	attend(Scores, "scores", Weighing, Q, Cache)
	if m.Softcap {
		attend(ScoreCap, "attention_softcap", Weighing, Weighing)
	}
	if m.ALiBi {
		attend(ScoreBias, "alibi", Weighing, Weighing)
	}
	attend(Softmax, "softmax", Weighing, Weighing)
	attend(Context, "context", Attended, Weighing, Cache)
	if m.SubNorms {
		s.normOf("attention_sub_norm", Attended, Attended, m.Heads*m.HeadDim)
	}
	s.linear(projections[3], Attended, Attention)
}

func (s *step) rope() {
	m := s.m
	s.add(Op{Kind: Rope, Name: "rope", Reads: []Value{Q, K}, Makes: []Value{Q, K}, Width: (m.Heads + m.KVHeads) * m.RotaryDim})
}

func (s *step) mlp(in Value) {
	if s.m.Sparse(s.layer) {
		s.experts(in)
		return
	}
	s.feedForward("", s.m.MLP(), in, MLP)
}

// feedForward adds an MLP, with a prefix for the name of its activation.
func (s *step) feedForward(prefix string, matrices []workloads.Linear, in, makes Value) {
	m := s.m
	last := matrices[len(matrices)-1]
	activation := Op{Kind: Activation, Makes: []Value{Hidden}, Width: last.In}
	if m.GatedMLP {
		s.linear(matrices[0], in, Gate)
		s.linear(matrices[1], in, Up)
		activation.Name, activation.Reads = prefix+string(m.Activation)+"_mul", []Value{Gate, Up}
	} else {
		s.linear(matrices[0], in, Up)
		activation.Name, activation.Reads = prefix+string(m.Activation), []Value{Up}
	}
	if last.Copies > 0 {
		activation.Experts = m.Experts.PerToken
		activation.Width *= activation.Experts
	}
	s.add(activation)
	if m.SubNorms {
		s.normOf("mlp_sub_norm", Hidden, Hidden, last.In)
	}
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
func (s *step) norm(name string, reads, makes Value) { s.normOf(name, reads, makes, s.m.Hidden) }

func (s *step) normOf(name string, reads, makes Value, width int) {
	s.add(Op{Kind: Norm, Name: name, Reads: []Value{reads}, Makes: []Value{makes}, Width: width, Params: s.m.Norm.Params(width)})
}

// headNorm adds a norm of q or k: of each of a token's heads, or of all of them as one row.
func (s *step) headNorm(name string, v Value, heads int) {
	o := Op{Kind: HeadNorm, Name: name, Reads: []Value{v}, Makes: []Value{v}, Width: heads * s.m.HeadDim, Heads: heads,
		Params: s.m.QKNormParams(heads)}
	if s.m.QKNormKind == workloads.WideNorms {
		o.Kind, o.Heads = Norm, 0
	}
	s.add(o)
}

// residual adds the addition of some results to the residual stream.
func (s *step) residual(name string, results ...Value) {
	s.add(Op{Kind: Residual, Name: name, Reads: append([]Value{Stream}, results...), Makes: []Value{Stream}, Width: s.m.Hidden})
}
