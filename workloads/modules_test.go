package workloads

import "testing"

// Names of modules as lists of families have them, and the matrices that they hold.
func TestNamesOfModules(t *testing.T) {
	for name, want := range map[string]map[string]bool{ // by layer 3's matrices
		"lm_head":                             {"q_proj": false, "gate_proj": false},
		"model.layers.3.self_attn.q_proj":     {"q_proj": true, "k_proj": false},
		"model.layers.2.self_attn.q_proj":     {"q_proj": false},
		"model.layers.3":                      {"q_proj": true, "experts.up_proj": true},
		"self_attn":                           {"q_proj": true, "o_proj": true, "up_proj": false, "kv_a_proj_with_mqa": true},
		"kv_b_proj":                           {KeyExpansion: true, ValueExpansion: true, "kv_a_proj_with_mqa": false},
		"transformer.h.3.attn.c_attn":         {"q_proj": true, "v_proj": true, "o_proj": false},
		"transformer.h.3.mlp.c_proj":          {"fc2": true, "o_proj": false},
		"transformer.h.3.attn.c_proj":         {"fc2": false, "o_proj": true},
		"gate_up_proj":                        {"gate_proj": true, "up_proj": true, "down_proj": false},
		"model.layers.*.mlp.experts":          {"experts.up_proj": true, "shared_expert.up_proj": false, "up_proj": false},
		"mlp.shared_experts.down_proj":        {"shared_expert.down_proj": true, "experts.down_proj": false, "down_proj": false},
		"mlp.gate":                            {"gate_proj": false, "experts.gate_proj": false},
		"vision_tower.layers.3.self_attn.q":   {"q_proj": false},
		"model.layers.3.mlp.experts.0.w2":     {"experts.down_proj": true, "experts.up_proj": false},
		"language_model.model.layers.3.mlp":   {"up_proj": true, "q_proj": false},
		"model.layers.3.self_attn.qkv_proj":   {"k_proj": true, "o_proj": false},
		"model.layers.3.feed_forward.w1":      {"gate_proj": true, "up_proj": false},
		"model.layers.33.self_attn.q_proj":    {"q_proj": false},
		"model.layers.3.self_attn.o_proj":     {"o_proj": true},
		"gpt_neox.layers.3.attention.dense":   {"o_proj": true, "fc2": false},
		"model.layers.3.mlp.dense_4h_to_h":    {"fc2": true, "down_proj": true, "fc1": false},
		"model.layers.3.self_attn.rotary_emb": {"q_proj": false},
	} {
		m := module(name)
		for matrix, is := range want {
			if got := m(3, matrix); got != is {
				t.Errorf("%s holds %s: %v", name, matrix, got)
			}
		}
	}
	all, err := pattern(`re`)
	if err != nil || all(3, "q_proj") {
		t.Error("a pattern is found in the middle")
	}
	if x, err := pattern(`.*(kv_b_proj|shared_experts\.up_proj)`); err != nil || !x(3, KeyExpansion) || !x(3, "shared_expert.up_proj") || x(3, "experts.up_proj") {
		t.Errorf("patterns of what deepseek calls its modules: %v", err)
	}
}
