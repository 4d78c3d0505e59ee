package dram

import (
	"fmt"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// TestBitPlaneLayoutsKeepTheBandwidth measures 1 MiB tiles of bit-planes on four LPDDR5-6400 channels with the default
// mapping: turns of 1 KiB per channel, four planes stored, two to four of them read.
func TestBitPlaneLayoutsKeepTheBandwidth(t *testing.T) {
	const channels, floor = 4, 85.0
	turn := channels * unit.KiB
	s := mustNew(t, Options{Channels: channels}, "lpddr5-6400")
	tiles := func(tile func(i unit.Bytes) isa.Pattern) (walks []isa.Pattern) {
		for i := range unit.Bytes(32) {
			walks = append(walks, tile(i))
		}
		return walks
	}
	type layout struct {
		name  string
		walks []isa.Pattern
	}
	layouts := []layout{{"contiguous", tiles(func(i unit.Bytes) isa.Pattern { return isa.Contiguous(i*unit.MiB, unit.MiB) })}}
	for planes := 1; planes <= 4; planes++ {
		outer := int(unit.MiB/turn) / planes
		span := unit.Bytes(outer) * turn
		layouts = append(layouts, layout{fmt.Sprintf("%d of 4 planes interleaved", planes), tiles(func(i unit.Bytes) isa.Pattern {
			return isa.Pattern{Base: i * span * 4, Turn: turn, Planes: planes, PlaneStride: turn, Outer: outer, OuterStride: 4 * turn}
		})}, layout{fmt.Sprintf("%d of 4 planes plane-major", planes), tiles(func(i unit.Bytes) isa.Pattern {
			return isa.Pattern{Base: i * span, Turn: turn, Planes: planes, PlaneStride: 64 * unit.MiB, Outer: outer, OuterStride: turn}
		})})
	}
	for _, l := range layouts {
		t.Run(l.name, func(t *testing.T) {
			got := efficiency(t, s, l.walks)
			t.Logf("%.2f %% of the peak", got)
			if got < floor {
				t.Errorf("%.2f %% of the peak; the layouts are chosen for %.0f %% or more", got, floor)
			}
		})
	}
}
