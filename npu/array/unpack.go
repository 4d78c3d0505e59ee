package array

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
)

// unpacking returns the cycles that it takes to turn the codes of a pass into operands, each of which enters the array
// so many times (config.Unpack).
//
//	unpack ≥ N × K × repeat / array.unpack.bitsB                       per tile
//	unpack ≥ N × K × repeat × (times that each enters) / array.unpack.bitsB   per vector
func (a *Array) unpacking(w isa.Work, entries int64) int64 {
	u := a.array.Unpack
	rate := int64(u.Rate(w.Bits))
	if rate == 0 {
		return 0
	}
	if u.Per != config.PerVector {
		entries = 1
	}
	return ceil(times(int64(w.N), int64(w.K), int64(w.Repeat), entries), rate)
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
