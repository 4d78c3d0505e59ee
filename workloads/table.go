package workloads

// llamas are the families whose blocks are llama's: RMSNorm before attention and before a gated MLP, rotary embedding.
func llamas() []traits {
	own := []bias{{key: "attention_bias", parts: qkv | out}, {key: "mlp_bias", parts: mlp}}
	return []traits{
		{family: Llama, also: []Family{"Yi", "aquila", "xverse", "iquestcoder", "mllama_text_model"}, eos: []int{2},
			biases: own, size: size{32000, 4096, 11008, 32, 32, 2048}},
		{family: Mistral, eos: []int{2}, kvHeads: 8, windowed: true, window: 4096,
			size: size{32000, 4096, 14336, 32, 32, 131072}},
		{family: Qwen2, also: []Family{"qwen2_vl_text", "qwen2_5_vl_text", "mimo"}, kvHeads: 32, windowed: true,
			window: 4096, flagged: true, typed: true, biases: []bias{{parts: qkv}},
			size: size{151936, 4096, 22016, 32, 32, 32768}},
		{family: Qwen3, also: []Family{"qwen3_vl_text"}, kvHeads: 32, headDim: 128, windowed: true, window: 4096,
			flagged: true, typed: true, biases: own[:1], block: headNorms,
			size: size{151936, 4096, 22016, 32, 32, 32768}},
		{family: Phi3, partial: true, windowed: true, eps: 1e-5,
			size: size{32064, 3072, 8192, 32, 32, 4096}},
		{family: StableLM, also: []Family{"stablelm_epoch"}, norm: LayerNorm, kvHeads: 32, eos: []int{0},
			rotary: 0.25, partial: true,
			keys:   map[string]string{"partial_rotary_factor": "rope_pct", "layer_norm_eps": "norm_eps"},
			biases: []bias{{key: "use_qkv_bias", parts: qkv}},
			reads:  []string{"use_parallel_residual", "qk_layernorm"}, block: stablelm,
			size: size{50304, 2560, 6912, 32, 32, 4096}},
		{family: "arcee", activation: "relu2", plain: true, eps: 1e-5, eos: []int{128001}, biases: own,
			size: size{32000, 2560, 18432, 32, 32, 4096}},
		{family: "baichuan", eos: []int{2}, block: baichuan, size: size{125696, 4096, 11008, 32, 32, 4096}},
		{family: "bitnet", kvHeads: 5, activation: "relu2", eps: 1e-5, eos: []int{128001}, biases: own[:1],
			block: subNorms, size: size{128256, 2560, 6912, 30, 20, 2048}},
		{family: "chatglm", headDim: 128, eps: 1e-5, eos: []int{2}, rotary: 0.5,
			keys: map[string]string{"num_hidden_layers": "num_layers", "vocab_size": "padded_vocab_size",
				"intermediate_size": "ffn_hidden_size", "max_position_embeddings": "seq_length",
				"head_dim": "kv_channels", "layer_norm_eps": "layernorm_epsilon",
				"rms_norm_eps": "layernorm_epsilon"},
			biases: []bias{{key: "add_qkv_bias", parts: qkv}, {key: "add_bias_linear", parts: out | mlp}},
			block:  chatglm, size: size{65024, 4096, 13696, 28, 32, 2048}},
		{family: "ernie4_5", kvHeads: 2, headDim: 128, tied: true, eps: 1e-5, eos: []int{2},
			biases: []bias{{key: "use_bias", parts: qkv | out | mlp}}, size: size{103424, 1024, 3072, 18, 16, 131072}},
		{family: "exaone", kvHeads: 8, eps: 1e-5, eos: []int{361}, biases: own,
			keys: map[string]string{"num_hidden_layers": "num_layers", "hidden_act": "activation_function",
				"rms_norm_eps": "layer_norm_epsilon"},
			size: size{102400, 4096, 14336, 32, 32, 4096}},
		{family: "glm", kvHeads: 2, headDim: 128, rotary: 0.5, partial: true, eps: 1.5625e-07,
			eos: []int{151329, 151336, 151338}, biases: []bias{{"attention_bias", true, qkv}},
			size: size{151552, 4096, 13696, 40, 32, 131072}},
		{family: "granite", eos: []int{2}, biases: own, size: size{32000, 4096, 11008, 32, 32, 2048}},
		{family: "helium", kvHeads: 20, headDim: 128, eps: 1e-8, eos: []int{2}, biases: own,
			size: size{48000, 2560, 7040, 24, 20, 4096}},
		{family: "hunyuan_v1_dense", eps: 1e-5, eos: []int{2}, biases: own[:1], block: headNorms,
			size: size{290943, 4096, 11008, 32, 32, 2048}},
		{family: "internlm", eos: []int{2}, biases: []bias{{"bias", true, qkv | out}},
			size: size{103168, 4096, 11008, 32, 32, 2048}},
		{family: "internlm2", eos: []int{2}, biases: []bias{{"bias", true, qkv | out}},
			size: size{103168, 4096, 11008, 32, 32, 2048}},
		{family: "internlm3", kvHeads: 2, headDim: 128, eps: 1e-5, eos: []int{2},
			biases: []bias{{key: "qkv_bias", parts: qkv}, {key: "attention_bias", parts: qkv},
				{key: "bias", parts: out | mlp}, {key: "mlp_bias", parts: out | mlp}},
			size: size{128512, 4096, 10240, 48, 32, 32768}},
		{family: "minicpm", tied: true, eos: []int{2}, biases: own[:1], size: size{32000, 4096, 11008, 32, 32, 2048}},
		{family: "ministral", kvHeads: 8, eos: []int{2}, windowed: true, window: 4096, typed: true,
			size: size{32000, 4096, 14336, 32, 32, 131072}},
		{family: "ministral3", kvHeads: 8, headDim: 128, eps: 1e-5, eos: []int{2}, windowed: true, stretched: true,
			size: size{131072, 4096, 14336, 34, 32, 262144}},
		{family: "orion", norm: LayerNorm, eos: []int{2}, keys: map[string]string{"layer_norm_eps": "rms_norm_eps"},
			size: size{84608, 4096, 15360, 40, 32, 4096}},
		{family: "qwen", headDim: 128,
			keys: map[string]string{"head_dim": "kv_channels", "max_position_embeddings": "seq_length",
				"rms_norm_eps": "layer_norm_epsilon"},
			biases: []bias{{parts: qkv}}, block: qwen, size: size{151936, 4096, 22016, 32, 32, 8192}},
		{family: "seed_oss", kvHeads: 8, headDim: 128, eos: []int{2},
			biases: []bias{{"attention_bias", true, qkv}, {key: "attention_out_bias", parts: out},
				{key: "mlp_bias", parts: mlp}},
			size: size{155136, 4096, 27648, 64, 80, 524288}},
		{family: "smollm3", kvHeads: 4, tied: true, eos: []int{128001}, biases: own, windowed: true, flagged: true,
			typed: true, pattern: "fffF", reads: []string{"no_rope_layers", "no_rope_layer_interval"},
			size: size{128256, 2048, 11008, 36, 16, 32768}},
	}
}

// gemmas have a gelu with a gate, wide heads, and the embedding as their head.
func gemmas() []traits {
	biases := []bias{{key: "attention_bias", parts: qkv | out}}
	gemma := func(t traits) traits {
		t.activation, t.tied, t.headDim, t.biases, t.eos = "gelu_pytorch_tanh", true, 256, biases, []int{1}
		return t
	}
	caps := []string{"attn_logit_softcapping", "final_logit_softcapping"}
	return []traits{
		gemma(traits{family: Gemma2, kvHeads: 4, windowed: true, window: 4096, typed: true, alternate: true,
			reads: caps, block: gemma2, size: size{256000, 2304, 9216, 26, 8, 8192}}),
		gemma(traits{family: "gemma", kvHeads: 16, size: size{256000, 3072, 24576, 28, 16, 8192}}),
		gemma(traits{family: "gemma3_text", kvHeads: 4, windowed: true, window: 4096, pattern: "wwwwwf", typed: true,
			stretched: true, reads: append([]string{"sliding_window_pattern"}, caps...), block: gemma3,
			size: size{262208, 2304, 9216, 26, 8, 131072}}),
		gemma(traits{family: "vaultgemma", kvHeads: 4, windowed: true, window: 4096, typed: true, alternate: true,
			reads: caps, block: softcaps, size: size{256000, 2304, 9216, 26, 8, 8192}}),
	}
}

// reordered are llamas whose norms stand elsewhere.
func reordered() []traits {
	biases := []bias{{key: "attention_bias", parts: qkv | out}}
	olmo := size{50304, 4096, 11008, 32, 32, 2048}
	eos := []int{50279}
	return []traits{
		{family: "cohere", norm: LayerNormNoBias, tied: true, eos: []int{255001}, biases: biases,
			reads: []string{"use_qk_norm"}, block: cohere, size: size{256000, 8192, 22528, 40, 64, 8192}},
		{family: "cohere2", norm: LayerNormNoBias, tied: true, eos: []int{255001}, biases: biases, windowed: true,
			window: 4096, typed: true, still: true, pattern: "wwwF", reads: []string{"sliding_window_pattern"},
			block: cohere, size: size{256000, 8192, 22528, 40, 64, 8192}},
		{family: "exaone4", kvHeads: 32, eps: 1e-5, eos: []int{2}, windowed: true, window: 4096, typed: true,
			still: true, pattern: "wwwF", reads: []string{"sliding_window_pattern"}, block: exaone4,
			size: size{102400, 4096, 16384, 32, 32, 2048}},
		{family: "glm4", kvHeads: 2, headDim: 128, rotary: 0.5, partial: true, eps: 1.5625e-07,
			eos: []int{151329, 151336, 151338}, biases: []bias{{"attention_bias", true, qkv}}, block: sandwich,
			size: size{151552, 4096, 13696, 40, 32, 131072}},
		{family: "olmo", norm: LayerNormBare, eps: 1e-5, eos: eos, biases: biases, reads: []string{"clip_qkv"},
			size: olmo},
		{family: "olmo2", eps: 1e-5, eos: eos, biases: biases, block: olmo2, size: olmo},
		{family: "olmo3", eps: 1e-5, eos: eos, biases: biases, block: olmo2, windowed: true, window: 4096,
			typed: true, pattern: "wwwf", size: olmo},
	}
}

// gpts have LayerNorms with biases and an MLP without a gate.
func gpts() []traits {
	gpt := map[string]string{"hidden_size": "n_embd", "num_hidden_layers": "n_layer", "num_attention_heads": "n_head",
		"intermediate_size": "n_inner", "max_position_embeddings": "n_positions", "hidden_act": "activation_function",
		"layer_norm_eps": "layer_norm_epsilon", "num_key_value_heads": "n_head_kv"}
	all := []bias{{parts: qkv | out | mlp}}
	used := []bias{{"use_bias", true, qkv | out | mlp}}
	own := []bias{{key: "attention_bias", parts: qkv | out}, {key: "mlp_bias", parts: mlp}}
	rows := []traits{
		{family: Phi, also: []Family{"phi-msft", "mixformer-sequential"}, keys: gpt, activation: "gelu_new", times: 4,
			eos: []int{2}, rotary: 0.5, partial: true, biases: []bias{{parts: qkv | out | mlp | head}},
			reads: []string{"qk_layernorm", "rotary_dim"}, block: phi, size: size{51200, 2048, 8192, 24, 32, 2048}},
		{family: "bloom",
			keys: map[string]string{"hidden_size": "n_embed", "num_hidden_layers": "n_layer",
				"num_attention_heads": "n_head", "max_position_embeddings": "seq_length",
				"layer_norm_eps": "layer_norm_epsilon"},
			activation: "gelu_new", times: 4, tied: true, eos: []int{2}, positions: sloped, biases: all, block: bloom,
			size: size{250880, 64, 0, 2, 8, 2048}},
		{family: "codegen", keys: gpt, activation: "gelu_new", times: 4, eos: []int{50256}, rotaryDim: 64,
			biases: []bias{{parts: mlp | head}}, block: parallel, size: size{50400, 4096, 0, 28, 16, 2048}},
		{family: "falcon", also: []Family{"RefinedWeb", "RefinedWebModel"},
			keys: map[string]string{"num_hidden_layers": "n_layer", "num_attention_heads": "n_head",
				"intermediate_size": "ffn_hidden_size", "hidden_act": "activation",
				"layer_norm_eps": "layer_norm_epsilon"},
			activation: "gelu", times: 4, tied: true, eos: []int{11},
			biases: []bias{{key: "bias", parts: qkv | out | mlp}}, reads: []string{"alibi"}, block: falcon,
			size: size{65024, 4544, 0, 32, 71, 2048}},
		{family: "gpt2", also: []Family{"gpt-sw3"}, keys: gpt, activation: "gelu_new", times: 4, tied: true,
			eos: []int{50256}, positions: learned, biases: all, size: size{50257, 768, 0, 12, 12, 1024}},
		{family: "gpt_bigcode", keys: gpt, activation: "gelu_pytorch_tanh", times: 4, tied: true, eos: []int{50256},
			positions: learned, biases: all, block: bigcode, size: size{50257, 768, 0, 12, 12, 1024}},
		{family: "gpt_neo",
			keys: map[string]string{"num_hidden_layers": "num_layers", "num_attention_heads": "num_heads",
				"hidden_act": "activation_function", "layer_norm_eps": "layer_norm_epsilon",
				"sliding_window": "window_size"},
			activation: "gelu_new", times: 4, tied: true, eos: []int{50256}, positions: learned,
			biases: []bias{{parts: out | mlp}}, windowed: true, window: 256, pattern: "fw", block: gptNeo,
			size: size{50257, 2048, 0, 24, 16, 2048}},
		{family: "gpt_neox", keys: map[string]string{"partial_rotary_factor": "rotary_pct"}, activation: "gelu",
			eos: []int{2}, rotary: 0.25, partial: true,
			biases: []bias{{"attention_bias", true, qkv | out}, {parts: mlp}},
			reads:  []string{"use_parallel_residual"}, block: neox, size: size{50432, 6144, 24576, 44, 64, 2048}},
		{family: "gptj", keys: gpt, activation: "gelu_new", times: 4, eos: []int{50256}, rotaryDim: 64,
			biases: []bias{{parts: mlp | head}}, block: parallel, size: size{50400, 4096, 0, 28, 16, 2048}},
		{family: "jais2", activation: "relu2", eos: []int{150024},
			biases: []bias{{"attention_bias", true, qkv | out}, {"mlp_bias", true, mlp}},
			size:   size{150272, 3328, 26624, 32, 26, 8192}},
		{family: "mpt", norm: LayerNormNoBias,
			keys: map[string]string{"hidden_size": "d_model", "num_hidden_layers": "n_layers",
				"num_attention_heads": "n_heads", "max_position_embeddings": "max_seq_len",
				"layer_norm_eps": "layer_norm_epsilon"},
			activation: "gelu", times: 4, tied: true, positions: sloped, block: mpt,
			size: size{50368, 2048, 0, 24, 16, 2048}},
		{family: "nemotron", keys: map[string]string{"layer_norm_eps": "norm_eps"}, activation: "relu2",
			eos: []int{3}, rotary: 0.5, partial: true, biases: own, size: size{256000, 6144, 24576, 32, 48, 4096}},
		{family: "opt", keys: map[string]string{"intermediate_size": "ffn_dim", "hidden_act": "activation_function"},
			activation: "relu", tied: true, eos: []int{2}, positions: learned,
			biases: []bias{{"enable_bias", true, qkv | out | mlp}}, block: opt,
			size: size{50272, 768, 3072, 12, 12, 2048}},
		{family: "persimmon", activation: "relu2", eos: []int{2}, rotary: 0.5, partial: true, biases: all,
			reads: []string{"qk_layernorm"}, block: persimmon, size: size{262144, 4096, 16384, 36, 64, 16384}},
		{family: "starcoder2", keys: map[string]string{"layer_norm_eps": "norm_epsilon"}, kvHeads: 2,
			activation: "gelu_pytorch_tanh", tied: true, eos: []int{50256}, windowed: true, biases: used,
			size: size{49152, 3072, 12288, 30, 24, 4096}},
	}
	for i := range rows {
		rows[i].plain = true
		if rows[i].norm == "" {
			rows[i].norm = LayerNorm
		}
	}
	return rows
}

// mixtures have experts in place of the MLP.
func mixtures() []traits {
	attention := bias{key: "attention_bias", parts: qkv | out}
	return []traits{
		{family: Mixtral, eos: []int{2}, kvHeads: 8, windowed: true, experts: mixtralExperts(),
			size: size{32000, 4096, 14336, 32, 32, 131072}},
		{family: Qwen2MoE, kvHeads: 16, windowed: true, window: 4096, flagged: true, typed: true,
			biases: []bias{{"qkv_bias", true, qkv}}, experts: qwen2Experts(),
			size: size{151936, 2048, 5632, 24, 16, 32768}},
		{family: Qwen3MoE, also: []Family{"qwen3_vl_moe_text", "qwen3_omni_moe_text"}, kvHeads: 4, windowed: true,
			window: 4096, flagged: true, typed: true, biases: []bias{attention}, block: headNorms,
			experts: qwen3Experts(), size: size{151936, 2048, 6144, 24, 32, 32768}},
		{family: PhiMoE, norm: LayerNorm, kvHeads: 8, windowed: true, eos: []int{2},
			biases: []bias{attention, {key: "lm_head_bias", parts: head}}, experts: phimoeExperts(),
			size: size{32064, 4096, 6400, 32, 32, 131072}},
		{family: GraniteMoE, eos: []int{2}, biases: []bias{attention}, experts: graniteExperts(),
			size: size{32000, 4096, 11008, 32, 32, 2048}},
		{family: "granitemoeshared", eos: []int{2}, biases: []bias{attention}, experts: graniteSharedExperts(),
			size: size{32000, 4096, 11008, 32, 32, 2048}},
		{family: "olmoe", eps: 1e-5, eos: []int{50279}, biases: []bias{attention}, reads: []string{"clip_qkv"},
			block: wideNorms, experts: olmoeExperts(), size: size{50304, 2048, 2048, 16, 16, 4096}},
		{family: "dots1", kvHeads: 32, biases: []bias{attention}, windowed: true, window: 4096, flagged: true,
			typed: true, block: headNorms, experts: dotsExperts(), size: size{152064, 4608, 10944, 62, 32, 2048}},
		{family: "glm4_moe", kvHeads: 8, rotary: 0.5, partial: true, eps: 1e-5,
			biases: []bias{{key: "attention_bias", parts: qkv}}, reads: []string{"use_qk_norm"}, block: glmNorms,
			experts: glmExperts(), size: size{151552, 4096, 10944, 46, 96, 131072}},
		{family: "llama4_text", keys: map[string]string{"sliding_window": "attention_chunk_size"}, kvHeads: 8,
			headDim: 128, eps: 1e-5, eos: []int{2}, windowed: true, window: 8192, chunked: true, typed: true,
			pattern: "wwwF", reads: []string{"no_rope_layers", "no_rope_layer_interval", "use_qk_norm"},
			biases: []bias{attention}, block: llama4, experts: llama4Experts(),
			size: size{202048, 5120, 8192, 48, 40, 131072}},
	}
}
