package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// This file is all that this package knows of DRAM standards, and all of it is asked of package dram.

// operation returns how d operates its part.
func (d DRAM) operation() spec.Operation {
	return spec.Operation{FineGranularity: d.FineGranularity, Temperature: d.Temperature, WCK: d.WCK, BankMode: d.BankMode,
		BurstLength: d.BurstLength}
}

// standardOf returns the data of d's standard with the changes that d makes, or nil where d has none: an ideal memory,
// or a name that is not known. Before d is validated it may be impossible.
func standardOf(d DRAM) *spec.Standard {
	s, _ := operated(d) // what is wrong with it Validate says
	return s
}

// operated is standardOf, with the choices that the standard does not have.
func operated(d DRAM) (*spec.Standard, []spec.Fault) {
	p := d.part()
	if p == nil {
		return nil, nil
	}
	density := d.Density
	if !slices.Contains(p.Densities(), density) { // Validate says so
		density = 0
	}
	s := p.Standard(density)
	if s.Family == spec.SingleBus && slices.Contains([]int{1, 2, 4}, d.Ranks) {
		s.Ranks = d.Ranks
	}
	return s, s.Operate(d.operation(), &d.Timing)
}

// part returns the part of d's standard, or nil where d has none.
func (d DRAM) part() *spec.Part {
	if d.Part != nil {
		return d.Part
	}
	p, err := spec.LookupPart(d.Standard)
	if err != nil {
		return nil
	}
	return p
}

// defaultMapping returns what an empty mapping means for d: nothing where there are no banks, or none that can be told.
func defaultMapping(d DRAM) string {
	s := standardOf(d)
	if s == nil || !channelsPossible(d.Channels) {
		return ""
	}
	return spec.DefaultMapping(s, d.Channels)
}

// most returns the most that the channels of d hold, of any density and ranks; 0: nothing that can be told, as of an ideal
// memory.
func (d DRAM) most() unit.Bytes {
	s := standardOf(d)
	if s == nil || !channelsPossible(d.Channels) {
		return 0
	}
	return s.Most * unit.Bytes(d.Channels)
}

// mappingProblem returns what is wrong with the mapping of d, a memory of standard s, or "".
func mappingProblem(d DRAM, s *spec.Standard) string {
	if _, err := spec.ParseMapping(d.Mapping, s, d.Channels, d.BankHash); err != nil {
		message, example := strings.TrimPrefix(err.Error(), "DRAM mapping "), `such as the default "`+defaultMapping(d)+`"`
		if strings.Contains(message, "; accepted: ") {
			return message + ", in a mapping " + example
		}
		return message + "; accepted: address bits, lowest first, " + example
	}
	return ""
}

// Standard returns the data of the DRAM standard, with the ranks and timings of this configuration, or nil: an ideal
// memory has none.
func (c *Config) Standard() *spec.Standard { return standardOf(c.DRAM) }

// scheduling returns how the controllers of d schedule.
func (d DRAM) scheduling() spec.Scheduling {
	return spec.Scheduling{Page: d.Page, Queue: d.Queue, WriteHigh: d.WriteHigh, WriteLow: d.WriteLow}
}

// Scheduling returns how the DRAM's controllers schedule.
func (c *Config) Scheduling() spec.Scheduling { return c.DRAM.scheduling() }

// RefreshPolicy returns how the DRAM is refreshed.
func (c *Config) RefreshPolicy() (r spec.Refresh, err error) {
	if err := r.UnmarshalText([]byte(c.DRAM.Refresh)); err != nil {
		return r, fmt.Errorf("dram.refresh: %w", err)
	}
	return r, nil
}

// ByBank reports whether a refresh leaves some banks of a rank at work.
func (d DRAM) ByBank() bool {
	return d.Refresh == spec.PerBank.String() || d.Refresh == spec.SameBank.String()
}

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

// Stripe returns the smallest aligned range of addresses that falls equally on all channels of the DRAM. An ideal memory has
// no channels to balance: it is laid out by cache lines of 64 B.
func (c *Config) Stripe() (unit.Bytes, error) {
	s := standardOf(c.DRAM)
	if s == nil {
		return grain, nil
	}
	m, err := spec.ParseMapping(c.DRAM.Mapping, s, c.DRAM.Channels, c.DRAM.BankHash)
	if err != nil {
		return 0, fmt.Errorf("dram.mapping: %w", err)
	}
	return unit.Bytes(m.Stripe()), nil
}
