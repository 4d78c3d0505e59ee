package workloads_test

import (
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads"
)

// TestKeysOfPublishedFiles has keys that published files have and their classes do not read, or that go far. Counts: transformers
// 5.24.0 on its meta device; Hunyuan-7B's, 7504568320, too.
func TestKeysOfPublishedFiles(t *testing.T) {
	for _, c := range []struct {
		name, config string
		positions    int
		params       int64
	}{
		{"Llama-4-Scout", `{"model_type": "llama4", "text_config": {"model_type": "llama4_text", "interleave_moe_layer_step": 1, "intermediate_size": 8192,
			"intermediate_size_mlp": 16384, "hidden_size": 5120, "num_hidden_layers": 48, "num_attention_heads": 40, "num_key_value_heads": 8, "head_dim": 128,
			"max_position_embeddings": 10485760, "num_local_experts": 16, "num_experts_per_tok": 1, "tie_word_embeddings": false, "vocab_size": 202048,
			"rope_scaling": {"factor": 16.0, "high_freq_factor": 1.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 8192, "rope_type": "llama3"}}}`,
			10485760, 107769861120},
		{"Qwen3-Coder-480B-A35B", `{"model_type": "qwen3_moe", "attention_bias": false, "decoder_sparse_step": 1, "head_dim": 128, "hidden_size": 6144,
			"intermediate_size": 8192, "max_position_embeddings": 262144, "mlp_only_layers": [], "moe_intermediate_size": 2560, "num_attention_heads": 96,
			"num_experts": 160, "num_experts_per_tok": 8, "num_hidden_layers": 62, "num_key_value_heads": 8, "qkv_bias": false, "use_qk_norm": true,
			"shared_expert_intermediate_size": 0, "use_sliding_window": false, "tie_word_embeddings": false, "vocab_size": 151936}`, 262144, 480154875392},
		{"Hunyuan-7B", `{"model_type": "hunyuan_v1_dense", "cla_share_factor": 2, "use_cla": false, "use_mla": false, "use_qk_norm": true, "num_experts": 1,
			"head_dim": 128, "hidden_size": 4096, "intermediate_size": 14336, "kv_lora_rank": null, "num_attention_heads": 32, "num_hidden_layers": 32,
			"num_key_value_heads": 8, "max_position_embeddings": 32768, "rope_scaling": {"alpha": 1000.0, "factor": 1.0, "type": "dynamic"},
			"tie_word_embeddings": true, "vocab_size": 128167}`, 32768, 7504568320},
	} {
		m, err := workloads.ParseConfig(c.name, c.name, []byte(c.config))
		if err != nil {
			t.Error(err)
			continue
		}
		if m.Params().Total != c.params || m.MaxPositions != c.positions {
			t.Errorf("%s: %d parameters, %d positions; want %d, %d", c.name, m.Params().Total, m.MaxPositions, c.params, c.positions)
		}
	}
	if _, err := workloads.ParseConfig("m", "m", []byte(`{"model_type": "llama", "use_qk_norm": true}`)); err == nil {
		t.Error("norms of a llama: no error")
	}
	if _, err := workloads.ParseConfig("m", "m", []byte(`{"model_type": "llama", "num_experts": 2}`)); err == nil {
		t.Error("experts of a llama: no error")
	}
}

// TestManyLayersAreRefusedAtOnce has a file that asks for lists of two billion layers.
func TestManyLayersAreRefusedAtOnce(t *testing.T) {
	for _, kind := range []string{`"llama"`, `"llama4_text"`, `"gpt_neo", "num_layers": 2147483647`} {
		_, err := workloads.ParseConfig("m", "m.json", []byte(`{"model_type": `+kind+`, "num_hidden_layers": 2147483647, "quantization_config":
			{"quant_method": "gptq", "bits": 4}}`))
		if err == nil || !strings.HasSuffix(err.Error(), "layers: 2147483647 is out of range; accepted: 1 to 4096") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
