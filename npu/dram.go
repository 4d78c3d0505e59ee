package npu

import (
	"math"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/mem"
	"github.com/pmpdsim/pmpdsim/npu/mem/dram"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// idealStripe is what an ideal memory is laid out by: a cache line, there are no channels to balance.
const idealStripe unit.Bytes = 64

// newDRAM returns the memory that a configuration names, and the period of its clock; an ideal memory runs on the NPU's.
func newDRAM(c *config.Config) (dram.Memory, unit.Femtoseconds, error) {
	if c.DRAM.Standard == config.IdealDRAM {
		return mem.NewIdeal(c.Clock, c.DRAM.Bandwidth), mem.SameClock, nil
	}
	s := c.Standard()
	refresh, err := c.RefreshPolicy()
	if err != nil {
		return nil, 0, err
	}
	d, err := dram.New(dram.Options{Standard: s, Channels: c.DRAM.Channels, Mapping: c.DRAM.Mapping, BankHash: c.DRAM.BankHash, Refresh: refresh,
		Postpone: c.DRAM.Postpone, Queues: c.DMA.Queues, Grant: c.DMA.Grant, Window: c.DMA.Window, Pace: pace(c, s)})
	if err != nil {
		return nil, 0, err
	}
	return d, s.TCK, nil
}

// pace is the time that the DMA takes for a burst of a channel, of which each has an equal share of its bandwidth: in
// dram.PaceParts of a DRAM clock, rounded up.
func pace(c *config.Config, s *dram.Standard) int64 {
	if c.DMA.Bandwidth == 0 {
		return 0
	}
	share := float64(c.DMA.Bandwidth) / float64(c.DRAM.Channels)
	return int64(math.Ceil(float64(s.Burst) / share / s.TCK.Seconds() * dram.PaceParts))
}

// Stripe is the smallest aligned range of addresses that falls equally on all channels of an NPU's DRAM.
func Stripe(c *config.Config) (unit.Bytes, error) {
	if c.DRAM.Standard == config.IdealDRAM {
		return idealStripe, nil
	}
	m, err := dram.ParseMapping(c.DRAM.Mapping, c.Standard(), c.DRAM.Channels, c.DRAM.BankHash)
	if err != nil {
		return 0, err
	}
	return unit.Bytes(m.Stripe()), nil
}
