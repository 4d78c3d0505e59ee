package dram

// raise moves an earliest clock later, never earlier.
func raise(t *int64, to int64) {
	if *t < to {
		*t = to
	}
}

func (c *controller) log(cmd command, bank int) {
	if c.trace != nil {
		c.trace(cmd, bank, c.clock)
	}
}

// serve issues cmd for entry i of list l.
func (c *controller) serve(l, i int64, cmd command) outcome {
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
	return changed
}

// columnCommand issues RD or WR, or first the CAS that starts WCK when that has stopped. An ACT-2 whose deadline would
// pass between CAS and column command goes before them.
func (c *controller) columnCommand(l, i int64) outcome {
	if c.std.WCK && c.clock >= c.wckOff {
		if c.pending == 1 && c.deadline <= c.clock+1 {
			c.activate2()
			return changed
		}
		c.synced, c.syncList, c.syncItem = 1, l, i
		c.counts.Syncs++
		c.log(cmdCAS, -1)
		return changed
	}
	c.moveData(l, i)
	return finished
}

// followCAS issues the column command that its CAS announced.
func (c *controller) followCAS() outcome {
	r := &c.list(c.syncList).r[c.syncItem]
	if c.readyAt(c.wants(r), r) > c.clock {
		return nothing
	}
	l, i := c.syncList, c.syncItem
	c.synced, c.syncList, c.syncItem = 0, 0, 0
	c.moveData(l, i)
	return finished
}

// moveData issues RD or WR.
func (c *controller) moveData(l, i int64) {
	r := c.list(l).remove(i)
	t, k := c.timing, c.clock
	b, g := &c.bank[r.bank], &c.group[r.group]
	if l == activeList {
		b.waiting--
		c.columns--
	}
	switch r.found {
	case rowHit:
		c.counts.RowHits++
	case rowMiss:
		c.counts.RowMisses++
	case rowConflict:
		c.counts.RowConflicts++
	}
	if r.write == 1 {
		dataEnd := k + t.TCWL + t.TBL
		raise(&c.nextWrite, k+max(t.TBL, t.TCCDSW))
		raise(&g.write, k+t.TCCDLW)
		raise(&c.nextRead, dataEnd+t.TWTRS)
		raise(&g.read, k+t.TCWL+t.TBLMax+t.TWTRL)
		raise(&b.pre, dataEnd+t.TWR)
		raise(&c.nextPreAll, dataEnd+t.TWR)
		raise(&c.wckOff, dataEnd+t.TWCKPST)
		c.counts.Writes++
		c.issued = column{r.tag, k}
		c.log(cmdWR, int(r.bank))
		return
	}
	dataEnd := k + t.TCL + t.TBL
	raise(&c.nextRead, k+max(t.TBL, t.TCCDS))
	raise(&g.read, k+t.TCCDL)
	raise(&c.nextWrite, dataEnd+t.TRTRS-t.TCWL)
	raise(&b.pre, k+t.TRTP)
	raise(&c.nextPreAll, k+t.TRTP)
	raise(&c.wckOff, dataEnd+t.TWCKPST)
	c.counts.Reads++
	c.issued = column{r.tag, dataEnd}
	c.log(cmdRD, int(r.bank))
}

// activate issues ACT, or ACT-1, for r, which leaves its queue.
func (c *controller) activate(r request) {
	t, k := c.timing, c.clock
	b, g := &c.bank[r.bank], &c.group[r.group]
	c.acts[c.oldest] = k
	c.oldest = (c.oldest + 1) & 3
	raise(&c.nextAct, k+t.TRRDS)
	raise(&c.nextAct, c.acts[c.oldest]+t.TFAW) // the fourth-last ACT closes the window
	raise(&c.nextPreAll, k+t.TRAS)
	raise(&c.nextRefreshAll, k+t.TRC)
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
	c.opened++
	c.counts.Activates++
	c.log(cmdACT, int(r.bank))
	if c.std.Split {
		b.status = activating
		c.acting, c.pending, c.deadline = r, 1, k+t.TAAD
		return
	}
	c.open(r)
}

// activate2 issues the pending ACT-2.
func (c *controller) activate2() {
	r := c.acting
	c.acting, c.pending, c.deadline = request{}, 0, 0
	c.log(cmdACT2, int(r.bank))
	c.open(r)
}

// open makes r's row the open one; r waits for its column command.
func (c *controller) open(r request) {
	b := &c.bank[r.bank]
	b.status, b.row = open, r.row
	b.waiting++
	c.columns++
	c.active.push(r)
}

// precharge issues PRE to one bank.
func (c *controller) precharge(n int64) {
	t, k := c.timing, c.clock
	b := &c.bank[n]
	raise(&c.nextPre, k+t.TPPD)
	raise(&c.nextPreAll, k+t.TPPD)
	raise(&c.nextRefreshAll, k+t.TRP)
	raise(&b.act, k+t.TRP)
	raise(&b.refresh, k+t.TRP)
	if b.status != closed {
		c.opened--
	}
	b.status, b.row, b.conflict = closed, 0, 0
	c.allHits = [2]bool{}
	c.counts.Precharges++
	c.log(cmdPRE, int(n))
}

// prechargeAll closes every bank for an all-bank refresh.
func (c *controller) prechargeAll() {
	t, k := c.timing, c.clock
	raise(&c.nextPre, k+t.TPPD)
	raise(&c.nextPreAll, k+t.TPPD)
	raise(&c.nextRefreshAll, k+t.TRP)
	raise(&c.nextAct, k+t.TRPAB)
	for i := range c.banks {
		b := &c.bank[i]
		b.status, b.row, b.conflict = closed, 0, 0
	}
	c.opened = 0
	c.allHits = [2]bool{}
	c.counts.PrechargeAll++
	c.log(cmdPREA, -1)
}

// refreshStep issues the next command of the oldest refresh due, if it can.
func (c *controller) refreshStep() bool {
	at := c.refreshAt()
	if at > c.clock {
		return false
	}
	t, k := c.timing, c.clock
	if c.due[0] == allDue {
		if c.opened > 0 {
			c.prechargeAll()
			return true
		}
		raise(&c.nextAct, k+t.TRFC)
		raise(&c.nextPreAll, k+t.TRFC)
		raise(&c.nextRefreshAll, k+t.TRFC)
	} else {
		b := &c.bank[c.due[0]]
		if b.status != closed {
			c.precharge(c.due[0])
			return true
		}
		raise(&c.nextRefreshBank, k+t.TPBR2PB)
		raise(&c.nextRefreshAll, k+t.TRFCPB)
		raise(&c.nextAct, k+t.TPBR2AC)
		raise(&b.act, k+t.TRFCPB)
	}
	c.log(cmdREF, int(c.due[0]))
	copy(c.due[:], c.due[1:c.dues])
	c.dues--
	c.due[c.dues] = 0
	c.counts.Refreshes++
	c.refreshed = true
	return true
}

// refreshAt is the first clock at which the next command (PRE, PRE-all or REF) of the oldest refresh due can go, as far
// as timers tell; never, if it waits for a column command or an ACT-2.
func (c *controller) refreshAt() int64 {
	if c.due[0] == allDue {
		switch {
		case c.pending == 1 || c.opened > 0 && c.columns > 0:
			return never
		case c.opened > 0:
			return c.nextPreAll
		}
		return c.nextRefreshAll
	}
	b := &c.bank[c.due[0]]
	switch {
	case b.status == activating || b.status == open && b.waiting > 0:
		return never
	case b.status == open:
		return max(c.nextPre, b.pre)
	}
	return max(c.nextRefreshBank, b.refresh)
}

// skip jumps over the clocks up to limit in which tick would do nothing: to be called after a tick that did nothing
// while no burst can be accepted. Then only a timer that runs out can change anything.
func (c *controller) skip(limit int64) {
	k := min(c.refreshDue, limit+1)
	if c.pending == 1 {
		k = min(k, c.deadline)
	}
	switch {
	case c.synced == 1:
		r := &c.list(c.syncList).r[c.syncItem]
		k = min(k, c.readyAt(c.wants(r), r))
	default:
		for i := range c.active.n {
			r := &c.active.r[i]
			k = min(k, c.readyAt(c.wants(r), r))
		}
		if c.dues > 0 {
			k = min(k, c.refreshAt())
			break
		}
		q := &c.read
		if c.draining == 1 {
			q = &c.write
		}
		for i := range q.n {
			r := &q.r[i]
			cmd := c.wants(r)
			if cmd == cmdACT2 || cmd == cmdACT && c.pending == 1 {
				continue
			}
			if at := c.readyAt(cmd, r); at > c.clock { // an earlier one is held back by row-hit protection until a command goes out
				k = min(k, at)
			}
		}
	}
	if k > c.clock+1 {
		c.clock = k - 1
		c.offered = 0
	}
}
