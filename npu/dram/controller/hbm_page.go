package controller

import "github.com/pmpdsim/pmpdsim/npu/dram/spec"

// closes reports whether the row of a request, which has left its list, closes behind its column command: singleBus.closes.
func (c *hbmController) closes(r *request) bool {
	b := &c.bank[r.bank]
	if r.write == hbmWrite {
		c.written[r.bank] = c.Clock + c.gaps.columnPre[hbmWrite]
	} else if c.written[r.bank] > c.Clock+c.gaps.columnPre[hbmRead] {
		return false
	}
	if c.opened>>r.bank&1 == 1 || b.hits[hbmRead]+b.hits[hbmWrite] > 0 {
		return false
	}
	return c.page == spec.ClosedPage || b.queued[hbmRead]+b.queued[hbmWrite] > 0
}

// autoPrecharge closes the row of a bank behind its column command: singleBus.autoPrecharge.
func (c *hbmController) autoPrecharge(bank uint8) {
	b, p := &c.bank[bank], &c.pseudo[bank>>c.pseudoShift]
	raise(&b.act, b.pre+c.gaps.preAct)
	raise(&p.refresh, b.pre+c.gaps.preRef)
	raise(&b.refresh, b.pre+c.gaps.preRef)
	c.close(bank)
	c.Counts.AutoPrecharges++
}
