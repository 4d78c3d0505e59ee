package dram

import (
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

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

// column is a column command just issued: its request is served.
type column struct {
	tag   uint32
	clock int64 // read: last datum; write: the command
}

// controller steps one LPDDR or DDR channel: FR-FCFS with row-hit protection, open page, one command per clock.
// The order of choices in a clock, learnt from Ramulator 2.1 (MIT licence):
//
//	a refresh falls due → (1) urgent ACT-2 → (2) column command after its CAS → (3) opened requests, oldest first
//	→ (4) refresh due → (5) queue in service, first whose next command can go → (6) pending ACT-2
type controller struct {
	state
	std     *Standard
	timing  *Timing
	banks   int64
	refresh Refresh

	counts    stats.DRAM
	issued    column  // by the last tick that said so
	refreshed bool    // the last tick issued a REF
	allHits   [2]bool // read, write queue: certainly every request's row is open (a short cut, not state)
	trace     func(cmd command, bank int, clock int64)
}

func newController(std *Standard, refresh Refresh) *controller {
	return &controller{state: newState(&std.Timing, refresh), std: std, timing: &std.Timing,
		banks: int64(std.Groups * std.Banks), refresh: refresh}
}

// offer hands in a burst before the next tick; false if its queue is full.
func (c *controller) offer(p place, write bool, tag uint32) bool {
	q, w := &c.read, uint8(0)
	if write {
		q, w = &c.write, 1
	}
	if q.n == queueSize {
		return false
	}
	if b := &c.bank[p.bank]; b.status != open || b.row != p.row {
		c.allHits[w] = false
	}
	q.push(request{row: p.row, arrive: c.clock, tag: tag, bank: p.bank, group: p.group, write: w})
	c.offered++
	return true
}

// outcome says what a tick did.
type outcome uint8

const (
	nothing  outcome = iota // and nothing will be done until a timer runs out
	changed                 // a command went out, or the controller changed its mind
	finished                // a column command went out: issued says which
)

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
	if c.dues > 0 {
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

func (c *controller) fallDue() {
	if c.dues == maxDue {
		panic("dram: refresh starved: sixteen are due")
	}
	if c.refresh == AllBank {
		c.refreshDue += c.timing.TREFI
		c.due[c.dues] = allDue
	} else {
		c.refreshDue += c.timing.TREFIPB
		c.due[c.dues] = c.refreshBank
		c.refreshBank = (c.refreshBank + 1) % c.banks
	}
	c.dues++
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
	b, g := &c.bank[r.bank], &c.group[r.group]
	switch cmd {
	case cmdRD:
		return max(c.nextRead, g.read, b.column)
	case cmdWR:
		return max(c.nextWrite, g.write, b.column)
	case cmdACT:
		return max(c.nextAct, g.act, b.act)
	case cmdPRE:
		return max(c.nextPre, b.pre)
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

// firstReady is the first request in arrival order whose next command can go; -1: none.
func (c *controller) firstReady(q *queue) (int64, command) {
	if q.n == 0 {
		return -1, 0
	}
	canAct := c.nextAct <= c.clock && c.pending == 0
	canPre := c.nextPre <= c.clock
	canColumn := c.nextRead <= c.clock
	if q.r[0].write == 1 {
		canColumn = c.nextWrite <= c.clock
	}
	if !canColumn && (!canAct && !canPre || c.allHits[q.r[0].write]) {
		return -1, 0
	}
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
			if r.write == 1 && g.write <= c.clock {
				return i, cmdWR
			}
			if r.write == 0 && g.read <= c.clock {
				return i, cmdRD
			}
		case b.status == open:
			if canPre && b.pre <= c.clock && b.waiting == 0 && !c.protected(q, r) {
				return i, cmdPRE
			}
		case b.status == closed:
			if canAct && b.act <= c.clock && c.group[r.group].act <= c.clock {
				return i, cmdACT
			}
		}
	}
	c.allHits[q.r[0].write] = hits == q.n
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
