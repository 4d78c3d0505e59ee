package npu

import (
	"fmt"

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
	s, err := dram.Lookup(c.DRAM.Standard)
	if err != nil {
		return nil, 0, fmt.Errorf("dram.standard: %w", err)
	}
	refresh, err := refreshOf(c.DRAM.Refresh)
	if err != nil {
		return nil, 0, err
	}
	d, err := dram.New(dram.Options{Standard: s, Channels: c.DRAM.Channels, Mapping: c.DRAM.Mapping, BankHash: c.DRAM.BankHash, Refresh: refresh})
	if err != nil {
		return nil, 0, err
	}
	return d, s.TCK, nil
}

func refreshOf(name string) (dram.Refresh, error) {
	switch name {
	case "all-bank":
		return dram.AllBank, nil
	case "per-bank":
		return dram.PerBank, nil
	case "none":
		return dram.NoRefresh, nil
	}
	return 0, fmt.Errorf("dram.refresh: %q is not known; accepted: all-bank, per-bank, none", name)
}

// Stripe is the smallest aligned range of addresses that falls equally on all channels of an NPU's DRAM.
func Stripe(c *config.Config) (unit.Bytes, error) {
	if c.DRAM.Standard == config.IdealDRAM {
		return idealStripe, nil
	}
	s, err := dram.Lookup(c.DRAM.Standard)
	if err != nil {
		return 0, fmt.Errorf("dram.standard: %w", err)
	}
	m, err := dram.ParseMapping(c.DRAM.Mapping, s, c.DRAM.Channels, c.DRAM.BankHash)
	if err != nil {
		return 0, err
	}
	return unit.Bytes(m.Stripe()), nil
}
