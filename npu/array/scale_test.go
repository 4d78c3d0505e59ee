package array

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// What turns codes into values beside the PEs: 20 rows, 48 outputs, 1,000 weights each; 5 lanes.
func TestFormatsCostWhatIsBesideThePEs(t *testing.T) {
	const codes, sums = 48 * 1000, 20 * 48 * 8 // 8 groups of 128
	const lutLanes = 1 << 40
	const scaleSums config.Style = "dequant-fp16 that scales sums"
	for _, c := range []struct {
		style           config.Style
		group           int
		zeros           bool
		lookups, scales int64
	}{
		{config.PlainINT8, 0, false, codes, 0},
		{config.PlainINT8, 1000, false, 0, 0},
		{config.PlainINT8, 1000, true, 0, 0},
		{config.PlainINT8, 128, false, 0, sums},
		{config.PlainINT8, 128, true, 0, 2 * sums},
		{config.DequantFP16, 0, false, codes, 0},
		{config.DequantFP16, 1000, false, 0, codes},
		{config.DequantFP16, 128, true, 0, codes},
		{scaleSums, 0, false, codes, 0},
		{scaleSums, 1000, true, 0, 0},
		{scaleSums, 128, false, 0, sums},
		{scaleSums, 128, true, 0, 2 * sums},
		{config.BitSerialWeight, 0, false, 0, 0},
		{config.BitSerialWeight, 128, false, 0, sums},
		{config.BitSerialBoth, 128, false, 0, sums},
		{config.BitParallelFused, 128, true, 0, 2 * sums},
		{config.LUT, 128, false, 0, sums},
		{config.LUT, 1000, false, 0, 0},
	} {
		w := isa.Work{M: 20, N: 48, K: 1000, Repeat: 1, Bits: 4, Quantised: true, Group: c.group, ZeroPoints: c.zeros}
		style, scales := c.style, config.Scales("")
		if style == scaleSums {
			style, scales = config.DequantFP16, config.ScaleSums
		}
		p := array(t, machine(style, func(c *config.Config) { c.Array.DequantLanes, c.Array.Scales = 5, scales })).of(w)
		n := c.lookups + c.scales
		if p.feed.Lookups != c.lookups || p.feed.Scalings != c.scales || n > 0 && p.feed.Cycles != max((n+4)/5, (p.feed.TableEntries+lutLanes-1)/lutLanes) {
			t.Errorf("%s, groups of %d: %+v, want %d look-ups, %d scalings", c.style, c.group, p.feed, c.lookups, c.scales)
		}
		if n > 0 && p.cycles < unit.Cycles(n/5) {
			t.Errorf("%s, groups of %d: %d cycles", c.style, c.group, p.cycles)
		}
		w.Quantised = false
		if f := array(t, machine(style)).of(w).feed; f.Lookups+f.Scalings > 0 {
			t.Errorf("%s: values are scaled", c.style)
		}
	}
}

// Scales that lie across the reduction are those of activations: 20 rows of 1,000 for each group of 32 of the 48 outputs.
func TestScalesAcrossTheReductionMeetActivations(t *testing.T) {
	for _, c := range []struct {
		style  config.Style
		group  int
		zeros  bool
		scales int64
	}{
		{config.PlainINT8, 32, false, 2 * 20 * 1000},
		{config.BitSerialWeight, 32, true, 2 * 2 * 20 * 1000},
		{config.BitSerialBoth, 48, false, 20 * 1000},
		{config.BitParallelFused, 1000, false, 20 * 1000},
		{config.LUT, 128, false, 20 * 1000},
		{config.DequantFP16, 32, true, 48 * 1000},
	} {
		w := isa.Work{M: 20, N: 48, K: 1000, Repeat: 1, Bits: 4, Quantised: true, Group: c.group, Across: true, ZeroPoints: c.zeros}
		if f := array(t, machine(c.style)).of(w).feed; f.Scalings != c.scales {
			t.Errorf("%s, groups of %d: %d scalings, want %d", c.style, c.group, f.Scalings, c.scales)
		}
	}
}

// Vectors of a tile pass while PEs keep their weights: each code is looked up once.
func TestACodeIsLookedUpOnceATile(t *testing.T) {
	for _, g := range config.GEMVs() {
		for _, m := range []int{1, 16, 64} {
			w := isa.Work{M: m, N: 32, K: 640, Repeat: 1, Bits: 4, Quantised: true}
			p := array(t, machine(config.DequantFP16, func(c *config.Config) { c.Array.GEMV = g })).of(w)
			if p.feed.Lookups != 32*640 {
				t.Errorf("%s, %d rows: %d look-ups of %d codes", g, m, p.feed.Lookups, 32*640)
			}
		}
	}
}
