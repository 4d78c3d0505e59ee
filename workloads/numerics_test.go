package workloads_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads"
)

// config is a config.json of a family with these keys more.
func numericsConfig(family workloads.Family, more string) *workloads.Config {
	return &workloads.Config{File: "config.json", Data: fmt.Appendf(nil, `{"model_type": %q, "hidden_size": 64, "num_hidden_layers": 2,
		"num_attention_heads": 4, "num_key_value_heads": 4, "intermediate_size": 128, "vocab_size": 100, "max_position_embeddings": 64%s}`,
		family, more)}
}

func TestNumerics(t *testing.T) {
	llama3 := `{"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 8192`
	scale := &workloads.RopeScale{Kind: workloads.RopeLlama3, Factor: 8, Low: 1, High: 4, Original: 8192}
	for _, c := range []struct {
		family workloads.Family
		more   string
		want   workloads.Numerics
	}{
		{workloads.Llama, "", workloads.Numerics{NormEps: 1e-6, RopeTheta: 10_000, EOS: []int{2}}},
		{workloads.Mistral, "", workloads.Numerics{NormEps: 1e-6, RopeTheta: 10_000, EOS: []int{2}}},
		{workloads.Qwen2, "", workloads.Numerics{NormEps: 1e-6, RopeTheta: 10_000}},
		{workloads.Phi, "", workloads.Numerics{NormEps: 1e-5, RopeTheta: 10_000, EOS: []int{2}}},
		{workloads.StableLM, "", workloads.Numerics{NormEps: 1e-5, RopeTheta: 10_000, EOS: []int{0}}},
		{workloads.Phi, `, "hidden_act": "gelu"`, workloads.Numerics{NormEps: 1e-5, RopeTheta: 10_000, Erf: true, EOS: []int{2}}},
		{workloads.Llama, `, "rms_norm_eps": 2e-5, "rope_theta": 5e5, "eos_token_id": [7, 0], "rope_scaling": ` + llama3 + "}",
			workloads.Numerics{NormEps: 2e-5, RopeTheta: 500_000, EOS: []int{7, 0}, RopeScale: scale}},
		{workloads.Llama, `, "rope_parameters": ` + llama3 + `, "rope_theta": 300}, "rope_theta": 5e5, "eos_token_id": null`,
			workloads.Numerics{NormEps: 1e-6, RopeTheta: 300, RopeScale: scale}},
		{workloads.Llama, `, "rope_parameters": {"rope_type": "default"}, "rope_theta": 5e5`,
			workloads.Numerics{NormEps: 1e-6, RopeTheta: 500_000, EOS: []int{2}}},
		{workloads.StableLM, `, "layer_norm_eps": 0.001, "rms_norm_eps": 0.1, "rope_scaling": {"type": "default"}, "eos_token_id": 99`,
			workloads.Numerics{NormEps: 0.001, RopeTheta: 10_000, EOS: []int{99}}},
		{workloads.Llama, `, "rope_scaling": null, "rope_theta": null`, workloads.Numerics{NormEps: 1e-6, RopeTheta: 10_000, EOS: []int{2}}},
	} {
		config := numericsConfig(c.family, c.more)
		m, err := workloads.ParseConfig("m", config.File, config.Data)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := m.Numerics(config); err != nil || !reflect.DeepEqual(*got, c.want) {
			t.Errorf("%s%s: %+v, %v\nwant %+v", c.family, c.more, got, err, c.want)
		}
	}
}

// TestFrequenciesOfFamilies reads what files on huggingface.co say of rotary embeddings, in the keys of their time.
func TestFrequenciesOfFamilies(t *testing.T) {
	for _, c := range []struct {
		name   string
		family workloads.Family
		more   string
		want   workloads.Numerics // of it Rope… and WindowTheta
	}{
		{"gemma-3-4b", "gemma3_text", `, "head_dim": 16, "sliding_window": 1024, "rope_theta": 1e6, "rope_local_base_freq": 10000.0, "rope_scaling": {"factor": 8.0, "rope_type": "linear"}`,
			workloads.Numerics{RopeTheta: 1e6, WindowTheta: 10_000, RopeScale: &workloads.RopeScale{Kind: workloads.RopeLinear, Factor: 8, Original: 64}}},
		{"gemma-3-1b", "gemma3_text", `, "head_dim": 16`, workloads.Numerics{RopeTheta: 1e6, WindowTheta: 10_000}},
		{"pythia", "gpt_neox", `, "rotary_emb_base": 20000`, workloads.Numerics{RopeTheta: 20_000}},
		{"glm-4-9b-chat", "chatglm", `, "rope_ratio": 500, "num_layers": 2, "padded_vocab_size": 100, "ffn_hidden_size": 96, "seq_length": 128, "kv_channels": 16`,
			workloads.Numerics{RopeTheta: 5e6}},
		{"Phi-3-mini-128k", workloads.Phi3, `, "original_max_position_embeddings": 32, "rope_scaling": {"type": "su", "short_factor": [1,1,1,1,1,1,1,1], "long_factor": [2,2,2,2,2,2,2,2]}`,
			workloads.Numerics{RopeTheta: 10_000, RopeScale: &workloads.RopeScale{Kind: workloads.RopeLong, Factor: 2, Original: 32,
				Short: []float64{1, 1, 1, 1, 1, 1, 1, 1}, Long: []float64{2, 2, 2, 2, 2, 2, 2, 2}, Attention: math.Sqrt(1 + math.Log(2)/math.Log(32))}}},
		{"Qwen2.5 beyond 32k", workloads.Qwen2, `, "rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}`,
			workloads.Numerics{RopeTheta: 10_000, RopeScale: &workloads.RopeScale{Kind: workloads.RopeYarn, Factor: 4, Original: 32, Low: 1, High: 32,
				Attention: 0.1*math.Log(4) + 1}}},
	} {
		config := numericsConfig(c.family, c.more)
		m, err := workloads.ParseConfig("m", config.File, config.Data)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		n, err := m.Numerics(config)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		got := workloads.Numerics{RopeTheta: n.RopeTheta, RopeScale: n.RopeScale, WindowTheta: n.WindowTheta}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v %+v\nwant %+v %+v", c.name, got, got.RopeScale, c.want, c.want.RopeScale)
		}
	}
}

func TestBadNumericsAreRefused(t *testing.T) {
	for more, want := range map[string]string{
		`, "rms_norm_eps": "1e-5"`:                                           `config.json: rms_norm_eps: "1e-5" is not usable; accepted: a number above 0 and at most 1`,
		`, "rope_theta": 1`:                                                  "config.json: rope_theta: 1 is not usable; accepted: a number above 1",
		`, "rope_parameters": {"rope_theta": "x"}`:                           `config.json: rope_parameters: rope_theta: "x" is not usable; accepted: a number above 1`,
		`, "rope_scaling": 8`:                                                "config.json: rope_scaling: 8 is not usable; accepted: an object",
		`, "rope_scaling": {"type": "ntk", "factor": 2}`:                     `config.json: rope_scaling: type: "ntk" is not modelled; accepted: default, linear, dynamic, yarn, llama3, longrope`,
		`, "rope_scaling": {"type": "linear"}`:                               "config.json: rope_scaling: factor: missing; accepted: a number above 0",
		`, "rope_scaling": {"type": "su", "factor": 2, "short_factor": [1]}`: "config.json: rope_scaling: short_factor: [1] is not usable; accepted: a list of 8 numbers above 0, one for each pair of rotated values",
		`, "rope_scaling": {"rope_type": "llama3", "factor": 8}`:             "config.json: rope_scaling: low_freq_factor: missing; accepted: a number above 0",
		`, "rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4, "original_max_position_embeddings": 9}`: "config.json: rope_scaling: high_freq_factor: 4 is not usable; accepted: more than low_freq_factor (4)",
		`, "eos_token_id": 100`:     "config.json: eos_token_id: 100 is not usable; accepted: a token from 0 to 99, a list of them, or null",
		`, "eos_token_id": [1, -1]`: "config.json: eos_token_id: [1,-1] is not usable; accepted: a token from 0 to 99, a list of them, or null",
		`, "eos_token_id": "</s>"`:  `config.json: eos_token_id: "</s>" is not usable; accepted: a token from 0 to 99, a list of them, or null`,
	} {
		config := numericsConfig(workloads.Llama, more)
		m, err := workloads.ParseConfig("m", config.File, config.Data)
		var got *workloads.Numerics
		if err == nil {
			got, err = m.Numerics(config)
		}
		if err == nil || err.Error() != want {
			t.Errorf("%s: %+v, %v\nwant %s", more, got, err, want)
		}
	}
}

func TestLoadConfigReturnsWhatTheModelWasReadFrom(t *testing.T) {
	m, config, err := workloads.LoadConfig("llama-3.2-1b")
	if err != nil || !config.Preset {
		t.Fatal(err)
	}
	n, err := m.Numerics(config)
	if want := (&workloads.RopeScale{Kind: workloads.RopeLlama3, Factor: 32, Low: 1, High: 4, Original: 8192}); err != nil || !reflect.DeepEqual(n.RopeScale, want) {
		t.Errorf("%+v, %v", n, err)
	}
	m, config, err = workloads.LoadConfig("testdata/hf/deepseek-r1-distill-qwen-1.5b.json")
	if err != nil || config.Preset || config.File != m.Source || !strings.Contains(string(config.Data), "Qwen2ForCausalLM") {
		t.Errorf("%+v, %v", config, err)
	}
}

func TestGenerationConfigSaysWhatEndsAnAnswer(t *testing.T) {
	for _, c := range []struct {
		file string // empty: there is none
		want string
	}{
		{"", "[7]"},
		{`{}`, "[7]"},
		{`{"eos_token_id": null}`, "[7]"},
		{`{"eos_token_id": 9}`, "[9]"},
		{`{"eos_token_id": [9, 8], "bos_token_id": 1}`, "[9 8]"},
		{`{"eos_token_id": 100}`, "DIR/generation_config.json: eos_token_id: 100 is not usable; accepted: a token from 0 to 99, a list of them, or null"},
		{`{"eos_token_id"`, "DIR/generation_config.json: not a whole generation_config.json: not JSON: it ends too early; accepted: the file as it was published"},
		{`[1]`, "DIR/generation_config.json: not a whole generation_config.json: a list stands where an object is due; accepted: the file as it was published"},
	} {
		dir := t.TempDir()
		config := numericsConfig(workloads.Llama, `, "eos_token_id": 7`)
		config.File = filepath.Join(dir, "config.json")
		if c.file != "" {
			if err := os.WriteFile(filepath.Join(dir, "generation_config.json"), []byte(c.file), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		m, err := workloads.ParseConfig("m", config.File, config.Data)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if n, err := m.Numerics(config); err != nil {
			got = strings.ReplaceAll(err.Error(), dir, "DIR")
		} else {
			got = fmt.Sprint(n.EOS)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.file, got, c.want)
		}
	}
}
