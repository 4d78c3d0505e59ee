package cpu

import (
	"math"
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// TestResultsDoNotDependOnMemory: operands kept as fp32, as binary16, some of each, and none yield the same bits.
func TestResultsDoNotDependOnMemory(t *testing.T) {
	src := gputest.Random(t, "llama", 1)
	run := func(left int64) (all []float32, kept int) {
		opened, err := Open(t.Context(), src, Options{Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		b := opened.(*backend)
		b.kept.left = left
		s, err := b.Start(8, formats.Cache{})
		if err != nil {
			t.Fatal(err)
		}
		for _, bits := range []int{16, 4} {
			turns := []gpu.Turn{{Sequence: s, Tokens: []int{3, 1, 4}, All: true}}
			if err := b.Score(turns, precision.Uniform(bits), func(_, _ int, logits []float32) error {
				all = append(all, logits...)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		for _, widths := range b.kept.of {
			for _, o := range widths {
				if o.floats != nil {
					kept++
				}
			}
		}
		return all, kept
	}
	want, most := run(math.MaxInt64)
	for _, left := range []int64{0, 3 << 20, 6 << 20} {
		got, kept := run(left)
		if !slices.Equal(got, want) {
			t.Errorf("%d bytes for operands: other logits", left)
		}
		if kept >= most || left == 0 && kept > 0 {
			t.Errorf("%d bytes for operands: %d of %d are fp32", left, kept, most)
		}
	}
}
