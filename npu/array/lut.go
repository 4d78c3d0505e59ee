package array

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// lut replaces multiplication by tables (T-MAC, EuroSys 2025; LUT Tensor Core, ISCA 2025; FIGLUT, HPCA 2025): a table
// holds the sums that lut_group activations make with any one bit of each of their weights; the weights' bits are its
// index. A PE looks up one bit of a group's weights a cycle and shifts and adds the planes.
//
//	PE: lut_group MACs in bits cycles
//	tile ≥ M × ⌈K / lut_group⌉ × 2^(lut_group − 1) / lut_entries
//
// A table has 2^(lut_group − 1) entries: bits stand for ±1, and the other half has the same values with the other sign
// (LUT Tensor Core, FIGLUT). Each entry is one addition to the one before it (Gray code), lut_entries of them a cycle.
// Tables are computed once a tile, before and while it runs, and serve all of its outputs. A change of precision costs
// nothing: the number of planes comes with the op.
//
// Codes are sums of per-plane terms (binary-coding quantisation). Operands of 16 bits are 16 planes, as for
// bit-serial-weight. Left out: the memory that holds the tables, and conflicts at its ports; tables kept from tile to
// tile of an op, or made by the op before (LUT Tensor Core fuses them), which would save some of them; 8-bit tables
// (T-MAC).
type lut struct{ a config.Array }

// Rate returns a group of MACs, in a look-up for each plane.
func (s lut) Rate(weight unit.Bits) Rate {
	return Rate{Cycles: int64(weight), Lanes: int64(s.a.LUTGroup)}
}

// Feed returns the computation of the tables, for each row of activations, and the scaling of partial sums.
func (s lut) Feed(w isa.Work, _ int64) Feed {
	group := int64(s.a.LUTGroup)
	n := times(int64(w.M), int64(w.Repeat), ceil(int64(w.K), group), 1<<(group-1))
	f := partialSums(s.a, w)
	return Feed{Cycles: max(f.Cycles, ceil(n, int64(s.a.LUTEntries))), TableEntries: n, Scalings: f.Scalings}
}

// Switch costs nothing.
func (s lut) Switch() unit.Cycles { return 0 }

func lutInWords() Description {
	return Description{
		Meaning: "tables of activation sums, looked up by weight bits: fewer bits, fewer look-ups",
		Paper:   "T-MAC, EuroSys 2025; LUT Tensor Core, ISCA 2025; FIGLUT, HPCA 2025",
		MAC:     "bits / lut_group",
		Tile:    "M * ceil(K / lut_group) * 2^(lut_group - 1) / lut_entries",
		Switch:  "none",
		Omitted: "memory of the tables and its ports; tables kept from tile to tile",
	}
}
