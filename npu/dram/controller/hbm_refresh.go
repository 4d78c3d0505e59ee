package controller

import "github.com/pmpdsim/pmpdsim/npu/dram/spec"

// Per-bank refresh of HBM. After each interval the next bank of both pseudo channels is due. Requests for the banks that
// are due wait: their rows are closed as soon as that is possible, and they are refreshed one after another, in the order
// in which they fell due, while all other banks go on.

// refreshAhead is of how many banks due the rows are closed at a time, so that the REFpb of one need not wait for the tRP
// of its PRE after that of the one before.
const refreshAhead = 4

// refreshFallsDue makes the next refreshes due: of both pseudo channels, or of the next bank of both.
func (c *hbmController) refreshFallsDue() {
	c.DueCount++
	c.RefreshDue += c.interval
	c.refreshesFallDue(spec.PseudoChannels, c.postponed)
	if c.perBank {
		c.NextUnit = (c.NextUnit + spec.PseudoChannels) % c.units
	}
}

// bankDue returns the i-th bank that is due, oldest first. Banks take turns, and for each bank pseudo channels do.
func (c *hbmController) bankDue(i int64) uint8 {
	u := (c.NextUnit - (c.dues-i)%c.units + c.units) % c.units
	return uint8(u%spec.PseudoChannels<<c.pseudoShift | u/spec.PseudoChannels)
}

// heldBack returns the set of banks that requests may not use, because they are to be refreshed.
func (c *hbmController) heldBack() (banks uint64) {
	if c.dues == 0 || !c.refreshFirst(c.Empty()) {
		return 0
	}
	for i := range min(c.dues, refreshAhead) {
		banks |= 1 << c.bankDue(i)
	}
	return banks
}

// heldActivates is heldBack for ACTs: none comes to the pseudo channel of a REFpb that it would delay.
func (c *hbmController) heldActivates() uint64 {
	banks := c.heldBack()
	if banks == 0 {
		return 0
	}
	oldest := c.bankDue(0)
	if c.open>>oldest&1 == 0 && c.refreshBankAt(oldest) < c.Clock+c.gaps.actRefOther {
		banks |= c.pseudoBanks[oldest>>c.pseudoShift]
	}
	return banks
}

// refreshBankAt returns the first clock at which the timers allow the REFpb of a closed bank.
func (c *hbmController) refreshBankAt(bank uint8) int64 {
	return max(c.bank[bank].refresh, c.group[bank>>hbmGroupBits].refresh, c.pseudo[bank>>c.pseudoShift].refreshBank)
}

// refreshBankStep issues the next command of the refreshes that are due, if it can: a REFpb of the oldest bank, or a PRE of
// one of those behind it.
func (c *hbmController) refreshBankStep() bool {
	if c.dues == 0 || !c.refreshFirst(c.Empty()) || c.Clock < c.rowBus {
		return false
	}
	if bank := c.bankDue(0); c.open>>bank&1 == 0 && c.rising() && c.refreshBankAt(bank) <= c.Clock {
		c.refreshBank(bank)
		return true
	}
	for i := range min(c.dues, refreshAhead) {
		bank := c.bankDue(i)
		b, p, bit := &c.bank[bank], &c.pseudo[bank>>c.pseudoShift], uint64(1)<<bank
		if c.open&bit != 0 && c.opened&bit == 0 && p.pre <= c.Clock && b.pre <= c.Clock {
			c.precharge(bank)
			c.log(cmdPRE, int(bank))
			return true
		}
	}
	return false
}

// refreshBank refreshes one bank.
func (c *hbmController) refreshBank(bank uint8) {
	k, p := c.Clock, &c.pseudo[bank>>c.pseudoShift]
	raise(&c.bank[bank].act, k+c.gaps.bankRefAct)
	raise(&p.refreshBank, k+c.gaps.bankRefRef)
	raise(&p.act, k+c.gaps.bankRefOther)
	if c.half {
		raise(&p.pre, k+2) // not on the falling edge that is paired with it
	}
	c.Counts.Refreshes++
	c.Refreshed = true
	c.log(cmdREF, int(bank))
	c.refreshed()
}

// refreshBanksAt returns a clock before which no command of the refreshes that are due can go.
func (c *hbmController) refreshBanksAt() int64 {
	at := Never
	for i := range min(c.dues, refreshAhead) {
		bank := c.bankDue(i)
		switch bit := uint64(1) << bank; {
		case c.open&bit == 0 && i == 0:
			at = min(at, c.risingFrom(max(c.rowBus, c.refreshBankAt(bank))))
		case c.open&bit != 0 && c.opened&bit == 0:
			at = min(at, max(c.rowBus, c.pseudo[bank>>c.pseudoShift].pre, c.bank[bank].pre, c.Clock+1))
		}
	}
	return at
}
