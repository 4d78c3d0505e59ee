package array

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
)

// unpacking returns the cycles that it takes to turn the codes of a pass into operands (config.Unpack).
//
//	per tile     N × K × repeat / array.unpack.bitsB
//	per vector   M × N × K × repeat / array.unpack.bitsB
func (a *Array) unpacking(w isa.Work) int64 {
	u := a.array.Unpack
	rate := int64(u.Rate(w.Bits))
	if rate == 0 {
		return 0
	}
	vectors := int64(1)
	if u.Per == config.PerVector {
		vectors = int64(w.M)
	}
	return ceil(times(vectors, int64(w.N), int64(w.K), int64(w.Repeat)), rate)
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
