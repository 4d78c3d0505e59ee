package energy

// bill is a bill of materials of a PE, in bits of each component.
type bill struct {
	products  float64 // bits of one operand times bits of the other, of multipliers
	adders    float64
	muxes     float64 // two-way, also in shifters and negations; in a tree all toggle, as a level has one select signal
	registers float64
	held      float64 // registers that keep their value for several cycles: clocked, but seldom toggling
}

// Energy in fJ and area in um2 of one bit of a component, at 45 nm and 0.9 V.
//
// Horowitz (ISSCC 2014, as public simulators quote it, stillwater-sc/universal's generic_45nm.hpp among them) [V]:
//
//	adder       0.1 pJ / 32 bits = 3.1 fJ; 137 um2 / 32 = 4.28 um2
//	multiplier  0.2 pJ / 64 = 3.1, 3.1 pJ / 1024 = 3.0 fJ per product; 282 / 64 = 4.4, 3495 / 1024 = 3.4 um2: their mean
//
// Cells of NanGate's 45 nm library: DFF_X1 4.522 um2 [V], MUX2_X1 1.862 um2 [M]. Energy of a multiplexer: an adder's by
// area, 3.1 x 1.862 / 4.28 [A]. Energy of a register: Bit Fusion's fixed PEs of 2, 4, 8, 16 bits take 63, 136, 344,
// 1085 fJ a cycle (its results/systolic_array_synth.csv, 500 MHz) [V], which is 2.6 n^2 + 21 n + 11 within 8 %; 21 fJ
// are six registers and two adders a bit [A]: (21 - 2 x 3.1) / 6 = 2.5 fJ. Aladdin's 40 nm register has 9 fJ and 5.98
// um2 [V].
const (
	adderEnergy, adderArea       = 3.1, 4.28
	productEnergy, productArea   = 3.1, 3.9
	muxEnergy, muxArea           = 1.35, 1.862
	registerEnergy, registerArea = 2.5, 4.522
	heldShare                    = 0.5 // of a register's energy: its clock pin [A]
)

// fp16 units, fJ and um2 (Horowitz as above) [V]. bf16: TPU v4i's table has 0.11 and 0.21 pJ for fp16's 0.16 and 0.34
// [M]; areas in the same ratio [A].
const (
	fp16AddEnergy, fp16AddArea = 400, 1360
	fp16MulEnergy, fp16MulArea = 1100, 1640
	bf16Add, bf16Mul           = 0.11 / 0.16, 0.21 / 0.34
)

// cost is energy in fJ per cycle and area in um2, at 45 nm, as synthesised.
type cost struct{ energy, area float64 }

// cost returns the sum of the components.
func (b bill) cost() cost {
	return cost{
		energy: float64(b.products*productEnergy) + float64(b.adders*adderEnergy) + float64(b.muxes*muxEnergy) +
			float64((b.registers+float64(b.held*heldShare))*registerEnergy),
		area: float64(b.products*productArea) + float64(b.adders*adderArea) + float64(b.muxes*muxArea) + float64((b.registers+b.held)*registerArea),
	}
}

func (c cost) times(energy, area float64) cost {
	return cost{float64(c.energy * energy), float64(c.area * area)}
}
