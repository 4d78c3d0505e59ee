package dram

import (
	"encoding/binary"
	"math/bits"

	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// codec packs a frame: it writes the values that it is shown, as varints, or reads them back in the
// same order. Most are zero or small, so that a frame of 5 to 9 KB takes less than one.
type codec struct {
	text    []byte
	reading bool
}

func (c *codec) int64(v *int64) {
	if !c.reading {
		c.text = binary.AppendVarint(c.text, *v)
		return
	}
	n := 0
	*v, n = binary.Varint(c.text)
	c.text = c.text[n:]
}

func (c *codec) uint64(v *uint64) {
	w := int64(*v)
	c.int64(&w)
	*v = uint64(w)
}

func (c *codec) uint16(v *uint16) {
	w := int64(*v)
	c.int64(&w)
	*v = uint16(w)
}

func (c *codec) uint8(v *uint8) {
	w := int64(*v)
	c.int64(&w)
	*v = uint8(w)
}

func (c *codec) request(r *request) {
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

// busBank shows every field of a bank.
func (c *codec) busBank(b *bank) {
	for _, v := range []*int64{&b.row, &b.status, &b.act, &b.column, &b.pre, &b.refresh, &b.waiting, &b.conflict} {
		c.int64(v)
	}
}

// bus shows every field of s.
func (c *codec) bus(s *state) {
	for _, q := range []*queue{&s.read, &s.write, &s.active} {
		c.int64(&q.n)
		for i := range q.r[:q.n] {
			c.request(&q.r[i])
		}
	}
	c.request(&s.acting)
	var used uint64 // banks that are not as at power-on
	for i := range s.bank {
		if s.bank[i] != (bank{}) {
			used |= 1 << i
		}
	}
	c.uint64(&used)
	for m := used; m != 0; m &= m - 1 {
		c.busBank(&s.bank[bits.TrailingZeros64(m)])
	}
	for i := range s.group {
		for _, v := range []*int64{&s.group[i].read, &s.group[i].write, &s.group[i].act} {
			c.int64(v)
		}
	}
	for _, v := range []*int64{&s.clock, &s.pending, &s.deadline, &s.nextRead, &s.nextWrite, &s.nextAct, &s.nextPre, &s.nextPreAll,
		&s.nextRefreshAll, &s.nextRefreshBank, &s.acts[0], &s.acts[1], &s.acts[2], &s.acts[3], &s.oldest, &s.refreshDue,
		&s.refreshBank, &s.dues, &s.draining, &s.wckOff, &s.synced, &s.syncList, &s.syncItem, &s.offered, &s.opened, &s.columns} {
		c.int64(v)
	}
	for i := range s.due[:s.dues] {
		c.int64(&s.due[i])
	}
}

var _ stepper = (*busStepper)(nil)

// busStepper lets the memo step an LPDDR or DDR channel.
type busStepper struct{ *channel }

func (b *busStepper) freeze(names *rowCoder) string {
	var s state
	b.channel.freeze(&s, names)
	c := codec{text: make([]byte, 0, 1024)}
	c.bus(&s)
	return string(c.text)
}

func (b *busStepper) thaw(frame string, base int64, foreign []int64, ranks int, feeding bool) {
	var s state
	c := codec{text: []byte(frame), reading: true}
	c.bus(&s)
	b.channel.thaw(&s, base, foreign, ranks, feeding)
}

func (b *busStepper) learnt() (int64, *stats.DRAM, []mark) { return b.clock, &b.counts, b.done }
