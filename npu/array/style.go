package array

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Style is how an array of Rows×Cols processing elements (PEs) turns operand widths into cycles. Rows lie along the
// reduction (K), columns along the outputs (N); a fold is one Rows×Cols block of weights.
type Style interface {
	// MACCycles is what one multiply-accumulate with a weight of this width costs one PE.
	MACCycles(bits unit.Bits) unit.Cycles
	// Tile is the occupation of the array by one tile, without fill and drain.
	Tile(w isa.Work) unit.Cycles
}

// New returns the style that a.Style names.
func New(a config.Array) (Style, error) {
	switch a.Style {
	case config.BitSerialWeight:
		return bitSerialWeight{a}, nil
	case config.DequantFP16:
		return dequantFP16{a}, nil
	}
	return nil, fmt.Errorf("array.style: %q is not a style; accepted: %s, %s", a.Style, config.BitSerialWeight, config.DequantFP16)
}

var (
	_ Style = bitSerialWeight{}
	_ Style = dequantFP16{}
)

// folds is the number of Rows×Cols blocks that cover the N×K operand, for every repetition. A tile's edge blocks leave
// PEs idle: that is where utilisation is lost to shape. A tile with fewer outputs than half of the columns gives the
// columns left over further slices of the reduction, whose sums an adder behind the columns joins.
func folds(a config.Array, w isa.Work) unit.Cycles {
	along := ceil(w.K, a.Rows)
	if slices := a.Cols / w.N; slices > 1 {
		along = ceil(along, slices)
	}
	return unit.Cycles(along * ceil(w.N, a.Cols) * w.Repeat)
}

func ceil(a, b int) int { return (a + b - 1) / b }

// bitSerialWeight feeds each PE an activation in parallel and the weight a few bits at a time (UNPU, JSSC 2019: cycles
// proportional to the weight width, 1 to 16 bits; BitMoD, HPCA 2025: two bits a cycle). fp16 weights take 16 serial
// bits, UNPU's widest mode. Codes are taken to be sums of per-plane terms (binary-coding quantisation), so a codebook
// adds traffic, not cycles.
//
//	cycles of a tile = folds × max(M × ⌈bits / bits_per_cycle⌉, rows)
//
// The next fold's weights are loaded while the current one works, one row a cycle: with few activation rows (M) that
// load bounds a fold of a two-dimensional array. For a vector (M = 1) each PE takes its weights from its own
// scratchpad lane instead, a wide read whose cost is the scratchpad's bandwidth, and the row load does not apply.
type bitSerialWeight struct{ a config.Array }

func (s bitSerialWeight) MACCycles(bits unit.Bits) unit.Cycles {
	return unit.Cycles(ceil(int(bits), s.a.BitsPerCycle))
}

func (s bitSerialWeight) Tile(w isa.Work) unit.Cycles {
	return folds(s.a, w) * foldCycles(s.a, w, s.MACCycles(w.Bits))
}

// dequantFP16 puts a codebook look-up in front of an fp16 MAC array, as a GPU's kernels do: cycles do not depend on
// the weight width, and DequantLanes look-ups a cycle bound how fast new weights arrive.
//
//	cycles of a tile = max(folds × max(M, rows), N × K / dequant_lanes if quantised)
type dequantFP16 struct{ a config.Array }

func (s dequantFP16) MACCycles(unit.Bits) unit.Cycles { return 1 }

func (s dequantFP16) Tile(w isa.Work) unit.Cycles {
	c := folds(s.a, w) * foldCycles(s.a, w, 1)
	if w.Quantised {
		c = max(c, unit.Cycles(ceil(w.N*w.K*w.Repeat, s.a.DequantLanes)))
	}
	return c
}

// foldCycles is the time of one fold: M activation rows pass, and meanwhile the next weights move in row by row.
func foldCycles(a config.Array, w isa.Work, mac unit.Cycles) unit.Cycles {
	if w.M == 1 {
		return mac
	}
	return max(unit.Cycles(w.M)*mac, unit.Cycles(a.Rows))
}

// Fill is the skew of the array: the first result of an op leaves Rows+Cols-2 cycles after its operands entered, and
// the pipeline drains in as many. Tiles of one op follow each other without a gap, so an op pays it once.
func Fill(a config.Array) unit.Cycles { return unit.Cycles(a.Rows + a.Cols - 2) }

// StreamBytes is what the tile's weights, or cached values, weigh in the scratchpad: what the array has to read.
func StreamBytes(w isa.Work) unit.Bytes {
	return w.Bits.Of(int64(w.N) * int64(w.K) * int64(w.Repeat))
}
