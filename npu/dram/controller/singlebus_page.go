package controller

import "github.com/pmpdsim/pmpdsim/npu/dram/spec"

// closes reports whether the row of a request closes behind its column command, which goes now: no other request inside
// wants the row and, with the adaptive policy, one wants another row of the bank. A RD leaves it open as long as the data
// of an earlier WR are being written to it: a RDA comes tWR - tRTP after them at the earliest (JEDEC's tWTRA).
func (c *singleBus) closes(r *request) bool {
	b := &c.bank[r.bank]
	if r.write == 1 {
		c.written[r.bank] = c.Clock + c.gaps.writePre
	} else if c.written[r.bank] > c.Clock+c.gaps.readPre {
		return false
	}
	if b.waiting > 0 {
		return false
	}
	wanted := c.page == spec.ClosedPage
	for _, q := range []*queue{&c.read, &c.write} {
		for i := range q.r[:q.n] {
			switch o := &q.r[i]; {
			case o.bank != r.bank:
			case o.row == r.row:
				return false
			default:
				wanted = true
			}
		}
	}
	return wanted
}

// autoPrecharge closes the row of a bank behind its column command. The bank does that by itself, at the first clock at
// which it could take a PRE.
func (c *singleBus) autoPrecharge(b *bank, own *rankState) {
	raise(&b.act, b.pre+c.gaps.preAct)
	raise(&b.refresh, b.pre+c.gaps.preRef)
	raise(&own.refreshAll, b.pre+c.gaps.preRef)
	b.status, b.row, b.conflict = closed, 0, 0
	own.opened--
	c.allHits = [2]bool{}
	c.Counts.AutoPrecharges++
}
