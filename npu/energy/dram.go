package energy

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// dramEnergy returns the energy of the DRAM's commands, but those of other agents, and of its background power, or that of its bits where the
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
	return s.EnergyOf(own(n), c.DRAM.Channels, c.DRAM.ByBank())
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
	u := s.EnergyOf(agents(n), 0, c.DRAM.ByBank())
	return u.Activate + u.Read + u.Write + u.IO
}

// agents returns the commands of other agents.
func agents(n *stats.Counts) *stats.DRAM {
	a := &n.Agents
	return &stats.DRAM{Activates: min(a.RowMisses+a.RowConflicts, n.DRAM.Activates), Reads: a.Reads, Writes: a.Writes}
}

// own returns the DRAM's counts without the commands of other agents.
func own(n *stats.Counts) *stats.DRAM {
	d, a := n.DRAM, agents(n)
	d.Activates -= a.Activates
	d.Reads -= a.Reads
	d.Writes -= a.Writes
	return &d
}
