package controller

import "math/bits"

// Skip skips clocks up to limit in which Tick would return Idle. The last Tick must have returned Idle, and no burst
// can be accepted, so that only a timer that runs out can change anything.
func (c *hbmController) Skip(limit int64) {
	if k := min(c.nextEvent(), limit+1); k > c.Clock+1 {
		c.Clock = k - 1
		c.Offered = 0
	}
}

// nextEvent returns a clock before which no tick does anything.
func (c *hbmController) nextEvent() int64 {
	k := c.RefreshDue
	for i := range c.active.r[:c.active.n] {
		r := &c.active.r[i]
		k = min(k, c.risingFrom(c.columnAt(r.bank, int64(r.write))))
	}
	if c.dues > 0 && c.refreshFirst(c.Empty()) {
		if !c.perBank {
			return min(k, c.refreshAt())
		}
		k = min(k, c.refreshBanksAt())
	}
	var held uint64
	if c.perBank {
		held = c.heldBack()
	}
	for m := c.hit[c.draining] &^ held; m != 0; m &= m - 1 {
		k = min(k, c.risingFrom(c.columnAt(uint8(bits.TrailingZeros64(m)), c.draining)))
	}
	for m := c.miss[c.draining] &^ c.opened &^ held; m != 0; m &= m - 1 {
		k = min(k, c.rowAt(bits.TrailingZeros64(m)))
	}
	return k
}

// risingFrom returns the first rising edge after this clock that is not before clock k.
func (c *hbmController) risingFrom(k int64) int64 {
	k = max(k, c.Clock+1)
	if c.half && (k+c.shift)&1 == 0 {
		k++
	}
	return k
}

// refreshAt returns the first clock at which the timers allow the next command of the refresh that is due; Never, if it
// waits for a column command.
func (c *hbmController) refreshAt() int64 {
	p, banks := &c.pseudo[c.refreshPseudo], c.pseudoBanks[c.refreshPseudo]
	switch {
	case c.open&banks == 0:
		return c.risingFrom(max(c.rowBus, p.refresh))
	case c.opened&banks != 0:
		return Never
	}
	return max(c.rowBus, p.preAll, c.Clock+1)
}

// rowAt returns the first clock at which the timers allow the ACT or PRE that a queued request needs; Never for a PRE
// that they allow already, which row-hit protection holds back until a command is issued.
func (c *hbmController) rowAt(bank int) int64 {
	b, p := &c.bank[bank], &c.pseudo[bank>>c.pseudoShift]
	if c.open>>bank&1 == 0 {
		return c.risingFrom(max(c.rowBus, p.act, c.group[bank>>hbmGroupBits].act, b.act))
	}
	if k := max(c.rowBus, p.pre, b.pre); k > c.Clock {
		return k
	}
	return Never
}

// LongestTimer returns more clocks than any timer runs.
func (c *hbmController) LongestTimer() int64 {
	g := &c.gaps
	return g.refPre + g.actRef + g.window + g.dataRead + g.columnPre[hbmWrite] + g.preRef + g.turn[hbmWrite]
}
