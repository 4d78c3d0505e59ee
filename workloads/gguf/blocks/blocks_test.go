package blocks_test

import (
	"math"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads/gguf"
	"github.com/pmpdsim/pmpdsim/workloads/gguf/blocks"
	"github.com/pmpdsim/pmpdsim/workloads/safetensors"
)

// The bytes are random: every bit of every field counts somewhere, and some scales are infinite or no numbers.
func TestValuesAreThoseOfLlamaCppsLibrary(t *testing.T) {
	f, err := gguf.Open("../testdata/types.gguf")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	golden, err := safetensors.Open("testdata/values.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer golden.Close()
	if got, want := len(golden.Tensors), len(blocks.Names()); got != want {
		t.Errorf("%d types are compared, %d are read", got, want)
	}
	for _, want := range golden.Tensors {
		of := f.Find(want.Name)
		if of == nil || !blocks.Reads(of.Type) {
			t.Errorf("%s is not read", want.Name)
			continue
		}
		got := make([]float32, of.Len())
		if err := of.Pieces(0, of.Len(), func(at int, raw []byte) error { blocks.Values(of.Type, raw, got[at:]); return nil }); err != nil {
			t.Fatal(err)
		}
		finite, wrong := 0, 0
		if err := want.Floats(0, want.Len(), func(at int, values []float32) error {
			for i, w := range values {
				g := got[at+i]
				if !math.IsNaN(float64(w)) && !math.IsInf(float64(w), 0) {
					finite++
				}
				if g != w && !(math.IsNaN(float64(g)) && math.IsNaN(float64(w))) {
					if wrong++; wrong < 4 {
						t.Errorf("%s: value %d is %g, want %g", want.Name, at+i, g, w)
					}
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if wrong > 0 || finite < 256 {
			t.Errorf("%s: %d values differ, %d are finite", want.Name, wrong, finite)
		}
	}
}

func TestTypesThatAreNotRead(t *testing.T) {
	names := strings.Join(blocks.Names(), " ")
	for _, name := range []string{"IQ2_XXS", "I8", "F64"} {
		if strings.Contains(names, name) {
			t.Errorf("%s is read", name)
		}
	}
	if blocks.Reads(16) || !blocks.Reads(12) { // IQ2_XXS, Q4_K
		t.Error(names)
	}
}
