package energy

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// dramEnergy returns what the DRAM's commands and its background power cost; nothing is known of an ideal memory.
func dramEnergy(c *config.Config, n *stats.DRAM) spec.EnergyUse {
	s := c.Standard()
	if s == nil {
		return spec.EnergyUse{}
	}
	refresh := spec.AllBank
	if c.DRAM.PerBank() {
		refresh = spec.PerBank
	}
	return s.EnergyOf(n, c.DRAM.Channels, refresh)
}
