package engine

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Crossing is a clock domain crossing. It converts between edges of the NPU's clock, given as a frequency, and edges of
// another clock, given as a period (as in DRAM standards). Both clocks have an edge at time zero.
//
//	NPU    |     |     |     |     |        edge k at k/NPU seconds
//	other  |   |   |   |   |   |   |   |    edge j at j*Other femtoseconds
//
// Both directions round up: the other domain sees what happens on an edge on its own first edge at or after it. The
// arithmetic uses 128-bit integers, so it never drifts.
type Crossing struct {
	NPU   unit.Hertz
	Other unit.Femtoseconds
}

const femtosecondsPerSecond = 1e15

// ToOther returns the first edge of the other domain at or after an NPU edge: the least j with j*Other >= k/NPU.
func (x Crossing) ToOther(k unit.Cycles) int64 {
	return ceilMulDiv(int64(k), femtosecondsPerSecond, x.scale())
}

// ToNPU returns the first NPU edge at or after an edge of the other domain: the least k with k/NPU >= j*Other.
func (x Crossing) ToNPU(j int64) unit.Cycles {
	return unit.Cycles(ceilMulDiv(j, x.scale(), femtosecondsPerSecond))
}

// scale returns NPU*Other: 1e15 times the NPU cycles in one period of the other clock.
func (x Crossing) scale() uint64 {
	hi, lo := bits.Mul64(uint64(x.NPU), uint64(x.Other))
	if x.NPU <= 0 || x.Other <= 0 || hi != 0 {
		panic(fmt.Sprintf("engine: no crossing from %d Hz to a period of %d fs", int64(x.NPU), int64(x.Other)))
	}
	return lo
}

// ceilMulDiv returns a*b/c, rounded up. It panics if that is no int64 of at least 0.
func ceilMulDiv(a int64, b, c uint64) int64 {
	q, fits := unit.MulDivUp(uint64(a), b, c)
	if a < 0 || !fits || q > math.MaxInt64 {
		panic(fmt.Sprintf("engine: edge %d has no counterpart in the other clock domain", a))
	}
	return int64(q)
}
