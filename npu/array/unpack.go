package array

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
)

// unpacking returns the cycles that it takes to turn the codes of a pass into operands, and the scales that groups of g of
// them share (config.Unpack).
//
//	per tile     N × K × repeat / array.unpack.bitsB + N × ⌈K / g⌉ × repeat / array.unpack.scales
//	per vector   M times as many
func (a *Array) unpacking(w isa.Work) (cycles int64) {
	u := a.array.Unpack
	vectors := int64(1)
	if u.Per == config.PerVector {
		vectors = int64(w.M)
	}
	if rate := int64(u.Rate(w.Bits)); rate > 0 {
		cycles = ceil(times(vectors, int64(w.N), int64(w.K), int64(w.Repeat)), rate)
	}
	if rate := int64(u.Scales); rate > 0 {
		over, each := groups(w)
		cycles += ceil(times(vectors, over, each, int64(w.Repeat)), rate)
	}
	return min(cycles, forever)
}

// unpacked returns the cycles of a pass that takes so many without unpacking, and those of them in which unpacking
// holds it up: beside the products the longer of the two counts, before them their sum.
func (a *Array) unpacked(cycles, unpack int64) (all, held int64) {
	switch {
	case a.array.Unpack.Overlap == config.OverlapLoads:
		return min(forever, cycles+unpack), unpack
	case unpack > cycles:
		return unpack, unpack
	}
	return cycles, 0
}
