package weights_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/x448/float16"

	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads/safetensors"
)

// testdata/anyprec is a checkpoint whose planes Any-Precision's own code packed, of 4 bits with a seed of 3, and the first rows
// of what its codes stand for.
func TestAnyPrecisionsPlanesAndCodebooks(t *testing.T) {
	s, err := weights.Open("testdata/anyprec")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	expected, err := safetensors.Open("testdata/anyprec/expected.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer expected.Close()
	want := map[string][]float32{}
	for _, x := range expected.Tensors {
		if want[x.Name], err = x.Values(); err != nil {
			t.Fatal(err)
		}
	}
	b := block(t, s, 0)
	for _, c := range []struct {
		of   *weights.Matrix
		row  int // where the tensor's rows begin
		name string
	}{
		{&b.QKV, 0, "self_attn.q_proj"}, {&b.QKV, 32, "self_attn.k_proj"}, {&b.QKV, 48, "self_attn.v_proj"}, {&b.O, 0, "self_attn.o_proj"},
		{&b.Up, 0, "mlp.gate_proj"}, {&b.Up, 1088, "mlp.up_proj"}, {&b.Down, 0, "mlp.down_proj"},
	} {
		for row := range 3 {
			at := func(bits int) []uint16 {
				out := make([]uint16, c.of.In)
				c.of.Row(c.row+row, bits, make([]uint8, c.of.In), out)
				return out
			}
			for _, bits := range []int{3, 4} {
				var w []uint16
				for _, v := range want[fmt.Sprintf("model.layers.0.%s.%d", c.name, bits)][row*c.of.In : (row+1)*c.of.In] {
					w = append(w, half(float64(v)))
				}
				if !reflect.DeepEqual(at(bits), w) {
					t.Fatalf("%s row %d at %d bits differs", c.name, row, bits)
				}
			}
			// What the file does not have: wider codes repeat the widest, fp16 is the widest, 2 bits are the means of 3.
			if !reflect.DeepEqual(at(8), at(4)) || !reflect.DeepEqual(at(16), at(4)) {
				t.Errorf("%s row %d: 8 bits or fp16 are not the 4 bits", c.name, row)
			}
			means(t, c.of, c.row+row)
		}
	}
}

// means checks that each value at 2 bits is the mean of the fp16 values that have its code.
func means(t *testing.T, m *weights.Matrix, row int) {
	t.Helper()
	codes := make([]uint8, m.In)
	m.Codes(row, 2, codes)
	float := func(h uint16) float32 { return float16.Frombits(h).Float32() }
	sums, counts := map[uint8]float64{}, map[uint8]float64{}
	for i, c := range codes {
		sums[c] += float64(float(m.Half[row*m.In+i]))
		counts[c]++
	}
	for c, n := range counts {
		if got, want := m.Tables[2][row<<2+int(c)], half(sums[c]/n); got != want {
			t.Errorf("row %d: code %d at 2 bits stands for %g, want %g", row, c, float(got), float(want))
		}
	}
}

func TestAnyPrecisionCheckpointsThatAreRefused(t *testing.T) {
	for _, c := range []struct{ old, with, want string }{
		{`"num_hidden_layers": 1`, `"num_hidden_layers": 2`, `tensor "model.layers.1.input_layernorm.weight" is missing; config.json asks for it, of shape [32]`},
		{`"intermediate_size": 1088`, `"intermediate_size": 1056`,
			`tensor "model.layers.0.mlp.gate_proj.qweight" has the shape [4 1088 1]; accepted: [4 1056 1], by config.json`},
	} {
		dir := t.TempDir()
		for _, name := range []string{"config.json", "pytorch_model.bin"} {
			data, err := os.ReadFile(filepath.Join("testdata/anyprec", name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Replace(string(data), c.old, c.with, 1)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if s, err := weights.Open(dir); err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%v, %v; want %s", s, err, c.want)
		}
	}
}
