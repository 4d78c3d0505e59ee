package workloads_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/ops"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// config is a small valid config.json of a family with some keys replaced; an empty value removes the key.
func config(family string, changes map[string]string) []byte {
	keys := map[string]string{
		"model_type": `"` + family + `"`, "hidden_size": "64", "num_hidden_layers": "4", "num_attention_heads": "4",
		"num_key_value_heads": "2", "intermediate_size": "96", "vocab_size": "100", "max_position_embeddings": "256",
		"head_dim": "16", "transformers_version": `"5.0.0"`, "torch_dtype": `"bfloat16"`,
	}
	maps.Copy(keys, changes)
	lines := []string{}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if keys[k] != "" {
			lines = append(lines, `"`+k+`": `+keys[k])
		}
	}
	return []byte("{\n  " + strings.Join(lines, ",\n  ") + "\n}\n")
}

func TestParseConfigReads(t *testing.T) {
	for _, c := range []struct {
		name, family string
		changes      map[string]string
		ok           func(m *workloads.Model) bool
	}{
		{"the shape", "llama", nil, func(m *workloads.Model) bool {
			return m.Hidden == 64 && m.Layers == 4 && m.Heads == 4 && m.KVHeads == 2 && m.HeadDim == 16 && m.FFN == 96 &&
				m.Vocab == 100 && m.MaxPositions == 256 && m.RotaryDim == 16 && !m.Tied && m.PaperHigh == 4 && m.PaperLow == 3
		}},
		{"no num_key_value_heads as one per head where transformers does", "llama", map[string]string{"num_key_value_heads": ""},
			func(m *workloads.Model) bool { return m.KVHeads == 4 }},
		{"null num_key_value_heads as one per head in every family", "mistral", map[string]string{"num_key_value_heads": "null"},
			func(m *workloads.Model) bool { return m.KVHeads == 4 }},
		{"no num_key_value_heads as the family's default", "mistral",
			map[string]string{"num_key_value_heads": "", "num_attention_heads": "16"},
			func(m *workloads.Model) bool { return m.KVHeads == 8 }},
		{"no head_dim as hidden_size / heads", "llama", map[string]string{"head_dim": ""},
			func(m *workloads.Model) bool { return m.HeadDim == 16 }},
		{"no head_dim as 128 in qwen3", "qwen3", map[string]string{"head_dim": ""},
			func(m *workloads.Model) bool { return m.HeadDim == 128 && m.RotaryDim == 128 }},
		{"heads wider than hidden_size", "qwen3", map[string]string{"head_dim": "32"},
			func(m *workloads.Model) bool { return m.Attention()[0].Out == 128 && m.Attention()[3].In == 128 }},
		{"no tie_word_embeddings as tied in gemma2", "gemma2", nil, func(m *workloads.Model) bool { return m.Tied }},
		{"tie_word_embeddings where it is given", "gemma2", map[string]string{"tie_word_embeddings": "false"},
			func(m *workloads.Model) bool { return !m.Tied && m.Params().Head == 6400 }},
		{"llama's biases", "llama", map[string]string{"attention_bias": "true", "mlp_bias": "true"},
			func(m *workloads.Model) bool { return m.Params().Biases == 4*(64+32+32+64+96+96+64) }},
		{"qwen2's biases, which have no key", "qwen2", nil,
			func(m *workloads.Model) bool { return m.Params().Biases == 4*(64+32+32) }},
		{"qwen3's head norms and biases", "qwen3", map[string]string{"attention_bias": "true"},
			func(m *workloads.Model) bool { return m.QKNorm && m.OBias && m.Params().Norms == 4*(2*64+2*16)+64 }},
		{"stablelm's biases and parallel blocks", "stablelm",
			map[string]string{"use_qkv_bias": "true", "use_parallel_residual": "true"}, func(m *workloads.Model) bool {
				return m.QKVBias && !m.OBias && m.Parallel && m.GatedMLP && m.Params().Norms == 2*64*(4+1) && m.RotaryDim == 4
			}},
		{"stablelm's norms of q and k", "stablelm", map[string]string{"qk_layernorm": "true"},
			func(m *workloads.Model) bool { return m.Params().Norms == 2*64*(2*4+1)+4*(4+2)*16 }},
		{"partial_rotary_factor", "phi", map[string]string{"partial_rotary_factor": "0.25"},
			func(m *workloads.Model) bool { return m.RotaryDim == 4 }},
		{"partial_rotary_factor inside rope_parameters", "phi3",
			map[string]string{"rope_parameters": `{"rope_type": "default", "partial_rotary_factor": 0.75}`},
			func(m *workloads.Model) bool { return m.RotaryDim == 12 }},
		{"rope_scaling without effect", "llama", map[string]string{"rope_scaling": `{"rope_type": "llama3", "factor": 8.0}`},
			func(m *workloads.Model) bool { return m.RotaryDim == 16 }},
		{"null sliding_window as none", "mistral", map[string]string{"sliding_window": "null"},
			func(m *workloads.Model) bool { return m.Window == 0 }},
		{"no sliding_window as mistral's 4096", "mistral", nil, func(m *workloads.Model) bool { return m.Window == 4096 }},
		{"no sliding_window as none in phi3", "phi3", nil, func(m *workloads.Model) bool { return m.Window == 0 }},
		{"a sliding_window that qwen2 does not use", "qwen2",
			map[string]string{"sliding_window": "32", "use_sliding_window": "false"},
			func(m *workloads.Model) bool { return m.Window == 0 && m.WindowAt(0, 100) == 100 }},
		{"a sliding_window above max_window_layers", "qwen2",
			map[string]string{"sliding_window": "32", "use_sliding_window": "true", "max_window_layers": "3"},
			func(m *workloads.Model) bool { return m.WindowAt(2, 100) == 100 && m.WindowAt(3, 100) == 32 }},
		{"max_window_layers of all layers as no window", "qwen2",
			map[string]string{"sliding_window": "32", "use_sliding_window": "true", "max_window_layers": "4"},
			func(m *workloads.Model) bool { return m.Window == 0 }},
		{"max_window_layers 0", "qwen2",
			map[string]string{"sliding_window": "32", "use_sliding_window": "true", "max_window_layers": "0"},
			func(m *workloads.Model) bool { return m.WindowAt(0, 100) == 32 }},
		{"layer_types that repeat gemma2's rule", "gemma2", map[string]string{"sliding_window": "32",
			"layer_types": `["sliding_attention", "full_attention", "sliding_attention", "full_attention"]`},
			func(m *workloads.Model) bool { return m.WindowAt(0, 100) == 32 && m.WindowAt(1, 100) == 100 }},
		{"gemma2 without soft caps", "gemma2",
			map[string]string{"attn_logit_softcapping": "null", "final_logit_softcapping": "null"},
			func(m *workloads.Model) bool { return !m.Softcap }},
		{"gemma2's hidden_activation before hidden_act", "gemma2",
			map[string]string{"hidden_act": `"relu"`, "hidden_activation": `"gelu_pytorch_tanh"`},
			func(m *workloads.Model) bool { return m.Activation == workloads.Gelu }},
		{"no shape as that of the class", "llama", map[string]string{"vocab_size": "", "hidden_size": "", "head_dim": "", "num_key_value_heads": "",
			"num_attention_heads": "", "num_hidden_layers": "", "intermediate_size": "", "max_position_embeddings": ""},
			func(m *workloads.Model) bool { return m.Params().Total == 6738415616 && m.MaxPositions == 2048 }},
		{"RefinedWeb as falcon 40B", "RefinedWeb", map[string]string{"n_head_kv": "2", "num_key_value_heads": ""},
			func(m *workloads.Model) bool { return m.KVHeads == 2 && m.Parallel && m.BlockNorms == 2 }},
		{"RefinedWebModel as falcon 7B", "RefinedWebModel", map[string]string{"n_head": "4", "num_attention_heads": "", "multi_query": "true"},
			func(m *workloads.Model) bool { return m.KVHeads == 1 && m.Parallel && m.BlockNorms == 1 }},
		{"phi's rotary_dim before transformers knew it", "phi-msft", map[string]string{"rotary_dim": "4", "n_head_kv": "null"},
			func(m *workloads.Model) bool { return m.Family == workloads.Phi && m.RotaryDim == 4 }},
		{"baichuan's 13B as ALiBi", "baichuan", map[string]string{"hidden_size": "5120"},
			func(m *workloads.Model) bool { return m.ALiBi && m.RotaryDim == 0 }},
		{"features that are switched off", "llama", map[string]string{"quantization_config": "null", "num_local_experts": "null",
			"pruned_heads": "{}", "is_encoder_decoder": "false", "qk_layernorm": "false", "sliding_window": "null",
			"use_sliding_window": "false", "attn_logit_softcapping": "null", "partial_rotary_factor": "1.0"},
			func(m *workloads.Model) bool { return m.Window == 0 }},
	} {
		t.Run(c.family+": "+c.name, func(t *testing.T) {
			m, err := workloads.ParseConfig("small", "config.json", config(c.family, c.changes))
			if err != nil || !c.ok(m) {
				t.Errorf("%+v, %v", m, err)
			}
		})
	}
	t.Run("a config.json as published, with keys that do not matter", func(t *testing.T) {
		const file = "testdata/hf/deepseek-r1-distill-qwen-1.5b.json"
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := workloads.ParseConfig("r1", file, data)
		// 1.78 B on huggingface.co: Qwen2.5-1.5B with a head of its own.
		if err != nil || m.Params().Total != 1543714304+151936*1536 || m.Window != 0 || m.Source != file {
			t.Errorf("%+v, %v", m, err)
		}
	})
}

func TestParseConfigRefuses(t *testing.T) {
	families := "accepted: " + strings.Trim(strings.ReplaceAll(fmt.Sprint(workloads.Families()), " ", ", "), "[]")
	one := func(k, v string) map[string]string { return map[string]string{k: v} }
	for _, c := range []struct {
		name, family string
		changes      map[string]string
		want         string // the whole message
	}{
		{"an unknown family", "bert", nil, `c.json: model_type: "bert" is not known; ` + families},
		{"a family that is known and not modelled", "qwen3_next", nil, `c.json: model_type: "qwen3_next" is not modelled: some of its ` +
			`layers have linear attention, whose state moves with every token, and that traffic is not modelled; ` + families},
		{"no family", "llama", one("model_type", ""), `c.json: model_type: missing; ` + families},
		{"a family that is no string", "llama", one("model_type", "7"), `c.json: model_type: 7 is not usable; accepted: a string`},
		{"a format whose width is no number", "llama", one("quantization_config", `{"bits": "4", "quant_method": "awq"}`),
			`c.json: quantization_config: bits: "4" is not usable; accepted: a positive integer`},
		{"a format that is no object", "llama", one("quantization_config", `4`),
			`c.json: quantization_config: 4 is not usable; accepted: an object`},
		{"a block of fp8 that is no pair", "llama", one("quantization_config", `{"quant_method": "fp8", "weight_block_size": [128]}`),
			`c.json: quantization_config: weight_block_size: [128] is not usable; accepted: two positive integers, as in [128, 128]`},
		{"a mixture of experts", "mistral", one("num_local_experts", "8"),
			`c.json: num_local_experts: 8 is not modelled: mistral models have no such option; accepted: 0, 1, or no such key`},
		{"a multimodal model", "llama", one("vision_config", `{"hidden_size": 1024}`),
			`c.json: vision_config: {"hidden_size":1024} is not read; accepted: the config.json of a text model, with ` +
				`its shapes at the top level`},
		{"an activation", "llama", one("hidden_act", `"xielu"`),
			`c.json: hidden_act: "xielu" is not modelled; accepted: silu, swish, gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, relu, relu2`},
		{"norms of q and k where the family has none", "llama", one("qk_layernorm", "true"),
			`c.json: qk_layernorm: true is not modelled: llama models have no such option; accepted: false`},
		{"biases that the family cannot have", "mistral", one("mlp_bias", "true"),
			`c.json: mlp_bias: true is not modelled: mistral models have no such option; accepted: false`},
		{"parallel blocks outside stablelm", "llama", one("use_parallel_residual", "true"),
			`c.json: use_parallel_residual: true is not modelled: llama models have no such option; accepted: false`},
		{"soft caps outside gemma2", "llama", one("final_logit_softcapping", "30.0"),
			`c.json: final_logit_softcapping: 30.0 is not modelled: llama models have no such option; accepted: null`},
		{"one soft cap of two", "gemma2", one("attn_logit_softcapping", "null"), `c.json: attn_logit_softcapping: only one of ` +
			`it and final_logit_softcapping is null; accepted: both, or neither`},
		{"a window in a family without", "llama", one("sliding_window", "4096"),
			`c.json: sliding_window: 4096 is not modelled: llama models attend to every position; accepted: null`},
		{"layer_types against the rule", "qwen3", one("layer_types",
			`["full_attention", "full_attention", "sliding_attention", "full_attention"]`), `c.json: layer_types: layer 2 is ` +
			`"sliding_attention"; accepted: "full_attention", as sliding_window has it in qwen3 models`},
		{"layer_types of other length", "qwen3", one("layer_types", `["full_attention"]`),
			`c.json: layer_types: ["full_attention"] is not usable; accepted: a list of 4 strings, one per layer`},
		{"part of a head rotated in llama", "llama", one("partial_rotary_factor", "0.5"),
			`c.json: partial_rotary_factor: 0.5 is not modelled: llama models rotate whole heads; accepted: 1`},
		{"the same inside rope_parameters", "llama", one("rope_parameters", `{"partial_rotary_factor": 0.5}`),
			`c.json: rope_parameters: partial_rotary_factor: 0.5 is not modelled: llama models rotate whole heads; accepted: 1`},
		{"rope_parameters that are no object", "llama", one("rope_parameters", `[1]`),
			`c.json: rope_parameters: [1] is not usable; accepted: an object`},
		{"more than a whole head rotated", "phi", one("partial_rotary_factor", "1.5"),
			`c.json: partial_rotary_factor: 1.5 is not usable; accepted: a number above 0 and at most 1`},
		{"an odd number of values rotated", "phi", one("partial_rotary_factor", "0.07"),
			`c.json: partial_rotary_factor: rotates 1 of head_dim 16; accepted: an even number of at least 2`},
		{"a null shape", "llama", one("hidden_size", "null"), `c.json: hidden_size: missing; accepted: a positive integer`},
		{"a shape of text", "llama", one("hidden_size", `"64"`),
			`c.json: hidden_size: "64" is not usable; accepted: a positive integer`},
		{"a fraction", "llama", one("num_hidden_layers", "4.5"),
			`c.json: num_hidden_layers: 4.5 is not usable; accepted: a positive integer`},
		{"zero", "llama", one("num_attention_heads", "0"),
			`c.json: num_attention_heads: 0 is not usable; accepted: a positive integer`},
		{"a negative number", "llama", one("intermediate_size", "-96"),
			`c.json: intermediate_size: -96 is not usable; accepted: a positive integer`},
		{"a number beyond int64", "llama", one("vocab_size", "99999999999999999999"),
			`c.json: vocab_size: 99999999999999999999 is not usable; accepted: a positive integer`},
		{"a shape that no model has", "llama", one("hidden_size", "1048576"),
			`c.json: hidden_size: 1048576 is out of range; accepted: 1 to 524288`},
		{"heads that do not divide hidden_size", "llama", map[string]string{"head_dim": "", "num_attention_heads": "6"},
			`c.json: num_attention_heads: 6 does not divide hidden_size (64); accepted: a divisor of it, or a head_dim`},
		{"KV heads that do not divide heads", "llama", one("num_key_value_heads", "3"),
			`c.json: num_key_value_heads: 3 does not divide num_attention_heads (4); accepted: a divisor of it`},
		{"no KV heads where the default does not fit", "qwen2", one("num_key_value_heads", ""),
			`c.json: num_key_value_heads: missing, and the default of qwen2 (32) does not divide num_attention_heads (4); ` +
				`accepted: a divisor of it`},
		{"a flag of text", "llama", one("tie_word_embeddings", `"yes"`),
			`c.json: tie_word_embeddings: "yes" is not usable; accepted: true or false`},
		{"a long value, shortened", "llama", one("quantization", `"`+strings.Repeat("é", 40)+`"`), `c.json: quantization: "` +
			strings.Repeat("é", 29) + `… is not usable; accepted: an object`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := workloads.ParseConfig("small", "c.json", config(c.family, c.changes))
			if err == nil {
				t.Fatalf("got %+v", m)
			}
			if err.Error() != c.want {
				t.Errorf("got  %s\nwant %s", err, c.want)
			}
		})
	}
	for _, c := range []struct{ name, data, want string }{
		{"an empty file", "", "c.json:1:1: not JSON"},
		{"a broken object, with the place", "{\n  \"a\": 1,\n  oops\n}", "c.json:3:3: not JSON"},
		{"something after the object", "{} {}", "c.json:1:4: not JSON"},
		{"a list", "[1]", "c.json: a JSON value that is not an object"},
		{"null", "null", "c.json: a JSON value that is not an object"},
		{"an empty object", "{}", "c.json: model_type: missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := workloads.ParseConfig("x", "c.json", []byte(c.data)); err == nil ||
				!strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s…", err, c.want)
			}
		})
	}
}

func FuzzParseConfig(f *testing.F) {
	for _, family := range workloads.Families() {
		f.Add(config(string(family), nil))
		f.Add(config(string(family), map[string]string{"sliding_window": "32", "use_sliding_window": "true",
			"max_window_layers": "1", "layer_types": `["full_attention"]`, "rope_parameters": "{}", "head_dim": "null"}))
	}
	for _, text := range []string{"", "{}", "null", "[", `{"model_type":"llama"}`, `{"model_type":"llama","hidden_size":1e3}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		simtest.Budget(t, func() {
			m, err := workloads.ParseConfig("fuzzed", "config.json", data)
			if err != nil {
				if m != nil || !strings.HasPrefix(err.Error(), "config.json:") || strings.Contains(err.Error(), "\n") {
					t.Fatalf("%+v, %q", m, err)
				}
				return
			}
			p := m.Params()
			if p.Blocks <= 0 || p.Total != p.Blocks+p.Routers+p.Embedding+p.Positions+p.Head+p.Biases+p.Norms || m.KVBytesPerToken(16) <= 0 {
				t.Fatalf("%+v counts %+v", m, p)
			}
			if m.Layers > 64 {
				return
			}
			for _, o := range ops.Step(m) {
				if n := o.At(m.MaxPositions, 0); n.MACs < 0 || n.Elements < 0 || n.Params < 0 {
					t.Fatalf("%+v of %+v overflows: %+v", o, m, n)
				}
			}
		})
	})
}
