package controller

import (
	"math/bits"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

// columnBus issues at most one RD or WR.
func (c *hbmController) columnBus() bool {
	if i := c.oldestOpened(); i >= 0 {
		r := c.active.remove(int64(i))
		c.opened &^= 1 << r.bank
		c.moveData(&r)
		return true
	}
	if !c.perBank && c.dues > 0 && c.refreshFirst(c.Empty()) {
		return false
	}
	c.chooseQueue(c.queue[hbmRead].n, c.queue[hbmWrite].n, &c.marks)
	ready := c.readyColumns(c.draining)
	if c.perBank {
		ready &^= c.heldBack()
	}
	if ready == 0 {
		return false
	}
	q := &c.queue[c.draining]
	requests := q.r[:q.n]
	for i := range requests {
		r := &requests[i]
		if ready>>(r.bank%hbmMaxBanks)&1 == 0 || c.bank[r.bank].row != r.row {
			continue
		}
		taken := q.remove(int64(i))
		b := &c.bank[taken.bank]
		b.queued[taken.write]--
		if b.hits[taken.write]--; b.hits[taken.write] == 0 {
			c.hit[taken.write] &^= 1 << taken.bank
		}
		c.moveData(&taken)
		return true
	}
	panic("dram: an HBM bank counts a row hit that no request wants")
}

// oldestOpened returns the request of the active list that arrived first, of those whose column command can go; of
// those that arrived together, the one whose row was opened first; -1: none.
func (c *hbmController) oldestOpened() int {
	best, arrived := -1, Never
	requests := c.active.r[:c.active.n]
	for i := range requests {
		r := &requests[i]
		if r.arrive < arrived && c.columnAt(r.bank, int64(r.write)) <= c.Clock {
			best, arrived = i, r.arrive
		}
	}
	return best
}

// columnAt returns the first clock at which the timers allow a column command to an open bank.
func (c *hbmController) columnAt(bank uint8, kind int64) int64 {
	b, g, p := &c.bank[bank], &c.group[bank>>hbmGroupBits], &c.pseudo[bank>>c.pseudoShift]
	return max(b.column[kind], g.column[kind], p.column[kind])
}

// readyColumns returns the set of banks that can take the column command of a queued request now.
func (c *hbmController) readyColumns(kind int64) uint64 {
	var ready uint64
	for p := range int64(spec.PseudoChannels) {
		if c.Clock < c.pseudo[p].column[kind] {
			continue
		}
		for m := c.hit[kind] & c.pseudoBanks[p]; m != 0; m &= m - 1 {
			b := bits.TrailingZeros64(m)
			if c.Clock >= c.bank[b].column[kind] && c.Clock >= c.group[b>>hbmGroupBits].column[kind] {
				ready |= 1 << b
			}
		}
	}
	return ready
}

// rowCommand issues at most one ACT, PRE, PREA or REFab.
func (c *hbmController) rowCommand() bool {
	if c.dues > 0 {
		switch {
		case c.perBank:
			if c.refreshBankStep() {
				return true
			}
		case c.refreshFirst(c.Empty()):
			return c.Clock >= c.rowBus && c.refreshStep()
		}
	}
	c.chooseQueue(c.queue[hbmRead].n, c.queue[hbmWrite].n, &c.marks)
	if c.Clock < c.rowBus {
		return false
	}
	pres := c.readyPrecharges(c.draining)
	var acts uint64
	if c.rising() {
		acts = c.readyActivates(c.draining)
	}
	if c.perBank {
		pres, acts = pres&^c.heldBack(), acts&^c.heldActivates()
	}
	banks := acts | pres // disjoint: PREs go to open banks
	if banks == 0 {
		return false
	}
	q := &c.queue[c.draining]
	requests := q.r[:q.n]
	for i := range requests {
		r := &requests[i]
		bit := uint64(1) << (r.bank % hbmMaxBanks)
		switch {
		case banks&bit == 0:
		case acts&bit != 0:
			c.activate(q.remove(int64(i)))
			return true
		case c.bank[r.bank].row == r.row || hitOfSameAge(q, i, c.bank[r.bank].row):
			banks &^= bit // a row is not closed while a request as old as this one wants it
			if banks == 0 {
				return false
			}
		default:
			c.precharge(r.bank)
			c.bank[r.bank].conflict = 1
			c.logFor(cmdPRE, r)
			return true
		}
	}
	return false
}

// hitOfSameAge reports whether a request that arrived together with request i, but stands behind it, wants the open
// row.
func hitOfSameAge(q *queue, i int, row int64) bool {
	r := &q.r[i]
	for j := i + 1; j < int(q.n) && q.r[j].arrive == r.arrive; j++ {
		if q.r[j].bank == r.bank && q.r[j].row == row {
			return true
		}
	}
	return false
}

// readyActivates returns the set of closed banks that can take the ACT of a queued request now.
func (c *hbmController) readyActivates(kind int64) uint64 {
	var ready uint64
	for p := range int64(spec.PseudoChannels) {
		if c.Clock < c.pseudo[p].act {
			continue
		}
		for m := c.miss[kind] &^ c.open & c.pseudoBanks[p]; m != 0; m &= m - 1 {
			b := bits.TrailingZeros64(m)
			if c.Clock >= c.bank[b].act && c.Clock >= c.group[b>>hbmGroupBits].act {
				ready |= 1 << b
			}
		}
	}
	return ready
}

// readyPrecharges returns the set of banks that have the wrong row open and can take a PRE now.
func (c *hbmController) readyPrecharges(kind int64) uint64 {
	var ready uint64
	for p := range int64(spec.PseudoChannels) {
		if c.Clock < c.pseudo[p].pre {
			continue
		}
		for m := c.miss[kind] & c.open &^ c.opened & c.pseudoBanks[p]; m != 0; m &= m - 1 {
			b := bits.TrailingZeros64(m)
			if c.Clock >= c.bank[b].pre {
				ready |= 1 << b
			}
		}
	}
	return ready
}

// refreshStep issues the next command of the refresh that is due, if it can: PREA while a bank is open, then REFab.
func (c *hbmController) refreshStep() bool {
	p, banks := &c.pseudo[c.refreshPseudo], c.pseudoBanks[c.refreshPseudo]
	if c.open&banks == 0 {
		if !c.rising() || c.Clock < p.refresh {
			return false
		}
		c.refreshAll()
		return true
	}
	if c.opened&banks != 0 || c.Clock < p.preAll {
		return false
	}
	c.prechargeAll()
	return true
}
