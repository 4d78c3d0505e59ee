package layouts_test

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/layouts"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

func FuzzLayout(f *testing.F) {
	for _, text := range []string{"interleaved:1KiB", "plane-major:256B+skew=8KiB", "packed", "plane-major:+skew=", "interleaved:-1B", "packed:1KiB", "+", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		simtest.Budget(t, func() {
			w, err := layouts.Parse(text)
			if err == nil && (!layouts.ChunkPossible(w.Chunk) || !layouts.SkewPossible(w.Skew)) {
				t.Errorf("%q is read as %+v", text, w)
			}
		})
	})
}
