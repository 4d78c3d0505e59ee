package compile

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
)

// A pass is cut into the pieces that the runtime dispatches (config.Runtime). Of the classes per-op and gpu-graph a
// piece is an operator with all that is computed with it: what is fused behind it, its bias, the exchange between cores
// and the conversion to integers behind it. An attention is one piece, as it works chunk by chunk. A piece of class
// graph is a layer; what is before the first and behind the last are pieces, too. An operator without ops, such as the
// cache update of a layer whose writes come later, is none.

// cut begins another piece before an operator, if it is the first of one.
func (b *builder) cut(o *operator) {
	switch b.cfg.Runtime.Class {
	case config.PerOp, config.GPUGraph:
		switch o.Kind {
		case ops.ScoreCap, ops.Softmax, ops.Context: // of the attention that the scores began
		default:
			b.fresh = true
		}
	case config.Graph:
		b.fresh = b.fresh || o.Layer != b.layer
		b.layer = o.Layer
	}
}

// cutScheduler begins another piece before what a precision scheduler computes.
func (b *builder) cutScheduler() {
	b.fresh = b.cfg.Runtime.Class != config.Ideal
}

// cutProduct begins another piece before a product of a scheduler.
func (b *builder) cutProduct() {
	b.fresh = b.cfg.Runtime.Class == config.PerOp || b.cfg.Runtime.Class == config.GPUGraph
}
