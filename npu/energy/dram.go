package energy

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// dramEnergy returns the energy of the DRAM's commands and of its background power, or that of its bits where the
// configuration gives it: then background and refresh are in it. An ideal memory has none otherwise: nothing is known of it.
func dramEnergy(c *config.Config, n *stats.Counts) spec.EnergyUse {
	if bit := given(c.Energy.DRAM, 0); bit != 0 {
		written := n.DRAMWritten()
		return spec.EnergyUse{Read: energy(8*int64(n.DRAMBytes()-written), bit), Write: energy(8*int64(written), bit)}
	}
	s := c.Standard()
	if s == nil {
		return spec.EnergyUse{}
	}
	return s.EnergyOf(&n.DRAM, c.DRAM.Channels, c.DRAM.ByBank())
}
