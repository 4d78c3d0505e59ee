package workloads

import (
	"encoding/json"
)

// What is truly new in a family: its row of the table names one of these.

// headNorms are norms of each head of q and k, which share their weights.
func headNorms(_ *fields, m *Model) { m.QKNorm = true }

// sandwich is a norm before and one behind each half of a block.
func sandwich(_ *fields, m *Model) { m.BlockNorms = 4 }

// parallel is one norm, whose result attention and MLP read.
func parallel(_ *fields, m *Model) { m.Parallel, m.BlockNorms = true, 1 }

func gemma2(f *fields, m *Model) {
	sandwich(f, m)
	softcaps(f, m)
}

func gemma3(f *fields, m *Model) {
	gemma2(f, m)
	headNorms(f, m)
}

// softcaps reads the caps of scores and logits: in gemma2 and vaultgemma their defaults are 50 and 30, in gemma3 none.
func softcaps(f *fields, m *Model) {
	const attention, final = "attn_logit_softcapping", "final_logit_softcapping"
	on := func(key string) bool {
		if m.Family == "gemma3_text" {
			return f.has(key)
		}
		return !f.isNull(key)
	}
	if on(attention) != on(final) {
		f.fail(attention, "only one of it and %s is null; accepted: both, or neither", final)
	}
	m.Softcap = on(attention) && on(final)
}

func stablelm(f *fields, m *Model) {
	if f.flagOr("use_parallel_residual", false) {
		parallel(f, m)
	}
	if f.flagOr("qk_layernorm", false) {
		m.QKNorm, m.QKNormKind = true, OwnNorms
	}
}

func phi(f *fields, m *Model) {
	parallel(f, m)
	m.QKNorm = f.flagOr("qk_layernorm", false)
	if f.has("rotary_dim") { // its name before transformers knew the family
		f.rotaryDim(m, 0)
	}
}

func persimmon(f *fields, m *Model) { m.QKNorm = f.flagOr("qk_layernorm", true) }

// olmo2 has norms behind attention and MLP instead of before, and of all heads of q, or of k, as one.
func olmo2(_ *fields, m *Model) {
	m.NormsBehind, m.QKNorm, m.QKNormKind = true, true, WideNorms
}

// wideNorms are norms of all heads of q, or of k, as one (olmoe).
func wideNorms(_ *fields, m *Model) { m.QKNorm, m.QKNormKind = true, WideNorms }

func glmNorms(f *fields, m *Model) { m.QKNorm = f.flagOr("use_qk_norm", false) }

func exaone4(_ *fields, m *Model) { m.NormsBehind, m.QKNorm = true, true }

func cohere(f *fields, m *Model) {
	parallel(f, m)
	if f.flagOr("use_qk_norm", false) {
		m.QKNorm, m.QKNormKind = true, OwnNorms
	}
}

// subNorms are norms of what attention yields and of what is behind the activation.
func subNorms(_ *fields, m *Model) { m.SubNorms = true }

// baichuan's models of 7 B rotate, the others have ALiBi; no key says which (vllm/model_executor/models/baichuan.py goes
// by hidden_size, too).
func baichuan(_ *fields, m *Model) {
	if m.Hidden != 4096 {
		m.RotaryDim, m.ALiBi = 0, true
	}
}

// qwen, the first of them, gives the width of gate and up together.
func qwen(f *fields, m *Model) {
	if m.FFN%2 != 0 {
		f.fail("intermediate_size", "%d is odd, and qwen models have half of it; accepted: an even number", m.FFN)
	}
	m.FFN /= 2
}

func chatglm(f *fields, m *Model) {
	for _, key := range []string{"position_encoding_2d", "inner_hidden_size"} {
		f.refuse(key, "is not modelled: ChatGLM-6B, the first of them, has other positions and blocks", "no such key: ChatGLM2 or later", "false")
	}
	f.refuse("apply_residual_connection_post_layernorm", "is not modelled", "false", "false")
	if !f.flagOr("rmsnorm", true) {
		m.Norm = LayerNorm
	}
	if f.flagOr("multi_query_attention", false) {
		m.KVHeads = f.countOr("multi_query_group_num", 1)
	}
}

// neox has two norms in a parallel block.
func neox(f *fields, m *Model) { m.Parallel = f.flagOr("use_parallel_residual", true) }

func bloom(f *fields, m *Model) {
	f.refuse("apply_residual_connection_post_layernorm", "is not modelled", "false", "false")
	m.EmbedNorm = true
}

func bigcode(f *fields, m *Model) {
	if f.flagOr("multi_query", true) {
		m.KVHeads = 1
	}
}

// falcon's 7 B shares one KV head and one norm in a parallel block; 40 B and 180 B have groups of heads and two norms; the
// models of RefinedWeb are sequential.
func falcon(f *fields, m *Model) {
	grouped := f.flagOr("new_decoder_architecture", f.has("n_head_kv")) // RefinedWeb, 40 B's first name, has the heads alone
	m.Parallel = grouped || f.flagOr("parallel_attn", true)
	switch {
	case grouped:
		m.BlockNorms = f.countOr("num_ln_in_parallel_attn", 2)
		key := "num_kv_heads"
		if !f.has(key) {
			key = "n_head_kv"
		}
		m.KVHeads = f.countOr(key, m.Heads)
	case m.Parallel:
		m.BlockNorms = 1
	}
	if !grouped && f.flagOr("multi_query", true) {
		m.KVHeads = 1
	}
	if f.flagOr("alibi", false) {
		m.RotaryDim, m.ALiBi = 0, true
	}
}

func mpt(f *fields, m *Model) {
	if !f.has("attn_config") {
		return
	}
	inner := f.object("attn_config")
	inner.refuse("qk_ln", "is not modelled", "false", "false")
	inner.refuse("prefix_lm", "is not modelled: only causal decoders are", "false", "false")
	if !inner.flagOr("alibi", true) {
		inner.fail("alibi", "false is not modelled: mpt models have no other positions here; accepted: true")
	}
	f.take(inner)
}

// opt keeps two rows of its positions for padding.
func opt(f *fields, m *Model) {
	if !f.flagOr("do_layer_norm_before", true) {
		f.fail("do_layer_norm_before", "false is not modelled: only norms before attention and MLP are; accepted: true")
	}
	if f.countOr("word_embed_proj_dim", m.Hidden) != m.Hidden {
		f.fail("word_embed_proj_dim", "%s is not modelled: only embeddings as wide as hidden_size are; accepted: %d",
			f.show("word_embed_proj_dim"), m.Hidden)
	}
	if !f.flagOr("layer_norm_elementwise_affine", true) {
		m.Norm = LayerNormBare
	}
	m.LearnedPositions += 2
}

// gptNeo says in attention_types, or layer by layer in attention_layers, which layers attend to a window.
func gptNeo(f *fields, m *Model) {
	var layers []string
	if f.has("attention_layers") {
		if err := json.Unmarshal(f.raw["attention_layers"], &layers); err != nil {
			f.fail("attention_layers", "%s is not usable; accepted: a list of global and local", f.show("attention_layers"))
		}
	} else if f.has("attention_types") {
		layers = f.attentionTypes(m)
	}
	if layers == nil || f.err != nil {
		return
	}
	kinds := make([]byte, 0, m.Layers)
	for _, l := range layers {
		switch l {
		case "global":
			kinds = append(kinds, 'f')
		case "local":
			kinds = append(kinds, 'w')
		}
	}
	if len(kinds) != m.Layers || len(layers) != m.Layers {
		f.fail("attention_layers", "does not name %d layers; accepted: global or local for each", m.Layers)
		return
	}
	m.setPattern(string(kinds))
}

// attentionTypes repeats the groups of attention_types: [[["global", "local"], 12]].
func (f *fields) attentionTypes(m *Model) (layers []string) {
	const key = "attention_types"
	var groups [][2]json.RawMessage
	err := json.Unmarshal(f.raw[key], &groups)
	for _, g := range groups {
		var names []string
		times := 0
		if err == nil {
			err = json.Unmarshal(g[0], &names)
		}
		if err == nil {
			err = json.Unmarshal(g[1], &times)
		}
		for range min(times, m.Layers) {
			layers = append(layers, names...)
		}
	}
	if err != nil || len(layers) != m.Layers {
		f.fail(key, "%s is not usable; accepted: [[[\"global\", \"local\"], N]] for %d layers", f.show(key), m.Layers)
	}
	return layers
}

// llama4 attends to chunks in layers that rotate, and to everything in the others; a head of q or k is divided by its root mean
// square, without weights. The scales of queries in the layers that do not rotate are no work.
func llama4(f *fields, m *Model) {
	if f.flagOr("use_qk_norm", true) {
		m.QKNorm, m.QKNormKind = true, BareNorms
	}
}
