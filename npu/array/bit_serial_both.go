package array

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// bitSerialBoth feeds each PE a few bits of both operands at a time (Loom, DAC 2018: cycles proportional to the product
// of the widths). With bits_per_cycle: 16 the weights enter in parallel and only the activations are serial (Stripes,
// MICRO 2016: cycles proportional to the activation width, whatever the weight's).
//
//	PE: 1 MAC in ⌈bits / bits_per_cycle⌉ × ⌈activation bits / activation_bits_per_cycle⌉ cycles
//
// Activation bits are 8 for int8, 12 for fp16, 9 for bf16 (see significand). A change of width sets registers.
//
// Left out: Loom's schedule for fully connected layers, whose cycles follow the weight width alone; widths trimmed to
// each group's largest value at run time; zero bits, which are not skipped.
type bitSerialBoth struct{ a config.Array }

// Rate returns one MAC, in the product of the cycles that the planes of both operands take.
func (s bitSerialBoth) Rate(weight unit.Bits) Rate {
	planes := ceil(int64(weight), int64(s.a.BitsPerCycle))
	return Rate{Cycles: planes * ceil(significand(s.a.Activations), int64(s.a.ActivationBits)), Lanes: 1}
}

// Feed returns the scaling of partial sums, where groups of weights have scales; else a tile needs nothing beside the
// PEs.
func (s bitSerialBoth) Feed(w isa.Work, _ int64) Feed { return partialSums(s.a, w) }

// Switch sets the numbers of planes.
func (s bitSerialBoth) Switch() unit.Cycles { return s.a.SwitchCycles }

func bitSerialBothInWords() Description {
	return Description{
		Meaning: "both operands a few bits at a time: cycles follow the product of the widths",
		Paper:   "Loom, DAC 2018; Stripes, MICRO 2016 (bits_per_cycle: 16)",
		MAC:     "ceil(bits / bits_per_cycle) * ceil(act. bits / activation_bits_per_cycle); act. bits: int8 8, bf16 9, fp16 12",
		Switch:  "switch_cycles",
		Omitted: "Loom's schedule for fully connected layers; widths trimmed at run time; bits shifted out by the alignment of floats",
	}
}
