package energy

import (
	"math"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// A scratchpad is banks of 8 KiB and wires to them.
//
// Energy of a bank, fJ a bit at 45 nm: Horowitz's 8 KB take 10 pJ a 64-bit access, 156 a bit [V]; CACTI's 8 KiB with a
// 512-bit port at 28 nm 34.7 read and 48.6 written (Dongyunkam/DRAM_info) [V], which is 68 and 95 at 45 nm (/ 0.51).
// The geometric means. Keckler et al. have 14 pJ, 219 a bit, at 40 nm; CACTI with a 32-bit port at 45 nm (Bit Fusion's
// cacti_sweep.csv) 200 and 174 [V].
//
// The factors of the nodes (node.sram): 28 nm as logic. 7 nm: 103 fJ x Stillmaker & Baas's 0.0566 is 5.8, TPU v4i has
// 7.5 pJ / 64 = 117 [M]; their geometric mean is 26, 0.25 of 103. 16 nm on the line (log-log) between the two, 5 nm x
// 0.7 as logic.
const bankRead, bankWrite = 103, 122

// arrayEfficiency is the share of cells in the area of a memory: 0.67 for a 32 KiB macro at 12 nm (29142 um2), 0.52 for
// 4 KiB (4684), 0.85 for 256 KiB (183290), all with the 16 nm cell of 0.074 um2 (RecPipe's RPAccel, synthesis reports)
// [V].
const arrayEfficiency = 0.67

// tree is the length of wire between a bank and the port, in sides of the memory's square: an H-tree is one side long,
// half across and half along; as much again for addresses, enables and unselected branches [A]. CACTI's 2 MiB with a
// 256-bit port at 22 nm, 0.135 nJ or 527 fJ a bit on 3.67 mm2 (ZigZag's example_mem_pool.yaml) [V], gives 2.1.
const tree = 2

// sramArea returns the area of a memory in mm2.
func (n node) sramArea(size unit.Bytes) float64 {
	return float64(size) * 8 * n.cell / arrayEfficiency * 1e-6
}

// scratchpad returns the energy of a byte read from and written to one core's scratchpad, in fJ: of the bank and of the
// wires.
func scratchpad(c *config.Config, n node) (read, write float64) {
	wires := float64(tree * math.Sqrt(n.sramArea(c.Scratchpad.Size)) * n.wire())
	return 8 * (float64(bankRead*n.sram) + wires), 8 * (float64(bankWrite*n.sram) + wires)
}

// A small memory: 128 bytes with a 32-bit port. CACTI at 45 nm: 21.4 fJ a bit read, 28.9 written, 1499 um2 (Bit
// Fusion's cacti_sweep.csv) [V].
const smallRead, smallWrite, smallArea = 21.4, 28.9, 1499

// tables is the cost of what a style keeps beside its PEs, at 45 nm: the codebooks of dequant-fp16, the tables of lut.
type tables struct {
	lookUp float64 // fJ: a code through its codebook
	entry  float64 // fJ: an entry computed and stored
	area   float64 // um2 for one core, as synthesised
}

// shared is the number of PEs of a row that read one copy of a table. More than 32 do not pay, say FIGLUT's authors
// [M].
const shared = 32

// tablesOf returns the cost of a style's tables. A codebook is a small memory for each lane (64 entries of fp16: up to
// six bits), its entries in the format of the activations. A lut table is in registers, half a table for each row, one
// copy for 32 columns; an entry takes one addition in the format of the activations.
func tablesOf(a config.Array) tables {
	f := formatOf(a.Activations)
	switch a.Style {
	case config.DequantFP16:
		width := 1 + f.exponent + f.mantissa - 1 // sign, exponent, mantissa without the hidden bit
		if f.exponent == 0 {
			width = f.mantissa
		}
		return tables{lookUp: width * smallRead, area: float64(a.DequantLanes) * smallArea}
	case config.PlainINT8: // entries of int8
		return tables{lookUp: 8 * smallRead, area: float64(a.DequantLanes) * smallArea}
	case config.LUT:
		copies := float64((a.Cols + shared - 1) / shared)
		stored := bill{registers: float64(entryBits(f, float64(a.LUTGroup)) * copies)}.cost()
		half := float64(int(1) << (a.LUTGroup - 1))
		return tables{
			entry: f.add.energy + stored.energy,
			area:  float64(float64(a.Rows)*half*stored.area) + float64(float64(a.LUTEntries)*f.add.area),
		}
	}
	return tables{}
}

// A lane of the vector unit: an fp16 multiplier and an adder for arithmetic, another pair for functions [A], and a
// register file from which it reads two operands and to which it writes one result.
const (
	laneEnergy = (fp16AddEnergy+fp16MulEnergy)/2*placed + 2*16*smallRead + 16*smallWrite // an addition or a multiplication
	laneArea   = 2*(fp16AddArea+fp16MulArea)*placed + smallArea
)
