package workloads_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads"
)

// counts are computed from the shapes by another program, and Published is what Hugging Face shows; see the file.
type counts struct {
	Name         string
	Blocks       int64
	Embedding    int64
	Head         int64
	HeadStreamed int64 `json:"head_streamed"`
	Biases       int64
	Norms        int64
	Total        int64
	Published    int64
	KV16         int64 `json:"kv_bytes_fp16"`
	KV8          int64 `json:"kv_bytes_int8"`
}

func readCounts(t *testing.T) []counts {
	t.Helper()
	data, err := os.ReadFile("testdata/counts.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Models []counts }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	return file.Models
}

func TestPresetsCountAsPublished(t *testing.T) {
	want := readCounts(t)
	models := workloads.Models()
	if len(models) != len(want) {
		t.Fatalf("%d presets, %d rows of counts", len(models), len(want))
	}
	for i, m := range models {
		t.Run(m.Name+" has the parameters that were counted elsewhere and published", func(t *testing.T) {
			w, p := want[i], m.Params()
			if m.Name != w.Name {
				t.Fatalf("preset %d is %s, the counts are of %s", i, m.Name, w.Name)
			}
			got := workloads.Params{Blocks: w.Blocks, Embedding: w.Embedding, Head: w.Head, Biases: w.Biases, Norms: w.Norms,
				Total: w.Total}
			if p != got {
				t.Errorf("got %+v, want %+v", p, got)
			}
			if p.Total != w.Published || m.Published != w.Published {
				t.Errorf("total %d and preset's published %d, published %d", p.Total, m.Published, w.Published)
			}
			if m.HeadParams() != w.HeadStreamed {
				t.Errorf("head multiplies with %d weights, want %d", m.HeadParams(), w.HeadStreamed)
			}
			if kv := m.KVBytesPerToken(16); int64(kv) != w.KV16 {
				t.Errorf("fp16 KV %v per token, want %d B", kv, w.KV16)
			}
			if kv := m.KVBytesPerToken(8); int64(kv) != w.KV8 {
				t.Errorf("8 bit KV %v per token, want %d B", kv, w.KV8)
			}
		})
	}
}

func TestPresets(t *testing.T) {
	t.Run("only Vicuna goes from 3 to 2 bits", func(t *testing.T) {
		for _, m := range workloads.Models() {
			high, low := 4, 3
			if m.Name == "vicuna-7b" {
				high, low = 3, 2
			}
			if m.PaperHigh != high || m.PaperLow != low {
				t.Errorf("%s: %d>%d, want %d>%d", m.Name, m.PaperHigh, m.PaperLow, high, low)
			}
		}
	})
	t.Run("every preset has a source and a valid shape", func(t *testing.T) {
		for _, m := range workloads.Models() {
			if err := m.Validate(); err != nil || len(m.Source) < 10 {
				t.Errorf("%s: source %q, %v", m.Name, m.Source, err)
			}
		}
	})
	t.Run("no config.json is embedded without a preset", func(t *testing.T) {
		files, err := filepath.Glob("models/*.json")
		if err != nil || len(files) != len(workloads.Models())+1 {
			t.Errorf("%d files, %d presets and the index (%v)", len(files), len(workloads.Models()), err)
		}
	})
	t.Run("a preset loaded twice is two values", func(t *testing.T) {
		a, errA := workloads.Load("phi-1.5")
		b, errB := workloads.Load("phi-1.5")
		if errA != nil || errB != nil || a == b || *a != *b {
			t.Errorf("%p %v, %p %v", a, errA, b, errB)
		}
	})
	t.Run("the structure of each family is that of transformers", func(t *testing.T) {
		type structure struct {
			norms, rotary, window, every      int
			parallel, gated, qkNorm, qkv, o   bool
			mlp, head, tied, softcap, layered bool
		}
		for name, want := range map[string]structure{
			"vicuna-7b":          {norms: 2, rotary: 128, gated: true},
			"stablelm-zephyr-3b": {norms: 2, rotary: 20, gated: true, layered: true},
			"phi-1.5":            {norms: 1, rotary: 32, parallel: true, qkv: true, o: true, mlp: true, head: true, layered: true},
			"llama-3.2-1b":       {norms: 2, rotary: 64, gated: true, tied: true},
			"qwen2.5-0.5b":       {norms: 2, rotary: 64, gated: true, qkv: true, tied: true},
			"qwen3-8b":           {norms: 2, rotary: 128, gated: true, qkNorm: true},
			"mistral-7b":         {norms: 2, rotary: 128, gated: true, window: 4096},
			"gemma-2-2b":         {norms: 4, rotary: 256, gated: true, window: 4096, every: 2, tied: true, softcap: true},
			"phi-3-mini":         {norms: 2, rotary: 96, gated: true, window: 2047},
		} {
			m, err := workloads.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			got := structure{norms: m.BlockNorms, rotary: m.RotaryDim, window: m.Window, every: m.WindowEvery,
				parallel: m.Parallel, gated: m.GatedMLP, qkNorm: m.QKNorm, qkv: m.QKVBias, o: m.OBias, mlp: m.MLPBias,
				head: m.HeadBias, tied: m.Tied, softcap: m.Softcap, layered: m.Norm == workloads.LayerNorm}
			if got != want {
				t.Errorf("%s: got %+v, want %+v", name, got, want)
			}
		}
	})
}

func TestLoad(t *testing.T) {
	t.Run("a file is called after itself", func(t *testing.T) {
		m, err := workloads.Load("testdata/hf/llama-3.2-1b-instruct.json")
		if err != nil || m.Name != "llama-3.2-1b-instruct" {
			t.Fatalf("%+v, %v", m, err)
		}
		preset, err := workloads.Load("llama-3.2-1b")
		if err != nil || m.Params() != preset.Params() {
			t.Errorf("the file counts %+v, the preset %+v (%v)", m.Params(), preset.Params(), err)
		}
	})
	t.Run("a directory holds config.json and names the model", func(t *testing.T) {
		for _, path := range []string{"testdata/hf/gemma-2-9b", "testdata/hf/gemma-2-9b/", "testdata/hf/gemma-2-9b/config.json"} {
			m, err := workloads.Load(path)
			if err != nil || m.Name != "gemma-2-9b" {
				t.Fatalf("%s: %+v, %v", path, m, err)
			}
			// 9.24 B on huggingface.co; tie_word_embeddings is not in the file.
			if total := m.Params().Total; total != 9241705984 {
				t.Errorf("%d parameters", total)
			}
		}
	})
	t.Run("a preset's name wins over a path", func(t *testing.T) {
		t.Chdir(t.TempDir())
		if err := os.Mkdir("vicuna-7b", 0o755); err != nil {
			t.Fatal(err)
		}
		if m, err := workloads.Load("vicuna-7b"); err != nil || m.Published == 0 {
			t.Errorf("%+v, %v", m, err)
		}
	})

	big := filepath.Join(t.TempDir(), "model.safetensors")
	if err := os.WriteFile(big, make([]byte, 5<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, model string
		want        []string
	}{
		{"an unknown name is answered with the accepted ones", "gpt-5",
			[]string{`model "gpt-5" is neither`, "accepted: vicuna-7b, mobilellama-1.4b", "config.json"}},
		{"a misspelt name is answered with the nearest", "vicuna7b", []string{`did you mean "vicuna-7b"?`}},
		{"capitals do not hide the nearest", "Llama-3.1-8B", []string{`did you mean "llama-3.1-8b"?`}},
		{"no name is an error", "", []string{"neither a preset nor a file", "accepted: vicuna-7b"}},
		{"a directory without config.json is named", "testdata", []string{"testdata/config.json", "config.json or its directory"}},
		{"weights are not read as a shape", big, []string{"at most 4 MiB"}},
		{"a file that is no JSON is named with the place", "presets_test.go", []string{"presets_test.go:1:1: not JSON"}},
		{"a device is not read", "/dev/null", []string{"not a regular file"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := workloads.Load(c.model)
			if err == nil {
				t.Fatalf("got %+v", m)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want %q in it", err, want)
				}
			}
		})
	}
	t.Run("a name that is far from every preset gets no suggestion", func(t *testing.T) {
		if _, err := workloads.Load("zzzzzzzzzz"); strings.Contains(err.Error(), "did you mean") {
			t.Error(err)
		}
	})
}

// TestShapesCountWhatTheMeasurementsSay compares with the parameters of the measurements' table, which has neither
// norms nor biases.
func TestShapesCountWhatTheMeasurementsSay(t *testing.T) {
	for _, c := range []struct {
		name string
		want int64
	}{{"qwen3-0.6b", 595984384}, {"gemma-2-9b", 9241100288}, {"minicpm-2b", 2724694272}, {"falcon3-7b", 7455375360}, {"phi-4-mini", 3835822080}} {
		m, err := workloads.Load(c.name)
		if err != nil {
			t.Fatal(err)
		}
		if p := m.Params(); p.Blocks+p.Embedding+p.Head != c.want {
			t.Errorf("%s: %+v, want %d in matrices", c.name, p, c.want)
		}
	}
	for _, name := range workloads.Shapes() {
		if m, err := workloads.Load(name); err != nil || m.Name != name || m.Validate() != nil || !strings.Contains(m.Source, "memory") {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
}
