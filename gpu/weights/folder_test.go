package weights_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/safetensors"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// saved writes random weights of a model to a new folder.
func saved(t testing.TB, m *weights.Model, values safetensors.Type, shards int) string {
	t.Helper()
	dir := t.TempDir()
	if err := gputest.Write(dir, random(t, m, 1), values, shards); err != nil {
		t.Fatal(err)
	}
	return dir
}

func opened(t testing.TB, dir string) weights.Source {
	t.Helper()
	s, err := weights.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// refused opens a folder and wants an error of one line that begins so.
func refused(t *testing.T, dir, want string) {
	t.Helper()
	s, err := weights.Open(dir)
	if err == nil {
		_ = s.Close()
		t.Fatal("accepted")
	}
	if got := strings.ReplaceAll(err.Error(), dir, "DIR"); !strings.HasPrefix(got, want) || strings.Contains(got, "\n") {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestFoldersHoldWhatWasWritten(t *testing.T) {
	gputest.Numbers(t)
	parallel := tiny(workloads.StableLM, func(m *weights.Model) {
		m.Parallel, m.BlockNorms, m.QKVBias = true, 1, true
	})
	scaled := tiny(workloads.Llama, func(m *weights.Model) {
		m.RopeScale = &workloads.RopeScale{Kind: workloads.RopeLlama3, Factor: 8, Low: 1, High: 4, Original: 64}
		m.RopeTheta, m.EOS = 500_000, []int{3, 4}
		m.QKVBias, m.OBias, m.MLPBias = true, true, true
		m.HeadDim, m.RotaryDim = 32, 32
	})
	for name, c := range map[string]struct {
		model  *weights.Model
		values safetensors.Type
		shards int
	}{
		"llama": {tiny(workloads.Llama, nil), "F16", 1}, "mistral": {tiny(workloads.Mistral, nil), "F32", 1},
		"qwen2": {tiny(workloads.Qwen2, nil), "F16", 2}, "phi": {tiny(workloads.Phi, nil), "F32", 3},
		"stablelm": {tiny(workloads.StableLM, nil), "F16", 1}, "qwen3": {tiny(workloads.Qwen3, nil), "F16", 2},
		"phi3": {tiny(workloads.Phi3, nil), "F16", 1}, "gemma2": {tiny(workloads.Gemma2, nil), "F32", 1}, "parallel": {parallel, "F16", 4}, "scaled": {scaled, "F32", 1},
	} {
		t.Run(name, func(t *testing.T) {
			m, dir := c.model, saved(t, c.model, c.values, c.shards)
			want, got := random(t, m, 1), opened(t, dir)
			checkModel(t, got.Model(), m, dir)
			a, b := ends(t, want), ends(t, got)
			if !reflect.DeepEqual(a, b) || (&b.Embedding[0] == &b.Head.Half[0]) != m.Tied {
				t.Error("the ends differ")
			}
			for _, layer := range []int{0, m.Layers - 1} {
				a, b := block(t, want, layer), block(t, got, layer)
				if !reflect.DeepEqual(a.Norms, b.Norms) {
					t.Errorf("layer %d: the norms differ", layer)
				}
				for i, a := range matrices(a) {
					again := quantised(t, a.Out, a.In, a.Half)
					again.Name, again.Bias = a.Name, a.Bias
					if !reflect.DeepEqual(again, matrices(b)[i]) {
						t.Errorf("%s differs", a.Name)
					}
				}
			}
		})
	}
}

func checkModel(t *testing.T, got, want *weights.Model, dir string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	if got.ConfigSHA256 != hex.EncodeToString(sum[:]) {
		t.Error("another sum of config.json")
	}
	shape := *got.Model
	shape.Name, shape.Source, shape.PaperHigh, shape.PaperLow = want.Name, "", 0, 0
	copied := *got
	copied.Model, copied.ConfigSHA256 = &shape, ""
	if !reflect.DeepEqual(&copied, want) {
		t.Errorf("the model is %+v %+v\nwant %+v %+v", copied, shape, want, *want.Model)
	}
}

func TestBrainFloatsBecomeBinary16(t *testing.T) {
	m := tiny(workloads.Llama, nil)
	got := ends(t, opened(t, saved(t, m, "BF16", 1)))
	for i, h := range ends(t, random(t, m, 1)).Embedding {
		cut := math.Float32frombits(math.Float32bits(float32(value(h))) &^ 0xffff)
		if got.Embedding[i] != half(float64(cut)) {
			t.Fatalf("value %d: %g, want %g", i, value(got.Embedding[i]), cut)
		}
	}
}

func TestSumsOfFiles(t *testing.T) {
	m := tiny(workloads.Phi, nil)
	dir := saved(t, m, "F16", 1)
	data, err := os.ReadFile(filepath.Join(dir, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := gputest.Sum(opened(t, dir)), fmt.Sprintf("%x", sha256.Sum256(data)); got != want {
		t.Errorf("one file: %s, want %s", got, want)
	}
	dir, lines := saved(t, m, "F16", 2), ""
	for _, name := range []string{"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		lines += fmt.Sprintf("%x  %s\n", sha256.Sum256(data), name)
	}
	if got, want := gputest.Sum(opened(t, dir)), fmt.Sprintf("%x", sha256.Sum256([]byte(lines))); got != want {
		t.Errorf("two files: %s, want %s", got, want)
	}
}

// edit replaces the header of a safetensors file; values stay.
func edit(t *testing.T, path string, change func(header map[string]any, values []byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := binary.LittleEndian.Uint64(data)
	header := map[string]any{}
	if err := json.Unmarshal(data[8:8+n], &header); err != nil {
		t.Fatal(err)
	}
	values := change(header, data[8+n:])
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	data = binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	if err := os.WriteFile(path, append(append(data, text...), values...), 0o644); err != nil {
		t.Fatal(err)
	}
}

// entry is what a header says of a tensor.
func entry(header map[string]any, name string) map[string]any { return header[name].(map[string]any) }

func replace(t *testing.T, path, old, with string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, []byte(old)) {
		t.Fatalf("%s has no %q", path, old)
	}
	if err := os.WriteFile(path, bytes.Replace(data, []byte(old), []byte(with), 1), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestBadFoldersAreRefusedInOneSentence(t *testing.T) {
	const up = "model.layers.1.mlp.up_proj.weight"
	tensors := func(change func(header map[string]any, values []byte) []byte) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) { edit(t, filepath.Join(dir, "model.safetensors"), change) }
	}
	config := func(old, with string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) { replace(t, filepath.Join(dir, "config.json"), old, with) }
	}
	for name, c := range map[string]struct {
		change func(t *testing.T, dir string)
		want   string
	}{
		"a file that ends early": {func(t *testing.T, dir string) {
			if err := os.Truncate(filepath.Join(dir, "model.safetensors"), 20_000); err != nil {
				t.Fatal(err)
			}
		}, "DIR/model.safetensors: the tensors end at 61440, and 16880 bytes of values are there in a file of 20000 bytes; accepted: a whole safetensors file"},
		"a file of nothing": {func(t *testing.T, dir string) {
			if err := os.Truncate(filepath.Join(dir, "model.safetensors"), 0); err != nil {
				t.Fatal(err)
			}
		}, "DIR/model.safetensors: 0 bytes; accepted: a safetensors file, whose first 8 say how long its header is"},
		"no weights": {func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, "model.safetensors")); err != nil {
				t.Fatal(err)
			}
		}, "DIR: has no weights; accepted: model.safetensors, or model.safetensors.index.json and its shards"},
		"pickled weights": {func(t *testing.T, dir string) {
			if err := os.Rename(filepath.Join(dir, "model.safetensors"), filepath.Join(dir, "pytorch_model.bin")); err != nil {
				t.Fatal(err)
			}
		}, "DIR/pytorch_model.bin: begins with neither a zip archive nor a pickle; accepted: a checkpoint that PyTorch 1.6 or later has saved, or safetensors"},
		"no config.json": {func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, "config.json")); err != nil {
				t.Fatal(err)
			}
		}, `model "DIR/config.json" is neither a preset nor a file`},
		"a tensor beyond the file": {tensors(func(header map[string]any, values []byte) []byte {
			entry(header, up)["data_offsets"] = []int{0, 1 << 40}
			return values
		}), "DIR/model.safetensors: "},
		"a missing tensor": {tensors(func(header map[string]any, values []byte) []byte {
			header["x"] = header[up]
			delete(header, up)
			return values
		}), `DIR: tensor "` + up + `" is missing; config.json asks for it, of shape [1120 96]`},
		"a tensor too many": {tensors(func(header map[string]any, values []byte) []byte {
			header["model.layers.0.self_attn.q_norm.weight"] = map[string]any{"dtype": "F16", "shape": []int{1}, "data_offsets": []int{len(values), len(values) + 2}}
			return append(values, 0, 0)
		}), `DIR/model.safetensors: tensor "model.layers.0.self_attn.q_norm.weight" has no place in a llama model as config.json describes it; accepted: its weights only`},
		"a transposed tensor": {tensors(func(header map[string]any, values []byte) []byte {
			entry(header, up)["shape"] = []int{96, 1120}
			return values
		}), `DIR/model.safetensors: tensor "` + up + `" has the shape [96 1120]; accepted: [1120 96], by config.json`},
		"integers": {tensors(func(header map[string]any, values []byte) []byte {
			entry(header, up)["dtype"] = "I16"
			return values
		}), `DIR/model.safetensors: tensor "` + up + `" has values of type I16; accepted: F16, BF16, F32`},
		"an unknown type": {tensors(func(header map[string]any, values []byte) []byte {
			entry(header, up)["dtype"] = "F4"
			return values
		}), `DIR/model.safetensors: invalid header: failed to JSON-decode tensor "` + up + `": invalid DType string value "F4"`},
		"another head": {config(`"vocab_size": 320`, `"vocab_size": 352`),
			`DIR/model.safetensors: tensor "model.embed_tokens.weight" has the shape [320 96]; accepted: [352 96], by config.json`},
		"scaling by xpos": {config(`"rope_theta": 10000`, `"rope_theta": 10000, "rope_scaling": {"type": "xpos", "factor": 4}`),
			`DIR/config.json: rope_scaling: type: "xpos" is not modelled; accepted: default, linear, dynamic, yarn, llama3, longrope`},
		"no epsilon": {config(`"rms_norm_eps": 0.00001`, `"rms_norm_eps": 0`),
			"DIR/config.json: rms_norm_eps: 0 is not usable; accepted: a number above 0 and at most 1"},
		"an end outside the vocabulary": {config("2\n  ]", "320\n  ]"),
			"DIR/config.json: eos_token_id: [320] is not usable; accepted: a token from 0 to 319, a list of them, or null"},
		"nine query heads a KV head": {config(`"num_attention_heads": 6`, `"num_attention_heads": 18`), "DIR/config.json: "},
	} {
		t.Run(name, func(t *testing.T) {
			dir := saved(t, tiny(workloads.Llama, nil), "F16", 1)
			c.change(t, dir)
			refused(t, dir, c.want)
		})
	}
	if _, err := weights.Open(filepath.Join(saved(t, tiny(workloads.Llama, nil), "F16", 1), "config.json")); err == nil ||
		!strings.Contains(err.Error(), "not a folder; accepted: a folder with config.json and model.safetensors") {
		t.Errorf("a file: %v", err)
	}
}

func TestClosedWeights(t *testing.T) {
	s, err := weights.Open(saved(t, tiny(workloads.Llama, nil), "F16", 2))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Block(0); err == nil {
		t.Error("a block of closed weights")
	}
	if _, err := s.Block(3); err == nil || err.Error() != "layer 3; accepted: 0 to 2" {
		t.Errorf("got %v", err)
	}
}

// FuzzOpen changes bytes of a header: whatever comes out is an error or weights, never a panic.
func TestAFolderWhosePathLooksLikeAPattern(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a[b]*?")
	if err := os.Rename(saved(t, tiny(workloads.Llama, nil), "F16", 1), dir); err != nil {
		t.Fatal(err)
	}
	opened(t, dir)
	if err := os.Rename(filepath.Join(dir, "model.safetensors"), filepath.Join(dir, "pytorch_model.bin")); err != nil {
		t.Fatal(err)
	}
	refused(t, dir, "DIR/pytorch_model.bin: begins with neither a zip archive nor a pickle")
}

func FuzzOpen(f *testing.F) {
	m := tiny(workloads.Llama, func(m *weights.Model) {
		m.Layers, m.Hidden, m.Heads, m.KVHeads, m.HeadDim, m.RotaryDim, m.FFN, m.Vocab = 1, 32, 2, 2, 16, 16, 32, 8
		m.EOS = nil
	})
	dir := saved(f, m, "F16", 1)
	path := filepath.Join(dir, "model.safetensors")
	data, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	n := 8 + int(binary.LittleEndian.Uint64(data))
	f.Add(data[:n])
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"))
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x80{}"))
	for _, c := range [][2]string{{`"F16"`, `"F32"`}, {"[0,", "[1,"}, {`[32,32]`, `[0,32]`}, {`"shape"`, `"dtype"`},
		{`[32,32]`, `[18446744073709551615,2]`}, {`{"__metadata__"`, `null,{"`}, {`lm_head`, `__metadata__`}} {
		f.Add(bytes.Replace(data[:n], []byte(c[0]), []byte(c[1]), 1))
	}
	f.Fuzz(func(t *testing.T, header []byte) {
		simtest.Budget(t, func() {
			if err := os.WriteFile(path, append(bytes.Clone(header), data[n:]...), 0o644); err != nil {
				t.Fatal(err)
			}
			s, err := weights.Open(dir)
			if err != nil {
				return
			}
			_, _ = s.Block(0) // values may have become anything
			_, _ = s.Ends()
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	})
}

// TestFilesOfTheProgram: what the program carries is read as a folder is.
func TestFilesOfTheProgram(t *testing.T) {
	dir := saved(t, gputest.Model(t, "llama"), safetensors.F16, 1)
	want := opened(t, dir)
	got, err := weights.OpenFS(os.DirFS(dir), want.Model())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = got.Close() })
	sum, err := got.SHA256()
	if is, _ := want.SHA256(); err != nil || sum != is || gputest.Sum(got) != gputest.Sum(want) {
		t.Errorf("another model, with the hash %s, want %s: %v", sum, is, err)
	}
	other := gputest.Model(t, "qwen2")
	if _, err := weights.OpenFS(os.DirFS(dir), other); err == nil || !strings.Contains(err.Error(), "has the shape [320 256]; accepted: [333 448]") {
		t.Errorf("weights of another model: %v", err)
	}
}
