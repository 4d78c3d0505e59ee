package controller

// serve issues cmd for entry i of list l.
func (c *singleBus) serve(l, i int64, cmd Command) Outcome {
	r := &c.list(l).r[i]
	switch cmd {
	case cmdRD, cmdWR:
		return c.columnCommand(l, i)
	case cmdACT:
		c.activate(c.list(l).remove(i))
	case cmdPRE:
		c.precharge(int64(r.bank))
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
		c.log(cmdCAS, -1)
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
	t, k := c.timing, c.Clock
	b, g, own := &c.bank[r.bank], &c.group[r.group], c.rankOf(r.bank)
	if l == activeList {
		b.waiting--
		own.columns--
	}
	if int64(r.write) != c.lastWrite {
		c.lastWrite = int64(r.write)
		c.Counts.Turnarounds++
	}
	if r.write == 1 {
		dataEnd := k + t.TCWL + t.TBL
		raise(&own.write, k+max(t.TBL, t.TCCDSW))
		raise(&g.write, k+t.TCCDLW)
		raise(&own.read, dataEnd+t.TWTRS)
		raise(&g.read, k+t.TCWL+t.TBLMax+t.TWTRL)
		raise(&b.pre, dataEnd+t.TWR)
		raise(&own.preAll, dataEnd+t.TWR)
		raise(&own.wckOff, dataEnd+t.TWCKPST)
		c.keepApart(own, k+t.TBL+t.TCS, dataEnd+t.TCS-t.TCL)
		c.countData(&r, k)
		return
	}
	dataEnd := k + t.TCL + t.TBL
	raise(&own.read, k+max(t.TBL, t.TCCDS))
	raise(&g.read, k+t.TCCDL)
	raise(&own.write, dataEnd+t.TRTRS-t.TCWL)
	raise(&b.pre, k+t.TRTP)
	raise(&own.preAll, k+t.TRTP)
	raise(&own.wckOff, dataEnd+t.TWCKPST)
	c.keepApart(own, dataEnd+t.TCS-t.TCWL, k+t.TBL+t.TCS)
	c.countData(&r, dataEnd)
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
	t, k := c.timing, c.Clock
	b, g, own := &c.bank[r.bank], &c.group[r.group], c.rankOf(r.bank)
	own.acts[own.oldest] = k
	own.oldest = (own.oldest + 1) & 3
	raise(&own.act, k+t.TRRDS)
	raise(&own.act, own.acts[own.oldest]+t.TFAW) // the fourth-last ACT closes the window
	raise(&own.preAll, k+t.TRAS)
	raise(&own.refreshAll, k+t.TRC)
	raise(&g.act, k+t.TRRDL)
	raise(&b.act, k+t.TRC)
	raise(&b.column, k+t.TRCD)
	raise(&b.pre, k+t.TRAS)
	raise(&b.refresh, k+t.TRC)
	r.found = rowMiss
	if b.conflict == 1 {
		r.found = rowConflict
	}
	b.conflict = 0
	own.opened++
	c.Counts.Activates++
	c.log(cmdACT, int(r.bank))
	if c.std.Split {
		b.status = activating
		c.acting, c.pending, c.deadline = r, 1, k+t.TAAD
		return
	}
	c.open(r)
}

// activate2 issues the pending ACT-2.
func (c *singleBus) activate2() {
	r := c.acting
	c.acting, c.pending, c.deadline = request{}, 0, 0
	c.log(cmdACT2, int(r.bank))
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

// precharge issues PRE to one bank.
func (c *singleBus) precharge(n int64) {
	t, k := c.timing, c.Clock
	b, own := &c.bank[n], c.rankOf(uint8(n))
	raise(&own.pre, k+t.TPPD)
	raise(&own.preAll, k+t.TPPD)
	raise(&own.refreshAll, k+t.TRP)
	raise(&b.act, k+t.TRP)
	raise(&b.refresh, k+t.TRP)
	if b.status != closed {
		own.opened--
	}
	b.status, b.row, b.conflict = closed, 0, 0
	c.allHits = [2]bool{}
	c.Counts.Precharges++
	c.log(cmdPRE, int(n))
}
