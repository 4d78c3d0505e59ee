package array

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// plainINT8 is an array of 8-bit multipliers, as phones' NPUs and the RK3588's have (3 × 1024 int8 MACs a cycle, TRM).
// Narrower weights are sign-extended and take as long as those of 8 bits: 4 bits save traffic and no cycles. Wider
// operands are cut into pieces of 8 bits that follow each other: fp16 activations are 12 bits wide (significand), 2
// pieces.
//
//	PE: 1 MAC in ⌈weight bits / 8⌉ × ⌈activation bits / 8⌉ cycles
//	tile ≥ N × K × (times that each weight enters) / dequant_lanes, if the codes have codebooks
//	tile ≥ M × N × ⌈K / g⌉ / dequant_lanes, if groups of g codes have scales (partialSums)
//
// W8A8 is weights of 8 bits with array.activations: int8; W4A8 with groups is what QServe (MLSys 2025) calls it.
// Codebooks, and tables whose values groups scale (NF4), hold int8 values here, codebooks with a scale a row. A change of width costs switch_cycles and no drain: the sign
// extension follows the op.
//
// Left out: QServe's order, which scales codes to int8 before the array instead of partial sums behind it.
type plainINT8 struct{ a config.Array }

// Rate returns one MAC in as many cycles as the operands have pieces.
func (s plainINT8) Rate(weight unit.Bits) Rate {
	return Rate{Cycles: ceil(int64(weight), 8) * ceil(significand(s.a.Activations), 8), Lanes: 1}
}

// Feed returns a look-up for each code that enters the array, or the scaling of partial sums.
func (s plainINT8) Feed(w isa.Work, n int64) Feed {
	f := partialSums(s.a, w)
	if w.Quantised && (w.Group == 0 || w.Table) {
		n = times(n, int64(w.N), int64(w.K), int64(w.Repeat))
		f.Cycles, f.Lookups = f.Cycles+ceil(n, int64(s.a.DequantLanes)), n
	}
	return f
}

// Switch sets the sign extension.
func (s plainINT8) Switch() unit.Cycles { return s.a.SwitchCycles }

func plainINT8InWords() Description {
	return Description{
		Meaning: "8-bit multipliers: narrower weights take as long, fewer bits, less traffic only",
		Paper:   "RK3588 TRM; QServe, MLSys 2025 (W4A8)",
		MAC:     "ceil(bits / 8) * ceil(act. bits / 8); act. bits: int8 8, bf16 9, fp16 12",
		Tile:    "N * K * (times that a weight enters) / dequant_lanes with codebooks; M * N * ceil(K / group) / dequant_lanes with groups",
		Switch:  "switch_cycles",
		Omitted: "codes scaled to int8 in front of the array (QServe)",
	}
}
