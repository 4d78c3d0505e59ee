package ops

import "github.com/pmpdsim/pmpdsim/workloads"

// DecodeStep returns the operators of a decode pass: those of Step, but for latent attention, which decodes in another form
// (ADR 33). A prompt expands keys and values of its positions, once, and attends to them as to any others:
//
//	q_a_proj q_a_norm q_b_proj kv_a_proj_with_mqa kv_a_norm rope kv_append │ k_b_proj v_b_proj scores softmax context │ o_proj
//
// A decode pass would have to expand all positions before it anew. It multiplies the query with the matrix instead, and what
// comes out of attention, head by head (absorption): scores and context are over what the cache keeps, which all heads share.
//
//	q_a_proj q_a_norm q_b_proj kv_a_proj_with_mqa kv_a_norm rope kv_append │ k_b_proj scores softmax context v_b_proj │ o_proj
func DecodeStep(m *workloads.Model) []Op { return stepOf(m, true) }

// latentAttention adds an attention through compressed keys and values.
func (s *step) latentAttention(in Value) {
	m, l := s.m, s.m.Latent
	matrices := m.Matrices(s.layer)
	next := func() workloads.Linear {
		w := matrices[0]
		matrices = matrices[1:]
		return w
	}
	if l.QRank > 0 {
		s.linear(next(), in, QLatent)
		s.normOf("q_a_norm", QLatent, QLatent, l.QRank)
		s.linear(next(), QLatent, Q)
	} else {
		s.linear(next(), in, Q)
	}
	s.linear(next(), in, Latent)
	s.normOf("kv_a_norm", Latent, Latent, l.KVRank)
	s.add(Op{Kind: Rope, Name: "rope", Reads: []Value{Q, Latent}, Makes: []Value{Q, Latent}, Width: (m.Heads + 1) * l.RopeDim})
	s.add(Op{Kind: KVAppend, Name: "kv_append", Reads: []Value{Latent}, Makes: []Value{Cache}, Width: l.Width()})
	keys, values := next(), next()
	a := Op{Heads: m.Heads, KVHeads: m.Heads}
	if !s.decode {
		s.linear(keys, Latent, K)
		s.linear(values, Latent, V)
		s.attend(a, m.HeadDim, l.ValueDim, []Value{Q, K, Latent}, V)
	} else {
		a.KVHeads = 1
		s.add(Op{Kind: HeadProduct, Name: keys.Name, Reads: []Value{Q}, Makes: []Value{Absorbed}, Width: m.Heads * l.KVRank, Matrix: keys,
			Heads: m.Heads, Transposed: true})
		s.attend(a, l.Width(), l.KVRank, []Value{Absorbed, Cache}, Cache)
		s.add(Op{Kind: HeadProduct, Name: values.Name, Reads: []Value{Gathered}, Makes: []Value{Attended}, Width: m.Heads * l.ValueDim, Matrix: values,
			Heads: m.Heads})
	}
	s.linear(next(), Attended, Attention)
}

// attend adds scores, softmax and context of an attention whose queries have so many values a head, and whose results so many.
func (s *step) attend(o Op, query, result int, reads []Value, weighed Value) {
	add := func(k Kind, name string, dim int, makes Value, reads ...Value) {
		o.Kind, o.Name, o.Reads, o.Makes, o.Width, o.HeadDim = k, name, reads, []Value{makes}, o.Heads*dim, dim
		s.add(o)
	}
	add(Scores, "scores", query, Weighing, reads...)
	add(Softmax, "softmax", query, Weighing, Weighing)
	made := Attended
	if s.decode {
		made = Gathered
	}
	add(Context, "context", result, made, Weighing, weighed)
}
