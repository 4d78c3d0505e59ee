package workloads

import (
	"fmt"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

// ParseConfig reads a Hugging Face config.json: name is what the model will be called, file is for error messages. Keys
// that cannot change the computation are ignored; keys that would change it in a way that is not modelled are refused.
// A key that is absent means what it means to transformers' configuration class of the family.
func ParseConfig(name, file string, data []byte) (*Model, error) {
	all := readFields(file, data)
	m := &Model{Name: name, Source: file, PaperHigh: 4, PaperLow: 3}
	f := all.textPart(m)
	t := f.family()
	known := f.err == nil
	f.names = t.keys
	f.refuseUnmodelled(m, t)
	m.Family, m.Norm, m.GatedMLP = t.family, t.norm, !t.plain
	m.Hidden, m.Layers = f.sized("hidden_size", t.size.hidden), f.layers(t)
	f.withoutImages(m)
	m.FFN, m.Vocab = f.inner(m, t), f.sized("vocab_size", t.size.vocab)
	m.Tied = m.Tied || f.flagOr("tie_word_embeddings", t.tied)
	if t.latent != nil {
		f.latent(m, t)
	} else {
		f.heads(m, t)
		f.rotary(m, t)
	}
	f.positions(m, t)
	f.activation(m, t)
	f.biases(m, t)
	m.BlockNorms = 2
	f.window(m, t)
	if t.block != nil {
		t.block(f, m)
	}
	f.refuseNorms(m, t)
	f.experts(m, t.experts)
	m.Assumed = strings.Join(f.assumed, ", ")
	if m.Stored = f.stored(m); m.Stored == nil && f != all {
		m.Stored = all.stored(m)
		f.take(all)
	}
	m.Values = f.textOr("dtype", f.textOr("torch_dtype", all.textOr("dtype", all.textOr("torch_dtype", ""))))
	if known {
		f.spelling()
	}
	if f.err != nil {
		return nil, f.err
	}
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return m, nil
}

func (f *fields) family() traits {
	if f.err == nil && !f.has("model_type") && f.class == "" {
		f.fail("model_type", "missing; %s", suggest.Accepted("", Families()))
	}
	name := string(f.class)
	if name == "" {
		name = f.textOr("model_type", "")
	}
	t, ok := traitsOf(Family(name))
	if !ok {
		if why := refusal(name); why != "" {
			f.fail("model_type", "%s is not modelled: %s; %s", f.show("model_type"), why, suggest.Accepted("", Families()))
		}
		f.fail("model_type", "%s is not known; %s", f.show("model_type"), suggest.Accepted(name, Families()))
	}
	return t
}

// refuseUnmodelled names the first key that asks for something that is not modelled.
func (f *fields) refuseUnmodelled(m *Model, t traits) {
	for _, key := range []string{"is_encoder_decoder", "add_cross_attention", "use_bidirectional_attention"} {
		f.refuse(key, "is not modelled: only causal decoders are", "false", "false")
	}
	if m.TextOf == "" {
		for _, key := range []string{"text_config", "vision_config", "audio_config"} {
			f.refuse(key, "is not read", "the config.json of a text model, with its shapes at the top level")
		}
	}
	f.refuse("pruned_heads", "is not modelled: only layers of equal shape are", "{}", "{}")
	f.refuse("block_configs", "is not modelled: only layers of equal shape are", "null")
	for _, option := range []struct{ key, off string }{
		{"attention_bias", "false"}, {"mlp_bias", "false"}, {"use_qkv_bias", "false"}, {"use_parallel_residual", "false"},
		{"use_sliding_window", "false"}, {"attn_logit_softcapping", "null"}, {"final_logit_softcapping", "null"},
		{"no_rope_layers", "null"}, {"alibi", "false"}, {"clip_qkv", "null"}, {"lm_head_bias", "false"},
	} {
		if !(t.flagged && option.key == "use_sliding_window") {
			f.refuseOption(t, option.key, option.off)
		}
	}
}

// refuseOption refuses a key that the family does not read, unless it is off.
func (f *fields) refuseOption(t traits, key, off string) {
	if !t.has(key) {
		f.refuse(key, fmt.Sprintf("is not modelled: %s models have no such option", t.family), off, off)
	}
}

// refuseNorms refuses norms of q and k that the family does not have. Of one that always has them a key may say so.
func (f *fields) refuseNorms(m *Model, t traits) {
	for _, key := range []string{"qk_layernorm", "qk_norm", "use_qk_norm"} {
		if !m.QKNorm {
			f.refuseOption(t, key, "false")
		}
	}
}

// sized reads a positive integer; its absence means what it means to the class, null nothing.
func (f *fields) sized(key string, fallback int) int {
	if fallback == 0 || f.isNull(key) {
		return f.count(key)
	}
	if !f.has(key) {
		f.assumed = append(f.assumed, fmt.Sprintf("%s %d", key, fallback))
	}
	return f.countOr(key, fallback)
}

// layers reads how many there are. Lists of layers are made as they are read, so the limit holds from here on.
func (f *fields) layers(t traits) int {
	const key = "num_hidden_layers"
	n := f.sized(key, t.size.layers)
	if n > mostLayers {
		f.fail(key, "%d is out of range; accepted: 1 to %d", n, mostLayers)
		return 1
	}
	return n
}

// inner reads the width between the MLP's matrices.
func (f *fields) inner(m *Model, t traits) int {
	if t.times > 0 {
		return f.countOr("intermediate_size", t.times*m.Hidden)
	}
	return f.sized("intermediate_size", t.size.ffn)
}

// biases reads which matrices have one.
func (f *fields) biases(m *Model, t traits) {
	for _, b := range t.biases {
		if b.key != "" && !f.flagOr(b.key, b.absent) {
			continue
		}
		m.QKVBias = m.QKVBias || b.parts&qkv != 0
		m.OBias = m.OBias || b.parts&out != 0
		m.MLPBias = m.MLPBias || b.parts&mlp != 0
		m.HeadBias = m.HeadBias || b.parts&head != 0
	}
}

func (f *fields) heads(m *Model, t traits) {
	m.Heads = f.sized("num_attention_heads", t.size.heads)
	m.KVHeads = m.Heads
	for _, key := range []string{"num_key_value_heads", "head_dim"} {
		if !f.has(key) {
			f.miss(key)
		}
	}
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
	switch t.positions {
	case learned:
		m.LearnedPositions = f.sized("max_position_embeddings", t.size.positions)
		return
	case sloped:
		m.ALiBi = true
		return
	case rotated:
	}
	if t.rotaryDim > 0 {
		f.rotaryDim(m, t.rotaryDim)
		return
	}
	const key = "partial_rotary_factor"
	source := f
	if !f.has(key) && f.has("rope_parameters") {
		source = f.object("rope_parameters")
	}
	part := source.fractionOr(key, t.rotary)
	if !t.partial && part != t.rotary {
		source.fail(key, "%s is not modelled: %s models rotate whole heads; accepted: 1", source.show(key), t.family)
	}
	f.take(source)
	m.RotaryDim = int(float64(m.HeadDim) * part)
	f.rotates(key, m)
}

// rotaryDim reads it as a number of values.
func (f *fields) rotaryDim(m *Model, fallback int) {
	const key = "rotary_dim"
	m.RotaryDim = f.countOr(key, fallback)
	if f.isNull(key) {
		m.RotaryDim = m.HeadDim
	}
	f.rotates(key, m)
}

func (f *fields) rotates(key string, m *Model) {
	if m.RotaryDim < 2 || m.RotaryDim%2 != 0 || m.RotaryDim > m.HeadDim {
		f.fail(key, "rotates %d of head_dim %d; accepted: an even number of at least 2", m.RotaryDim, m.HeadDim)
	}
}

// activationKey is the key that says the activation: a gemma's MLP reads hidden_activation.
func (f *fields) activationKey(t traits) string {
	if f.has("hidden_activation") && t.headDim == 256 {
		return "hidden_activation"
	}
	return "hidden_act"
}

func (f *fields) activation(m *Model, t traits) {
	key := f.activationKey(t)
	switch name := f.textOr(key, t.activation); name {
	case "silu", "swish":
		m.Activation = Silu
	case "gelu", "gelu_new", "gelu_pytorch_tanh", "gelu_fast":
		m.Activation = Gelu
	case "relu":
		m.Activation = Relu
	case "relu2":
		m.Activation = Relu2
	default:
		f.fail(key, "%s is not modelled; accepted: silu, swish, gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, relu, relu2", f.show(key))
	}
}
