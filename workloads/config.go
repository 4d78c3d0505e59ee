package workloads

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

// traits are a family's fixed properties and the defaults of its configuration class in transformers
// (huggingface/transformers @008e5743, src/transformers/models/<family>/configuration_<family>.py; biases, norms and
// block structure from modeling_<family>.py beside it).
type traits struct {
	family     Family
	norm       Norm
	activation string  // default of hidden_act
	gated      bool    // gate, up and down; otherwise fc1 and fc2
	tied       bool    // default of tie_word_embeddings
	kvHeads    int     // default of num_key_value_heads when the key is absent; 0: as many as heads
	headDim    int     // default of head_dim when the key is absent; 0: hidden_size / num_attention_heads
	rotary     float64 // default of partial_rotary_factor
	partial    bool    // reads partial_rotary_factor
	windowed   bool    // reads sliding_window
	window     int     // default of sliding_window; 0: none
	flagged    bool    // sliding_window counts only with use_sliding_window
	eos        []int   // default of eos_token_id; empty: none
	experts    *expertKeys
}

// Families returns the model types that are understood.
func Families() []Family {
	return []Family{Llama, Mistral, Qwen2, Qwen3, Phi, Phi3, StableLM, Gemma2, Mixtral, Qwen2MoE, Qwen3MoE, PhiMoE, GraniteMoE}
}

func traitsOf(f Family) (traits, bool) {
	t := traits{family: f, norm: RMSNorm, activation: "silu", gated: true, rotary: 1}
	switch f {
	case Llama:
		t.eos = []int{2}
	case Mistral:
		t.eos = []int{2}
		t.kvHeads, t.windowed, t.window = 8, true, 4096
	case Qwen2:
		t.kvHeads, t.windowed, t.window, t.flagged = 32, true, 4096, true
	case Qwen3:
		t.kvHeads, t.windowed, t.window, t.flagged = 32, true, 4096, true
		t.headDim = 128
	case Phi:
		t.norm, t.activation, t.gated, t.eos = LayerNorm, "gelu_new", false, []int{2}
		t.rotary, t.partial = 0.5, true
	case Phi3:
		t.partial, t.windowed = true, true
	case StableLM:
		t.norm, t.kvHeads, t.eos = LayerNorm, 32, []int{0}
		t.rotary, t.partial = 0.25, true
	case Gemma2:
		t.activation, t.tied = "gelu_pytorch_tanh", true
		t.kvHeads, t.headDim, t.windowed, t.window = 4, 256, true, 4096
	case Mixtral:
		t.eos, t.kvHeads, t.windowed, t.experts = []int{2}, 8, true, mixtralExperts()
	case Qwen2MoE:
		t.kvHeads, t.windowed, t.window, t.flagged, t.experts = 16, true, 4096, true, qwen2Experts()
	case Qwen3MoE:
		t.kvHeads, t.windowed, t.window, t.flagged, t.experts = 4, true, 4096, true, qwen3Experts()
	case PhiMoE:
		t.norm, t.kvHeads, t.windowed, t.eos, t.experts = LayerNorm, 8, true, []int{2}, phimoeExperts()
	case GraniteMoE:
		t.eos, t.experts = []int{2}, graniteExperts()
	default:
		return traits{}, false
	}
	return t, true
}

// ParseConfig reads a Hugging Face config.json: name is what the model will be called, file is for error messages. Keys
// that cannot change the computation are ignored; keys that would change it in a way that is not modelled are refused.
// A key that is absent means what it means to transformers' configuration class of the family.
func ParseConfig(name, file string, data []byte) (*Model, error) {
	f := readFields(file, data)
	t := f.family()
	f.refuseUnmodelled(t.family)
	m := &Model{
		Name: name, Family: t.family, Norm: t.norm, GatedMLP: t.gated, Source: file, PaperHigh: 4, PaperLow: 3,
		Hidden: f.count("hidden_size"), Layers: f.count("num_hidden_layers"), FFN: f.count("intermediate_size"),
		Vocab: f.count("vocab_size"), MaxPositions: f.count("max_position_embeddings"),
		Tied: f.flagOr("tie_word_embeddings", t.tied),
	}
	f.heads(m, t)
	f.rotary(m, t)
	f.activation(m, t)
	f.block(m)
	f.window(m, t)
	f.experts(m, t.experts)
	m.Stored = f.stored(m)
	if f.err != nil {
		return nil, f.err
	}
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return m, nil
}

func (f *fields) family() traits {
	if f.err == nil && !f.has("model_type") {
		f.fail("model_type", "missing; %s", suggest.Accepted("", Families()))
	}
	t, ok := traitsOf(Family(f.textOr("model_type", "")))
	if !ok {
		f.fail("model_type", "%s is not known; %s", f.show("model_type"), suggest.Accepted("", Families()))
	}
	return t
}

// refuseUnmodelled names the first key that asks for something that is not modelled.
func (f *fields) refuseUnmodelled(family Family) {
	for _, key := range []string{"text_config", "vision_config", "audio_config"} {
		f.refuse(key, "is not read", "the config.json of a text model, with its shapes at the top level")
	}
	for _, key := range []string{"is_encoder_decoder", "add_cross_attention", "use_bidirectional_attention"} {
		f.refuse(key, "is not modelled: only causal decoders are", "false", "false")
	}
	for _, key := range []string{"qk_layernorm", "qk_norm", "use_qk_norm"} {
		f.refuse(key, "is not modelled: only qwen3's norm of each q and k head is, which has no key", "false", "false")
	}
	f.refuse("pruned_heads", "is not modelled: only layers of equal shape are", "{}", "{}")
	f.refuse("block_configs", "is not modelled: only layers of equal shape are", "null")
	f.refuse("no_rope_layers", "is not modelled: only rotary embeddings in every layer are", "null")
	f.refuse("clip_qkv", "is not modelled", "null")
	f.refuse("alibi", "is not modelled: only rotary embeddings are", "false", "false")
	readBy := func(key string, off string, families ...Family) {
		if !slices.Contains(families, family) {
			f.refuse(key, fmt.Sprintf("is not modelled: %s models have no such option", family), off, off)
		}
	}
	readBy("attention_bias", "false", Llama, Qwen3, Gemma2, Qwen3MoE, PhiMoE, GraniteMoE)
	readBy("lm_head_bias", "false", PhiMoE)
	readBy("mlp_bias", "false", Llama)
	readBy("use_qkv_bias", "false", StableLM)
	readBy("use_parallel_residual", "false", StableLM)
	readBy("use_sliding_window", "false", Qwen2, Qwen3, Qwen2MoE, Qwen3MoE)
	readBy("attn_logit_softcapping", "null", Gemma2)
	readBy("final_logit_softcapping", "null", Gemma2)
}

func (f *fields) heads(m *Model, t traits) {
	m.Heads = f.count("num_attention_heads")
	m.KVHeads = m.Heads
	switch {
	case f.has("num_key_value_heads"):
		m.KVHeads = f.count("num_key_value_heads")
	case t.kvHeads > 0 && !f.isNull("num_key_value_heads"):
		m.KVHeads = t.kvHeads
		if m.Heads%m.KVHeads != 0 {
			f.fail("num_key_value_heads", "missing, and the default of %s (%d) does not divide num_attention_heads (%d); "+
				"accepted: a divisor of it", t.family, t.kvHeads, m.Heads)
		}
	}
	switch {
	case f.has("head_dim"):
		m.HeadDim = f.count("head_dim")
	case t.headDim > 0 && !f.isNull("head_dim"):
		m.HeadDim = t.headDim
	default:
		m.HeadDim = m.Hidden / m.Heads
		if m.Hidden%m.Heads != 0 {
			f.fail("num_attention_heads", "%d does not divide hidden_size (%d); accepted: a divisor of it, or a head_dim", m.Heads,
				m.Hidden)
		}
	}
}

// rotary reads the part of each head that is rotated; transformers rounds it down. Since version 5 the key may stand
// inside rope_parameters.
func (f *fields) rotary(m *Model, t traits) {
	const key = "partial_rotary_factor"
	source := f
	if !f.has(key) && f.has("rope_parameters") {
		source = f.object("rope_parameters")
	}
	part := source.fractionOr(key, t.rotary)
	if !t.partial && part != 1 {
		source.fail(key, "%s is not modelled: %s models rotate whole heads; accepted: 1", source.show(key), t.family)
	}
	if f.err == nil {
		f.err = source.err
	}
	m.RotaryDim = int(float64(m.HeadDim) * part)
	if m.RotaryDim < 2 || m.RotaryDim%2 != 0 {
		f.fail(key, "rotates %d of head_dim %d; accepted: an even number of at least 2", m.RotaryDim, m.HeadDim)
	}
}

func (f *fields) activationKey(t traits) string {
	if t.family == Gemma2 && f.has("hidden_activation") { // Gemma2MLP reads this one only
		return "hidden_activation"
	}
	return "hidden_act"
}

func (f *fields) activation(m *Model, t traits) {
	key := f.activationKey(t)
	name := f.textOr(key, t.activation)
	switch name {
	case "silu", "swish":
		m.Activation = Silu
	case "gelu", "gelu_new", "gelu_pytorch_tanh", "gelu_fast":
		m.Activation = Gelu
	default:
		f.fail(key, "%s is not modelled; accepted: silu, swish, gelu, gelu_new, gelu_fast, gelu_pytorch_tanh", f.show(key))
	}
}

// block reads norms, biases and the order of a block.
func (f *fields) block(m *Model) {
	m.BlockNorms = 2
	switch m.Family {
	case Llama:
		m.QKVBias = f.flagOr("attention_bias", false)
		m.OBias = m.QKVBias
		m.MLPBias = f.flagOr("mlp_bias", false)
	case Qwen2:
		m.QKVBias = true
	case Qwen3:
		m.QKVBias = f.flagOr("attention_bias", false)
		m.OBias = m.QKVBias
		m.QKNorm = true
	case Phi:
		m.Parallel, m.BlockNorms = true, 1
		m.QKVBias, m.OBias, m.MLPBias, m.HeadBias = true, true, true, true
	case StableLM:
		m.QKVBias = f.flagOr("use_qkv_bias", false)
		if f.flagOr("use_parallel_residual", false) {
			m.Parallel, m.BlockNorms = true, 1
		}
	case Gemma2:
		m.BlockNorms = 4
		m.QKVBias = f.flagOr("attention_bias", false)
		m.OBias = m.QKVBias
		attention, final := !f.isNull("attn_logit_softcapping"), !f.isNull("final_logit_softcapping")
		if attention != final {
			f.fail("attn_logit_softcapping", "only one of it and final_logit_softcapping is null; accepted: both, or neither")
		}
		m.Softcap = attention && final
	case Qwen2MoE:
		m.QKVBias = f.flagOr("qkv_bias", true)
	case Qwen3MoE:
		m.QKVBias = f.flagOr("attention_bias", false)
		m.OBias, m.QKNorm = m.QKVBias, true
	case PhiMoE:
		m.QKVBias = f.flagOr("attention_bias", false)
		m.OBias, m.HeadBias = m.QKVBias, f.flagOr("lm_head_bias", false)
	case GraniteMoE:
		m.QKVBias = f.flagOr("attention_bias", false)
		m.OBias = m.QKVBias
	case Mistral, Phi3, Mixtral:
	}
}

// window reads which layers attend to a sliding window.
func (f *fields) window(m *Model, t traits) {
	if m.Window = 0; !f.isNull("sliding_window") && string(f.raw["sliding_window"]) != "0" {
		m.Window = f.countOr("sliding_window", t.window)
	}
	if !t.windowed && m.Window != 0 {
		f.fail("sliding_window", "%s is not modelled: %s models attend to every position; accepted: null", f.show("sliding_window"),
			t.family)
	}
	if t.family == Gemma2 && m.Window > 0 {
		m.WindowEvery = 2 // even layers slide
	}
	if t.flagged && m.Window > 0 {
		m.WindowFrom = f.windowFrom()
		if !f.flagOr("use_sliding_window", false) || m.WindowFrom >= m.Layers {
			m.Window, m.WindowFrom = 0, 0
		}
	}
	f.layerTypes(m)
}

// windowFrom reads max_window_layers, which may be 0: that many layers at the bottom have no window.
func (f *fields) windowFrom() int {
	if string(f.raw["max_window_layers"]) == "0" {
		return 0
	}
	return f.countOr("max_window_layers", 28)
}

// layerTypes checks that the explicit list, where there is one, says what the family's rule says.
func (f *fields) layerTypes(m *Model) {
	const key = "layer_types"
	if f.err != nil || !f.has(key) {
		return
	}
	var types []string
	if err := json.Unmarshal(f.raw[key], &types); err != nil || len(types) != m.Layers {
		f.fail(key, "%s is not usable; accepted: a list of %d strings, one per layer", f.show(key), m.Layers)
		return
	}
	for l, got := range types {
		want := "full_attention"
		if m.Windowed(l) {
			want = "sliding_attention"
		}
		if got != want {
			f.fail(key, "layer %d is %q; accepted: %q, as sliding_window has it in %s models", l, got, want, m.Family)
			return
		}
	}
}
