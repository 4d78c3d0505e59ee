package weights_test

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/safetensors"
)

func TestBadShardsAreRefused(t *testing.T) {
	const index, second = "model.safetensors.index.json", "model-00002-of-00002.safetensors"
	for name, c := range map[string]struct {
		change func(t *testing.T, dir string)
		want   string
	}{
		"one is missing": {func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, second)); err != nil {
				t.Fatal(err)
			}
		}, "DIR/" + index + ": names " + second + ", which is not in the folder; accepted: all shards"},
		"one is elsewhere": {func(t *testing.T, dir string) {
			replace(t, filepath.Join(dir, index), second, "../"+second)
		}, "DIR/" + index + `: "../` + second + `" is not the name of a shard; accepted: a .safetensors file beside the index`},
		"a tensor in another": {func(t *testing.T, dir string) {
			replace(t, filepath.Join(dir, index), `"lm_head.weight": "`+second, `"lm_head.weight": "model-00001-of-00002.safetensors`)
		}, "DIR/" + index + `: says that "lm_head.weight" is in model-00001-of-00002.safetensors, where it is not`},
		"a tensor that it does not name": {func(t *testing.T, dir string) {
			replace(t, filepath.Join(dir, index), `"lm_head.weight": "`+second+`",`, "")
		}, "DIR/" + index + `: does not name "lm_head.weight", which is in ` + second},
		"no object": {func(t *testing.T, dir string) {
			replace(t, filepath.Join(dir, index), `"weight_map"`, `"map"`)
		}, "DIR/" + index + ": not an index; accepted: an object whose weight_map says the file of each tensor"},
		"one twice": {func(t *testing.T, dir string) {
			data, err := os.ReadFile(filepath.Join(dir, second))
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, "z.safetensors"), data, 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
			replace(t, filepath.Join(dir, index), `"lm_head.weight": "`+second, `"lm_head.weight": "z.safetensors`)
		}, `DIR/z.safetensors: tensor "`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := saved(t, tiny(workloads.Llama, nil), "F16", 2)
			c.change(t, dir)
			refused(t, dir, c.want)
		})
	}
}

// Pythia's files have masks of truth values beside the weights.
func TestMasksOfOtherTypesAreLeftOut(t *testing.T) {
	dir := saved(t, tiny(workloads.Llama, nil), "F16", 1)
	edit(t, filepath.Join(dir, "model.safetensors"), func(header map[string]any, values []byte) []byte {
		header["model.layers.0.attention.bias"] = map[string]any{"dtype": "BOOL", "shape": []int{1, 1, 2, 1}, "data_offsets": []int{len(values), len(values) + 2}}
		return append(values, 0, 1)
	})
	if _, err := opened(t, dir).Block(0); err != nil {
		t.Error(err)
	}
}

// A file may be cut short while it is read: by a download that starts again, or another process that writes it.
func TestFilesThatAreCutShortWhileTheyAreOpen(t *testing.T) {
	for _, values := range []safetensors.Type{safetensors.F16, safetensors.F32} {
		dir := saved(t, tiny(workloads.Llama, nil), values, 1)
		file := filepath.Join(dir, "model.safetensors")
		s := opened(t, dir)
		if err := os.Truncate(file, 4096); err != nil {
			t.Fatal(err)
		}
		want := file + ": was cut short while it was read, and had "
		_, block := s.Block(1)
		_, ends := s.Ends()
		_, hash := s.SHA256()
		for what, err := range map[string]error{"a block": block, "the ends": ends, "the hash": hash} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s, %s: got %v, want %s", values, what, err, want)
			}
		}
	}
}

func TestValuesThatBinary16DoesNotHave(t *testing.T) {
	gputest.Numbers(t)
	const name = "model.layers.2.mlp.down_proj.weight"
	for values, bits := range map[safetensors.Type][]uint32{
		"F32": {math.Float32bits(65520), math.Float32bits(-1e30), 0x7f800000, 0x7fc00000}, "BF16": {0x4780, 0xff80, 0x7fc0}, "F16": {0x7c00, 0xfe01},
	} {
		for _, b := range bits {
			dir := saved(t, tiny(workloads.Llama, nil), values, 1)
			edit(t, filepath.Join(dir, "model.safetensors"), func(header map[string]any, data []byte) []byte {
				size := 2
				if values == "F32" {
					size = 4
				}
				at := int(entry(header, name)["data_offsets"].([]any)[0].(float64)) + (5*1120+7)*size
				for i := range size {
					data[at+i] = byte(b >> (8 * i))
				}
				return data
			})
			s := opened(t, dir)
			if _, err := s.Block(1); err != nil {
				t.Errorf("%s %x: another layer: %v", values, b, err)
			}
			if _, err := s.Block(2); err == nil || !strings.Contains(err.Error(), `model.safetensors: tensor "`+name+`" has the value `) ||
				!strings.HasSuffix(err.Error(), " at [5 7]; accepted: finite ones up to 65504, the largest of binary16") {
				t.Errorf("%s %x: %v", values, b, err)
			}
		}
	}
	// Just below the middle between 65504 and the next: it is rounded down.
	m := tiny(workloads.Llama, nil)
	dir := saved(t, m, "F32", 1)
	edit(t, filepath.Join(dir, "model.safetensors"), func(header map[string]any, data []byte) []byte {
		at := int(entry(header, "lm_head.weight")["data_offsets"].([]any)[0].(float64))
		binary.LittleEndian.PutUint32(data[at:], math.Float32bits(math.Nextafter32(65520, 0)))
		return data
	})
	if got := ends(t, opened(t, dir)).Head.Half[0]; got != 0x7bff {
		t.Errorf("just below 65520 became %#x", got)
	}
}

func FuzzIndex(f *testing.F) {
	dir := saved(f, tiny(workloads.Llama, nil), "F16", 2)
	index := filepath.Join(dir, "model.safetensors.index.json")
	data, err := os.ReadFile(index)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"weight_map":{"a":"model-00001-of-00002.safetensors"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		simtest.Budget(t, func() {
			if err := os.WriteFile(index, data, 0o600); err != nil {
				t.Fatal(err)
			}
			if s, err := weights.Open(dir); err == nil {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	})
}
