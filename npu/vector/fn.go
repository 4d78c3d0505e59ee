package vector

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// cost is the cost of a function: its passes over the elements (a reduction must end before its result can be used),
// and the lane operations of an element in all passes together.
type cost struct{ passes, ops int64 }

// Operations that a lane does in several steps: exponential, reciprocal and square root, each a table look-up and a
// second-order polynomial or one Newton step, four operations in all (the usual design, e.g. Softermax, DAC 2021).
const (
	exp        = 4
	reciprocal = 4
	tanh       = exp + reciprocal + 2 // (e^2x - 1) / (e^2x + 1)
)

// costOf returns the cost of a function, from its formula.
func costOf(f isa.Fn) cost {
	switch f {
	case isa.FnRMSNorm:
		return cost{2, 1 + 2} // Σx²; x·r·w
	case isa.FnLayerNorm:
		return cost{2, 2 + 3} // Σx, Σx²; (x-μ)·r·w+b with one fused multiply-add
	case isa.FnRope:
		return cost{1, 3} // x·cos ± y·sin: two products and a sum for each rotated element
	case isa.FnSoftmax:
		return cost{3, 1 + (1 + exp + 1) + 1} // max; e^(x-max) and its sum; scale
	case isa.FnSoftmaxMerge:
		return cost{1, 2} // o·α + o'
	case isa.FnSilu:
		return cost{1, exp + 1 + reciprocal + 1} // x / (1+e^-x)
	case isa.FnSiluMul:
		return cost{1, exp + 1 + reciprocal + 2} // x / (1+e^-x) · u
	case isa.FnGelu:
		return cost{1, 4 + tanh + 2} // ½x(1+tanh(x·(a+b·x²)))
	case isa.FnGeluMul:
		return cost{1, 4 + tanh + 3}
	case isa.FnRelu: // max(x, 0)
		return cost{1, 1}
	case isa.FnReluMul, isa.FnRelu2: // one product more
		return cost{1, 2}
	case isa.FnRelu2Mul:
		return cost{1, 3}
	case isa.FnAdd, isa.FnBias, isa.FnCopy: // with a factor a fused multiply-add, or a product: as many operations
		return cost{1, 1}
	case isa.FnConvert:
		return cost{1, 2} // scale and round, or unpack and scale
	case isa.FnSoftcap:
		return cost{1, tanh + 2}
	case isa.FnSigmoid:
		return cost{1, exp + 1 + reciprocal} // 1 / (1+e^-x)
	case isa.FnArgmax:
		return cost{1, 1}
	}
	panic("vector: no cost for this function")
}

// Cycles returns the time of n elements of f: the pipeline's latency for each pass, and the lane operations.
func Cycles(v config.Vector, f isa.Fn, n int64) unit.Cycles {
	c := costOf(f)
	lanes := int64(v.Lanes)
	return v.Latency*unit.Cycles(c.passes) + unit.Cycles((n*c.ops+lanes-1)/lanes)
}

// Ops returns the lane operations of n elements of f.
func Ops(f isa.Fn, n int64) int64 { return n * costOf(f).ops }
