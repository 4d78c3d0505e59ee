package controller

import (
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// Controller steps one channel: bursts are offered before a tick, and a tick is one clock.
type Controller interface {
	View() *Status
	Offer(p spec.Place, write bool, tag uint32) bool // takes a burst before the next tick; false: its queue is full
	OfferMasked(p spec.Place, tag uint32) bool       // takes a write of part of a burst, likewise
	Tick() Outcome                                   // advances one clock
	Skip(limit int64)                                // skips clocks up to limit in which Tick would return Idle
	Empty() bool                                     // reports whether no burst is inside
	LongestTimer() int64                             // clocks after which nothing changes in an empty channel but refresh
	RefreshTimer() RefreshTimer
	Clone() Controller

	Snapshot(k *Codec)                // writes the state, or reads it
	GroupOf(bank uint8) (group uint8) // bank group of a bank, both numbered as in spec.Place
	eachRequest(f func(r *request))   // always in the same order
}

// RefreshTimer says when refreshes fall due: every Interval clocks, for the next Step of Units units (ranks or banks).
type RefreshTimer struct {
	Interval    int64 // clocks; Never without refresh
	Step, Units int64
}

// Status is what all controllers show of themselves: the clock, the refresh timer, and what the last tick did.
type Status struct {
	Clock      int64
	Offered    int64 // bursts accepted at this clock
	RefreshDue int64 // clock at which the next refresh falls due
	NextUnit   int64 // number of the first unit (rank or bank) that it refreshes
	DueCount   int64 // refresh intervals that have ended

	Counts    stats.DRAM
	Issued    ColumnCommand // by the last tick that returned ColumnIssued
	Refreshed bool          // the last tick issued a REF

	Trace func(cmd Command, bank int, clock int64) // called on every command; nil: none
	For   Cause                                    // during a call of Trace: what the command is for
}

// Cause is the burst that a command serves. Commands of a refresh serve none.
type Cause struct {
	Burst bool // there is one
	Tag   uint32
	Row   int64
	Write bool
}

// View returns the status itself.
func (v *Status) View() *Status { return v }

// log traces a command that serves no request.
func (v *Status) log(cmd Command, bank int) {
	if v.Trace != nil {
		v.For = Cause{}
		v.Trace(cmd, bank, v.Clock)
	}
}

// logFor traces a command that serves a request. It is small enough to be inlined.
func (v *Status) logFor(cmd Command, r *request) {
	if v.Trace != nil {
		v.traceFor(cmd, r)
	}
}

func (v *Status) traceFor(cmd Command, r *request) {
	v.For = Cause{Burst: true, Tag: r.tag, Row: r.row, Write: r.write == 1}
	v.Trace(cmd, int(r.bank), v.Clock)
}

// ColumnCommand is an RD or WR that was issued, which serves its burst.
type ColumnCommand struct {
	Tag   uint32
	Write uint8 // 1: WR
	Clock int64 // RD: of the last datum; WR: of the command
	found uint8 // rowHit, rowMiss, rowConflict
	since int64 // RD: clock at which the burst was accepted
}

// CountIn counts the burst among those of its requester, whose data were complete at clock at.
func (c *ColumnCommand) CountIn(s *stats.Requester, at int64) {
	switch c.found {
	case rowHit:
		s.RowHits++
	case rowMiss:
		s.RowMisses++
	default:
		s.RowConflicts++
	}
	if c.Write == 1 {
		s.Writes++
		return
	}
	s.Reads++
	s.Wait += at - c.since
	s.Latency[stats.LatencyBucket(at-c.since)]++
}

// Outcome says what a tick did.
type Outcome uint8

// The outcomes of a tick.
const (
	Idle         Outcome = iota // nothing, and nothing will be done until a timer runs out or a burst is offered
	Changed                     // another command was issued, or another queue is served now
	ColumnIssued                // RD or WR was issued: Status.Issued
)

// request is one burst in the controller.
type request struct {
	row    int64
	arrive int64 // clock at which it was accepted; read from a snapshot: 0, -1, ... in that order
	since  int64 // read: that clock, from a snapshot too
	tag    uint32
	bank   uint8
	group  uint8
	write  uint8
	found  uint8 // what its column command will count as: rowHit, rowMiss, rowConflict; and maskedWrite
}

// How a request found its bank.
const (
	rowHit uint8 = iota
	rowMiss
	rowConflict
	foundBits uint8 = 3
)

// maskedWrite marks, among the bits of found, a write of part of a burst.
const maskedWrite uint8 = 4

// countData counts a column command, which closes the row behind it or leaves it open.
func (v *Status) countData(r *request, dataEnd int64, closes bool) {
	switch r.found & foundBits {
	case rowHit:
		v.Counts.RowHits++
	case rowMiss:
		v.Counts.RowMisses++
	case rowConflict:
		v.Counts.RowConflicts++
	}
	v.Issued = ColumnCommand{Tag: r.tag, Write: r.write, found: r.found & foundBits, Clock: dataEnd, since: r.since}
	if r.write == 1 {
		v.Counts.Writes++
	} else {
		v.Counts.Reads++
	}
	if v.Trace != nil {
		v.traceFor(dataCommand(r.write, closes), r)
	}
}

// dataCommand returns RD or WR, or RDA or WRA, which close the row.
func dataCommand(write uint8, closes bool) Command {
	cmd := cmdRD + Command(write) // WR is the next number
	if closes {
		cmd += cmdRDA - cmdRD
	}
	return cmd
}

// Clocks that do not come, and that have no effect any more.
const (
	Never   = int64(1) << 60
	LongAgo = -int64(1) << 40
)

// raise moves the earliest clock of a command to a later one, never to an earlier one.
func raise(t *int64, to int64) {
	if *t < to {
		*t = to
	}
}

// New makes a channel's controller at power-on. It fails if the standard is invalid, or cannot have the options.
func New(s *spec.Standard, o Options) (Controller, error) {
	if err := o.Validate(s); err != nil {
		return nil, err
	}
	if s.Family == spec.HBM {
		c, err := newHBMController(s, o)
		if err != nil {
			return nil, err
		}
		return c, nil
	}
	return newSingleBus(s, o), nil
}

// EachTag calls f on the tag of each burst inside, always in the same order.
func EachTag(c Controller, f func(tag *uint32)) {
	c.eachRequest(func(r *request) { f(&r.tag) })
}

// How a controller is driven.
const (
	OffersPerClock = 2                  // bursts offered per clock, as in the reference runs
	SkipAfter      = 8                  // idle ticks after which a call of Skip pays
	MaxBursts      = 4 * spec.MostQueue // more than any controller holds
)
