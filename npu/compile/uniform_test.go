package compile

import (
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// uniform gives every matrix the same bits.
func uniform(bits unit.Bits) precision.Assignment { return precision.Uniform(int(bits)) }

func uniforms(bits ...unit.Bits) (all []precision.Assignment) {
	for _, b := range bits {
		all = append(all, uniform(b))
	}
	return all
}
