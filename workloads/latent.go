package workloads

import "fmt"

// Latent is attention through compressed keys and values (multi-head latent attention: DeepSeek-V2, arXiv 2405.04434). Of a
// position the cache keeps KVRank values, from which two matrices expand the keys and the values of all heads, and RopeDim
// values that are rotated, a key that all heads share. HeadDim of the model is that of queries, NopeDim + RopeDim.
type Latent struct {
	QRank    int `json:"q_rank,omitempty"` // queries are compressed to so many values and expanded; 0: one matrix makes them
	KVRank   int `json:"kv_rank"`
	NopeDim  int `json:"nope_dim"`  // of a head's query and key: not rotated
	RopeDim  int `json:"rope_dim"`  // rotated
	ValueDim int `json:"value_dim"` // of a head
}

// Width is what the cache keeps of a position of a layer.
func (l *Latent) Width() int { return l.KVRank + l.RopeDim }

// The names of the matrices that expand what is kept. They are the rows of transformers' kv_b_proj, those of the keys and
// those of the values of each head apart, because a decode pass needs them at different times.
const (
	KeyExpansion   = "k_b_proj"
	ValueExpansion = "v_b_proj"
)

// latentAttention returns the attention projections in the order they are used.
func (m *Model) latentAttention() []Linear {
	l := m.Latent
	var all []Linear
	q := m.Heads * m.HeadDim
	if l.QRank > 0 {
		all = append(all, Linear{Name: "q_a_proj", Out: l.QRank, In: m.Hidden, Bias: m.QKVBias}, Linear{Name: "q_b_proj", Out: q, In: l.QRank})
	} else {
		all = append(all, Linear{Name: "q_proj", Out: q, In: m.Hidden})
	}
	return append(all,
		Linear{Name: "kv_a_proj_with_mqa", Out: l.Width(), In: m.Hidden, Bias: m.QKVBias},
		Linear{Name: KeyExpansion, Out: m.Heads * l.NopeDim, In: l.KVRank, PerHead: l.NopeDim},
		Linear{Name: ValueExpansion, Out: m.Heads * l.ValueDim, In: l.KVRank, PerHead: l.ValueDim},
		Linear{Name: "o_proj", Out: m.Hidden, In: m.Heads * l.ValueDim, Bias: m.OBias})
}

// CacheWidth returns the number of values that one token adds to the cache of one layer.
func (m *Model) CacheWidth() int {
	if m.Latent != nil {
		return m.Latent.Width()
	}
	return 2 * m.KVWidth()
}

// latentNorms is the number of parameters of a layer's norms of compressed queries, keys and values.
func (m *Model) latentNorms() int64 {
	if m.Latent == nil {
		return 0
	}
	return int64(m.Latent.QRank + m.Latent.KVRank)
}

func (m *Model) validateLatent() error {
	l := m.Latent
	if l == nil {
		return nil
	}
	for _, limit := range []struct {
		key        string
		value, min int
	}{{"q_lora_rank", l.QRank, 0}, {"kv_lora_rank", l.KVRank, 1}, {"qk_nope_head_dim", l.NopeDim, 1}, {"qk_rope_head_dim", l.RopeDim, 2},
		{"v_head_dim", l.ValueDim, 1}} {
		if limit.value < limit.min || limit.value > 1<<14 {
			return fmt.Errorf("%s: %d is out of range; accepted: %d to %d", limit.key, limit.value, limit.min, 1<<14)
		}
	}
	if m.HeadDim != l.NopeDim+l.RopeDim || m.RotaryDim != l.RopeDim {
		return fmt.Errorf("head_dim: %d, of which %d are rotated, are not the %d + %d of a latent attention's queries; accepted: the same",
			m.HeadDim, m.RotaryDim, l.NopeDim, l.RopeDim)
	}
	if m.KVHeads != m.Heads || m.Heads*l.ValueDim > 1<<19 || m.Window > 0 || m.QKNorm || m.Norm != RMSNorm {
		return fmt.Errorf("num_key_value_heads: %d with %d heads, window %d, qk_norm %t, %s are not a latent attention's; "+
			"accepted: as many as heads, no window, no norm of heads, %s", m.KVHeads, m.Heads, m.Window, m.QKNorm, m.Norm, RMSNorm)
	}
	return nil
}

// latentKeys are a family's defaults of the keys of latent attention.
type latentKeys struct {
	qRank, kvRank, nope, rope int
	value                     int // 0: hidden_size / num_attention_heads
}

// compressed are the families with latent attention.
func compressed() []traits {
	deepseek := &latentKeys{qRank: 1536, kvRank: 512, nope: 128, rope: 64, value: 128}
	attention := bias{key: "attention_bias", parts: qkv | out}
	return []traits{
		{family: DeepseekV2, eos: []int{2}, biases: []bias{attention}, latent: deepseek, experts: deepseekV2Experts(),
			size: size{102400, 4096, 11008, 32, 32, 2048}},
		// kimi_k2's code is deepseek_v3's (configuration_deepseek.py of moonshotai/Kimi-K2-Instruct).
		{family: DeepseekV3, also: []Family{"kimi_k2"}, eos: []int{1}, biases: []bias{attention}, latent: deepseek, experts: deepseekV3Experts(),
			size: size{129280, 7168, 18432, 61, 128, 4096}},
		{family: "minicpm3", tied: true, eps: 1e-5, eos: []int{2}, biases: []bias{attention, {key: "mlp_bias", parts: mlp}},
			latent: &latentKeys{qRank: 768, kvRank: 256, nope: 64, rope: 32}, size: size{73448, 2560, 6400, 62, 40, 32768}},
	}
}

// latent reads the keys of latent attention.
func (f *fields) latent(m *Model, t traits) {
	k := t.latent
	m.Heads = f.sized("num_attention_heads", t.size.heads)
	m.KVHeads = m.Heads
	if f.has("num_key_value_heads") {
		if n := f.count("num_key_value_heads"); n != m.Heads {
			f.fail("num_key_value_heads", "%d is not modelled: latent attention expands keys and values for every head; accepted: %d", n, m.Heads)
		}
	}
	value := k.value
	if value == 0 {
		value = max(1, m.Hidden/m.Heads)
	}
	l := &Latent{KVRank: f.countOr("kv_lora_rank", k.kvRank), NopeDim: f.countOr("qk_nope_head_dim", k.nope),
		RopeDim: f.countOr("qk_rope_head_dim", k.rope), ValueDim: f.countOr("v_head_dim", value)}
	if !f.isNull("q_lora_rank") {
		l.QRank = f.countOr("q_lora_rank", k.qRank)
	}
	m.Latent, m.HeadDim, m.RotaryDim = l, l.NopeDim+l.RopeDim, l.RopeDim
}
