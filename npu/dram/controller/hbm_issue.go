package controller

import "github.com/pmpdsim/pmpdsim/npu/dram/spec"

// moveData issues the RD or WR of a request that has left its list.
func (c *hbmController) moveData(r *request) {
	k, kind, other := c.Clock, r.write, 1-r.write
	b, g, p := &c.bank[r.bank], &c.group[r.bank>>hbmGroupBits], &c.pseudo[r.bank>>c.pseudoShift]
	raise(&p.column[kind], k+c.gaps.column[kind])
	raise(&p.column[other], k+c.gaps.turn[kind])
	raise(&g.column[kind], k+c.gaps.groupColumn[kind])
	raise(&g.column[other], k+c.gaps.groupTurn[kind])
	raise(&b.pre, k+c.gaps.columnPre[kind])
	raise(&p.preAll, k+c.gaps.columnPre[kind])
	if int64(kind) != c.lastWrite {
		c.lastWrite = int64(kind)
		c.Counts.Turnarounds++
	}
	end := k
	if kind == hbmRead {
		if c.gaps.stacks > 0 {
			c.delayOtherStack(r.bank)
		}
		end = k + c.gaps.dataRead
	}
	closes := c.page != spec.OpenPage && c.closes(r)
	if closes {
		c.autoPrecharge(r.bank)
	}
	c.countData(r, end, closes)
}

// delayOtherStack delays reads of the other stack identifier of a pseudo channel by tCCDR: two dies share the wires.
func (c *hbmController) delayOtherStack(bank uint8) {
	const groups = 1 << (hbmStackBits - hbmGroupBits)
	first := (bank>>hbmStackBits ^ 1) * groups
	for i := range c.group[first : first+groups] {
		raise(&c.group[int(first)+i].column[hbmRead], c.Clock+c.gaps.stacks)
	}
}

// activate issues ACT for r, which has left its queue and waits for its column command.
func (c *hbmController) activate(r request) {
	k := c.Clock
	b, g, p := &c.bank[r.bank], &c.group[r.bank>>hbmGroupBits], &c.pseudo[r.bank>>c.pseudoShift]
	p.acts[p.oldest] = k
	p.oldest = (p.oldest + 1) & 3
	raise(&p.act, k+c.gaps.actAct)
	raise(&p.act, p.acts[p.oldest]+c.gaps.window) // the fourth-last ACT closes the window
	raise(&p.preAll, k+c.gaps.actPre)
	raise(&p.refresh, k+c.gaps.actRef)
	if c.perBank {
		raise(&p.refreshBank, k+c.gaps.actRefOther)
		raise(&g.refresh, k+c.gaps.groupActRef)
		raise(&b.refresh, k+c.gaps.actRef)
	}
	raise(&g.act, k+c.gaps.groupAct)
	raise(&b.act, k+c.gaps.bankAct)
	raise(&b.column[hbmRead], k+c.gaps.actColumn[hbmRead])
	raise(&b.column[hbmWrite], k+c.gaps.actColumn[hbmWrite])
	raise(&b.pre, k+c.gaps.actPre)
	c.rowBus = k + c.gaps.actBus

	r.found = rowMiss
	if b.conflict == 1 {
		r.found = rowConflict
	}
	b.conflict, b.row = 0, r.row
	b.queued[r.write]--
	c.open |= 1 << r.bank
	c.opened |= 1 << r.bank
	c.active.push(r)
	for kind := range c.queue {
		b.hits[kind] = c.countHits(kind, r.bank)
	}
	c.updateMasks(r.bank)
	c.Counts.Activates++
	c.logFor(cmdACT, &r)
}

// countHits counts the requests of a queue that want the open row of a bank.
func (c *hbmController) countHits(kind int, bank uint8) uint16 {
	q, row := &c.queue[kind], c.bank[bank].row
	var n uint16
	left := c.bank[bank].queued[kind]
	for i := 0; left > 0; i++ {
		if q.r[i].bank != bank {
			continue
		}
		left--
		if q.r[i].row == row {
			n++
		}
	}
	return n
}

// precharge issues PRE to one bank. The caller logs it.
func (c *hbmController) precharge(bank uint8) {
	k, p := c.Clock, &c.pseudo[bank>>c.pseudoShift]
	raise(&p.pre, k+c.gaps.prePre)
	raise(&p.preAll, k+c.gaps.prePre)
	raise(&p.refresh, k+c.gaps.preRef)
	raise(&c.bank[bank].act, k+c.gaps.preAct)
	if c.perBank {
		raise(&c.bank[bank].refresh, k+c.gaps.preRef)
	}
	c.close(bank)
	c.bank[bank].conflict = 0
	c.Counts.Precharges++
}

// prechargeAll closes all banks of the pseudo channel whose turn to be refreshed it is.
func (c *hbmController) prechargeAll() {
	k, p := c.Clock, &c.pseudo[c.refreshPseudo]
	raise(&p.pre, k+c.gaps.prePre)
	raise(&p.preAll, k+c.gaps.prePre)
	raise(&p.refresh, k+c.gaps.preRef)
	raise(&p.act, k+c.gaps.preAllAct)
	first := c.refreshPseudo << c.pseudoShift
	for bank := first; bank < first+1<<c.pseudoShift; bank++ {
		if c.open>>bank&1 == 1 {
			c.close(uint8(bank))
		}
		c.bank[bank].conflict = 0
	}
	c.Counts.PrechargeAll++
	c.log(cmdPREA, int(c.refreshPseudo))
}

// refreshAll refreshes all banks of the pseudo channel whose turn it is.
func (c *hbmController) refreshAll() {
	k, p := c.Clock, &c.pseudo[c.refreshPseudo]
	raise(&p.act, k+c.gaps.refAct)
	raise(&p.preAll, k+c.gaps.refPre)
	raise(&p.refresh, k+c.gaps.refPre) // the next of several that were postponed
	c.Counts.Refreshes++
	c.Refreshed = true
	c.log(cmdREF, int(c.refreshPseudo))
	c.refreshed()
	c.refreshPseudo = 1 - c.refreshPseudo
}

// close closes the row of a bank.
func (c *hbmController) close(bank uint8) {
	c.bank[bank].hits = [2]uint16{}
	c.bank[bank].row = 0
	c.open &^= 1 << bank
	c.updateMasks(bank)
}
