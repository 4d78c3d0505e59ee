package energy

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// dramEnergy returns the energy of the DRAM's commands and of its background power. An ideal memory has none: nothing
// is known of it.
func dramEnergy(c *config.Config, n *stats.DRAM) spec.EnergyUse {
	s := c.Standard()
	if s == nil {
		return spec.EnergyUse{}
	}
	return s.EnergyOf(n, c.DRAM.Channels, c.DRAM.ByBank())
}
