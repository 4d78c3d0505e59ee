package controller

import "github.com/pmpdsim/pmpdsim/npu/dram/spec"

// Geometry of a channel, common to HBM2 and HBM3 (JESD235, JESD238): two pseudo channels, bank groups of four banks,
// four groups per stack identifier. HBM2 has one stack identifier per pseudo channel, HBM3 here two; a bank's number is
// place.bank, so that a set of banks is one uint64.
const (
	hbmGroupBits = 2 // bank number to group number: drop two bits
	hbmStackBits = 4 // bank number to stack number
	hbmMaxBanks  = 64
)

// Indices of the two kinds of column commands and of their queues.
const (
	hbmRead  = 0
	hbmWrite = 1
)

// hbmBank is a bank: its row, the earliest clocks of commands to it, and how many requests wait for it. It has 64
// bytes: another size makes stepping slower.
type hbmBank struct {
	row      int64
	act      int64
	pre      int64
	refresh  int64 // per-bank refresh
	column   [2]int64
	queued   [2]uint16 // requests for it in each queue
	hits     [2]uint16 // those of them that want the open row
	conflict int64     // 1: closed to make room for another row
}

// hbmGroup holds the earliest clocks of commands to one bank group.
type hbmGroup struct {
	act     int64
	refresh int64 // per-bank refresh
	column  [2]int64
}

// hbmPseudo holds the earliest clocks of commands to one pseudo channel.
type hbmPseudo struct {
	act, pre, preAll, refresh, refreshBank int64

	column [2]int64
	acts   [4]int64 // clocks of the last four ACTs
	oldest int64    // index of the oldest of them
}

// hbmState is everything that changes in one channel, apart from Status.
type hbmState struct {
	shift int64 // HBM3: rising edges are the clocks for which clock + shift is odd; 0 at power-on

	queue  [2]queue
	active queue // requests whose row was opened for them, and that wait for their column command

	bank   [hbmMaxBanks]hbmBank
	group  [hbmMaxBanks >> hbmGroupBits]hbmGroup
	pseudo [spec.PseudoChannels]hbmPseudo

	written [hbmMaxBanks]int64 // PRE after a bank's last WR; kept only if rows close by themselves

	open   uint64    // banks with an open row
	opened uint64    // banks of the active list
	hit    [2]uint64 // banks with a queued request for their open row, by queue
	miss   [2]uint64 // banks with a queued request for a row that is not open

	schedule
	refreshPseudo int64 // pseudo channel whose turn to be refreshed it is
	rowBus        int64 // earliest clock of the next row command
	lastWrite     int64 // 1: the last data went to the DRAM
}

// hbmController steps one HBM channel: two pseudo channels that share a column and a row command bus, with refresh of
// all banks of one pseudo channel after the other, or of one bank after the other. The choices in a clock (as in Ramulator 2.1, MIT licence):
//
//	a refresh falls due → column bus: (1) requests of the active list, oldest first
//	                                  → (2) nothing while refreshes go before requests
//	                                  → (3) queue that is served, first row hit whose column command can go
//	                    → row bus:    (1) refresh due: PREA, then REFab
//	                                  → (2) queue that is served, first request whose ACT or PRE can go
//
// With per-bank refresh the requests for other banks go on (hbm_refresh.go).
//
// HBM3 is stepped in half clocks: odd ones are the rising edges of CK, which take every command; even ones are the
// falling edges, which take only PRE and PREA. (The falling edge paired with a row command must not bring a PREA, or a
// PRE of the same bank, to that pseudo channel: tPPD and tRAS prevent that.)
type hbmController struct {
	Status
	hbmState
	gaps        hbmGaps
	half        bool
	interval    int64 // tREFI; Never without refresh
	postponed   int64 // refreshes that may be due while requests wait
	perBank     bool
	units       int64 // banks that take turns, or pseudo channels
	page        spec.Page
	marks       marks
	pseudoShift uint // bank number to pseudo channel: drop so many bits
	pseudoBanks [spec.PseudoChannels]uint64
}

// newHBMController makes a channel of s at power-on.
func newHBMController(s *spec.Standard, o Options) (*hbmController, error) {
	t, err := newHBMTable(s)
	if err != nil {
		return nil, err
	}
	c := &hbmController{page: o.Page, marks: marksOf(o.Scheduling, s.Family), gaps: t.gaps(), half: t.halfClocks, interval: s.Timing.TREFI,
		pseudoShift: hbmStackBits + spec.Log2(max(s.Stacks, 1))}
	for p := range c.pseudoBanks {
		n := 1 << c.pseudoShift
		c.pseudoBanks[p] = (1<<n - 1) << (p * n)
	}
	c.units = spec.PseudoChannels
	switch o.Refresh {
	case spec.NoRefresh:
		c.interval = Never
	case spec.PerBank:
		c.interval, c.perBank, c.units = s.Timing.TREFIPB, true, spec.PseudoChannels<<c.pseudoShift
	}
	c.RefreshDue = c.interval
	c.postpone(o.Postponed)
	for p := range c.pseudo {
		for i := range c.pseudo[p].acts {
			c.pseudo[p].acts[i] = LongAgo
		}
	}
	return c, nil
}

// postpone lets n refreshes of each pseudo channel, or of each bank, be due while requests wait.
func (c *hbmController) postpone(n int) { c.postponed = int64(n) * c.units }

// RefreshTimer returns when refreshes fall due.
func (c *hbmController) RefreshTimer() RefreshTimer {
	if c.perBank {
		return RefreshTimer{c.interval, spec.PseudoChannels, c.units}
	}
	return RefreshTimer{c.interval, 0, 1}
}

// Clone returns a copy.
func (c *hbmController) Clone() Controller {
	n := *c
	return &n
}

// GroupOf returns the bank group of a bank.
func (c *hbmController) GroupOf(bank uint8) uint8 { return bank >> hbmGroupBits }

// OfferMasked takes a write of part of a burst, which is like one of a whole burst.
func (c *hbmController) OfferMasked(p spec.Place, tag uint32) bool { return c.Offer(p, true, tag) }

// Offer takes a burst before the next tick. It reports false if the burst's queue is full.
func (c *hbmController) Offer(p spec.Place, write bool, tag uint32) bool {
	kind, since := hbmRead, c.Clock
	if write {
		kind, since = hbmWrite, 0
	}
	q := &c.queue[kind]
	if q.n == c.marks.size {
		return false
	}
	q.push(request{row: p.Row, arrive: c.Clock, since: since, tag: tag, bank: p.Bank, group: p.Group, write: uint8(kind)})
	c.Offered++
	b, bit := &c.bank[p.Bank], uint64(1)<<p.Bank
	b.queued[kind]++
	if c.open&bit != 0 && b.row == p.Row {
		b.hits[kind]++
		c.hit[kind] |= bit
	} else {
		c.miss[kind] |= bit
	}
	return true
}

// updateMasks updates hit and miss for a bank whose row has changed.
func (c *hbmController) updateMasks(bank uint8) {
	b, bit := &c.bank[bank], uint64(1)<<bank
	for kind := range b.queued {
		c.hit[kind] &^= bit
		c.miss[kind] &^= bit
		if b.hits[kind] > 0 {
			c.hit[kind] |= bit
		}
		if b.queued[kind] > b.hits[kind] {
			c.miss[kind] |= bit
		}
	}
}

// Empty reports whether no burst is inside.
func (c *hbmController) Empty() bool { return c.queue[hbmRead].n+c.queue[hbmWrite].n+c.active.n == 0 }

// Tick advances one clock and issues at most one command on each bus.
func (c *hbmController) Tick() Outcome {
	c.Clock++
	c.Offered = 0
	c.Refreshed = false
	if c.Clock == c.RefreshDue {
		c.refreshFallsDue()
	}
	was := c.draining
	done := c.rising() && c.columnBus()
	row := c.rowCommand()
	switch {
	case done:
		return ColumnIssued
	case row || was != c.draining:
		return Changed
	}
	return Idle
}

// rising reports whether this clock is a rising edge of CK.
func (c *hbmController) rising() bool { return !c.half || (c.Clock+c.shift)&1 == 1 }
