package workloads

// refusal returns why a model_type that transformers knows is not simulated; "" if nothing is known of it.
func refusal(modelType string) string {
	const (
		linear   = "some of its layers have linear attention, whose state moves with every token, and that traffic is not modelled"
		state    = "its layers, or some of them, have a recurrent state, which moves with every token, and that traffic is not modelled"
		short    = "some of its layers are short convolutions, which are not modelled"
		perLayer = "it has embeddings of every layer and layers that share their keys and values"
		encoder  = "it is an encoder with a decoder, and only causal decoders are modelled"
		unequal  = "its layers differ in shape, and only layers of equal shape are modelled"
	)
	switch modelType {
	case "qwen3_next", "qwen3_5", "qwen3_5_text", "qwen3_5_moe", "qwen3_5_moe_text", "kimi_linear", "bailing_hybrid", "minimax", "olmo_hybrid":
		return linear
	case "mamba", "mamba2", "falcon_mamba", "jamba", "bamba", "zamba", "zamba2", "falcon_h1", "nemotron_h", "granitemoehybrid",
		"recurrent_gemma", "rwkv", "xlstm", "plamo2", "hymba":
		return state
	case "lfm2", "lfm2_moe", "lfm3":
		return short
	case "gemma3n", "gemma3n_text", "gemma4", "gemma4_text":
		return perLayer
	case "t5", "mt5", "umt5", "bart", "mbart", "pegasus", "marian", "whisper", "t5gemma", "moonshine":
		return encoder
	case "openelm", "nemotron-nas", "deci":
		return unequal
	case "gpt_oss":
		return "its attention has sinks, and its experts have biases, which are not modelled"
	case "phi3small":
		return "its attention is block-sparse"
	case "diffllama":
		return "its attention is the difference of two"
	case "apertus":
		return "it has an activation of its own, xielu"
	}
	return ""
}
