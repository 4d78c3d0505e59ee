package energy

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/config"
)

// node is a technology: its factors on the energy and area of the tables, which are at 45 nm and 0.9 V.
//
// Energy of logic. Stillmaker & Baas (Integration 58, 2017, Table: E = a V^2 + b V + c) give, relative to 45 nm at 0.9
// V, 0.541/ 0.844 at 32 nm, 0.201 at 20 nm and 0.9 V, 0.120 at 16 nm and 0.8 V, 0.0478 at 7 nm and 0.7 V [V]. Products
// say less: TPU v4i's table (Jouppi et al., ISCA 2021, Table 2) has fp16 multiply and add at 7 nm at 0.34 + 0.16 pJ for
// Horowitz's 1.1 + 0.4 [M].
//
//	28 nm  0.51   two thirds from 20 to 32 nm: (0.201 + (0.541 - 0.201) 2/3) / 0.844 = 0.507; BitMoD's FP16 PE / Horowitz's
//	              units = 0.77 / 1.5 = 0.513
//	16 nm  0.25   geometric mean of 0.120 / 0.844 = 0.142 and of 0.43, which lies on the line (log-log) from 0.51 at
//	              28 to 0.333 at 7 nm
//	 7 nm  0.14   geometric mean of 0.0478 / 0.844 = 0.0566 and of 0.50 / 1.5 = 0.333: the truth is within a factor of 2.4
//	 5 nm  0.096  x 0.7: N5 takes 30 % less power than N7 at its speed (TSMC, quoted by WikiChip and dvhardware.net 2020) [V]
//
// Energy of memories falls less, as their voltage does: memory.go.
//
// Area of logic. Stillmaker & Baas, relative to 45 nm: 0.46 at 32, 0.21 at 20, 0.19 at 16, 0.059 at 7 nm [V].
//
//	28 nm  0.656  BitMoD's FP16 PE / Horowitz's units = 1968.7 / (1640 + 1360); Stillmaker & Baas: 0.21 + 0.25 x 2/3 = 0.377
//	16 nm  0.331  x 0.19 / 0.377; gate pitch x cell height of TSMC, 90 x 576 / (117 x 810) nm, says 0.547 for this 0.504 [M]
//	 7 nm  0.103  x 0.059 / 0.377 from 28 nm; 57 x 240 / (117 x 810) says 0.144 for this 0.157
//	 5 nm  0.056  / 1.84: TSMC's density of logic, N5 to N7 (WikiChip 2020) [V]; chips measure some 1.5
type node struct {
	energy float64 // of logic
	area   float64 // of logic
	sram   float64 // energy of a memory bank
	cell   float64 // um2 of a 6T cell
	volts  float64 // nominal: Horowitz, Stillmaker & Baas
}

// nodeOf returns the factors of a process. Cells: 0.346 (Intel, ISSCC 2006), 0.127, 0.074, 0.027, 0.021 um2 (TSMC's
// high-density 6T cells, IEDM 2016 and 2019) [V].
func nodeOf(p config.Process) node {
	switch p {
	case config.N45:
		return node{energy: 1, area: 1, sram: 1, cell: 0.346, volts: 0.9}
	case config.N28:
		return node{energy: 0.51, area: 0.656, sram: 0.51, cell: 0.127, volts: 0.9}
	case config.N16:
		return node{energy: 0.25, area: 0.331, sram: 0.38, cell: 0.074, volts: 0.8}
	case config.N7:
		return node{energy: 0.14, area: 0.103, sram: 0.25, cell: 0.027, volts: 0.7}
	case config.N5:
		return node{energy: 0.096, area: 0.056, sram: 0.18, cell: 0.021, volts: 0.7}
	}
	panic(fmt.Sprintf("energy: no factors for process %q", p))
}

// placed is what placement and routing add to the energy and the area of synthesised logic: 1.5, as BitMoD's authors
// take it (BitMoD-HPCA-25/bitmod_sim/pe_array.py, PR_SCALING) [V].
const placed = 1.5

// wire is the energy of one random bit over one millimetre, in fJ. Keckler et al. (IEEE Micro 31(5), 2011, Table 1):
// 310 pJ for 256 bits over 10 mm at 40 nm and 0.9 V, half of them toggling, so 121 fJ; capacitance per millimetre does
// not change from node to node, so it goes with the voltage squared: 96 fJ at 0.8 V, 73 at 0.7 V [V]. Their own
// projection: 78 fJ at 10 nm and 0.75 V; Dally (Yale Patt 75, 2014): 68 at 0.7 V.
func (n node) wire() float64 { return 121 * (n.volts / 0.9) * (n.volts / 0.9) }

// leak is the power that a square millimetre of cells leaks, in mW. At 45 nm 33 in Bit Fusion's synthesis (22.95 uW of
// 688 um2 for an 8 x 8 PE) [V], 8.6 and 12.6 for Aladdin's 40 nm adder and multiplier (2.4 uW of 278 um2, 80 uW of
// 6350) [V]: the geometric mean of 33 and 10.5. A gate's leakage is taken to scale as its energy does, as Accelergy
// does it [V]. Per area it then is 14 mW/mm2 at 28 nm, 33 at 5 nm.
func (n node) leak() float64 { return 18.6 * n.energy / n.area }
