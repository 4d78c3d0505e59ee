package array

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
)

// partialSums is what scales cost where codes enter the array as they are. A scale of a whole row is applied to the
// output on its way to fp16, which costs nothing here. Where only a group of g weights shares one, the sum over a group
// leaves the columns, is multiplied by the scale and added up in fp16, dequant_lanes of them a cycle:
//
//	tile ≥ M × N × ⌈K / g⌉ / dequant_lanes
//
// A zero point takes as much again: its product with the sum of the group's activations is taken off.
//
// Where the codes that share a scale lie across the reduction (cached values of a position, cached keys of a channel), no sum
// has one scale. The activation that meets them is multiplied by it before it enters, once for each group of g outputs:
//
//	tile ≥ M × K × ⌈N / g⌉ / dequant_lanes
//
// Its zero point then adds its product with the activation to the outputs of the group.
//
// Codebooks cost nothing here: see the style.
func partialSums(a config.Array, w isa.Work) Feed {
	over, each := groups(w)
	n := times(int64(w.M), over, int64(w.Repeat), each)
	if w.ZeroPoints {
		n = times(n, 2)
	}
	return Feed{Cycles: ceil(n, int64(a.DequantLanes)), Scalings: n}
}

// groups returns how many rows of codes a product has, and how many groups each has that share a scale: rows of weights cut
// along the reduction, or where codes lie across it columns. A scale that meets the output is none of a group.
func groups(w isa.Work) (over, each int64) {
	switch {
	case !w.Quantised || w.Group == 0 || !w.Across && w.Group >= w.K:
		return 0, 0
	case w.Across:
		return int64(w.K), ceil(int64(w.N), int64(w.Group))
	}
	return int64(w.N), ceil(int64(w.K), int64(w.Group))
}
