package controller

import (
	"math"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

var _ Controller = (*singleBus)(nil)

// singleBus steps one LPDDR or DDR channel of one or more ranks. A command may take several clocks, in which no other
// goes. The choices in a clock, first to last (as in Ramulator 2.1, MIT licence):
//
//	a refresh falls due → nothing while a command is on the bus
//	→ (1) column command after its CAS → (2) ACT-2 at its deadline → (3) requests of the active list,
//	oldest first → (4) refresh due → (5) queue that is served, first request whose next command can go
//	→ (6) pending ACT-2
type singleBus struct {
	Status
	state
	std       *spec.Standard
	timing    *spec.Timing
	gaps      busGaps
	ranks     int64
	rankShift uint // bank number to rank: drop so many bits
	banks     int64
	bankBits  uint // bank number to group number: drop so many bits

	// Refresh. After each interval one unit of every rank is due: the rank itself, or its next bank.
	interval  int64 // clocks
	perBank   bool  // a refresh leaves some banks of the rank at work
	sameBank  bool  // ... and one PREsb closes those that it refreshes
	units     int64 // ranks, or sets of banks that are refreshed together
	together  int64 // numbers of such a set: from its first bank on less than so many, ...
	apart     int64 // ... in steps of so many
	postponed int64 // refreshes of units that may be due while requests wait

	masks bool // masked writes have gaps of their own
	page  spec.Page
	marks marks

	allHits [2]bool // read, write queue: every request is sure to find its row open (an optimisation, not state)
}

func newSingleBus(std *spec.Standard, o Options) *singleBus {
	c := &singleBus{std: std, timing: &std.Timing, gaps: newBusGaps(std), page: o.Page, marks: marksOf(o.Scheduling, std.Family),
		ranks: int64(std.Ranks), banks: int64(std.Ranks * std.Groups * std.Banks),
		rankShift: spec.Log2(std.Groups * std.Banks), bankBits: spec.Log2(std.Banks), interval: Never}
	switch o.Refresh {
	case spec.AllBank:
		c.interval, c.units = std.Timing.TREFI, c.ranks
	case spec.PerBank, spec.SameBank:
		together := int64(std.RefreshBanks)
		c.interval, c.units, c.perBank = std.Timing.TREFIPB, c.banks/together, true
		c.sameBank = o.Refresh == spec.SameBank
		c.together, c.apart = c.banks/c.ranks, c.banks/c.ranks/together
	}
	c.RefreshDue = c.interval
	c.postpone(o.Postponed)
	c.masks = o.Masks && std.HasMaskedWrites()
	for r := range c.rank {
		for i := range c.rank[r].acts {
			c.rank[r].acts[i] = LongAgo
		}
	}
	return c
}

// postpone lets n refreshes of each rank, or of each bank, be due while requests wait.
func (c *singleBus) postpone(n int) { c.postponed = int64(n) * c.units }

// Clone returns a copy.
func (c *singleBus) Clone() Controller {
	n := *c
	return &n
}

// GroupOf returns the bank group of a bank.
func (c *singleBus) GroupOf(bank uint8) uint8 { return bank >> c.bankBits }

func (c *singleBus) rankOf(bank uint8) *rankState { return &c.rank[bank>>c.rankShift] }

// Offer takes a burst before the next tick. It reports false if the burst's queue is full.
func (c *singleBus) Offer(p spec.Place, write bool, tag uint32) bool {
	q, w, since := &c.read, uint8(0), c.Clock
	if write {
		q, w, since = &c.write, 1, 0
	}
	if q.n == c.marks.size {
		return false
	}
	if b := &c.bank[p.Bank]; b.status != open || b.row != p.Row {
		c.allHits[w] = false
	}
	q.push(request{row: p.Row, arrive: c.Clock, since: since, tag: tag, bank: p.Bank, group: p.Group, write: w})
	c.Offered++
	return true
}

// OfferMasked takes a write of part of a burst before the next tick. It reports false if the write queue is full.
func (c *singleBus) OfferMasked(p spec.Place, tag uint32) bool {
	if !c.Offer(p, true, tag) {
		return false
	}
	if c.masks {
		c.write.r[c.write.n-1].found |= maskedWrite
	}
	return true
}

// Tick advances one clock and issues at most one command.
func (c *singleBus) Tick() Outcome {
	c.Clock++
	c.Offered = 0
	c.Refreshed = false
	if c.Clock == c.RefreshDue {
		c.refreshFallsDue()
	}
	if c.Clock < c.bus {
		return c.occupied()
	}
	if c.synced == 1 {
		return c.followCAS()
	}
	if c.pending == 1 && c.deadline <= c.Clock {
		c.activate2()
		return Changed
	}
	if i := c.oldestOpened(); i >= 0 {
		return c.columnCommand(activeList, i)
	}
	if c.dues > 0 && c.refreshFirst(c.Empty()) {
		if c.refreshStep() {
			return Changed
		}
		return c.activate2Or(Idle)
	}
	was := c.draining
	c.chooseQueue(c.read.n, c.write.n, &c.marks)
	l := readList
	if c.draining == 1 {
		l = writeList
	}
	if i, cmd := c.firstReady(c.list(l)); i >= 0 {
		return c.serve(l, i, cmd)
	}
	if was != c.draining {
		return c.activate2Or(Changed)
	}
	return c.activate2Or(Idle)
}

// occupied is a tick in which a command of several clocks is still on the bus.
func (c *singleBus) occupied() Outcome {
	if c.dues > 0 && c.refreshFirst(c.Empty()) {
		return Idle
	}
	was := c.draining
	c.chooseQueue(c.read.n, c.write.n, &c.marks)
	if was != c.draining {
		return Changed
	}
	return Idle
}

// activate2Or issues a pending ACT-2, since nothing else wants the bus.
func (c *singleBus) activate2Or(otherwise Outcome) Outcome {
	if c.pending == 1 {
		c.activate2()
		return Changed
	}
	return otherwise
}

// readyAt returns the first clock at which the rank, group and bank timers allow cmd for r.
func (c *singleBus) readyAt(cmd Command, r *request) int64 {
	b, g, k := &c.bank[r.bank], &c.group[r.group], c.rankOf(r.bank)
	switch cmd {
	case cmdRD:
		return max(k.read, g.read, b.column)
	case cmdWR:
		if r.found&maskedWrite != 0 {
			return max(k.write, g.write, b.column, c.maskedAt(r))
		}
		return max(k.write, g.write, b.column)
	case cmdACT:
		return max(k.act, g.act, b.act)
	case cmdPRE:
		return max(k.pre, b.pre)
	}
	panic("dram: command without a readiness rule")
}

// maskedAt returns the first clock at which the timers of its bank and group allow a masked write.
func (c *singleBus) maskedAt(r *request) int64 {
	return max(c.maskedBank[r.bank], c.maskedGroup[r.group])
}

// wants returns the command that r needs next.
func (c *singleBus) wants(r *request) Command {
	b := &c.bank[r.bank]
	switch {
	case b.status == closed:
		return cmdACT
	case b.status == activating:
		return cmdACT2
	case b.row != r.row:
		return cmdPRE
	case r.write == 1:
		return cmdWR
	}
	return cmdRD
}

// oldestOpened returns the request of the active list that arrived first, of those whose column command can go; -1:
// none.
func (c *singleBus) oldestOpened() int64 {
	best, arrived := int64(-1), Never
	requests := c.active.r[:c.active.n]
	for i := range requests {
		r := &requests[i]
		if r.arrive < arrived && c.readyAt(c.wants(r), r) <= c.Clock {
			best, arrived = int64(i), r.arrive
		}
	}
	return best
}

// allowed reports which commands the timers of at least one rank allow now: a precheck for all requests of a queue.
func (c *singleBus) allowed(write bool) (act, pre, column bool) {
	for i := range c.rank[:c.ranks] {
		k := &c.rank[i]
		act = act || k.act <= c.Clock
		pre = pre || k.pre <= c.Clock
		if write {
			column = column || k.write <= c.Clock
		} else {
			column = column || k.read <= c.Clock
		}
	}
	return act && c.pending == 0, pre, column
}

// firstReady returns the first request in arrival order whose next command can go, and that command; -1: none.
func (c *singleBus) firstReady(q *queue) (int64, Command) {
	if q.n == 0 {
		return -1, 0
	}
	kind := q.r[0].write
	canAct, canPre, canColumn := c.allowed(kind == 1)
	if !canColumn && (!canAct && !canPre || c.allHits[kind]) {
		return -1, 0
	}
	act, pre, column := c.nowIf(canAct), c.nowIf(canPre), c.nowIf(canColumn)
	requests, hits := q.r[:q.n], int64(0)
	for i := range requests {
		r := &requests[i]
		b := &c.bank[r.bank%spec.MaxBanks] // it is less anyway, but so the compiler need not ask
		switch {
		case b.status == open && b.row == r.row:
			hits++
			if b.column <= column && c.columnAllowed(r) {
				return int64(i), cmdRD + Command(kind) // WR is the next number
			}
		case b.status == open:
			if b.pre <= pre && b.waiting == 0 && (c.ranks == 1 || c.rankOf(r.bank).pre <= pre) && !c.protected(q, r) {
				return int64(i), cmdPRE
			}
		case b.status == closed:
			if b.act <= act && c.group[r.group].act <= act && (c.ranks == 1 || c.rankOf(r.bank).act <= act) {
				return int64(i), cmdACT
			}
		}
	}
	c.allHits[kind] = hits == q.n
	return -1, 0
}

// nowIf returns this clock or, if the command is not allowed, one that no timer has run out by.
func (c *singleBus) nowIf(allowed bool) int64 {
	if allowed {
		return c.Clock
	}
	return math.MinInt64
}

// columnAllowed reports whether the timers of group and rank allow the column command of a queued request now. One rank
// alone need not be asked: allowed has done that.
func (c *singleBus) columnAllowed(r *request) bool {
	g := &c.group[r.group]
	if r.write == 0 {
		return g.read <= c.Clock && (c.ranks == 1 || c.rankOf(r.bank).read <= c.Clock)
	}
	return g.write <= c.Clock && (c.ranks == 1 || c.rankOf(r.bank).write <= c.Clock) &&
		(r.found&maskedWrite == 0 || c.maskedAt(r) <= c.Clock)
}

// protected reports whether a queued request that is not younger than r wants the row that r would close.
func (c *singleBus) protected(q *queue, r *request) bool {
	row := c.bank[r.bank].row
	for i := range q.n {
		o := &q.r[i]
		if o.arrive > r.arrive {
			return false
		}
		if o.bank == r.bank && o.row == row {
			return true
		}
	}
	return false
}
