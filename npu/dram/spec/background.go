package spec

import (
	"math"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// MostBackground is the largest share of the peak bandwidth that other agents may ask for. Every standard serves that
// much of random requests with its default mapping.
const MostBackground = 0.25

// agentRequest is the size of a request of another agent: a cache line of a CPU, or a burst if that is larger.
const agentRequest = 64

// AgentRequest returns the bytes of a request of another agent.
func (s *Standard) AgentRequest() unit.Bytes { return max(agentRequest, s.Burst) }

// RefreshRound returns the clocks from one refresh of a rank, or of a set of banks, to the next of the same; tREFI
// without refresh.
func (s *Standard) RefreshRound(r Refresh) int64 {
	if r.ByBank() {
		return s.Timing.TREFIPB * int64(s.Groups*s.Banks*max(s.Stacks, 1)/max(s.RefreshBanks, 1))
	}
	return s.Timing.TREFI
}

// BackgroundLimits returns the least and the most that other agents may ask for of so many channels: a request of each
// in a round of refreshes, and MostBackground.
func (s *Standard) BackgroundLimits(channels int, r Refresh) (least, most unit.BytesPerSecond) {
	round := float64(s.RefreshRound(r)) * s.TCK.Seconds()
	least = unit.BytesPerSecond(math.Ceil(float64(int64(s.AgentRequest())*int64(channels))/round/1e6)) * 1e6
	return least, unit.BytesPerSecond(float64(s.PeakBytesPerSecond(channels)) * MostBackground)
}
