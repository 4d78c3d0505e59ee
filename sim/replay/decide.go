package replay

import (
	"github.com/pmpdsim/pmpdsim/npu/compile"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// deciding returns what the job's scheduler computes on the NPU to decide a policy, or nil if it computes nothing.
func (j Job) deciding(policy precision.Policy) *compile.Decide {
	plan, ok := policy.(*precision.Plan)
	if !ok || plan.Asked == 0 {
		return nil
	}
	cost := plan.Cost(j.Schedule, j.Model, j.Prompt)
	d := &compile.Decide{Products: plan.Products(j.Schedule, j.Model, j.Prompt), VectorElements: cost.VectorElements,
		Cache: cost.KVElements > 0, OtherWeights: unit.Bytes(cost.WeightBytes)}
	const fp32 = 4 // bytes of a weight
	for _, p := range d.Products {
		if p.Weights {
			d.OtherWeights -= fp32 * unit.Bytes(p.N*p.K)
		}
	}
	return d
}
