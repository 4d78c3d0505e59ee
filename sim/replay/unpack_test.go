package replay

import (
	"fmt"
	"math"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// TestOneRateOfUnpackingExplainsTheShareOfPeakByBits: the medians of the share of peak bandwidth that decodes reach on
// 69 GPUs, integrated GPUs and CPUs (docs/model.md), by an array that unpacks 45 codes a cycle of any width.
func TestOneRateOfUnpackingExplainsTheShareOfPeakByBits(t *testing.T) {
	simtest.OneGoroutine(t)
	measured := map[int]float64{8: 0.74, 4: 0.60, 3: 0.40, 2: 0.24}
	for bits, want := range measured {
		t.Run(fmt.Sprint(bits), func(t *testing.T) {
			j := short(t, "edge-lpddr5", "llama-2-7b", fmt.Sprintf("uniform:%d", bits), 16, 2)
			j.DecodeOnly = true
			set := []string{"runtime.class=ideal", "count.codebooks=false", "lm_head.bits=8", "array.style=dequant-fp16"}
			for b := 2; b <= 8; b++ {
				set = append(set, fmt.Sprintf("array.unpack.bits%d=45", b))
			}
			if err := j.Config.Set(set); err != nil {
				t.Fatal(err)
			}
			r := mustRun(t, 1, j)[0]
			t.Logf("%d bits: %.3f of peak, measured %.2f, bound by %s", bits, r.DRAMEfficiency, want, r.BoundBy)
			if bound := map[bool]string{true: "unpack", false: "memory"}[bits < 8]; r.BoundBy != bound {
				t.Errorf("bound by %s, want %s", r.BoundBy, bound)
			}
			if bits < 8 && math.Abs(r.DRAMEfficiency-want) > 0.08 {
				t.Errorf("%.3f of peak, measured %.2f", r.DRAMEfficiency, want)
			}
		})
	}
}
