package workloads

import (
	"encoding/json"
	"math"
	"slices"
)

// RopeKind is how the angles of a rotary embedding are stretched over more positions than a model was trained with.
type RopeKind string

// The kinds (transformers' modeling_rope_utils.py).
const (
	RopeLinear  RopeKind = "linear"   // all frequencies over Factor
	RopeDynamic RopeKind = "dynamic"  // a larger theta, which grows with the positions that are there
	RopeYarn    RopeKind = "yarn"     // low frequencies over Factor, high ones as they are, by turns within the old context
	RopeLlama3  RopeKind = "llama3"   // the same by wave lengths
	RopeLong    RopeKind = "longrope" // factors for each frequency: Short ones up to Original positions, Long ones beyond
)

// RopeScale is rope_scaling.
type RopeScale struct {
	Kind        RopeKind
	Factor      float64
	Original    float64   // positions of the training before
	Low, High   float64   // llama3: factors of frequencies; yarn: turns (beta_slow, beta_fast)
	Exact       bool      // yarn: bounds between frequencies are not rounded
	Short, Long []float64 // longrope
	Attention   float64   // sines and cosines are multiplied by it; 0: 1
}

// rope reads the frequencies: from rope_parameters, where transformers writes them since version 5, or else from
// rope_theta and rope_scaling. Layers with a window may have their own.
func (f *fields) rope(m *Model, n *Numerics, original int) {
	key := "rope_parameters"
	if !f.has(key) {
		key = "rope_scaling"
	}
	theta, whole := f, f
	if f.has(key) {
		inner := f.object(key)
		whole = inner
		if inner.has("full_attention") {
			windowed := inner.object("sliding_attention")
			n.WindowTheta = windowed.aboveOr("rope_theta", 1, 10_000)
			f.take(windowed)
			inner = inner.object("full_attention")
		}
		if inner.has("rope_theta") {
			theta = inner
		}
		n.RopeScale = inner.ropeScale(m, original)
		if by := inner.aboveOr("llama_4_scaling_beta", -1, 0); by > 0 && n.RopeScale != nil {
			n.QueryGrowth, n.QueryStep = by, n.RopeScale.Original
		}
		if by := inner.aboveOr("mscale_all_dim", -1, 0); by > 0 && m.Latent != nil && n.RopeScale != nil { // their yarn_apply_mscale
			scale := 0.1*by*math.Log(max(n.RopeScale.Factor, 1)) + 1
			n.ScoreScale = scale * scale / math.Sqrt(float64(m.HeadDim))
		}
		f.take(inner)
	}
	n.RopeTheta = theta.aboveOr("rope_theta", 1, f.thetaOr(m))
	f.take(theta)
	if m.Family == "chatglm" {
		n.RopeTheta *= f.aboveOr("rope_ratio", 0, 1)
	}
	switch {
	case n.WindowTheta > 0:
	case m.Family == "gemma3_text":
		n.WindowTheta = f.aboveOr("rope_local_base_freq", 1, 10_000)
	case m.Family == "olmo3" && n.RopeScale != nil: // only layers without a window are stretched
		n.WindowTheta = n.RopeTheta
	}
	f.take(whole)
}

// thetaOr is the default of rope_theta: default_theta of the configuration classes.
func (f *fields) thetaOr(m *Model) float64 {
	switch m.Family {
	case "gpt_neox", "qwen":
		return f.aboveOr("rotary_emb_base", 1, 10_000)
	case "helium":
		return 100_000
	case "bitnet", "cohere", "ernie4_5", "exaone", "llama4_text", "olmo3":
		return 500_000
	case "gemma3_text", Mixtral, PhiMoE:
		return 1_000_000
	case "smollm3":
		return 2_000_000
	}
	return 10_000
}

func (f *fields) ropeScale(m *Model, original int) *RopeScale {
	key := "rope_type"
	if !f.has(key) && f.has("type") { // its name before transformers 4.43
		key = "type"
	}
	kind := RopeKind(f.textOr(key, "default"))
	if kind == "su" { // its name in Phi-3's first files
		kind = RopeLong
	}
	s := &RopeScale{Kind: kind, Original: f.aboveOr("original_max_position_embeddings", 0, float64(original))}
	switch kind {
	case "default":
		return nil
	case RopeLinear, RopeDynamic:
		s.Factor = f.above("factor", 0)
	case RopeLlama3:
		s.Factor, s.Low, s.High = f.above("factor", 0), f.above("low_freq_factor", 0), f.above("high_freq_factor", 0)
		s.Original = f.above("original_max_position_embeddings", 0)
		if s.High <= s.Low {
			f.fail("high_freq_factor", "%s is not usable; accepted: more than low_freq_factor (%s)", f.show("high_freq_factor"),
				f.show("low_freq_factor"))
		}
	case RopeYarn:
		f.yarn(s, m)
	case RopeLong:
		f.longRope(s, m)
	default:
		f.fail(key, "%s is not modelled; accepted: default, linear, dynamic, yarn, llama3, longrope", f.show(key))
	}
	return s
}

// yarn reads what arXiv 2309.00071 calls alpha and beta, and how much larger attention's scores become.
func (f *fields) yarn(s *RopeScale, m *Model) {
	s.Factor = f.aboveOr("factor", 0, float64(m.MaxPositions)/s.Original)
	s.Low, s.High = f.aboveOr("beta_slow", 0, 1), f.aboveOr("beta_fast", 0, 32)
	s.Exact = !f.flagOr("truncate", true)
	scale := func(by float64) float64 { return 0.1*by*math.Log(max(s.Factor, 1)) + 1 }
	s.Attention = scale(1)
	if one, all := f.aboveOr("mscale", -1, 0), f.aboveOr("mscale_all_dim", -1, 0); one > 0 && all > 0 {
		s.Attention = scale(one) / scale(all)
	}
	s.Attention = f.aboveOr("attention_factor", 0, s.Attention)
}

// longRope reads a factor for each frequency (arXiv 2402.13753).
func (f *fields) longRope(s *RopeScale, m *Model) {
	s.Factor = f.aboveOr("factor", 0, float64(m.MaxPositions)/s.Original)
	s.Attention = 1
	if s.Factor > 1 && s.Original > 1 {
		s.Attention = math.Sqrt(1 + math.Log(s.Factor)/math.Log(s.Original))
	}
	s.Attention = f.aboveOr("attention_factor", 0, s.Attention)
	for _, to := range []struct {
		key    string
		values *[]float64
	}{{"short_factor", &s.Short}, {"long_factor", &s.Long}} {
		err := json.Unmarshal(f.raw[to.key], to.values)
		bad := func(v float64) bool { return !(v > 0) }
		if err != nil || len(*to.values) != m.RotaryDim/2 || slices.ContainsFunc(*to.values, bad) {
			f.fail(to.key, "%s is not usable; accepted: a list of %d numbers above 0, one for each pair of rotated values", f.show(to.key), m.RotaryDim/2)
		}
	}
}
