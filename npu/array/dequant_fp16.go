package array

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// dequantFP16 puts a codebook look-up in front of an fp16 MAC array, as a GPU's kernels do (Any-Precision LLM, ICML
// 2024): cycles do not depend on the weight width, and dequant_lanes look-ups a cycle bound how fast weights enter the
// array.
//
//	PE: 1 MAC in 1 cycle
//	tile ≥ N × K × (times that each weight enters) / dequant_lanes, if the weights are codes
//
// Values are not kept outside the PEs: a dataflow that reads a weight again looks it up again. Another precision has
// another codebook, which comes with the tiles; the codes of the old one drain before the decoder of planes is set.
//
// With array.group_scales: sums the scales wait behind the columns, as in the other styles (partialSums), and tables alone are looked up.
//
// fp16 weights bypass the codebook. Left out: conflicts between lanes at a codebook's ports.
type dequantFP16 struct{ a config.Array }

// Rate returns one MAC a cycle.
func (s dequantFP16) Rate(unit.Bits) Rate { return Rate{Cycles: 1, Lanes: 1} }

// Feed returns a look-up for each code that enters the array, or its product with a scale: the lanes do either, and one behind
// the other where a table's values are scaled.
func (s dequantFP16) Feed(w isa.Work, n int64) Feed {
	if !w.Quantised {
		return Feed{}
	}
	if s.a.Scales == config.ScaleSums && w.Group > 0 && !w.Table {
		return partialSums(s.a, w)
	}
	n = times(n, int64(w.N), int64(w.K), int64(w.Repeat))
	f := Feed{Cycles: ceil(n, int64(s.a.DequantLanes))}
	if w.Group > 0 {
		f.Scalings = n
	}
	if w.Group == 0 || w.Table {
		f.Lookups = n
	}
	return f
}

// Switch drains the array and sets the decoder.
func (s dequantFP16) Switch() unit.Cycles { return Fill(s.a) + s.a.SwitchCycles }

func dequantFP16InWords() Description {
	return Description{
		Meaning: "codebook look-ups in front of an fp16 array: fewer bits, less traffic only",
		Paper:   "Any-Precision LLM, ICML 2024",
		MAC:     "1",
		Tile:    "N * K * (times that a weight enters) / dequant_lanes if quantised; with array.group_scales: sums as the other styles",
		Switch:  "drain + switch_cycles",
		Omitted: "conflicts at the codebooks' ports",
	}
}
