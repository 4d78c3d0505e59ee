package workloads_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads"
)

func TestMisspeltSizes(t *testing.T) {
	for _, c := range []struct{ family, key, want string }{
		{"llama", "hiden_size", "hidden_size"},
		{"llama", "hiddenSize", "hidden_size"},
		{"llama", "hidden-size", "hidden_size"},
		{"llama", "vocab_sise", "vocab_size"},
		{"llama", "num_hiden_layer", "num_hidden_layers"},
		{"llama", "intermedate_size", "intermediate_size"},
		{"llama", "num_atention_heads", "num_attention_heads"},
		{"llama", "num_key_value_head", "num_key_value_heads"},
		{"llama", "max_positions_embedding", "max_position_embeddings"},
		{"llama", "head_dims", "head_dim"},
		{"gpt2", "n_embed", "n_embd"},
		{"gpt2", "n_layers", "n_layer"},
		{"gpt2", "hiden_size", "hidden_size"},
		{"mixtral", "num_local_expert", "num_local_experts"},
		{"qwen3_moe", "num_experts_per_token", "num_experts_per_tok"},
		{"qwen3_moe", "moe_intermediate_sise", "moe_intermediate_size"},
		{"deepseek_v3", "kv_lora_rnak", "kv_lora_rank"},
	} {
		t.Run(c.family+" "+c.key, func(t *testing.T) {
			_, err := workloads.ParseConfig("m", "m.json", fmt.Appendf(nil, `{"model_type": %q, %q: 3}`, c.family, c.key))
			want := fmt.Sprintf("m.json: %s: is not known, and %s is missing; accepted: ", c.key, c.want)
			if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), fmt.Sprintf("did you mean %q?", c.want)) {
				t.Errorf("got %v, want %s…", err, want)
			}
		})
	}
	for _, config := range []string{
		`{"model_type": "llama", "hidden_size": 4096, "hiden_size": 4096}`,                                               // the right one counts
		`{"model_type": "deepseek_v3", "q_lora_rank": 1536, "qk_nope_head_dim": 128}`,                                    // other keys of the family
		`{"model_type": "deepseek_v3", "head_dim": 32, "qk_rope_head_dim": 32}`,                                          // as transformers saves it
		`{"model_type": "llama", "moe_intermediate_sizes": 4, "v_head_dim": 128, "initializer_range": 0.02, "n_ctx": 1}`, // far enough
	} {
		if _, err := workloads.ParseConfig("m", "m.json", []byte(config)); err != nil {
			t.Errorf("%s: %v", config, err)
		}
	}
}
