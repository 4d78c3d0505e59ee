package array

import (
	"math/bits"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
)

// gemv maps the activation rows of a tile as matrix-vector products (GEMV): every PE takes its own weight from a wide
// scratchpad lane, and the columns add up. Nothing moves in through the rows beforehand, so double buffering makes no
// difference. A PE keeps its weight while the vectors of the tile pass, so each weight is read, and looked up in its
// codebook, once a tile. One vector reuses nothing: it usually takes as long as the scratchpad's bandwidth allows, not
// the PEs.
//
//	gemv: columns   M × ⌈K / lanes / rows⌉ × ⌈N / cols⌉ × cycles of a MAC
//	gemv: k-split   the same with K cut into slices, where N leaves half of the columns or more without an output:
//	                ⌊cols / N⌋ columns share an output, and a tree of adders joins their sums after the op
//
//	columns   0 1 2 3 4 5 6 7      N = 2, 8 columns: 4 slices
//	output    0 1 0 1 0 1 0 1
//	slice     0 0 1 1 2 2 3 3      tree: ⌈log2 4⌉ = 2 levels
func gemv(a config.Array, w isa.Work, r Rate) mapping {
	n, cols := int64(w.N), int64(a.Cols)
	along := ceil(ceil(int64(w.K), r.Lanes), int64(a.Rows))
	x := mapping{drain: int64(Fill(a)), weights: 1, activations: ceil(n, cols)}
	if a.GEMV == config.GEMVKSplit && n <= cols/2 {
		slices := min(cols/n, along)
		along = ceil(along, slices)
		x.drain += int64(bits.Len64(uint64(slices - 1)))
	}
	x.cycles = times(int64(w.M), int64(w.Repeat), along, ceil(n, cols), r.Cycles)
	return x
}
