package weights_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads/safetensors"
)

// magnitudes writes sensitivities that are the magnitudes of a checkpoint's own weights, after a change.
func magnitudes(t *testing.T, checkpoint string, change func(map[string]*safetensors.Tensor)) string {
	t.Helper()
	f, err := safetensors.Open(checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	all := map[string]*safetensors.Tensor{}
	for _, x := range f.Tensors {
		values, err := x.Values()
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			values[i] = float32(math.Abs(float64(v)))
		}
		all[x.Name] = safetensors.New(x.Name, safetensors.F32, x.Shape, values)
	}
	if change != nil {
		change(all)
	}
	var list []*safetensors.Tensor
	for _, x := range all {
		list = append(list, x)
	}
	var data bytes.Buffer
	path := filepath.Join(t.TempDir(), "s.safetensors")
	if err := safetensors.Write(&data, list, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func sensitivities(t *testing.T, path string) *weights.Sensitivities {
	t.Helper()
	s, err := weights.OpenSensitivities(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// A GGUF file's sensitivities have transformers' names and order of rows, whatever the file has.
func TestSensitivitiesOfGGUFFiles(t *testing.T) {
	for _, path := range ggufModels(t) {
		name := strings.TrimSuffix(filepath.Base(path), ".gguf")
		t.Run(name, func(t *testing.T) {
			folder := strings.TrimSuffix(path, ".gguf")
			plain, weighed := opened(t, folder), opened(t, path)
			s := sensitivities(t, magnitudes(t, filepath.Join(folder, "model.safetensors"), nil))
			if err := weights.QuantiseBy(weighed, weights.Quantiser{Seed: 3, Sensitivities: s}); err != nil {
				t.Fatal(err)
			}
			layer := plain.Model().Layers - 1
			of, got := gputest.Quantised(block(t, plain, layer)), gputest.Quantised(block(t, weighed, layer))
			for i, m := range got {
				want := &weights.Matrix{Name: m.Name, Out: m.Out, In: m.In, Half: m.Half, Bias: m.Bias}
				if err := want.Quantise(weights.QuantiseOptions{Seed: 3, Sensitivities: magnitudesOf(of[i].Half)}); err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(m, want) {
					t.Errorf("%s is weighed otherwise than its rows lie", m.Name)
				}
			}
		})
	}
}

func magnitudesOf(halves []uint16) []float32 {
	out := make([]float32, len(halves))
	for i, h := range halves {
		out[i] = float32(math.Abs(value(h)))
	}
	return out
}

func TestFilesOfSensitivitiesThatAreRefused(t *testing.T) {
	const model, q = "testdata/gguf/llama", "model.layers.1.self_attn.q_proj.weight"
	replaced := func(name string, shape []int, bad float32) func(map[string]*safetensors.Tensor) {
		return func(all map[string]*safetensors.Tensor) {
			values := make([]float32, shape[0]*shape[1])
			values[shape[1]+2] = bad
			all[name] = safetensors.New(name, safetensors.F32, shape, values)
		}
	}
	for _, c := range []struct {
		name   string
		change func(map[string]*safetensors.Tensor)
		want   string
	}{
		{"one is missing", func(all map[string]*safetensors.Tensor) { delete(all, q) },
			`FILE: tensor "` + q + `" is missing; accepted: sensitivities of all matrices of the model's blocks`},
		{"another shape", replaced(q, []int{32, 64}, 0), `FILE: tensor "` + q + `" has the shape [32 64]; accepted: `},
		{"negative", replaced(q, shapeOf(t, model, q), -0.5), `FILE: tensor "` + q + `" has the value -0.5 at [1 2]; accepted: finite numbers that are not negative`},
		{"not a number", replaced(q, shapeOf(t, model, q), float32(math.NaN())), `FILE: tensor "` + q + `" has the value NaN at [1 2]; accepted: finite numbers that are not negative`},
		{"infinite", replaced(q, shapeOf(t, model, q), float32(math.Inf(1))), `FILE: tensor "` + q + `" has the value +Inf at [1 2]; accepted: finite numbers that are not negative`},
		{"of another model", replaced("model.layers.9.mlp.up_proj.weight", []int{2, 3}, 0),
			`FILE: tensor "model.layers.9.mlp.up_proj.weight" has no place in a llama model of 2 layers; accepted: sensitivities of this model's weights`},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := magnitudes(t, model+"/model.safetensors", c.change)
			err := weights.QuantiseBy(opened(t, model), weights.Quantiser{Sensitivities: sensitivities(t, path)})
			if err == nil {
				t.Fatal("accepted")
			}
			if got := strings.ReplaceAll(err.Error(), path, "FILE"); !strings.HasPrefix(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	// What is not quantised here cannot be weighed.
	for name, s := range map[string]weights.Source{"random": random(t, opened(t, model).Model(), 1), "planes": opened(t, "testdata/anyprec")} {
		for _, q := range []weights.Quantiser{{Seed: 3}, {Sensitivities: sensitivities(t, magnitudes(t, model+"/model.safetensors", nil))}} {
			if err := weights.QuantiseBy(s, q); err == nil || !strings.HasPrefix(err.Error(), "the weights have their planes from the start") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := weights.QuantiseBy(s, weights.Quantiser{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := weights.QuantiseBy(opened(t, model), weights.Quantiser{Seed: 5}); fmt.Sprint(err) != "a seed of 5 bits; accepted: 2 to 3" {
		t.Errorf("got %v", err)
	}
}

func shapeOf(t *testing.T, model, name string) []int {
	t.Helper()
	for _, x := range opened(t, model).Model().Tensors() {
		if x.Name == name {
			return x.Shape
		}
	}
	t.Fatal(name)
	return nil
}
