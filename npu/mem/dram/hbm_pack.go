package dram

import (
	"encoding/binary"
	"math/bits"
)

// A packed frame is its values as varints: most are zero or small, so that a frame of 9 KB takes about one.

// hbmCodec writes the values that it is shown, or reads them back in the same order.
type hbmCodec struct {
	text    []byte
	reading bool
}

func (c *hbmCodec) int64(v *int64) {
	if !c.reading {
		c.text = binary.AppendVarint(c.text, *v)
		return
	}
	n := 0
	*v, n = binary.Varint(c.text)
	c.text = c.text[n:]
}

func (c *hbmCodec) uint64(v *uint64) {
	w := int64(*v)
	c.int64(&w)
	*v = uint64(w)
}

func (c *hbmCodec) uint16(v *uint16) {
	w := int64(*v)
	c.int64(&w)
	*v = uint16(w)
}

func (c *hbmCodec) uint8(v *uint8) {
	w := int64(*v)
	c.int64(&w)
	*v = uint8(w)
}

func (c *hbmCodec) request(r *request) {
	tag := int64(r.tag)
	c.int64(&tag)
	r.tag = uint32(tag)
	c.int64(&r.row)
	c.int64(&r.arrive)
	c.uint8(&r.bank)
	c.uint8(&r.group)
	c.uint8(&r.write)
	c.uint8(&r.found)
}

func (c *hbmCodec) bank(b *hbmBank) {
	for _, v := range []*int64{&b.row, &b.act, &b.pre, &b.column[0], &b.column[1], &b.conflict} {
		c.int64(v)
	}
	for kind := range b.queued {
		c.uint16(&b.queued[kind])
		c.uint16(&b.hits[kind])
	}
}

// state shows every field of s.
func (c *hbmCodec) state(s *hbmState) {
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
	c := hbmCodec{text: make([]byte, 0, 2048)}
	c.state(s)
	return string(c.text)
}

func unpackHBM(text string) hbmState {
	var s hbmState
	c := hbmCodec{text: []byte(text), reading: true}
	c.state(&s)
	return s
}
