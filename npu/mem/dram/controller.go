package dram

// command is a command on the bus.
type command uint8

const (
	cmdACT command = iota // ACT, or ACT-1 where the activate is split
	cmdACT2
	cmdPRE
	cmdPREA
	cmdRD
	cmdWR
	cmdREF
	cmdCAS
)

var _ core = (*controller)(nil)

// controller steps one LPDDR or DDR channel of one or more ranks: FR-FCFS with row-hit protection, open page, one
// command per clock. The order of choices in a clock, learnt from Ramulator 2.1 (MIT licence):
//
//	a refresh falls due → (1) urgent ACT-2 → (2) column command after its CAS → (3) opened requests, oldest first
//	→ (4) refresh due → (5) queue in service, first whose next command can go → (6) pending ACT-2
type controller struct {
	vitals
	state
	std       *Standard
	timing    *Timing
	ranks     int64
	rankShift uint // bank number to rank: drop so many bits
	banks     int64
	bankBits  uint // bank number to group number: drop so many bits

	// Refresh. A fall makes one unit of every rank due: the rank, or its next bank.
	interval  int64
	perBank   bool
	units     int64 // of which refreshes are counted: ranks, or banks
	postponed int64 // refreshes that may be due while requests wait

	allHits [2]bool // read, write queue: certainly every request's row is open (a short cut, not state)
}

func newController(std *Standard, refresh Refresh) *controller {
	c := &controller{std: std, timing: &std.Timing, ranks: int64(std.Ranks), banks: int64(std.Ranks * std.Groups * std.Banks),
		rankShift: log2(std.Groups * std.Banks), bankBits: log2(std.Banks), interval: never}
	switch refresh {
	case AllBank:
		c.interval, c.units = std.Timing.TREFI, c.ranks
	case PerBank:
		c.interval, c.units, c.perBank = std.Timing.TREFIPB, c.banks, true
	}
	c.refreshDue = c.interval
	for r := range c.rank {
		for i := range c.rank[r].acts {
			c.rank[r].acts[i] = longAgo
		}
	}
	return c
}

// postpone lets n refreshes of each rank, or of each bank, be due while requests wait.
func (c *controller) postpone(n int) { c.postponed = int64(n) * c.units }

func (c *controller) clone() core {
	n := *c
	return &n
}

func (c *controller) groupOf(bank uint8) uint8 { return bank >> c.bankBits }

func (c *controller) rankOf(bank uint8) *rankState { return &c.rank[bank>>c.rankShift] }

// offer hands in a burst before the next tick; false if its queue is full.
func (c *controller) offer(p place, write bool, tag uint32) bool {
	q, w, since := &c.read, uint8(0), c.clock
	if write {
		q, w, since = &c.write, 1, 0
	}
	if q.n == queueSize {
		return false
	}
	if b := &c.bank[p.bank]; b.status != open || b.row != p.row {
		c.allHits[w] = false
	}
	q.push(request{row: p.row, arrive: c.clock, since: since, tag: tag, bank: p.bank, group: p.group, write: w})
	c.offered++
	return true
}

// tick advances one clock and issues at most one command.
func (c *controller) tick() outcome {
	c.clock++
	c.offered = 0
	c.refreshed = false
	if c.clock == c.refreshDue {
		c.fallDue()
	}
	if c.synced == 1 {
		return c.followCAS()
	}
	if c.pending == 1 && c.deadline <= c.clock {
		c.activate2()
		return changed
	}
	if i := c.oldestOpened(); i >= 0 {
		return c.columnCommand(activeList, i)
	}
	if c.pressing() {
		if c.refreshStep() {
			return changed
		}
		return c.lastResort(nothing)
	}
	was := c.draining
	c.chooseQueue()
	l := readList
	if c.draining == 1 {
		l = writeList
	}
	if i, cmd := c.firstReady(c.list(l)); i >= 0 {
		return c.serve(l, i, cmd)
	}
	if was != c.draining {
		return c.lastResort(changed)
	}
	return c.lastResort(nothing)
}

// lastResort uses the bus for a pending ACT-2 when nothing else wants it.
func (c *controller) lastResort(otherwise outcome) outcome {
	if c.pending == 1 {
		c.activate2()
		return changed
	}
	return otherwise
}

// chooseQueue turns the write drain on and off.
func (c *controller) chooseQueue() {
	if c.draining == 0 {
		if c.write.n > drainAbove || c.read.n == 0 {
			c.draining = 1
		}
	} else if c.write.n < drainBelow && c.read.n != 0 {
		c.draining = 0
	}
}

// readyAt is the first clock at which the rank, group and bank timers allow cmd for r.
func (c *controller) readyAt(cmd command, r *request) int64 {
	b, g, k := &c.bank[r.bank], &c.group[r.group], c.rankOf(r.bank)
	switch cmd {
	case cmdRD:
		return max(k.read, g.read, b.column)
	case cmdWR:
		return max(k.write, g.write, b.column)
	case cmdACT:
		return max(k.act, g.act, b.act)
	case cmdPRE:
		return max(k.pre, b.pre)
	}
	panic("dram: command without a readiness rule")
}

// wants is the command that r needs next.
func (c *controller) wants(r *request) command {
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

// oldestOpened is the request whose row was opened for it, with the oldest arrival of those that can go; -1: none.
func (c *controller) oldestOpened() int64 {
	best := int64(-1)
	for i := range c.active.n {
		r := &c.active.r[i]
		if best >= 0 && r.arrive >= c.active.r[best].arrive {
			continue
		}
		if c.readyAt(c.wants(r), r) <= c.clock {
			best = i
		}
	}
	return best
}

// allowed tells which commands some rank's timers allow now: a precheck for all requests of a queue.
func (c *controller) allowed(write bool) (act, pre, column bool) {
	for i := range c.rank[:c.ranks] {
		k := &c.rank[i]
		act = act || k.act <= c.clock
		pre = pre || k.pre <= c.clock
		if write {
			column = column || k.write <= c.clock
		} else {
			column = column || k.read <= c.clock
		}
	}
	return act && c.pending == 0 && c.active.n < queueSize, pre, column // the list of opened requests is bounded, too
}

// firstReady is the first request in arrival order whose next command can go; -1: none.
func (c *controller) firstReady(q *queue) (int64, command) {
	if q.n == 0 {
		return -1, 0
	}
	kind := q.r[0].write
	canAct, canPre, canColumn := c.allowed(kind == 1)
	if !canColumn && (!canAct && !canPre || c.allHits[kind]) {
		return -1, 0
	}
	several := c.ranks > 1
	hits := int64(0)
	for i := range q.n {
		r := &q.r[i]
		b := &c.bank[r.bank]
		switch {
		case b.status == open && b.row == r.row:
			hits++
			if !canColumn || b.column > c.clock {
				continue
			}
			g := &c.group[r.group]
			if kind == 1 && g.write <= c.clock && (!several || c.rankOf(r.bank).write <= c.clock) {
				return i, cmdWR
			}
			if kind == 0 && g.read <= c.clock && (!several || c.rankOf(r.bank).read <= c.clock) {
				return i, cmdRD
			}
		case b.status == open:
			if canPre && b.pre <= c.clock && b.waiting == 0 && (!several || c.rankOf(r.bank).pre <= c.clock) && !c.protected(q, r) {
				return i, cmdPRE
			}
		case b.status == closed:
			if canAct && b.act <= c.clock && c.group[r.group].act <= c.clock && (!several || c.rankOf(r.bank).act <= c.clock) {
				return i, cmdACT
			}
		}
	}
	c.allHits[kind] = hits == q.n
	return -1, 0
}

// protected says that a queued request not younger than r wants the row that r would close.
func (c *controller) protected(q *queue, r *request) bool {
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
