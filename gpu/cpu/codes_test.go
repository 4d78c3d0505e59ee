package cpu

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
)

// The values that codes stand for are NumPy's, bit by bit (testdata/cache/make.py).
func TestCodesAgainstNumPy(t *testing.T) {
	data, err := os.ReadFile("testdata/cache/cache.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Rows []struct {
			Bits       unit.Bits
			ZeroPoints bool `json:"zero_points"`
			X, Y       []float32
		}
	}
	if err := json.Unmarshal(data, &golden); err != nil || len(golden.Rows) == 0 {
		t.Fatalf("%d rows, error %v", len(golden.Rows), err)
	}
	b, err := Open(t.Context(), gputest.Random(t, "llama", 1), Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range golden.Rows {
		got := slices.Clone(r.X)
		b.(*backend).coded(got, formats.Cached{Bits: r.Bits, ZeroPoints: r.ZeroPoints})
		if !slices.Equal(got, r.Y) {
			t.Errorf("%d bits, zero points %v:\n got %v\nwant %v", r.Bits, r.ZeroPoints, got, r.Y)
		}
	}
}
