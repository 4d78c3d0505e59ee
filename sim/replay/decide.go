package replay

import (
	"github.com/pmpdsim/pmpdsim/npu/compile"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Deciding returns what the job's scheduler computes on the NPU to decide a policy, or nil if it computes nothing.
func (j Job) Deciding(policy precision.Policy) *compile.Decide {
	plan, ok := policy.(*precision.Plan)
	if !ok || plan.Asked == 0 {
		return nil
	}
	cost := plan.Cost(j.Schedule, j.Model, j.Prompt)
	d := &compile.Decide{VectorElements: cost.VectorElements, Cache: cost.KVElements > 0, OtherWeights: unit.Bytes(cost.WeightBytes)}
	const fp32 = 4 // bytes of a weight
	for _, p := range plan.Products(j.Schedule, j.Model, j.Prompt) {
		d.Products = append(d.Products, compile.Product{M: p.M, N: p.N, K: p.K, Weights: p.Weights})
		if p.Weights {
			d.OtherWeights -= fp32 * unit.Bytes(p.N*p.K)
		}
	}
	return d
}
