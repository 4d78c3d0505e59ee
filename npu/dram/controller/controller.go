package controller

import (
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

import "github.com/pmpdsim/pmpdsim/npu/stats"

// core is a controller of either family, as a port drives it: bursts are offered before a tick, a tick is one clock.
type Controller interface {
	View() *Status
	Offer(p spec.Place, write bool, tag uint32) bool // false: its queue is full
	Tick() Outcome
	Skip(limit int64)    // over clocks up to limit in which tick would do nothing, if nothing is offered
	Empty() bool         // no burst is inside
	LongestTimer() int64 // when empty and no refresh falls due, nothing changes any more after so many clocks
	RefreshTimer() RefreshTimer
	Clone() Controller

	Snapshot(k *Codec)                // writes the state into a frame, or reads it
	eachRequest(f func(r *request))   // always in the same order
	GroupOf(bank uint8) (group uint8) // of a bank's number
}

// refreshTimer says when refreshes fall due: every interval for each units, which take turns.
type RefreshTimer struct {
	Interval    int64 // clocks
	Step, Units int64
}

// vitals is what all controllers have: the clock, the refresh timer, and what the last tick did.
type Status struct {
	Clock      int64
	Offered    int64 // bursts accepted at this clock
	RefreshDue int64 // clock at which the next refresh falls due
	NextUnit   int64 // per-bank refresh: the bank that it concerns
	DueCount   int64 // times that one has fallen due

	Counts    stats.DRAM
	Issued    ColumnCommand // by the last tick that said so
	Refreshed bool          // the last tick issued a REF
	Trace     func(cmd Command, bank int, clock int64)
}

func (v *Status) View() *Status { return v }

func (v *Status) log(cmd Command, bank int) {
	if v.Trace != nil {
		v.Trace(cmd, bank, v.Clock)
	}
}

// column is a column command just issued: its request is served.
type ColumnCommand struct {
	Tag   uint32
	Write uint8
	found uint8
	Clock int64 // read: last datum; write: the command
	since int64 // read: clock at which it was accepted
}

// countIn counts the column command for its requester, whose data were complete at a clock.
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

// outcome says what a tick did.
type Outcome uint8

const (
	Idle         Outcome = iota // and nothing will be done until a timer runs out
	Changed                     // a command went out, or the controller changed its mind
	ColumnIssued                // a column command went out: issued says which
)

// request is one burst in the controller.
type request struct {
	row    int64
	arrive int64 // clock at which it was accepted; in a frame, its order
	since  int64 // read: that clock, also in a frame
	tag    uint32
	bank   uint8
	group  uint8
	write  uint8
	found  uint8 // what its column command will count as: rowHit, rowMiss, rowConflict
}

// What a request found its bank like.
const (
	rowHit uint8 = iota
	rowMiss
	rowConflict
)

// countData counts a column command.
func (v *Status) countData(r *request, dataEnd int64) {
	switch r.found {
	case rowHit:
		v.Counts.RowHits++
	case rowMiss:
		v.Counts.RowMisses++
	case rowConflict:
		v.Counts.RowConflicts++
	}
	v.Issued = ColumnCommand{Tag: r.tag, Write: r.write, found: r.found, Clock: dataEnd, since: r.since}
	if r.write == 1 {
		v.Counts.Writes++
		v.log(cmdWR, int(r.bank))
		return
	}
	v.Counts.Reads++
	v.log(cmdRD, int(r.bank))
}

const (
	Never   = int64(1) << 60
	LongAgo = -int64(1) << 40
)

// raise moves an earliest clock later, never earlier.
func raise(t *int64, to int64) {
	if *t < to {
		*t = to
	}
}

// newCore makes a channel's controller at power-on. So many refreshes of each rank, or bank, may be due while requests wait.
func New(s *spec.Standard, refresh spec.Refresh, postponed int) (Controller, error) {
	if s.Family == spec.HBM {
		c, err := newHBMController(s, refresh)
		if err != nil {
			return nil, err
		}
		c.postpone(postponed)
		return c, nil
	}
	c := newSingleBus(s, refresh)
	c.postpone(postponed)
	return c, nil
}

// eachTag calls f on the tag of each burst inside, always in the same order.
func EachTag(c Controller, f func(tag *uint32)) {
	c.eachRequest(func(r *request) { f(&r.tag) })
}

// How a controller is driven.
const (
	OffersPerClock = 2                // bursts that a controller is offered per clock: that of the reference runs
	SkipAfter      = 8                // dead clocks after which looking for the next live one pays
	MaxBursts      = 4 * hbmQueueSize // more bursts than any controller holds
)
