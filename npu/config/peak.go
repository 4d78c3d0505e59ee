package config

import (
	"github.com/pmpdsim/pmpdsim/npu/mem/dram"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// PeakBandwidth returns the bytes a second of all DRAM channels without refresh, turnarounds and row misses.
func (c *Config) PeakBandwidth() float64 {
	if s := standardOf(c.DRAM); s != nil {
		return float64(s.PeakBytesPerSecond(c.DRAM.Channels))
	}
	return float64(c.DRAM.Bandwidth)
}

// DRAMClock returns the period of the DRAM's clock; 0: an ideal memory has none.
func (c *Config) DRAMClock() unit.Femtoseconds {
	if s := standardOf(c.DRAM); s != nil {
		return s.TCK
	}
	return 0
}

// DRAMShares returns the share of their time in which the data buses move data, and in which banks are refreshed: tRFC for
// each refresh of all banks of a rank, tRFCpb for one of a single bank. Both are 0 in an ideal memory.
func (c *Config) DRAMShares(n *stats.DRAM) (busy, refresh float64) {
	s := standardOf(c.DRAM)
	if s == nil || n.Clocks == 0 {
		return 0, 0
	}
	clocks := float64(n.Clocks) * float64(c.DRAM.Channels)
	ranks := float64(s.Ranks)
	buses := clocks
	if s.Family == dram.HBM {
		buses *= ranks // a pseudo channel has its own
	}
	busy = float64(n.Reads+n.Writes) * float64(s.Timing.TBL) / buses
	refresh = float64(n.Refreshes) * float64(s.Timing.TRFC) / (clocks * ranks)
	if c.DRAM.perBank() {
		refresh = float64(n.Refreshes) * float64(s.Timing.TRFCPB) / (clocks * ranks * float64(s.Groups*s.Banks))
	}
	return busy, refresh
}

// DRAMEnergy returns what the DRAM's commands and its background power cost; nothing is known of an ideal memory.
func (c *Config) DRAMEnergy(n *stats.DRAM) dram.EnergyUse {
	s := standardOf(c.DRAM)
	if s == nil {
		return dram.EnergyUse{}
	}
	refresh := dram.AllBank
	if c.DRAM.perBank() {
		refresh = dram.PerBank
	}
	return s.EnergyOf(n, c.DRAM.Channels, refresh)
}

// TileBytes returns the largest tile of a stream: the one configured, or an eighth of the scratchpad, in whole bursts.
func (c *Config) TileBytes() unit.Bytes {
	if c.Scratchpad.Tile > 0 {
		return c.Scratchpad.Tile
	}
	return c.Scratchpad.Size / 8 / grain * grain
}
