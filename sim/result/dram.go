package result

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// dramShares returns the share of their time in which the data buses move data, and in which banks are refreshed: tRFC
// for each refresh of all banks of a rank, tRFCpb for each bank of a per-bank refresh. Both are 0 in an ideal memory.
func dramShares(c *config.Config, n *stats.DRAM) (busy, refresh float64) {
	s := c.Standard()
	if s == nil || n.Clocks == 0 {
		return 0, 0
	}
	clocks := float64(n.Clocks) * float64(c.DRAM.Channels)
	ranks := float64(s.Ranks)
	buses := clocks
	if s.Family == spec.HBM {
		buses *= ranks // a pseudo channel has its own
	}
	busy = float64(n.Reads+n.Writes) * float64(s.Timing.TBL) / buses
	refresh = float64(n.Refreshes) * float64(s.Timing.TRFC) / (clocks * ranks)
	if c.DRAM.ByBank() {
		refresh = float64(n.Refreshes) * float64(s.RefreshBanks) * float64(s.Timing.TRFCPB) /
			(clocks * ranks * float64(s.Groups*s.Banks*max(s.Stacks, 1)))
	}
	return busy, refresh
}
