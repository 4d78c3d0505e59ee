package workloads_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmpdsim/pmpdsim/workloads"
)

// windows and rotation of each layer, a letter each as in LayerPattern.
func layerLetters(m *workloads.Model) string {
	var b strings.Builder
	for l := range m.Layers {
		letter := "f"
		if m.Windowed(l) {
			letter = "w"
		}
		if !m.Rotated(l) {
			letter = strings.ToUpper(letter)
		}
		b.WriteString(letter)
	}
	return b.String()
}

func TestLayersOfFamilies(t *testing.T) {
	sliding := func(pattern string) string {
		var all []string
		for _, c := range pattern {
			all = append(all, map[rune]string{'w': `"sliding_attention"`, 'f': `"full_attention"`}[c])
		}
		return "[" + strings.Join(all, ",") + "]"
	}
	for _, c := range []struct {
		name, family string
		changes      map[string]string
		want, kept   string // letters of all layers, and of the pattern
	}{
		{"gemma3 has five local layers and a global one", "gemma3_text", map[string]string{"num_hidden_layers": "14"}, "wwwwwfwwwwwfww", "wwwwwf"},
		{"as the file says it", "gemma3_text", map[string]string{"num_hidden_layers": "7", "sliding_window_pattern": "3"}, "wwfwwfw", "wwf"},
		{"layer_types win", "gemma3_text", map[string]string{"layer_types": sliding("wffw")}, "wffw", "wff"},
		{"gemma3 without a window", "gemma3_text", map[string]string{"sliding_window": "null"}, "ffff", ""},
		{"cohere2 rotates where it slides", "cohere2", map[string]string{"num_hidden_layers": "8"}, "wwwFwwwF", "wwwF"},
		{"cohere2 by its layer_types", "cohere2", map[string]string{"layer_types": sliding("fwwf")}, "FwwF", "Fww"},
		{"exaone4 writes LLLG", "exaone4", map[string]string{"sliding_window": "32", "sliding_window_pattern": `"LLG"`}, "wwFw", "wwF"},
		{"exaone4 without a window rotates everywhere", "exaone4", map[string]string{"sliding_window": "null"}, "ffff", ""},
		{"smollm3 rotates in three of four layers", "smollm3", nil, "fffF", "fffF"},
		{"smollm3 by the list", "smollm3", map[string]string{"no_rope_layers": "[1, 0, 1, 0]"}, "fFfF", "fF"},
		{"smollm3 with an empty list", "smollm3", map[string]string{"no_rope_layers": "[]"}, "fffF", "fffF"},
		{"smollm3 by the interval", "smollm3", map[string]string{"no_rope_layer_interval": "2"}, "fFfF", "fF"},
		{"smollm3 slides where it does not rotate", "smollm3", map[string]string{"use_sliding_window": "true", "sliding_window": "8"}, "fffW", "fffW"},
		{"olmo3 rotates everywhere", "olmo3", nil, "wwwf", "wwwf"},
		{"ministral slides everywhere", "ministral", nil, "wwww", ""},
		{"ministral by its layer_types", "ministral", map[string]string{"layer_types": sliding("fwwf")}, "fwwf", "fww"},
		{"gpt_neo alternates", "gpt_neo", nil, "FWFW", "fw"},
		{"gpt_neo by attention_types", "gpt_neo", map[string]string{"attention_types": `[[["global"], 3], [["local"], 1]]`}, "FFFW", "fffw"},
		{"gpt_neo by attention_layers", "gpt_neo", map[string]string{"attention_layers": `["local", "local", "local", "local"]`}, "WWWW", ""},
		{"gemma2 slides in even layers", "gemma2", nil, "wfwf", ""},
		{"gemma2 by other layer_types", "gemma2", map[string]string{"layer_types": sliding("wwff")}, "wwff", "wwff"},
		{"llama never slides", "llama", nil, "ffff", ""},
		{"gpt2 does not rotate", "gpt2", nil, "FFFF", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := workloads.ParseConfig("small", "config.json", config(c.family, c.changes))
			if err != nil {
				t.Fatal(err)
			}
			if got := layerLetters(m); got != c.want || m.LayerPattern != c.kept {
				t.Errorf("got %s kept as %q, want %s kept as %q", got, m.LayerPattern, c.want, c.kept)
			}
		})
	}
}

func TestRopeScalingExtendsTheContext(t *testing.T) {
	for _, c := range []struct {
		name, family, keys string // with max_position_embeddings 256
		want               int
	}{
		{"linear by its factor", "llama", `"rope_scaling": {"type": "linear", "factor": 4.0}`, 1024},
		{"dynamic by its factor", "llama", `"rope_scaling": {"rope_type": "dynamic", "factor": 2.0}`, 512},
		{"yarn from the positions before", "qwen3", `"rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 128}`, 512},
		{"yarn that max_position_embeddings counts already", "qwen3", `"rope_scaling": {"type": "yarn", "factor": 2.0, "original_max_position_embeddings": 128}`, 256},
		{"yarn without them", "qwen2", `"rope_scaling": {"type": "yarn", "factor": 4.0}`, 1024},
		{"llama3 counts them already", "llama", `"rope_scaling": {"rope_type": "llama3", "factor": 32.0, "original_max_position_embeddings": 64}`, 256},
		{"llama3 that is not counted", "llama", `"rope_scaling": {"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 256}`, 2048},
		{"longrope has no factor", "phi3", `"original_max_position_embeddings": 64, "rope_scaling": {"type": "longrope"}`, 256},
		{"longrope with one", "phi3", `"original_max_position_embeddings": 64, "rope_scaling": {"type": "su", "factor": 32}`, 2048},
		{"in rope_parameters", "llama", `"rope_parameters": {"rope_type": "linear", "factor": 2, "rope_theta": 1e4}`, 512},
		{"of layers that see everything", "olmo3", `"rope_parameters": {"sliding_attention": {"rope_type": "default"}, "full_attention": {"rope_type": "linear", "factor": 2}}`, 512},
		{"gemma3 counts it already", "gemma3_text", `"rope_scaling": {"rope_type": "linear", "factor": 8.0}`, 256},
		{"mrope is three positions in one", "qwen2", `"rope_scaling": {"type": "mrope", "mrope_section": [2, 3, 3]}`, 256},
		{"default", "llama", `"rope_scaling": {"type": "default"}`, 256},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := strings.Replace(string(config(c.family, nil)), "{", "{"+c.keys+",", 1)
			m, err := workloads.ParseConfig("small", "config.json", []byte(data))
			if err != nil || m.MaxPositions != c.want {
				t.Errorf("%+v, %v, want %d positions", m, err, c.want)
			}
		})
	}
	_, err := workloads.ParseConfig("small", "c.json", config("llama", map[string]string{"rope_scaling": `{"type": "linear", "factor": 1e9}`}))
	const want = "c.json: rope_scaling: factor: 1e9 extends 256 positions to more than 16777216; accepted: less"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestTheTextPartOfAModelIsRead(t *testing.T) {
	inner := func(family string, changes map[string]string) string { return string(config(family, changes)) }
	for _, c := range []struct {
		name, data string
		ok         func(m *workloads.Model) bool
	}{
		{"text_config", `{"model_type": "llava", "text_config": ` + inner("llama", nil) + `, "vision_config": {"hidden_size": 9}}`,
			func(m *workloads.Model) bool {
				return m.TextOf == "llava" && m.Family == workloads.Llama && m.Hidden == 64
			}},
		{"absent keys as its class has them", `{"model_type": "llava", "text_config": {"model_type": "llama"}}`,
			func(m *workloads.Model) bool {
				return m.Params().Total == 6738415616 && strings.Contains(m.Assumed, "hidden_size 4096")
			}},
		{"its class by the wrapper", `{"model_type": "gemma3", "text_config": ` + inner("llama", map[string]string{"model_type": ""}) + `}`,
			func(m *workloads.Model) bool { return m.Family == "gemma3_text" && m.Tied && m.QKNorm }},
		{"llm_config", `{"model_type": "internvl_chat", "llm_config": ` + inner("qwen2", nil) + `}`,
			func(m *workloads.Model) bool { return m.Family == workloads.Qwen2 && m.QKVBias }},
		{"language_config of a wrapper that is not known", `{"model_type": "new_vl", "language_config": ` + inner("qwen3", nil) + `}`,
			func(m *workloads.Model) bool { return m.TextOf == "new_vl" && m.Family == workloads.Qwen3 }},
		{"in two layers", `{"model_type": "qwen2_5_omni", "thinker_config": {"text_config": ` + inner("qwen2", nil) + `}}`,
			func(m *workloads.Model) bool { return m.Family == workloads.Qwen2 && m.Hidden == 64 }},
		{"at the top level", inner("qwen2_vl", map[string]string{"vision_config": "{}", "rope_scaling": `{"type": "mrope"}`}),
			func(m *workloads.Model) bool { return m.TextOf == "qwen2_vl" && m.Family == workloads.Qwen2 }},
		{"a head that the wrapper ties", `{"model_type": "qwen2_vl", "tie_word_embeddings": true, "text_config": ` + inner("qwen2_vl_text", nil) + `}`,
			func(m *workloads.Model) bool { return m.Tied }},
		{"MiniCPM-V 2.6", inner("minicpmv", map[string]string{"version": "2.6"}),
			func(m *workloads.Model) bool { return m.Family == workloads.Qwen2 }},
		{"mllama without the layers that attend to images", `{"model_type": "mllama", "text_config": ` +
			inner("mllama_text_model", map[string]string{"num_hidden_layers": "10", "cross_attention_layers": "[3, 8]"}) + `}`,
			func(m *workloads.Model) bool {
				return m.TextOf == "mllama" && m.Layers == 8 && m.Family == workloads.Llama
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := workloads.ParseConfig("small", "config.json", []byte(c.data))
			if err != nil || !c.ok(m) {
				t.Errorf("%+v, %v", m, err)
			}
		})
	}
	for _, c := range []struct{ name, data, want string }{
		{"a text part of a family that is not known", `{"model_type": "clip", "text_config": {"model_type": "clip_text_model"}}`,
			`c.json: text_config: model_type: "clip_text_model" is not known; `},
		{"one that is not modelled", `{"model_type": "gemma3n", "text_config": {"model_type": "gemma3n_text"}}`,
			`c.json: text_config: model_type: "gemma3n_text" is not modelled: `},
		{"a wrapper without a name", `{"text_config": ` + inner("llama", nil) + `}`, `c.json: model_type: missing; `},
		{"one whose name is none", `{"model_type": "a\u001b[1m", "text_config": ` + inner("llama", nil) + `}`, `c.json: model_type: "a\u001b[1m" is not usable; `},
		{"one that is no object", `{"model_type": "llava", "text_config": 7}`, `c.json: text_config: 7 is not usable; accepted: an object`},
		{"a key inside", `{"model_type": "llava", "text_config": {"model_type": "llama", "hidden_size": "x"}}`,
			`c.json: text_config: hidden_size: "x" is not usable; `},
		{"layers of mllama", `{"model_type": "mllama", "text_config": {"model_type": "mllama_text_model", "num_hidden_layers": 4, "cross_attention_layers": [9]}}`,
			`c.json: text_config: cross_attention_layers: [9] is not usable; accepted: a list of layers, 0 to 3`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if m, err := workloads.ParseConfig("small", "c.json", []byte(c.data)); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%+v, %v, want %s…", m, err, c.want)
			}
		})
	}
}

func TestModelsOfTheHubsCache(t *testing.T) {
	cache := t.TempDir()
	write := func(model, revision string, age time.Duration, layers int) string {
		dir := filepath.Join(cache, "models--"+model, "snapshots", revision)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		data := config("llama", map[string]string{"num_hidden_layers": fmt.Sprint(layers)})
		if err := os.WriteFile(filepath.Join(dir, "config.json"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		when := time.Now().Add(-age)
		if err := os.Chtimes(dir, when, when); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	main := write("org--name-7b", "aaaa", time.Hour, 2)
	write("org--name-7b", "bbbb", 0, 3)
	refs := filepath.Join(cache, "models--org--name-7b", "refs")
	if err := os.MkdirAll(refs, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(refs, "main"), []byte("aaaa\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	write("org--other", "cccc", time.Hour, 4)
	write("org--other", "dddd", 0, 5)
	write("alone", "eeee", 0, 6)
	for _, c := range []struct {
		model, name string
		layers      int
	}{
		{filepath.Join(cache, "models--org--name-7b"), "name-7b", 2},
		{filepath.Join(cache, "models--org--name-7b") + "/", "name-7b", 2},
		{main, "name-7b", 2},
		{filepath.Join(main, "config.json"), "name-7b", 2},
		{filepath.Join(cache, "models--org--other"), "other", 5},
		{filepath.Join(cache, "models--alone"), "alone", 6},
		{workloads.InHubCache(cache, "org/name-7b"), "name-7b", 2},
		{workloads.InHubCache(cache, "org/other"), "other", 5},
		{"meta-llama/Llama-3.2-1B", "llama-3.2-1b", 16},
		{"META-LLAMA/llama-3.2-1b", "llama-3.2-1b", 16},
	} {
		m, err := workloads.Load(c.model)
		if err != nil || m.Name != c.name || m.Layers != c.layers {
			t.Errorf("%s: %+v, %v; want %s with %d layers", c.model, m, err, c.name, c.layers)
		}
	}
	t.Chdir(main)
	if m, err := workloads.Load("."); err != nil || m.Name != "name-7b" {
		t.Errorf("%+v, %v", m, err)
	}
	empty := filepath.Join(cache, "models--org--empty")
	if err := os.MkdirAll(filepath.Join(empty, "snapshots", "ffff"), 0o755); err != nil {
		t.Fatal(err)
	}
	const want = "no snapshot has a config.json; accepted: a folder of the hub's cache with snapshots/REVISION/config.json"
	if m, err := workloads.Load(empty); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%+v, %v; want %s", m, err, want)
	}
	for _, id := range []string{"org/empty", "org/none", "alone", "a/b/c", "../x"} {
		if dir := workloads.InHubCache(cache, id); dir != "" {
			t.Errorf("%s: %s", id, dir)
		}
	}
}
