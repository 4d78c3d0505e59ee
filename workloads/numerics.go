package workloads

import (
	"encoding/json"
	"math"
	"slices"
)

// Numerics are what changes a model's values and not what it costs. A scale or a cap of 0 is none.
type Numerics struct {
	NormEps   float64
	NormOne   bool // weights of norms are what is added to 1 (gemma)
	RopeTheta float64
	RopeScale *RopeScale // nil: none
	Erf       bool       // gelu by the error function; the other spellings are its tanh approximation
	EOS       []int      // tokens that end an answer; empty: none

	EmbedScale float64 // of the embedding's rows
	ScoreScale float64 // of attention's scores; 0: 1/√head_dim
	ScoreCap   float64 // scores are cap·tanh(x/cap)
	LogitCap   float64 // so are logits

	ExpertsOfOne bool // the weights of a token's experts are made to add up to 1
}

// RopeScale is Llama 3.1's stretching of the lower frequencies (rope_scaling of type llama3).
type RopeScale struct{ Factor, Low, High, Original float64 }

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
	f.rope(n)
	if f.err != nil {
		return nil, f.err
	}
	return n, m.generation(c, n)
}

// scales reads what values are multiplied by and where they are capped (transformers' modeling_gemma2).
func (f *fields) scales(m *Model, n *Numerics) {
	if m.Experts != nil {
		n.ExpertsOfOne = m.Family == Mixtral || f.flagOr("norm_topk_prob", false)
	}
	if m.Family != Gemma2 {
		return
	}
	n.NormOne = true
	n.EmbedScale = math.Sqrt(float64(m.Hidden))
	n.ScoreScale = 1 / math.Sqrt(f.aboveOr("query_pre_attn_scalar", 0, 256))
	if m.Softcap {
		n.ScoreCap = f.aboveOr("attn_logit_softcapping", 0, 50)
		n.LogitCap = f.aboveOr("final_logit_softcapping", 0, 30)
	}
}

// rope reads the frequencies: from rope_parameters, where transformers writes them since version 5, or else from
// rope_theta and rope_scaling.
func (f *fields) rope(n *Numerics) {
	theta, key := f, "rope_parameters"
	if !f.has(key) {
		key = "rope_scaling"
	}
	if f.has(key) {
		inner := f.object(key)
		if inner.has("rope_theta") {
			theta = inner
		}
		n.RopeScale = inner.ropeScale()
		f.take(inner)
	}
	n.RopeTheta = theta.aboveOr("rope_theta", 1, 10_000)
	f.take(theta)
}

func (f *fields) ropeScale() *RopeScale {
	key := "rope_type"
	if !f.has(key) && f.has("type") { // its name before transformers 4.43
		key = "type"
	}
	switch kind := f.textOr(key, "default"); kind {
	case "default":
		return nil
	case "llama3":
		s := &RopeScale{
			Factor: f.above("factor", 0), Low: f.above("low_freq_factor", 0), High: f.above("high_freq_factor", 0),
			Original: f.above("original_max_position_embeddings", 0),
		}
		if s.High <= s.Low {
			f.fail("high_freq_factor", "%s is not usable; accepted: more than low_freq_factor (%s)", f.show("high_freq_factor"),
				f.show("low_freq_factor"))
		}
		return s
	}
	f.fail(key, "%s is not modelled; accepted: default, llama3", f.show(key))
	return nil
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
