package array

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
)

// Values of a table are looked up, and scaled by groups: on lanes that do one behind the other in front of an fp16 array, and on
// the same lanes one after the other where partial sums are scaled behind an int8 array. Arrays that take planes need neither
// look-up.
func TestTablesAreLookedUpAndScaled(t *testing.T) {
	const m, n, k, group, lanes = 1, 64, 512, 64, 16
	w := isa.Work{M: m, N: n, K: k, Repeat: 1, Bits: 4, Quantised: true, Group: group, Table: true}
	for style, want := range map[config.Style]Feed{
		config.DequantFP16:     {Cycles: n * k / lanes, Lookups: n * k, Scalings: n * k},
		config.PlainINT8:       {Cycles: n*k/lanes + n*k/group/lanes, Lookups: n * k, Scalings: n * k / group},
		config.BitSerialWeight: {Cycles: n * k / group / lanes, Scalings: n * k / group},
	} {
		c, err := config.Preset("edge-lpddr5")
		if err != nil {
			t.Fatal(err)
		}
		c.Array.Style, c.Array.DequantLanes = style, lanes
		a, err := NewArray(c)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.style.Feed(w, 1); got != want {
			t.Errorf("%s: %+v, want %+v", style, got, want)
		}
	}
}
