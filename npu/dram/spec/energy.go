package spec

import (
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Energy is what the commands of a standard cost above its background power, over all devices of a channel. Data sheets
// give maxima over process, voltage and temperature: Ghose et al. (SIGMETRICS 2018, arXiv 1807.05102) measured 0.37
// (IDD3N) to 0.83 (IDD5B) of them on DDR3L.
type Energy struct {
	Source string `yaml:"source"` // where every number comes from, and where sources disagree

	Activate    unit.Picojoules `yaml:"activate"`     // one ACT and its PRE
	Read        unit.Picojoules `yaml:"read"`         // core of one RD burst
	Write       unit.Picojoules `yaml:"write"`        // core of one WR burst
	ReadIO      unit.Picojoules `yaml:"read_io"`      // data pins during one RD burst
	WriteIO     unit.Picojoules `yaml:"write_io"`     // data pins during one WR burst; 0: the host drives them
	Refresh     unit.Picojoules `yaml:"refresh"`      // one all-bank refresh of a rank or pseudo channel
	RefreshBank unit.Picojoules `yaml:"refresh_bank"` // one per-bank or same-bank refresh

	Active  unit.Microwatts `yaml:"active"`  // one rank with open rows; HBM: both pseudo channels
	Standby unit.Microwatts `yaml:"standby"` // ... with all rows closed
}

// EnergyUse is the energy of a run by part.
type EnergyUse struct {
	Activate   unit.Picojoules // of rows, including their precharges
	Read       unit.Picojoules
	Write      unit.Picojoules
	IO         unit.Picojoules
	Refresh    unit.Picojoules
	Background unit.Picojoules
}

// Total returns the sum of the parts.
func (u *EnergyUse) Total() unit.Picojoules {
	return u.Activate + u.Read + u.Write + u.IO + u.Refresh + u.Background
}

// EnergyOf returns the energy of counts that are the sum over so many channels. The energy of a precharge is part of
// its activate's. The counts do not say how long rows were open, so a channel that activated at all is taken to be
// active all the time. That overstates the background by Active - Standby while it idles after a refresh. IDD4R and
// IDD4W include the toggling of WCK, so a CAS costs nothing of its own.
func (s *Standard) EnergyOf(d *stats.DRAM, channels int, byBank bool) EnergyUse {
	e := &s.Energy
	perRefresh, power := e.Refresh, e.Standby
	if byBank {
		perRefresh = e.RefreshBank
	}
	if d.Activates > 0 {
		power = e.Active
	}
	if s.Family != HBM {
		power *= unit.Microwatts(s.Ranks)
	}
	return EnergyUse{
		Activate:   e.Activate * unit.Picojoules(d.Activates),
		Read:       e.Read * unit.Picojoules(d.Reads),
		Write:      e.Write * unit.Picojoules(d.Writes),
		IO:         e.ReadIO*unit.Picojoules(d.Reads) + e.WriteIO*unit.Picojoules(d.Writes),
		Refresh:    perRefresh * unit.Picojoules(d.Refreshes),
		Background: (power * unit.Microwatts(channels)).For(s.TCK * unit.Femtoseconds(d.Clocks)),
	}
}
