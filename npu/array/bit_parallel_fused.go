package array

import (
	"math/bits"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// bitParallelFused is an array of fusion units (Bit Fusion, ISCA 2018): 2-bit multipliers, bricks, that fuse in space
// into products up to fused_bits × fused_bits, or work on as many narrower ones side by side. Wider operands are cut
// into pieces of fused_bits that follow each other. Widths are powers of two, at least 2: 3 bits cost what 4 do.
//
//	w, a = the widths rounded up; F = fused_bits
//	PE: ⌈F / w⌉ × ⌈F / a⌉ MACs in ⌈w / F⌉ × ⌈a / F⌉ cycles
//
// Activations are 8 bits wide for int8 and 16 for fp16 and bf16, whose aligned significands need more than 8. The
// pipeline of a unit holds products of one fusion only: a change drains the array and sets the units.
//
// Left out: the latency of the shift-add tree, a constant of the pipeline; and the wider links that narrow operands
// need (2-bit operands take as many bits a cycle as the widest ones).
type bitParallelFused struct{ a config.Array }

// Rate returns the products that the bricks of a fusion unit form: several narrow ones at a time, or a wide one in
// several cycles.
func (s bitParallelFused) Rate(weight unit.Bits) Rate {
	r := Rate{Cycles: 1, Lanes: 1}
	f := int64(s.a.FusedBits)
	for _, width := range []int64{powerOfTwo(int64(weight)), powerOfTwo(significand(s.a.Activations))} {
		if width > f {
			r.Cycles *= width / f
		} else {
			r.Lanes *= f / width
		}
	}
	return r
}

// powerOfTwo returns the narrowest width of fused bricks that holds n bits.
func powerOfTwo(n int64) int64 { return max(2, int64(1)<<bits.Len64(uint64(n-1))) }

// Feed returns the scaling of partial sums, where groups of weights have scales; else a tile needs nothing beside the
// PEs.
func (s bitParallelFused) Feed(w isa.Work, _ int64) Feed { return partialSums(s.a, w) }

// Switch drains the array and sets the units.
func (s bitParallelFused) Switch() unit.Cycles { return Fill(s.a) + s.a.SwitchCycles }

func bitParallelFusedInWords() Description {
	return Description{
		Meaning: "2-bit multipliers that fuse into wide ones: narrow operands, more products at a time",
		Paper:   "Bit Fusion, ISCA 2018",
		MAC:     "(w / fused_bits) * (a / fused_bits); w, a: widths of weight and activation, rounded up to 2, 4, 8, 16",
		Switch:  "drain + switch_cycles",
		Omitted: "latency of the shift-add tree; the wider links of narrow operands",
	}
}
