package workloads_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
)

// Configurations as their tools write them; what is expected is what their documentation says of the files.
func TestFormatsOfQuantisedModels(t *testing.T) {
	group := func(bits, group, zero int) formats.Format {
		return formats.Format{Bits: unit.Bits(bits), Group: group, Scale: 16, Zero: unit.Bits(zero)}
	}
	type where struct {
		layer  int
		matrix string
	}
	none := formats.Format{}
	for _, c := range []struct {
		name, key, value string
		want             formats.Format // of gate_proj in layer 2
		others           map[where]formats.Format
	}{
		{"GPTQ", "quantization_config", `{"quant_method": "gptq", "bits": 4, "group_size": 128, "desc_act": true, "sym": true}`, group(4, 128, 0),
			map[where]formats.Format{{-1, "lm_head"}: none, {-1, "embed_tokens"}: none}},
		{"GPTQ, not symmetric, a scale a row", "quantization_config", `{"quant_method": "gptq", "bits": 3, "group_size": -1, "sym": false}`, group(3, 0, 3), nil},
		{"GPTQ with modules of their own", "quantization_config", `{"quant_method": "gptq", "bits": 4, "group_size": 128, "sym": true, "lm_head": true,
			"dynamic": {"+:.*\\.1\\..*(gate|up).*": {"bits": 8, "group_size": 64}, "-:.*down.*": {}}}`, group(4, 128, 0),
			map[where]formats.Format{{1, "gate_proj"}: group(8, 64, 0), {0, "gate_proj"}: group(4, 128, 0), {0, "down_proj"}: none, {-1, "lm_head"}: group(4, 128, 0)}},
		{"GPTQ of some modules", "quantization_config", `{"quant_method": "gptq", "bits": 4,
			"modules_in_block_to_quantize": [["self_attn.k_proj", "self_attn.v_proj", "self_attn.q_proj"], ["mlp.down_proj"]]}`, none,
			map[where]formats.Format{{0, "o_proj"}: none, {1, "up_proj"}: none, {0, "down_proj"}: group(4, 128, 0)}},
		{"AWQ", "quantization_config", `{"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": true, "version": "gemm",
			"modules_to_not_convert": ["model.layers.1.mlp"]}`, group(4, 128, 4),
			map[where]formats.Format{{1, "up_proj"}: none, {0, "up_proj"}: group(4, 128, 4), {1, "q_proj"}: group(4, 128, 4)}},
		{"AWQ by its old keys", "quantization_config", `{"w_bit": 4, "q_group_size": 64, "zero_point": false}`, group(4, 64, 0), nil},
		{"AutoRound", "quantization_config", `{"quant_method": "auto-round", "bits": 2, "group_size": 32, "sym": false,
			"extra_config": {"model.layers.0.self_attn.v_proj": {"bits": 16}}}`, group(2, 32, 2), map[where]formats.Format{{0, "v_proj"}: none}},
		{"MLX", "quantization", `{"group_size": 64, "bits": 4}`, group(4, 64, 16),
			map[where]formats.Format{{-1, "lm_head"}: group(4, 64, 16), {-1, "embed_tokens"}: group(4, 64, 16)}},
		{"MLX with modules of their own", "quantization", `{"group_size": 64, "bits": 4, "model.layers.0.mlp.down_proj": {"group_size": 32, "bits": 6},
			"model.layers.1.mlp.up_proj": false, "lm_head": {"bits": 8}}`, group(4, 64, 16),
			map[where]formats.Format{{0, "down_proj"}: group(6, 32, 16), {1, "down_proj"}: group(4, 64, 16), {1, "up_proj"}: none, {-1, "lm_head"}: group(8, 64, 16)}},
		{"MLX's mxfp4", "quantization", `{"group_size": 32, "bits": 4, "mode": "mxfp4"}`, formats.Named("MXFP4"), nil},
		{"MLX, beside what its model had", "quantization", `{"group_size": 32, "bits": 4}, "quantization_config": {"quant_method": "fp8"}`, group(4, 32, 16), nil},
		{"bitsandbytes of neither width", "quantization_config", `{"quant_method": "bitsandbytes", "load_in_4bit": false, "load_in_8bit": false}`, none, nil},
		{"fp8 of AutoFP8", "quantization_config", `{"quant_method": "fp8", "activation_scheme": "static", "ignored_layers": ["model.layers.1.mlp.up_proj"]}`,
			formats.Format{Bits: 8, Rows: formats.AllRows, Scale: 32}, map[where]formats.Format{{1, "up_proj"}: none}},
		{"LLM.int8()", "quantization_config", `{"quant_method": "bitsandbytes", "load_in_8bit": true}`, formats.Format{Bits: 8, Scale: 32}, nil},
		{"NF4", "quantization_config", `{"quant_method": "bitsandbytes", "load_in_4bit": true, "bnb_4bit_quant_type": "nf4"}`,
			formats.Format{Name: "NF4", Bits: 4, Group: 64, Scale: 32, Table: true}, map[where]formats.Format{{-1, "lm_head"}: none}},
		{"NF4, quantised twice", "quantization_config", `{"_load_in_4bit": true, "load_in_4bit": true, "bnb_4bit_quant_type": "nf4",
			"bnb_4bit_use_double_quant": true, "llm_int8_skip_modules": ["o_proj"]}`,
			formats.Format{Name: "NF4-DQ", Bits: 4, Group: 64, Scale: 8, Super: 16384, SuperBits: 32, Table: true}, map[where]formats.Format{{1, "o_proj"}: none}},
		{"fp8 of DeepSeek-V3", "quantization_config", `{"quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic", "weight_block_size": [128, 128]}`,
			formats.Format{Bits: 8, Group: 128, Rows: 128, Scale: 32}, nil},
		{"fp8 with a scale a matrix", "quantization_config", `{"quant_method": "fp8"}`, formats.Format{Bits: 8, Rows: formats.AllRows, Scale: 32}, nil},
		{"fp8 with a scale a row", "quantization_config", `{"quant_method": "fbgemm_fp8", "modules_to_not_convert": ["model.layers.0.self_attn"]}`,
			formats.Format{Bits: 8, Scale: 32}, map[where]formats.Format{{0, "k_proj"}: none, {1, "k_proj"}: {Bits: 8, Scale: 32}}},
		{"compressed-tensors, packed", "quantization_config", `{"quant_method": "compressed-tensors", "format": "pack-quantized", "ignore": ["lm_head"],
			"config_groups": {"group_0": {"targets": ["Linear"], "weights": {"num_bits": 4, "type": "int", "symmetric": false, "strategy": "group", "group_size": 128}}}}`,
			group(4, 128, 4), map[where]formats.Format{{-1, "lm_head"}: none}},
		{"compressed-tensors, fp8", "compression_config", `{"quant_method": "compressed-tensors", "format": "float-quantized", "ignore": ["re:.*down_proj"],
			"config_groups": {"group_0": {"targets": ["Linear"], "weights": {"num_bits": 8, "type": "float", "strategy": "channel"}},
			"group_1": {"targets": ["re:.*self_attn.*"], "weights": null}}}`,
			group(8, 0, 0), map[where]formats.Format{{0, "down_proj"}: none, {1, "o_proj"}: none}},
		{"HQQ", "quantization_config", `{"quant_method": "hqq", "quant_config": {"weight_quant_params": {"nbits": 3, "group_size": 64, "axis": 1}}, "skip_modules": ["lm_head"]}`,
			group(3, 64, 16), nil},
		{"HQQ by layers", "quantization_config", `{"quant_method": "hqq", "quant_config": {"self_attn.q_proj": {"weight_quant_params": {"nbits": 4, "group_size": 64}},
			"mlp.up_proj": {"weight_quant_params": {"nbits": 2, "group_size": 16}}}}`, none,
			map[where]formats.Format{{0, "q_proj"}: group(4, 64, 16), {1, "up_proj"}: group(2, 16, 16), {1, "o_proj"}: none}},
		{"EETQ", "quantization_config", `{"quant_method": "eetq", "weights": "int8"}`, group(8, 0, 0), nil},
		{"quanto", "quantization_config", `{"quant_method": "quanto", "weights": "int4"}`, group(4, 128, 16), nil},
		{"torchao", "quantization_config", `{"quant_method": "torchao", "quant_type": {"default": {"_type": "Int4WeightOnlyConfig", "_data": {"group_size": 32}}}}`,
			group(4, 32, 16), nil},
		{"torchao by its old keys", "quantization_config", `{"quant_method": "torchao", "quant_type": "int4_weight_only", "quant_type_kwargs": {"group_size": 64}}`,
			group(4, 64, 16), nil},
		{"BitNet b1.58", "quantization_config", `{"quant_method": "bitnet", "modules_to_not_convert": null}`,
			formats.Format{Name: "TERNARY", Bits: 2, Rows: formats.AllRows, Scale: 16}, nil},
		{"mxfp4", "quantization_config", `{"quant_method": "mxfp4", "modules_to_not_convert": ["model.layers.*.self_attn", "model.embed_tokens", "lm_head"]}`,
			formats.Format{Name: "MXFP4", Bits: 4, Group: 32, Scale: 8, Table: true}, map[where]formats.Format{{1, "q_proj"}: none}},
		{"modelopt", "quantization_config", `{"quant_method": "modelopt", "quant_algo": "NVFP4", "ignore": ["lm_head", "model.layers.0*"]}`,
			formats.Format{Name: "NVFP4", Bits: 4, Group: 16, Scale: 8, Table: true}, map[where]formats.Format{{0, "q_proj"}: none, {1, "up_proj"}: formats.Named("NVFP4")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := workloads.ParseConfig("small", "config.json", config("llama", map[string]string{c.key: c.value, "num_hidden_layers": "4"}))
			if err != nil {
				t.Fatal(err)
			}
			if m.Stored == nil || m.Stored.Unread != "" {
				t.Fatalf("%+v", m.Stored)
			}
			if got := m.Stored.At(2, "gate_proj"); got != c.want {
				t.Errorf("gate_proj: %+v, want %+v", got, c.want)
			}
			for w, want := range c.others {
				if got := m.Stored.At(w.layer, w.matrix); got != want {
					t.Errorf("%+v: %+v, want %+v", w, got, want)
				}
			}
			throughJSON(t, m)
		})
	}
}

// throughJSON checks that what a result carries is the model.
func throughJSON(t *testing.T, m *workloads.Model) {
	t.Helper()
	text, err := json.Marshal(m.Shape())
	if err != nil {
		t.Fatal(err)
	}
	again, err := workloads.ParseShape(text)
	if err != nil || again.Fingerprint() != m.Fingerprint() {
		t.Errorf("%s is read as %+v: %v", text, again, err)
	}
}

// A model whose format is not modelled has its shape, and says why its file's precision cannot be taken.
func TestFormatsThatAreNotModelled(t *testing.T) {
	for value, want := range map[string]string{
		`{"quant_method": "aqlm", "nbits_per_codebook": 16}`:                                             `quant_method "aqlm" is not modelled; accepted: gptq, awq, `,
		`{"quant_method": "gptq", "group_size": 128}`:                                                    "gptq without bits",
		`{"quant_method": "gptq", "bits": 1}`:                                                            "gptq with codes of 1 bits is not modelled; accepted: 2 to 8",
		`{"quant_method": "gptq", "bits": 4, "dynamic": {"-:^(?!.*x).*": {}}}`:                           `dynamic: the pattern "^(?!.*x).*" is not read`,
		`{"quant_method": "quanto", "weights": "int3"}`:                                                  `quanto with weights "int3"`,
		`{"quant_method": "torchao", "quant_type": "autoquant"}`:                                         `torchao with "autoquant"`,
		`{"quant_method": "modelopt", "quant_algo": "MIXED"}`:                                            `modelopt with quant_algo "MIXED"`,
		`{"quant_method": "compressed-tensors", "format": "dense"}`:                                      "compressed-tensors without config_groups",
		`{"quant_method": "compressed-tensors", "config_groups": {"a": {"weights": {"strategy": "s"}}}}`: `compressed-tensors with strategy "s"`,
		`{}`: `quant_method "none"`,
	} {
		m, err := workloads.ParseConfig("small", "config.json", config("llama", map[string]string{"quantization_config": value}))
		if err != nil {
			t.Errorf("%s: %v", value, err)
			continue
		}
		if m.Stored == nil || !strings.Contains(m.Stored.Unread, want) || !strings.Contains(m.Stored.Unread, "; accepted: ") && !strings.Contains(want, "pattern") {
			t.Errorf("%s: %+v; want %s", value, m.Stored, want)
		}
		if got := m.Stored.At(0, "q_proj"); !got.IsFP16() {
			t.Errorf("%s: %+v", value, got)
		}
		throughJSON(t, m)
	}
}

// Old checkpoints have the format in a file of its own beside config.json.
func TestFormatsBesideTheConfig(t *testing.T) {
	for file, want := range map[string]string{"quantize_config.json": "gptq: 4 bits, a scale for 32 weights", "quant_config.json": "awq: 4 bits, a scale for 32 weights, with zero points"} {
		dir := t.TempDir()
		for name, text := range map[string][]byte{"config.json": config("llama", nil),
			file: []byte(`{"bits": 4, "w_bit": 4, "group_size": 32, "q_group_size": 32, "desc_act": false, "sym": true, "zero_point": true}`)} {
			if err := os.WriteFile(dir+"/"+name, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		m, err := workloads.Load(dir)
		if err != nil || m.Stored == nil || m.Stored.String() != want {
			t.Errorf("%s: %v, %v; want %s", file, m.Stored, err, want)
		}
		if err := os.WriteFile(dir+"/"+file, []byte(`{"bits": []}`), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := workloads.Load(dir); err == nil || !strings.Contains(err.Error(), dir+"/"+file+": bits: [] is not usable") {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestFormatOfModelOptBesideTheConfig(t *testing.T) {
	for text, want := range map[string]string{
		`{"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "NVFP4", "kv_cache_quant_algo": "FP8", "exclude_modules": ["lm_head"]}}`: "modelopt: NVFP4",
		`{"quantization": []}`: "",
	} {
		dir := t.TempDir()
		for name, data := range map[string][]byte{"config.json": config("llama", nil), "hf_quant_config.json": []byte(text)} {
			if err := os.WriteFile(dir+"/"+name, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		m, err := workloads.Load(dir)
		switch {
		case want == "" && (err == nil || !strings.Contains(err.Error(), "hf_quant_config.json: quantization: [] is not usable")):
			t.Errorf("%s: %v", text, err)
		case want != "" && (err != nil || m.Stored.String() != want):
			t.Errorf("%s: %v, %v; want %s", text, m, err, want)
		}
	}
}
