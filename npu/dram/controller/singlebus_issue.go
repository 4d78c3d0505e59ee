package controller

import "github.com/pmpdsim/pmpdsim/npu/dram/spec"

// serve issues cmd for entry i of list l.
func (c *singleBus) serve(l, i int64, cmd Command) Outcome {
	r := &c.list(l).r[i]
	switch cmd {
	case cmdRD, cmdWR:
		return c.columnCommand(l, i)
	case cmdACT:
		c.activate(c.list(l).remove(i))
	case cmdPRE:
		c.precharge(int64(r.bank), r)
		c.bank[r.bank].conflict = 1
	}
	return Changed
}

// columnCommand issues RD or WR; if WCK has stopped, the CAS that starts it comes first. An ACT-2 whose deadline would
// pass between CAS and column command goes before both.
func (c *singleBus) columnCommand(l, i int64) Outcome {
	if c.std.WCK && c.Clock >= c.rankOf(c.list(l).r[i].bank).wckOff {
		if c.pending == 1 && c.deadline <= c.Clock+1 {
			c.activate2()
			return Changed
		}
		c.synced, c.syncList, c.syncItem = 1, l, i
		c.Counts.Syncs++
		c.logFor(cmdCAS, &c.list(l).r[i])
		return Changed
	}
	c.moveData(l, i)
	return ColumnIssued
}

// followCAS issues the column command that its CAS announced.
func (c *singleBus) followCAS() Outcome {
	r := &c.list(c.syncList).r[c.syncItem]
	if c.readyAt(c.wants(r), r) > c.Clock {
		return Idle
	}
	l, i := c.syncList, c.syncItem
	c.synced, c.syncList, c.syncItem = 0, 0, 0
	c.moveData(l, i)
	return ColumnIssued
}

// moveData issues RD or WR.
func (c *singleBus) moveData(l, i int64) {
	r := c.list(l).remove(i)
	gaps, k := &c.gaps, c.Clock
	b, g, own := &c.bank[r.bank], &c.group[r.group], c.rankOf(r.bank)
	if l == activeList {
		b.waiting--
		own.columns--
	}
	if int64(r.write) != c.lastWrite {
		c.lastWrite = int64(r.write)
		c.Counts.Turnarounds++
	}
	c.bus = k + gaps.columnBus
	end := k
	if r.write == 1 {
		raise(&own.write, k+gaps.writeWrite)
		raise(&g.write, k+gaps.groupWriteWrite)
		raise(&own.read, k+gaps.writeRead)
		raise(&g.read, k+gaps.groupWriteRead)
		raise(&b.pre, k+gaps.writePre)
		raise(&own.preAll, k+gaps.writePre)
		if c.masks {
			raise(&c.maskedGroup[r.group], k+gaps.groupWriteMasked)
			raise(&c.maskedBank[r.bank], k+gaps.writeMasked)
			c.Counts.Masked += int64(r.found & maskedWrite / maskedWrite)
		}
		c.runWCK(own, k+gaps.writeWCK)
		c.keepApart(own, k+gaps.otherWriteWrite, k+gaps.otherWriteRead)
	} else {
		raise(&own.read, k+gaps.readRead)
		raise(&g.read, k+gaps.groupReadRead)
		raise(&own.write, k+gaps.readWrite)
		raise(&b.pre, k+gaps.readPre)
		raise(&own.preAll, k+gaps.readPre)
		c.runWCK(own, k+gaps.readWCK)
		c.keepApart(own, k+gaps.otherReadWrite, k+gaps.otherReadRead)
		end = k + gaps.dataRead
	}
	closes := c.page != spec.OpenPage && c.closes(&r)
	if closes {
		c.autoPrecharge(b, own)
	}
	c.countData(&r, end, closes)
}

// runWCK lets WCK run until a clock, in the rank that moves data, or in all.
func (c *singleBus) runWCK(own *rankState, until int64) {
	raise(&own.wckOff, until)
	if c.std.OneWCK {
		for i := range c.rank[:c.ranks] {
			raise(&c.rank[i].wckOff, until)
		}
	}
}

// keepApart delays the column commands of other ranks until the data bus has been handed over (tCS).
func (c *singleBus) keepApart(own *rankState, write, read int64) {
	for i := range c.rank[:c.ranks] {
		if o := &c.rank[i]; o != own {
			raise(&o.write, write)
			raise(&o.read, read)
		}
	}
}

// activate issues ACT, or ACT-1, for r, which has left its queue.
func (c *singleBus) activate(r request) {
	gaps, k := &c.gaps, c.Clock
	b, g, own := &c.bank[r.bank], &c.group[r.group], c.rankOf(r.bank)
	c.bus = k + gaps.actBus
	own.acts[own.oldest] = k
	own.oldest = (own.oldest + 1) & 3
	raise(&own.act, k+gaps.actAct)
	raise(&own.act, own.acts[own.oldest]+gaps.window) // the fourth-last ACT closes the window
	raise(&own.preAll, k+gaps.actPre)
	raise(&own.refreshAll, k+gaps.actRef)
	raise(&g.act, k+gaps.groupActAct)
	raise(&b.act, k+gaps.bankActAct)
	raise(&b.column, k+gaps.actColumn)
	raise(&b.pre, k+gaps.actPre)
	raise(&b.refresh, k+gaps.actRef)
	found := rowMiss
	if b.conflict == 1 {
		found = rowConflict
	}
	r.found = r.found&maskedWrite | found
	b.conflict = 0
	own.opened++
	c.Counts.Activates++
	c.logFor(cmdACT, &r)
	if c.std.Split {
		b.status = activating
		c.acting, c.pending, c.deadline = r, 1, k+c.timing.TAAD
		return
	}
	c.open(r)
}

// activate2 issues the pending ACT-2.
func (c *singleBus) activate2() {
	r := c.acting
	c.acting, c.pending, c.deadline = request{}, 0, 0
	c.logFor(cmdACT2, &r)
	c.open(r)
}

// open opens r's row. r waits in the active list for its column command.
func (c *singleBus) open(r request) {
	b := &c.bank[r.bank]
	b.status, b.row = open, r.row
	b.waiting++
	c.rankOf(r.bank).columns++
	c.active.push(r)
}

// precharge issues PRE to one bank, for a request that wants another of its rows; nil: for a refresh.
func (c *singleBus) precharge(n int64, r *request) {
	gaps, k := &c.gaps, c.Clock
	b, own := &c.bank[n], c.rankOf(uint8(n))
	c.bus = k + gaps.preBus
	raise(&own.pre, k+gaps.prePre)
	raise(&own.preAll, k+gaps.prePre)
	raise(&own.refreshAll, k+gaps.preRef)
	raise(&b.act, k+gaps.preAct)
	raise(&b.refresh, k+gaps.preRef)
	if b.status != closed {
		own.opened--
	}
	b.status, b.row, b.conflict = closed, 0, 0
	c.allHits = [2]bool{}
	c.Counts.Precharges++
	if r != nil {
		c.logFor(cmdPRE, r)
		return
	}
	c.log(cmdPRE, int(n))
}
