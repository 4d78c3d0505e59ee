package energy

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// dramEnergy returns the energy of the DRAM's commands, but those of other agents, and of its background power, or that
// of its bits where the configuration gives it: then background and refresh are in it. An ideal memory has none
// otherwise: nothing is known of it.
func dramEnergy(c *config.Config, n *stats.Counts) spec.EnergyUse {
	if bit := given(c.Energy.DRAM, 0); bit != 0 {
		written := n.DRAMWritten()
		return spec.EnergyUse{Read: energy(8*int64(n.DRAMBytes()-written), bit), Write: energy(8*int64(written), bit)}
	}
	s := c.Standard()
	if s == nil {
		return spec.EnergyUse{}
	}
	_, own := n.DRAM.Split(&n.Agents)
	return s.EnergyOf(&own, c.DRAM.Channels, c.DRAM.ByBank())
}

// AgentsOf returns the energy of the commands of other agents: of their bursts, and of the activates that those needed
// which found no open row. It is no part of Use.
func AgentsOf(c *config.Config, n *stats.Counts) unit.Picojoules {
	s, a := c.Standard(), &n.Agents
	if s == nil {
		return 0
	}
	if bit := given(c.Energy.DRAM, 0); bit != 0 {
		return energy(8*int64(s.Burst)*(a.Reads+a.Writes), bit)
	}
	of, _ := n.DRAM.Split(a)
	u := s.EnergyOf(&of, 0, c.DRAM.ByBank())
	return u.Total()
}
