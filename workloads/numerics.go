package workloads

import (
	"encoding/json"
	"slices"
)

// Numerics are what changes a model's values and not what it costs. A scale or a cap of 0 is none.
type Numerics struct {
	NormEps   float64
	NormOne   bool // weights of norms are what is added to 1 (gemma)
	RopeTheta float64
	RopeScale *RopeScale // nil: none
	// WindowTheta is that of layers with a window, which are not stretched; 0: they are as others.
	WindowTheta      float64
	RotateNeighbours bool // pairs that rotate are (0, 1), (2, 3), …; otherwise of each half of the rotated values
	RotateFirst      bool // norms of q and k come behind the rotation (hunyuan_v1_dense)
	// QueryGrowth makes queries larger, by 1 + QueryGrowth·ln(1 + ⌊position/QueryStep⌋) (ministral3); 0: it does not.
	QueryGrowth, QueryStep float64
	GrowStill              bool // queries grow only in layers that do not rotate, from a position later on (llama4_text)
	FirstPosition          int  // row of learned positions that the first token takes (opt)

	Erf bool  // gelu by the error function; the other spellings are its tanh approximation
	EOS []int // tokens that end an answer; empty: none

	EmbedScale    float64 // of the embedding's rows
	ResidualScale float64 // of what is added to the residual stream
	LogitScale    float64
	ScoreScale    float64 // of attention's scores; 0: 1/√head_dim
	ScoreCap      float64 // scores are cap·tanh(x/cap)
	LogitCap      float64 // so are logits

	// SparseMixer chooses experts one by one, with a softmax over those whose logits are near the largest: by twice this
	// share of it (phimoe, arXiv 2409.12136); 0: the router's scoring does.
	SparseMixer  float64
	RoutedScale  float64 // of the weights of a token's experts
	WeighInputs  bool    // an expert's weight is of what it reads, not of what it makes (llama4_text)
	ExpertsOfOne bool    // the weights of a token's experts are made to add up to 1
}

// Numerics reads them from the config.json of the model. Defaults are those of the configuration class of
// the family (table.go): epsilon 1e-6 of most RMSNorms and 1e-5 of the LayerNorms, rope_theta 10,000.
func (m *Model) Numerics(c *Config) (*Numerics, error) {
	f := readFields(c.File, c.Data).textPart(&Model{})
	t, _ := traitsOf(m.Family)
	f.names = t.keys
	eps, key := 1e-6, "rms_norm_eps"
	if m.Norm != RMSNorm {
		eps, key = 1e-5, "layer_norm_eps"
	}
	if t.eps > 0 {
		eps = t.eps
	}
	n := &Numerics{NormEps: f.fractionOr(key, eps), EOS: f.eos(m)}
	n.Erf = f.textOr(f.activationKey(t), t.activation) == "gelu"
	f.scales(m, n)
	f.rope(m, n, f.countOr("original_max_position_embeddings", f.sized("max_position_embeddings", t.size.positions)))
	if f.err != nil {
		return nil, f.err
	}
	return n, m.generation(c, n)
}

// eos reads eos_token_id: a token, a list of them, or null.
func (f *fields) eos(m *Model) []int {
	const key = "eos_token_id"
	if f.isNull(key) {
		return nil
	}
	if !f.has(key) {
		t, _ := traitsOf(m.Family)
		return t.eos
	}
	var ids []int
	one := 0
	err := json.Unmarshal(f.raw[f.name(key)], &one)
	if err == nil {
		ids = []int{one}
	} else {
		err = json.Unmarshal(f.raw[f.name(key)], &ids)
	}
	if err != nil || slices.ContainsFunc(ids, func(id int) bool { return id < 0 || id >= m.Vocab }) {
		f.fail(key, "%s is not usable; accepted: a token from 0 to %d, a list of them, or null", f.show(key), m.Vocab-1)
	}
	return ids
}

// object reads a nested object.
func (f *fields) object(key string) *fields {
	inner := &fields{file: f.file + ": " + key, err: f.err}
	if f.err == nil {
		if err := json.Unmarshal(f.raw[f.name(key)], &inner.raw); err != nil {
			f.fail(key, "%s is not usable; accepted: an object", f.show(key))
		}
	}
	return inner
}

// above reads a required number above least.
func (f *fields) above(key string, least float64) float64 {
	if !f.has(key) {
		f.fail(key, "missing; accepted: a number above %g", least)
		return least + 1
	}
	return f.aboveOr(key, least, least+1)
}

// aboveOr reads a number above least; absent and null mean fallback.
func (f *fields) aboveOr(key string, least, fallback float64) float64 {
	if !f.has(key) {
		return fallback
	}
	var v float64
	if err := json.Unmarshal(f.raw[f.name(key)], &v); err != nil || !(v > least) {
		f.fail(key, "%s is not usable; accepted: a number above %g", f.show(key), least)
		return fallback
	}
	return v
}
