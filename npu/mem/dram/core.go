package dram

import "github.com/pmpdsim/pmpdsim/npu/stats"

// core is a controller of either family, as a port drives it: bursts are offered before a tick, a tick is one clock.
type core interface {
	vital() *vitals
	offer(p place, write bool, tag uint32) bool // false: its queue is full
	tick() outcome
	skip(limit int64) // over clocks up to limit in which tick would do nothing, if nothing is offered
	empty() bool      // no burst is inside
	lull() int64      // when empty and no refresh falls due, nothing changes any more after so many clocks
	timer() refreshTimer
	clone() core

	code(k *codec)                    // writes the state into a frame, or reads it
	eachRequest(f func(r *request))   // always in the same order
	groupOf(bank uint8) (group uint8) // of a bank's number
}

// refreshTimer says when refreshes fall due: every interval for each units, which take turns.
type refreshTimer struct {
	interval    int64 // clocks
	each, units int64
}

// vitals is what all controllers have: the clock, the refresh timer, and what the last tick did.
type vitals struct {
	clock      int64
	offered    int64 // bursts accepted at this clock
	refreshDue int64 // clock at which the next refresh falls due
	nextUnit   int64 // per-bank refresh: the bank that it concerns
	falls      int64 // times that one has fallen due

	counts    stats.DRAM
	issued    column // by the last tick that said so
	refreshed bool   // the last tick issued a REF
	trace     func(cmd command, bank int, clock int64)
}

func (v *vitals) vital() *vitals { return v }

func (v *vitals) log(cmd command, bank int) {
	if v.trace != nil {
		v.trace(cmd, bank, v.clock)
	}
}

// column is a column command just issued: its request is served.
type column struct {
	tag   uint32
	write uint8
	found uint8
	clock int64 // read: last datum; write: the command
	since int64 // read: clock at which it was accepted
}

// countIn counts the column command for its requester, whose data were complete at a clock.
func (c *column) countIn(s *stats.Requester, at int64) {
	switch c.found {
	case rowHit:
		s.RowHits++
	case rowMiss:
		s.RowMisses++
	default:
		s.RowConflicts++
	}
	if c.write == 1 {
		s.Writes++
		return
	}
	s.Reads++
	s.Wait += at - c.since
	s.Latency[stats.LatencyBucket(at-c.since)]++
}

// outcome says what a tick did.
type outcome uint8

const (
	nothing  outcome = iota // and nothing will be done until a timer runs out
	changed                 // a command went out, or the controller changed its mind
	finished                // a column command went out: issued says which
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
func (v *vitals) countData(r *request, dataEnd int64) {
	switch r.found {
	case rowHit:
		v.counts.RowHits++
	case rowMiss:
		v.counts.RowMisses++
	case rowConflict:
		v.counts.RowConflicts++
	}
	v.issued = column{tag: r.tag, write: r.write, found: r.found, clock: dataEnd, since: r.since}
	if r.write == 1 {
		v.counts.Writes++
		v.log(cmdWR, int(r.bank))
		return
	}
	v.counts.Reads++
	v.log(cmdRD, int(r.bank))
}

const (
	never   = int64(1) << 60
	longAgo = -int64(1) << 40
)

// raise moves an earliest clock later, never earlier.
func raise(t *int64, to int64) {
	if *t < to {
		*t = to
	}
}

// newCore makes a channel's controller at power-on. So many refreshes of each rank, or bank, may be due while requests wait.
func newCore(s *Standard, refresh Refresh, postponed int) (core, error) {
	if s.Family == HBM {
		c, err := newHBMController(s, refresh)
		if err != nil {
			return nil, err
		}
		c.postpone(postponed)
		return c, nil
	}
	c := newController(s, refresh)
	c.postpone(postponed)
	return c, nil
}

// eachTag calls f on the tag of each burst inside, always in the same order.
func eachTag(c core, f func(tag *uint32)) {
	c.eachRequest(func(r *request) { f(&r.tag) })
}

// How a controller is driven.
const (
	injectPerClock = 2                // bursts that a controller is offered per clock: that of the reference runs
	skipAfter      = 8                // dead clocks after which looking for the next live one pays
	mostInside     = 4 * hbmQueueSize // more bursts than any controller holds
)
