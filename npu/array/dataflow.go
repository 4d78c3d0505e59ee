package array

import (
	"math"
	"math/bits"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// mapping is how a tile is laid on the array, and what follows from that.
type mapping struct {
	cycles      int64 // of the PEs
	drain       int64 // after the op's last tile
	weights     int64 // times that each weight enters the array
	activations int64 // times that each activation enters it
	folds       int64
}

// product maps a matrix product as SCALE-Sim does: two dimensions lie along rows and columns, in folds of Rows×Cols,
// the third one streams past.
//
//	                    rows  columns  streams   enters more than once
//	weight-stationary   K     N        M         activations, for each fold of N
//	output-stationary   M     N        K         weights, for each fold of M; activations, for each fold of N
//	input-stationary    K     M        N         weights, for each fold of M
//
// A PE's lanes lie along K. Sums over the folds of K are kept in accumulators below the columns (in the PEs, output-
// stationary), so every output leaves once.
//
// Without double buffering a fold takes SCALE-Sim's equation 4: the stationary operand moves in row by row
// (output-stationary: the sums move out), the streaming one passes, and the last of it crosses the array diagonally.
//
//	|-- rows: load --|-- stream × cycles --|-- rows + cols − 2: skew --|
//
// With double buffering a PE has a second register for the next operand, so folds follow each other without a gap and
// the skew is paid once, at the end of the op. The first operand of an op moves in during the skew of the op before.
// The skew is one cycle a PE whatever the width of the operands: planes pass through the array one after the other.
func product(a config.Array, w isa.Work, r Rate) mapping {
	rows, cols := int64(a.Rows), int64(a.Cols)
	down, across, stream := laid(a.Dataflow, w, r)
	folds := ceil(down, rows) * ceil(across, cols)
	var x mapping
	switch a.Dataflow {
	case config.WeightStationary:
		x.weights, x.activations = 1, ceil(across, cols)
	case config.OutputStationary:
		x.weights, x.activations = ceil(down, rows), ceil(across, cols)
	default:
		x.weights, x.activations = ceil(across, cols), 1
	}
	fold := times(stream, r.Cycles)
	if a.DoubleBuffer {
		fold = max(fold, rows)
		x.drain = int64(Fill(a))
	} else {
		fold = min(fold, forever-3*maxSide) + 2*rows + cols - 2
	}
	x.folds = times(folds, int64(w.Repeat))
	x.cycles = times(x.folds, fold)
	return x
}

// laid returns the dimensions of a product that lie along rows and columns, and the one that streams past.
func laid(d config.Dataflow, w isa.Work, r Rate) (rows, cols, stream int64) {
	m, n, k := int64(w.M), int64(w.N), ceil(int64(w.K), r.Lanes)
	switch d {
	case config.WeightStationary:
		return k, n, m
	case config.OutputStationary:
		return m, n, k
	case config.InputStationary:
		return k, m, n
	}
	panic("array: no geometry of the dataflow " + string(d))
}

// Fill returns the skew of the array: the last result leaves Rows+Cols−2 cycles after its operands entered the first
// row.
func Fill(a config.Array) unit.Cycles { return unit.Cycles(a.Rows + a.Cols - 2) }

// ceil returns a/b rounded up, of a forever rounded down: it must not overflow.
func ceil(a, b int64) int64 {
	if a > forever-b {
		return a / b
	}
	return (a + b - 1) / b
}

// forever is more cycles or events than can be simulated. Products saturate there, so that the cost model may compare
// absurdly large tiles. maxSide is more than the rows or columns of an array.
const (
	forever = math.MaxInt64 / 4
	maxSide = 1 << 20
)

// times returns the product of numbers that are not negative, at most forever.
func times(f ...int64) int64 {
	p := uint64(1)
	for _, x := range f {
		high, low := bits.Mul64(p, uint64(x))
		if p = low; high > 0 || low > forever {
			p = forever
		}
	}
	return int64(p)
}
