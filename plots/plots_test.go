package plots

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmpdsim/pmpdsim/sim/result"
)

func TestUnits(t *testing.T) {
	for _, c := range []struct {
		unit  Unit
		value float64
		want  string
	}{
		{Time, 0.5, "500.0 ms"}, {Time, 12.3456, "12.35 s"}, {Time, 2e-8, "0.020 us"}, {Time, 0, "0.000 us"},
		{Bytes, 13.75e9, "13.75 GB"}, {Bytes, 999, "999 B"}, {Memory, 16 << 30, "16.00 GiB"}, {Memory, 0, "0 B"},
		{Percent, 0.916, "91.6 %"}, {Plain, 17669.2, "17669"}, {Large, 6_738_415_616, "6.738 G"}, {Large, 7, "7"},
	} {
		if got := c.unit.Text(c.value); got != c.want {
			t.Errorf("%v: %q, want %q", c.value, got, c.want)
		}
	}
}

func TestTable(t *testing.T) {
	t.Run("texts are wrapped, numbers stand at the right, no line ends in spaces", func(t *testing.T) {
		table := Table{Columns: []Column{{Name: "name"}, {Name: "n", Right: true}, {Name: "what", Width: 9}}}
		table.Add("×", "10", "")
		table.Add("wide name", "5", "two words more")
		check(t, func(w *strings.Builder) error { return table.Write(w) }, `
name        n  what
------------------------
×          10
wide name   5  two words
               more
`)
	})
}

func TestCompare(t *testing.T) {
	t.Run("a column has one unit, and an absent speed-up is a dash", func(t *testing.T) {
		double := 2.0
		rs := []*result.Result{
			{Schedule: "fp16", AvgWeightBits: 16, TTFTSeconds: 0.25, TPOTSeconds: 0.3, TokensPerSecond: 1 / 0.3,
				DRAMBytesPerToken: 13.5e9, DRAMEfficiency: 0.9, ArrayUtilisation: 0.0123, EnergyPerToken: 0.1098,
				BoundBy: "memory",
				NPU:     "n", Footprint: result.Memory{Total: 3 << 30, Capacity: 1 << 30}},
			{Schedule: "uniform:4", AvgWeightBits: 4, TTFTSeconds: 2.5, TPOTSeconds: 0.15, TokensPerSecond: 1 / 0.15, SpeedupFP16: &double,
				DRAMBytesPerToken: 3.5e9, DRAMEfficiency: 0.875, ArrayUtilisation: 0.05, EnergyPerToken: 0.0326,
				BoundBy: "compute", Fits: true},
		}
		check(t, func(w *strings.Builder) error { return Compare(w, rs) }, `
schedule    bits  TTFT s  TPOT ms  tokens/s  × fp16  × uniform  DRAM/token GB  BW %  array %  energy/token mJ  bound
----------------------------------------------------------------------------------------------------------------------
fp16 *     16.00   0.250    300.0     3.333       -          -          13.50  90.0     1.23            109.8  memory
uniform:4   4.00   2.500    150.0     6.667    2.00          -           3.50  87.5     5.00             32.6  compute

* fp16 does not fit the DRAM of n: it needs 3.000 GiB of 1.000 GiB (dram.capacity), and was simulated as if it fitted
`)
	})
}

// check compares what write writes.
func check(t *testing.T, write func(*strings.Builder) error, want string) {
	t.Helper()
	var b strings.Builder
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), b.String()); diff != "" {
		t.Error(diff)
	}
}
