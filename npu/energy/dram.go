package energy

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/mem/dram"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// dramEnergy returns what the DRAM's commands and its background power cost; nothing is known of an ideal memory.
func dramEnergy(c *config.Config, n *stats.DRAM) dram.EnergyUse {
	s := c.Standard()
	if s == nil {
		return dram.EnergyUse{}
	}
	refresh := dram.AllBank
	if c.DRAM.PerBank() {
		refresh = dram.PerBank
	}
	return s.EnergyOf(n, c.DRAM.Channels, refresh)
}
