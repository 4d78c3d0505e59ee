package dram

import "math/bits"

func (c *codec) bank(b *hbmBank) {
	for _, v := range []*int64{&b.row, &b.act, &b.pre, &b.column[0], &b.column[1], &b.conflict} {
		c.int64(v)
	}
	for kind := range b.queued {
		c.uint16(&b.queued[kind])
		c.uint16(&b.hits[kind])
	}
}

// state shows every field of s.
func (c *codec) state(s *hbmState) {
	for _, q := range []*hbmQueue{&s.queue[hbmRead], &s.queue[hbmWrite], &s.active} {
		c.int64(&q.n)
		for i := range q.r[:q.n] {
			c.request(&q.r[i])
		}
	}
	var used uint64 // banks that are not as at power-on
	for i := range s.bank {
		if s.bank[i] != (hbmBank{}) {
			used |= 1 << i
		}
	}
	c.uint64(&used)
	for m := used; m != 0; m &= m - 1 {
		c.bank(&s.bank[bits.TrailingZeros64(m)])
	}
	for i := range s.group {
		for _, v := range []*int64{&s.group[i].act, &s.group[i].column[0], &s.group[i].column[1]} {
			c.int64(v)
		}
	}
	for i := range s.pseudo {
		p := &s.pseudo[i]
		for _, v := range []*int64{&p.act, &p.pre, &p.preAll, &p.refresh, &p.column[0], &p.column[1],
			&p.acts[0], &p.acts[1], &p.acts[2], &p.acts[3], &p.oldest} {
			c.int64(v)
		}
	}
	for _, v := range []*uint64{&s.open, &s.opened, &s.hit[0], &s.hit[1], &s.miss[0], &s.miss[1]} {
		c.uint64(v)
	}
	for _, v := range []*int64{&s.clock, &s.shift, &s.refreshDue, &s.dues, &s.refreshPseudo, &s.rowBus,
		&s.draining, &s.offered} {
		c.int64(v)
	}
}

func (s *hbmState) pack() string {
	c := codec{text: make([]byte, 0, 2048)}
	c.state(s)
	return string(c.text)
}

func unpackHBM(text string) hbmState {
	var s hbmState
	c := codec{text: []byte(text), reading: true}
	c.state(&s)
	return s
}
