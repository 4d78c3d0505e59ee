package energy

import (
	"fmt"
	"math/bits"

	"github.com/pmpdsim/pmpdsim/npu/config"
)

// format is a number format, with the units that compute in it.
type format struct {
	mantissa float64 // with the hidden bit; int8: all of it
	exponent float64
	add, mul cost // an adder and a multiplier of it
}

func formatOf(a config.Activations) format {
	fp := func(mantissa, exponent, add, mul float64) format {
		return format{mantissa, exponent, cost{fp16AddEnergy, fp16AddArea}.times(add, add),
			cost{fp16MulEnergy, fp16MulArea}.times(mul, mul)}
	}
	switch a {
	case config.FP16:
		return fp(11, 5, 1, 1)
	case config.BF16:
		return fp(8, 8, bf16Add, bf16Mul)
	case config.INT8: // sums are 32 bits wide
		return format{mantissa: 8, add: bill{adders: 32}.cost(), mul: bill{products: 64}.cost()}
	}
	panic(fmt.Sprintf("energy: no datapath for activations %q", a))
}

// peOf returns the cost of one PE of the array at 45 nm, as synthesised.
func peOf(a config.Array) cost {
	f := formatOf(a.Activations)
	switch a.Style {
	case config.BitSerialWeight:
		return fitted(serialBill(f, float64(a.BitsPerCycle)))
	case config.BitSerialBoth:
		return fitted(bothBill(float64(a.ActivationBits), float64(a.BitsPerCycle)))
	case config.BitParallelFused:
		return fusionUnit(a.FusedBits)
	case config.LUT:
		return fitted(lookUpBill(f, float64(a.LUTGroup)))
	case config.DequantFP16:
		return macOf(f)
	case config.PlainINT8:
		return macOf(formatOf(config.INT8))
	}
	panic(fmt.Sprintf("energy: no PE for style %q", a.Style))
}

// macOf returns the cost of a bit-parallel multiply-accumulate. Horowitz's numbers for floating-point units are taken
// to include the operand registers: BitMoD's PE agrees (0.77 pJ for 0.765 at 28 nm).
func macOf(f format) cost {
	c := cost{f.mul.energy + f.add.energy, f.mul.area + f.add.area}
	if f.exponent == 0 { // an integer unit: two operands and the sum
		r := bill{registers: 2*f.mantissa + 32}.cost()
		c = cost{c.energy + r.energy, c.area + r.area}
	}
	return c
}

// serialBill returns the bill of one lane of a bit-serial PE, activation times so many weight bits, after BitMoD's RTL
// (yc2367/BitMoD, hardware/pe: exp_match, bs_mul, grp_accum) [V]: four lanes share the largest exponent, the adder tree
// and the accumulator.
//
//	activation --+-- product -- align to the largest exponent -- negate --+
//	weight bits -+                                                        +-- tree of 4 -- shift by significance -- accumulate
//
// Products of an 11-bit mantissa and a term are 14 bits wide once aligned, sums of four 17, accumulators 23 [V]; in
// general mantissa + weight bits + 1, + 3, + 6 [A]. The activation is held while the bits of its weight pass.
func serialBill(f format, weight float64) bill {
	const lanes = 4.0
	width := f.mantissa + weight + 1
	sum := width + 3
	acc := sum + 6
	b := bill{
		products:  float64(f.mantissa * weight),
		adders:    float64((float64(2*(width+1)) + (width + 2)) / lanes), // the tree
		muxes:     width,                                                 // the negation
		registers: weight + 1 + float64((sum+acc)/lanes),
		held:      float64(2 * f.mantissa), // what came, and what goes to the neighbour
	}
	b.adders += float64(acc / lanes)
	b.muxes += float64(3 * acc / lanes) // shift by the significance of the weight bits, 0 to 6
	if f.exponent > 0 {
		exp := f.exponent + 1
		b.adders += f.exponent + float64(exp*3/lanes) + exp                              // exponent of the product, the largest of four, the difference
		b.adders += float64((acc + float64(2*exp)) / lanes)                              // negation of the sum, exponents of the accumulator
		b.muxes += float64(4*width) + float64((float64(4*(sum-2))+float64(4*acc))/lanes) // align; align the accumulator, normalise
		b.registers += exp + 1                                                           // difference and sign
		b.held += float64(2 * f.exponent)                                                // of the activation
		b.registers += float64(exp / lanes)                                              // of the accumulator
	}
	return b
}

// bothBill returns the bill of one lane of a unit that takes both operands serially, after Loom's SIP (Sharify et al.,
// DAC 2018): sixteen lanes, an adder tree, and an accumulator of 24 bits that shifts [M]. Activations come as integers:
// floating-point ones are aligned once at the edge of the array, as FIGNA does. They are broadcast along the rows, so a
// lane holds its weight bits only [A].
func bothBill(activation, weight float64) bill {
	const lanes, acc = 16.0, 24.0    // not integers: 24 / 16 is one and a half
	width := activation + weight - 1 // one bit times one bit is one bit
	b := bill{products: activation * weight, registers: (width + 4 + acc) / lanes, held: weight, muxes: acc / lanes}
	for pairs, w := 8.0, width; pairs >= 1; pairs, w = pairs/2, w+1 {
		b.adders += float64(pairs * w / lanes)
	}
	b.adders += float64(2 * acc / lanes) // over activation bits, and over weight bits
	return b
}

// entryBits returns the width of a table entry: the sum of a group of mantissas, aligned with four bits more than they
// have [A].
func entryBits(f format, group float64) float64 {
	return f.mantissa + 4 + float64(bits.Len(uint(group)-1))
}

// lookUpBill returns the bill of FIGLUT's read-accumulate unit: the weight bits of a group select from half a table
// (the other half has the opposite sign), and the entry is negated and added up. The table itself is in tablesOf.
func lookUpBill(f format, group float64) bill {
	entry := entryBits(f, group)
	acc := entry + 7
	half := float64(int(1) << (int(group) - 1))
	return bill{adders: acc, muxes: entry * half, registers: acc + group}
}

// fusionUnit returns the cost of Bit Fusion's unit, as synthesised at 45 nm and 500 MHz with 2-bit bricks
// (hsharma35/bitfusion, results/systolic_array_synth.csv, 1 x 1, dynamic power / 500 MHz) [V]. It computes on integers,
// whatever the format of the activations: see bothBill.
func fusionUnit(bits int) cost {
	switch bits {
	case 2:
		return cost{57.5, 124.9} // 28.742 uW
	case 4:
		return cost{156.9, 431.5} // 78.470 uW
	case 8:
		return cost{559.9, 1733.1} // 279.96 uW
	case 16:
		return cost{2332.4, 7492.4} // 1166.2 uW
	}
	panic(fmt.Sprintf("energy: no fusion unit of %d bits", bits))
}

// BitMoD's bit-serial PE of four lanes, two weight bits a cycle, fp16 activations, 28 nm, 1 GHz: 0.56 pJ a cycle and
// 1507.7 um2 (BitMoD-HPCA-25/bitmod_sim/test_bitmod.py) [V].
const bitmodEnergy, bitmodArea = 560.0 / 4, 1507.7 / 4

// fitted returns the cost of a bill, scaled by the factors that give BitMoD's bit-serial PE its published cost:
// synthesis shares logic that a bill counts twice. How cost depends on the parameters comes from the bill.
func fitted(b bill) cost {
	energy, area := fit()
	return b.cost().times(energy, area)
}

func fit() (energy, area float64) {
	n, c := nodeOf(config.N28), serialBill(formatOf(config.FP16), 2).cost()
	return bitmodEnergy / (c.energy * n.energy), bitmodArea / (c.area * n.area)
}
