package controller

import "github.com/pmpdsim/pmpdsim/npu/dram/spec"

var _ Controller = (*hbmController)(nil)

// eachRequest calls f on every request inside, always in the same order.
func (s *hbmState) eachRequest(f func(r *request)) {
	for _, q := range []*queue{&s.queue[hbmRead], &s.queue[hbmWrite], &s.active} {
		for i := range q.r[:q.n] {
			f(&q.r[i])
		}
	}
}

// Snapshot writes or reads the state of the controller. The sets of banks, and the counts of requests for a bank, are
// rebuilt from the queues.
func (c *hbmController) Snapshot(k *Codec) {
	s := &c.hbmState
	shift := s.shift
	if c.half {
		shift = (shift + k.Now) & 1
	}
	open := s.open
	if k.Reading {
		*s = hbmState{}
	} else {
		k.arrivals(s.eachRequest)
	}
	k.Int64(&shift)
	k.uint64(&open)
	if k.Reading {
		s.shift, s.open = shift, open
	}
	for _, q := range []*queue{&s.queue[hbmRead], &s.queue[hbmWrite], &s.active} {
		k.Int64(&q.n)
		for i := range q.r[:q.n] {
			k.request(&q.r[i], c)
		}
	}
	for _, v := range []*int64{&s.dues, &s.catchingUp, &s.refreshPseudo, &s.draining, &s.lastWrite} {
		k.Int64(v)
	}
	if c.perBank && s.dues > 0 {
		k.Int64(&c.NextUnit)
	}
	k.timer(&s.rowBus)
	for i := range s.pseudo {
		c.snapshotPseudo(k, &s.pseudo[i])
	}
	banks := spec.PseudoChannels << c.pseudoShift
	for i := range s.group[:banks>>hbmGroupBits] {
		g := &s.group[i]
		for _, v := range []*int64{&g.act, &g.column[0], &g.column[1]} {
			k.timer(v)
		}
		if c.perBank {
			k.timer(&g.refresh)
		}
	}
	for i := range s.bank[:banks] {
		b := &s.bank[i]
		k.Int64(&b.conflict)
		for _, v := range []*int64{&b.act, &b.pre, &b.column[0], &b.column[1]} {
			k.timer(v)
		}
		if s.open>>i&1 == 1 {
			k.row(&b.row)
		}
		if c.page != spec.OpenPage {
			k.timer(&s.written[i])
		}
		if c.perBank {
			k.timer(&b.refresh)
		}
	}
	if k.Reading {
		c.recount()
	}
}

func (c *hbmController) snapshotPseudo(k *Codec, p *hbmPseudo) {
	for _, v := range []*int64{&p.act, &p.pre, &p.column[0], &p.column[1]} {
		k.timer(v)
	}
	switch {
	case c.interval == Never:
		p.preAll, p.refresh, p.refreshBank = 0, 0, 0
	case c.perBank:
		k.timer(&p.refreshBank)
	default:
		k.timer(&p.preAll)
		k.timer(&p.refresh)
	}
	k.window(&p.acts, &p.oldest, c.gaps.window)
}

// recount rebuilds from the queues how many requests wait for each bank.
func (c *hbmController) recount() {
	for kind := range c.queue {
		q := &c.queue[kind]
		for i := range q.r[:q.n] {
			r := &q.r[i]
			b := &c.bank[r.bank]
			b.queued[kind]++
			if c.open>>r.bank&1 == 1 && b.row == r.row {
				b.hits[kind]++
			}
		}
	}
	for i := range c.active.r[:c.active.n] {
		c.opened |= 1 << c.active.r[i].bank
	}
	for i := range c.bank {
		c.updateMasks(uint8(i))
	}
}
