package controller

// refreshFallsDue makes one unit of every rank due.
func (c *singleBus) refreshFallsDue() {
	c.DueCount++
	c.RefreshDue += c.interval
	c.refreshesFallDue(c.ranks, c.postponed)
	c.NextUnit = (c.NextUnit + c.ranks) % c.units
	if c.dues > c.postponed+16*c.ranks {
		panic("dram: refresh starved: sixteen are due")
	}
}

// RefreshTimer returns when refreshes fall due.
func (c *singleBus) RefreshTimer() RefreshTimer {
	return RefreshTimer{c.interval, c.ranks, max(c.units, 1)}
}

// unitDue returns the unit of the oldest refresh due: a rank, or the first bank of those that are refreshed together.
// Banks take turns, and for each bank ranks do.
func (c *singleBus) unitDue() int64 {
	u := (c.NextUnit - c.dues%c.units + c.units) % c.units
	if !c.perBank {
		return u
	}
	return u%c.ranks<<c.rankShift | u/c.ranks
}

// prechargeAll closes every bank of a rank for an all-bank refresh.
func (c *singleBus) prechargeAll(rank int64) {
	gaps, k, own := &c.gaps, c.Clock, &c.rank[rank]
	c.bus = k + gaps.preBus
	raise(&own.pre, k+gaps.prePre)
	raise(&own.preAll, k+gaps.prePre)
	raise(&own.refreshAll, k+gaps.preRef)
	raise(&own.act, k+gaps.preAllAct)
	first := rank << c.rankShift
	for i := first; i < first+1<<c.rankShift; i++ {
		b := &c.bank[i]
		b.status, b.row, b.conflict = closed, 0, 0
	}
	own.opened = 0
	c.allHits = [2]bool{}
	c.Counts.PrechargeAll++
	c.log(cmdPREA, int(rank))
}

// prechargeSame closes a bank of every group, from the one with number first on, for a same-bank refresh (PREsb).
func (c *singleBus) prechargeSame(first int64) {
	gaps, k, own := &c.gaps, c.Clock, c.rankOf(uint8(first))
	c.bus = k + gaps.preBus
	raise(&own.pre, k+gaps.prePre)
	for n := first; n < first+c.together; n += c.apart {
		b := &c.bank[n]
		if b.status == closed {
			continue
		}
		raise(&b.act, k+gaps.preAct)
		raise(&b.refresh, k+gaps.preRef)
		b.status, b.row, b.conflict = closed, 0, 0
		own.opened--
	}
	c.allHits = [2]bool{}
	c.Counts.PrechargeAll++
	c.log(cmdPREsb, int(first))
}

// refreshStep issues the next command of the oldest refresh due, if it can.
func (c *singleBus) refreshStep() bool {
	if c.refreshAt() > c.Clock {
		return false
	}
	gaps, k, unit := &c.gaps, c.Clock, c.unitDue()
	if !c.perBank {
		own := &c.rank[unit]
		if own.opened > 0 {
			c.prechargeAll(unit)
			return true
		}
		raise(&own.act, k+gaps.refAct)
		raise(&own.preAll, k+gaps.refRef)
		raise(&own.refreshAll, k+gaps.refRef)
	} else {
		own := c.rankOf(uint8(unit))
		for n := unit; n < unit+c.together; n += c.apart {
			if b := &c.bank[n]; b.status == open && b.waiting == 0 && b.pre <= k {
				if c.sameBank {
					c.prechargeSame(unit)
				} else {
					c.precharge(n, nil)
				}
				return true
			}
		}
		raise(&own.refreshBank, k+gaps.bankRefRef)
		raise(&own.refreshAll, k+gaps.bankRefAll)
		raise(&own.act, k+gaps.bankRefOther)
		for n := unit; n < unit+c.together; n += c.apart {
			raise(&c.bank[n].act, k+gaps.bankRefAct)
		}
	}
	c.bus = k + gaps.preBus
	c.log(cmdREF, int(unit))
	c.refreshed()
	c.Counts.Refreshes++
	c.Refreshed = true
	return true
}

// refreshAt returns the first clock at which the timers allow the next command (PRE, PREA, PREsb or REF) of the oldest
// refresh due; Never, if it waits for a column command or an ACT-2.
func (c *singleBus) refreshAt() int64 {
	unit := c.unitDue()
	if !c.perBank {
		own := &c.rank[unit]
		switch {
		case c.pending == 1 && c.rankOf(c.acting.bank) == own || own.opened > 0 && own.columns > 0:
			return Never
		case own.opened > 0:
			return own.preAll
		}
		return own.refreshAll
	}
	own := c.rankOf(uint8(unit))
	if c.sameBank {
		return c.refreshSameAt(unit, own)
	}
	closing, refresh := Never, own.refreshBank
	for n := unit; n < unit+c.together; n += c.apart {
		b := &c.bank[n]
		switch {
		case b.status == activating || b.status == open && b.waiting > 0:
			refresh = Never
		case b.status == open:
			closing = min(closing, max(own.pre, b.pre))
		}
		refresh = max(refresh, b.refresh)
	}
	if closing < Never {
		return closing
	}
	return refresh
}

// refreshSameAt is refreshAt of a same-bank refresh: a PREsb waits for all the banks that it closes.
func (c *singleBus) refreshSameAt(unit int64, own *rankState) int64 {
	closing, refresh, inside := own.pre, own.refreshBank, false
	for n := unit; n < unit+c.together; n += c.apart {
		b := &c.bank[n]
		switch {
		case b.status == activating || b.status == open && b.waiting > 0:
			return Never
		case b.status == open:
			inside = true
		}
		closing = max(closing, b.pre) // of a bank that closes by itself, too: its data must have gone
		refresh = max(refresh, b.refresh)
	}
	if inside {
		return closing
	}
	return refresh
}

// Skip skips clocks up to limit in which Tick would return Idle. The last Tick must have returned Idle, and no burst
// can be accepted, so that only a timer that runs out can change anything.
func (c *singleBus) Skip(limit int64) {
	k := min(c.RefreshDue, limit+1)
	if c.Clock < c.bus {
		k = min(k, c.bus)
		c.skipTo(k)
		return
	}
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
		if c.dues > 0 && c.refreshFirst(c.Empty()) {
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
			if at := c.readyAt(cmd, r); at > c.Clock { // else row-hit protection holds it back until a command is issued
				k = min(k, at)
			}
		}
	}
	c.skipTo(k)
}

// skipTo makes k the next clock, if it is a later one.
func (c *singleBus) skipTo(k int64) {
	if k > c.Clock+1 {
		c.Clock = k - 1
		c.Offered = 0
	}
}

// LongestTimer returns more clocks than any timer runs: those of refresh and write recovery, and all that comes before
// them.
func (c *singleBus) LongestTimer() int64 {
	t := c.timing
	return c.gaps.actBus + t.TDQSCK + t.TRFC + t.TRC + t.TFAW + t.TCL + t.TCWL + t.TBLMax + t.TWR + t.TPBR2PB + t.TRFCPB + t.TAAD +
		t.TCCDMW + t.TCCDLM
}
