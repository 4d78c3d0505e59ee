package engine

import (
	"fmt"

	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// MaxCycle is the last cycle for which Clock promises an exact round trip; at 1 GHz it is 13 days of simulated time.
const MaxCycle unit.Cycles = 1 << 50

// Clock converts between the integer cycles of a clock domain and the engine's floating-point seconds. It is the only
// place where simulated seconds are computed.
//
// Time(c) is the float64 next to c/f, off by a relative 2^-53 at most; multiplying by f again adds another 2^-53. Up to
// 2^50 cycles the product is thus within 1/4 of c, so rounding to the nearest integer gives c, and neighbouring cycles
// keep different times. Akita's Freq does not: NoEarlierThan(tick) differs from tick for many ticks, and adding
// Period() repeatedly accumulates rounding errors.
type Clock struct {
	hertz float64
}

// NewClock returns a clock. It panics unless the frequency is positive and exact in a float64.
func NewClock(f unit.Hertz) Clock {
	if f <= 0 || f > 1<<53 {
		panic(fmt.Sprintf("engine: no clock runs at %d Hz", int64(f)))
	}
	return Clock{hertz: float64(f)}
}

// Frequency returns the clock's frequency.
func (k Clock) Frequency() unit.Hertz { return unit.Hertz(k.hertz) }

// Time returns the engine time, in seconds, of the edge that starts a cycle. It panics outside 0 to MaxCycle.
func (k Clock) Time(c unit.Cycles) akita.VTimeInSec {
	if uint64(c) > uint64(MaxCycle) { // negative cycles, too
		panic(fmt.Sprintf("engine: cycle %d is outside 0..2^50", int64(c)))
	}
	return akita.VTimeInSec(float64(c) / k.hertz)
}

// Cycle returns the cycle whose edge is nearest to an engine time: c for Time(c).
func (k Clock) Cycle(t akita.VTimeInSec) unit.Cycles {
	return unit.Cycles(float64(float64(t)*k.hertz) + 0.5) // t >= 0, and truncation is one instruction where math.Round is ten
}
