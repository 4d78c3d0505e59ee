package array

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// bitSerialWeight feeds each PE an activation in parallel and the weight a few bits at a time (UNPU, JSSC 2019: cycles
// proportional to the weight width, 1 to 16 bits; BitMoD, HPCA 2025: two bits a cycle, so that 3 bits cost what 4 do).
// fp16 weights take 16 serial bits, UNPU's widest mode.
//
//	PE: 1 MAC in ⌈bits / bits_per_cycle⌉ cycles
//
// A width is a number of planes that pass through the array one after the other: a change sets a register, which the
// planes of the next op follow, without a drain.
//
// Codes are taken to be sums of per-plane terms (binary-coding quantisation), so a codebook adds traffic, not cycles.
// Left out: the shift of the accumulators after a plane, and BitMoD's merging of four-wide dot products, which saves
// area.
type bitSerialWeight struct{ a config.Array }

// Rate returns one MAC, in as many cycles as the weight's planes take.
func (s bitSerialWeight) Rate(weight unit.Bits) Rate {
	return Rate{Cycles: ceil(int64(weight), int64(s.a.BitsPerCycle)), Lanes: 1}
}

// Feed returns the scaling of partial sums, where groups of weights have scales; else a tile needs nothing beside the
// PEs.
func (s bitSerialWeight) Feed(w isa.Work, _ int64) Feed { return partialSums(s.a, w) }

// Switch sets the number of planes.
func (s bitSerialWeight) Switch() unit.Cycles { return s.a.SwitchCycles }

func bitSerialWeightInWords() Description {
	return Description{
		Meaning: "activations in parallel, weights a few bits at a time: fewer bits, fewer cycles",
		Paper:   "UNPU, JSSC 2019; BitMoD, HPCA 2025",
		MAC:     "ceil(bits / bits_per_cycle)",
		Switch:  "switch_cycles",
		Omitted: "the shift of the accumulators between planes; codebooks cost traffic only (binary-coding quantisation)",
	}
}
