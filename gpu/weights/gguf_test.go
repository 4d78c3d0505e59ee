package weights_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// The models of testdata/gguf: folders that transformers saved, and the same ones as GGUF files.
func ggufModels(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/gguf/*.gguf")
	if err != nil || len(paths) < 17 {
		t.Fatal(paths, err)
	}
	return paths
}

// A GGUF file is the folder that it was made from: shape, numbers, and every weight.
func TestGGUFFilesAreTheirFolders(t *testing.T) {
	for _, path := range ggufModels(t) {
		dir := strings.TrimSuffix(path, ".gguf")
		t.Run(filepath.Base(dir), func(t *testing.T) {
			sameShape(t, dir, path)
			want, err := weights.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer want.Close()
			got, err := weights.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer got.Close()
			if !reflect.DeepEqual(ends(t, want), ends(t, got)) {
				t.Error("embedding, final norm or head differ")
			}
			for layer := range want.Model().Layers {
				if a, b := block(t, want, layer), block(t, got, layer); !reflect.DeepEqual(a, b) {
					t.Errorf("block %d differs", layer)
				}
			}
			if sum, err := got.SHA256(); err != nil || len(sum) != 64 {
				t.Error(sum, err)
			}
		})
	}
}

// sameShape compares what the two say of the model, but its name.
func sameShape(t *testing.T, dir, path string) {
	t.Helper()
	var shapes [2]workloads.Model
	var numbers [2]*workloads.Numerics
	for i, from := range []string{dir, path} {
		m, config, err := workloads.LoadConfig(from)
		if err != nil {
			t.Fatal(err)
		}
		if numbers[i], err = m.Numerics(config); err != nil {
			t.Fatal(err)
		}
		if want := strings.TrimSuffix(filepath.Base(from), ".gguf"); m.Name != want {
			t.Errorf("%s is called %s", from, m.Name)
		}
		shapes[i] = *m
		shapes[i].Source, shapes[i].Stored, shapes[i].Values = "", nil, "" // formats are the file's alone
	}
	if !reflect.DeepEqual(shapes[0], shapes[1]) {
		t.Errorf("the folder is %+v\nthe file %+v", shapes[0], shapes[1])
	}
	if !reflect.DeepEqual(numbers[0], numbers[1]) {
		t.Errorf("the folder has %+v\nthe file %+v", numbers[0], numbers[1])
	}
}

// changedGGUF writes the file of testdata with one text for another of the same length.
func changedGGUF(t *testing.T, name, old, with string) string {
	t.Helper()
	data, err := os.ReadFile("testdata/gguf/" + name + ".gguf")
	if err != nil || len(old) != len(with) || !strings.Contains(string(data), old) {
		t.Fatal(err, old, with)
	}
	path := filepath.Join(t.TempDir(), name+".gguf")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(data), old, with)), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestGGUFFilesThatAreRefused(t *testing.T) {
	for _, c := range []struct{ from, old, with, want string }{
		{"qwen2", "blk.1.ffn_norm", "blk.1.ffn_nxrm", `FILE: tensor "blk.1.ffn_norm.weight" is missing; the metadata ask for it, of shape [32]`},
		{"phi", "blk.1.attn_norm.bias", "blk.1.attn_norm.biaz", `FILE: tensor "blk.1.attn_norm.bias" is missing; the metadata ask for it, of shape [32]`},
		{"llama31", "rope_freqs.weight", "rope_freks.weight",
			`FILE: tensor "rope_freks.weight" has no place in a llama model as the metadata describe it; accepted: its weights only`},
	} {
		path := changedGGUF(t, c.from, c.old, c.with)
		_, err := weights.Open(path)
		if err == nil || strings.ReplaceAll(err.Error(), path, "FILE") != c.want {
			t.Errorf("%q: %v\nwant %s", c.with, err, c.want)
		}
	}
}

// Checkpoints of PyTorch, whole and in shards, are the safetensors of the same model.
func TestPickledFoldersAreTheOthers(t *testing.T) {
	want, err := weights.Open("testdata/gguf/stablelm")
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	for _, dir := range []string{"testdata/bin", "testdata/bin-shards"} {
		got, err := weights.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer got.Close()
		if !reflect.DeepEqual(ends(t, want), ends(t, got)) || !reflect.DeepEqual(block(t, want, 1), block(t, got, 1)) {
			t.Errorf("%s differs", dir)
		}
		if sum, err := got.SHA256(); err != nil || len(sum) != 64 {
			t.Error(sum, err)
		}
	}
}
