package cpu_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/x448/float16"

	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads/safetensors"
)

// TestSensitivitiesLieAsTheirWeights: sensitivities that are the magnitudes of the weights are found where those weights are,
// in whatever tensors a family has the rows of its matrices.
func TestSensitivitiesLieAsTheirWeights(t *testing.T) {
	check := func(name, file, config string, rename func(string) string) {
		t.Run(name, func(t *testing.T) {
			g, src := readRenamed(t, file, config, rename)
			s, err := weights.OpenSensitivities(magnitudes(t, g.dir))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			if err := weights.QuantiseBy(src, weights.Quantiser{Sensitivities: s}); err != nil {
				t.Fatal(err)
			}
			b, err := src.Block(src.Model().Layers - 1)
			if err != nil {
				t.Fatal(err)
			}
			all := gputest.Quantised(b)
			if len(all) < 3 {
				t.Fatalf("%d matrices", len(all))
			}
			for _, m := range all {
				want := &weights.Matrix{Name: m.Name, Out: m.Out, In: m.In, Half: m.Half, Bias: m.Bias}
				sizes := make([]float32, len(m.Half))
				for i, h := range m.Half {
					sizes[i] = float32(math.Abs(float64(float16.Frombits(h).Float32())))
				}
				if err := want.Quantise(weights.QuantiseOptions{Sensitivities: sizes}); err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(m, want) {
					t.Errorf("%s has the sensitivities of other weights", m.Name)
				}
			}
		})
	}
	same := func(name string) string { return name }
	for _, name := range []string{"bloom", "codegen", "deepseek_v2", "gpt2", "granitemoe", "llama", "llama4", "mixtral", "phi3", "qwen2_moe"} {
		check(name, "testdata/transformers/"+name+".json", "%s", same)
	}
	check("a model without its head", "testdata/transformers/gpt2.json", "%s", func(name string) string { return strings.TrimPrefix(name, "transformer.") })
}

// magnitudes writes those of a model's weights, under the same names.
func magnitudes(t *testing.T, dir string) string {
	t.Helper()
	f, err := safetensors.Open(filepath.Join(dir, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var all []*safetensors.Tensor
	for _, x := range f.Tensors {
		if strings.HasSuffix(x.Name, ".attn.bias") && fmt.Sprint(x.Shape) == "[1]" {
			continue // no weight
		}
		values, err := x.Values()
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			values[i] = float32(math.Abs(float64(v)))
		}
		all = append(all, safetensors.New(x.Name, safetensors.F32, x.Shape, values))
	}
	var data bytes.Buffer
	path := filepath.Join(t.TempDir(), "s.safetensors")
	if err := safetensors.Write(&data, all, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
