package cpu_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/safetensors"
)

// golden is what testdata/transformers/make.py has written of a case.
type golden struct {
	Source  string
	Prompt  int
	Tokens  []int
	Config  json.RawMessage
	Tensors []struct {
		Name         string
		Shape        []int
		Mean, Spread float64
	}
	Logits  [][]float64
	Experts [][][]int // by token and layer

	dir string // of the model
}

// mostOff is the norm of what logits may differ by, relative to that of the wanted ones. Rounding to binary16 at each store
// leaves some 2^-11 an op, which adds up over a few layers to below this.
const mostOff = 0.01

// TestAgainstTransformers holds fp16 passes over a prompt and six more tokens against transformers' fp32 logits of the same
// weights.
func TestAgainstTransformers(t *testing.T) {
	gputest.Numbers(t)
	files, err := filepath.Glob("testdata/transformers/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d goldens, error %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			g, src := readGolden(t, file)
			s := open(t, src, 2)
			worst := 0.0
			for i, want := range g.Logits {
				pass := g.Tokens[:g.Prompt]
				if i > 0 {
					pass = g.Tokens[g.Prompt+i-1:][:1]
				}
				from := max(0, g.Prompt+i-1) * min(i, 1)
				off, experts := offBy(t, s, pass, want)
				if len(g.Experts) > 0 && fmt.Sprint(experts) != fmt.Sprint(slices.Concat(slices.Concat(g.Experts[from:from+len(pass)]...)...)) {
					t.Errorf("pass %d: experts %v, want %v", i, experts, g.Experts[from:from+len(pass)])
				}
				if !(off < mostOff) {
					t.Errorf("pass %d: logits are off by %.4f of their size; accepted: up to %g", i, off, mostOff)
				} else {
					worst = max(worst, off)
				}
			}
			t.Logf("logits are off by at most %.4f of their size", worst)
		})
	}
}

// TestLogitsThatAreNoNumbers: a model that overflows is an error, not a token 0.
func TestLogitsThatAreNoNumbers(t *testing.T) {
	g, src := readGolden(t, "testdata/transformers/llama.json")
	src.Model().NormEps = math.NaN()
	_, err := open(t, src, 1).Prefill(g.Tokens[:g.Prompt], precision.Uniform(weights.Half))
	if err == nil || !strings.Contains(err.Error(), "the logits are not all numbers") {
		t.Errorf("got %v", err)
	}
}

// offBy runs a pass and returns the norm of what its logits differ by, relative to that of the wanted ones, and the experts
// that its tokens took.
func offBy(t *testing.T, s gpu.Sequence, ids []int, want []float64) (off float64, experts []int) {
	t.Helper()
	var err error
	var pass gpu.Pass
	if len(ids) > 1 {
		pass, err = s.Prefill(ids, precision.Uniform(weights.Half))
	} else {
		pass, err = s.Decode(ids[0], precision.Uniform(weights.Half))
	}
	if err != nil {
		t.Fatal(err)
	}
	state, err := s.State(gpu.Want{Logits: true})
	if err != nil || len(state.Logits) != len(want) {
		t.Fatalf("%d logits, want %d; error %v", len(state.Logits), len(want), err)
	}
	square, size := 0.0, 0.0
	for i, w := range want {
		square += (float64(state.Logits[i]) - w) * (float64(state.Logits[i]) - w)
		size += w * w
	}
	return math.Sqrt(square / size), pass.Experts
}

// readGolden writes the folder that a golden tells of and opens it.
func readGolden(t *testing.T, file string) (*golden, weights.Source) {
	t.Helper()
	return readRenamed(t, file, "%s", func(name string) string { return name })
}

// TestOtherNames: the text part of a multimodal model, and GPT-2 as it was first published, without the name of the whole
// and with masks.
func TestOtherNames(t *testing.T) {
	gputest.Numbers(t)
	for _, c := range []struct {
		name, model, config string
		rename              func(string) string
	}{
		{"the text part, as llava was saved", "llama", `{"model_type": "llava", "vision_config": {}, "text_config": %s}`,
			func(name string) string { return "language_model." + name }},
		{"the text part, as transformers 5 saves it", "qwen2", `{"model_type": "qwen2_vl", "vision_config": {}, "text_config": %s}`,
			func(name string) string { return strings.Replace(name, "model.", "model.language_model.", 1) }},
		{"no name of the whole", "gpt2", "%s", func(name string) string { return strings.TrimPrefix(name, "transformer.") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, src := readRenamed(t, "testdata/transformers/"+c.model+".json", c.config, c.rename)
			if off, _ := offBy(t, open(t, src, 2), g.Tokens[:g.Prompt], g.Logits[0]); !(off < mostOff) {
				t.Errorf("logits are off by %.4f of their size", off)
			}
		})
	}
}

// readRenamed does so with other names of tensors and the golden's config.json within another one. Beside the weights lies
// what readers leave out.
func readRenamed(t *testing.T, file, config string, rename func(string) string) (*golden, weights.Source) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	g := new(golden)
	if err := json.Unmarshal(data, g); err != nil || len(g.Logits) != len(g.Tokens)-g.Prompt+1 {
		t.Fatalf("%d logits, error %v", len(g.Logits), err)
	}
	return g, g.open(t, config, rename)
}

// open writes the folder and opens it.
func (g *golden) open(t *testing.T, config string, rename func(string) string) weights.Source {
	t.Helper()
	var tensors []*safetensors.Tensor
	for _, want := range g.Tensors {
		n := 1
		for _, s := range want.Shape {
			n *= s
		}
		values, state := make([]float32, n), hashOf(want.Name)
		for i := range values {
			z := state + uint64(i+1)*0x9e37_79b9_7f4a_7c15
			z = (z ^ z>>30) * 0xbf58_476d_1ce4_e5b9
			z = (z ^ z>>27) * 0x94d0_49bb_1331_11eb
			z ^= z >> 31
			u := float64(z>>40)/(1<<23) - 1
			values[i] = float32(want.Mean + float64(want.Spread*u))
		}
		tensors = append(tensors, safetensors.New(rename(want.Name), safetensors.F16, want.Shape, values))
	}
	switch {
	case strings.Contains(config, "vision_config"):
		tensors = append(tensors, safetensors.New("vision_tower.weight", safetensors.F16, []int{1}, []float32{1}))
	case rename("transformer.h.0") == "h.0":
		tensors = append(tensors, safetensors.New("h.0.attn.bias", safetensors.F16, []int{1}, []float32{1}))
	}
	dir, written := t.TempDir(), bytes.Buffer{}
	g.dir = dir
	if err := safetensors.Write(&written, tensors, nil); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"config.json": fmt.Appendf(nil, config, g.Config), "model.safetensors": written.Bytes()} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	src, err := weights.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.Close() })
	return src
}

func hashOf(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // of a hash: never an error
	return h.Sum64()
}

// TestWhatIsAFamilysOwnShows leaves out, one at a time, what sets models apart: the comparison above would notice.
func TestWhatIsAFamilysOwnShows(t *testing.T) {
	gputest.Numbers(t)
	for _, c := range []struct {
		model, what string
		leaveOut    func(*weights.Model)
	}{
		{"llama3-rope", "scaled rope", func(m *weights.Model) { m.RopeScale = nil }},
		{"mistral", "window", func(m *weights.Model) { m.Window = 0 }},
		{"mistral", "width of the window", func(m *weights.Model) { m.Window++ }},
		{"qwen2", "layers without a window", func(m *weights.Model) { m.WindowFrom = 0 }},
		{"qwen3", "norms of q and k", func(m *weights.Model) { m.QKNorm = false }},
		{"phi3-partial", "partial rotation", func(m *weights.Model) { m.RotaryDim = m.HeadDim }},
		{"gemma2", "1 + w", func(m *weights.Model) { m.NormOne = false }},
		{"gemma2", "scale of the embedding", func(m *weights.Model) { m.EmbedScale = 0 }},
		{"gemma2", "scale of scores", func(m *weights.Model) { m.ScoreScale = 0 }},
		{"gemma2", "cap of scores", func(m *weights.Model) { m.ScoreCap = 0 }},
		{"gemma2", "cap of logits", func(m *weights.Model) { m.LogitCap = 1e9 }},
		{"gemma2", "window of every other layer", func(m *weights.Model) { m.WindowEvery = 1 }},
		{"gemma2", "norms of results", func(m *weights.Model) { m.BlockNorms = 2 }},
		{"mixtral", "weights of one", func(m *weights.Model) { m.ExpertsOfOne = false }},
		{"mixtral", "second expert", func(m *weights.Model) { m.Experts.PerToken = 1 }},
		{"qwen2_moe", "shared expert's gate", func(m *weights.Model) { m.Experts.SharedGate = false }},
		{"qwen2_moe", "shared expert", func(m *weights.Model) { m.Experts.Shared, m.Experts.SharedGate = 0, false }},
		{"qwen3_moe-sums", "weights of less than one", func(m *weights.Model) { m.ExpertsOfOne = true }},
		{"gemma", "1 + w", func(m *weights.Model) { m.NormOne = false }},
		{"gemma", "scale of the embedding", func(m *weights.Model) { m.EmbedScale = 0 }},
		{"gemma3", "norms of q and k", func(m *weights.Model) { m.QKNorm = false }},
		{"gemma3", "theta of windows", func(m *weights.Model) { m.WindowTheta = 0 }},
		{"gemma3", "stretched rope", func(m *weights.Model) { m.RopeScale = nil }},
		{"gemma3", "layers without a window", func(m *weights.Model) { m.LayerPattern = "w" }},
		{"olmo2", "wide norms of q and k", func(m *weights.Model) { m.QKNorm = false }},
		{"olmo3", "windows", func(m *weights.Model) { m.Window = 0 }},
		{"granite", "scale of the embedding", func(m *weights.Model) { m.EmbedScale = 0 }},
		{"granite", "scale of scores", func(m *weights.Model) { m.ScoreScale = 0 }},
		{"granite", "scale of results", func(m *weights.Model) { m.ResidualScale = 0 }},
		{"granite", "scale of logits", func(m *weights.Model) { m.LogitScale = 0 }},
		{"granitemoe", "scale of results", func(m *weights.Model) { m.ResidualScale = 0 }},
		{"granitemoe", "softmax over the chosen", func(m *weights.Model) { m.Experts.Scoring = workloads.SoftmaxAll }},
		{"phimoe", "sparse mixer", func(m *weights.Model) { m.SparseMixer = 0 }},
		{"cohere", "pairs of neighbours", func(m *weights.Model) { m.RotateNeighbours = false }},
		{"cohere", "scale of logits", func(m *weights.Model) { m.LogitScale = 0 }},
		{"cohere-qknorm", "norms of q and k", func(m *weights.Model) { m.QKNorm = false }},
		{"cohere2", "layer that does not rotate", func(m *weights.Model) { m.LayerPattern = "wf" }},
		{"smollm3", "layer that does not rotate", func(m *weights.Model) { m.LayerPattern = "" }},
		{"exaone4", "layer that does not rotate", func(m *weights.Model) { m.LayerPattern = "wf" }},
		{"glm4", "norms of results", func(m *weights.Model) { m.BlockNorms = 2 }},
		{"nemotron", "square of relu", func(m *weights.Model) { m.Activation = workloads.Relu }},
		{"nemotron", "1 + w", func(m *weights.Model) { m.NormOne = false }},
		{"bitnet", "norms within", func(m *weights.Model) { m.SubNorms = false }},
		{"gpt2", "learned positions", func(m *weights.Model) { m.FirstPosition = 1 }},
		{"gpt_neo", "scores as they are", func(m *weights.Model) { m.ScoreScale = 0 }},
		{"gpt_neo", "window", func(m *weights.Model) { m.Window = 0 }},
		{"gptj", "pairs of neighbours", func(m *weights.Model) { m.RotateNeighbours = false }},
		{"gptj", "partial rotation", func(m *weights.Model) { m.RotaryDim = m.HeadDim }},
		{"gpt_neox", "parallel halves", func(m *weights.Model) { m.Parallel = false }},
		{"gpt_neox-sequential", "halves in sequence", func(m *weights.Model) { m.Parallel = true }},
		{"opt", "first position", func(m *weights.Model) { m.FirstPosition = 0 }},
		{"opt", "relu", func(m *weights.Model) { m.Activation = workloads.Gelu }},
		{"bloom", "ALiBi", func(m *weights.Model) { m.ALiBi = false }},
		{"bloom", "norm of the embedding", func(m *weights.Model) { m.EmbedNorm = false }},
		{"mpt", "ALiBi", func(m *weights.Model) { m.ALiBi = false }},
		{"falcon-rw", "slopes scaled as scores are", func(m *weights.Model) { m.Family = "bloom" }},
		{"deepseek_v2", "groups of experts", func(m *weights.Model) { m.Experts.Groups = 0 }},
		{"deepseek_v2", "scale of experts", func(m *weights.Model) { m.RoutedScale = 0 }},
		{"deepseek_v2", "scale of scores", func(m *weights.Model) { m.ScoreScale = 0 }},
		{"deepseek_v2", "pairs of neighbours", func(m *weights.Model) { m.RotateNeighbours = false }},
		{"deepseek_v2", "shared experts", func(m *weights.Model) { m.Experts.Shared = 0 }},
		{"deepseek_v3", "bias of the choice", func(m *weights.Model) { m.Experts.RouterBias = false }},
		{"deepseek_v3", "weights of one", func(m *weights.Model) { m.ExpertsOfOne = false }},
		{"deepseek_v3", "groups of experts", func(m *weights.Model) { m.Experts.Groups = 0 }},
		{"hunyuan", "norms behind the rotation", func(m *weights.Model) { m.RotateFirst = false }},
		{"ministral3", "growing queries", func(m *weights.Model) { m.QueryGrowth = 0 }},
		{"minicpm", "scale of results", func(m *weights.Model) { m.ResidualScale = 0 }},
		{"minicpm", "scale of logits", func(m *weights.Model) { m.LogitScale = 0 }},
		{"chatglm", "pairs of neighbours", func(m *weights.Model) { m.RotateNeighbours = false }},
		{"glm4_moe", "bias of the choice", func(m *weights.Model) { m.Experts.RouterBias = false }},
		{"dots1", "shared experts", func(m *weights.Model) { m.Experts.Shared = 0 }},
		{"granitemoeshared", "shared expert", func(m *weights.Model) { m.Experts.Shared = 0 }},
		{"olmoe", "wide norms of q and k", func(m *weights.Model) { m.QKNorm = false }},
		{"llama4", "weights of what experts read", func(m *weights.Model) { m.WeighInputs = false }},
		{"llama4", "heads of size one", func(m *weights.Model) { m.QKNorm = false }},
		{"llama4", "growing queries", func(m *weights.Model) { m.QueryGrowth = 0 }},
		{"llama4", "layers that do not rotate", func(m *weights.Model) { m.LayerPattern = "" }},
		{"minicpm3", "scale of results", func(m *weights.Model) { m.ResidualScale = 0 }},
		{"stablelm-qknorm", "norms of q and k", func(m *weights.Model) { m.QKNorm = false }},
		{"persimmon", "norms of q and k", func(m *weights.Model) { m.QKNorm = false }},
		{"linear", "stretched rope", func(m *weights.Model) { m.RopeScale = nil }},
		{"dynamic", "stretched rope", func(m *weights.Model) { m.RopeScale = nil }},
		{"yarn", "stretched rope", func(m *weights.Model) { m.RopeScale = nil }},
		{"yarn", "scale of scores", func(m *weights.Model) { m.RopeScale.Attention = 1 }},
		{"longrope-short", "short factors", func(m *weights.Model) { m.RopeScale.Short = m.RopeScale.Long }},
		{"longrope-long", "long factors", func(m *weights.Model) { m.RopeScale.Long = m.RopeScale.Short }},
		{"longrope-long", "scale of scores", func(m *weights.Model) { m.RopeScale.Attention = 1 }},
		{"gemma2", "gelu", func(m *weights.Model) { m.Activation = workloads.Silu }},
	} {
		t.Run(c.model+" without its "+c.what, func(t *testing.T) {
			g, src := readGolden(t, "testdata/transformers/"+c.model+".json")
			c.leaveOut(src.Model())
			if off, _ := offBy(t, open(t, src, 2), g.Tokens[:g.Prompt], g.Logits[0]); off < 2*mostOff {
				t.Errorf("logits are off by %.4f of their size: too little to be noticed", off)
			} else {
				t.Logf("off by %.3f", off)
			}
		})
	}
}
