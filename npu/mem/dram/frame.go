package dram

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// A frame is a channel's state freed from when, where and for whom it is: clocks count from now, rows are codes, tags are
// ranks among the walks inside, and the time to the next refresh is left out. The controller is a deterministic function
// of its state, compares clocks only with clocks, and rows only for equality: from equal frames, equal walks lead to equal
// frames, as long as no refresh falls due; and if one does, after equal times to it.
//
// A frame is text: varints, written and read by the same code.

// span is where the walk of a queue may lie: rows that it may visit, and the row base of its position.
type span struct {
	on              bool
	base, low, high int64
}

// rowCoder gives codes to rows: a row that the walk of queue q may visit counts from the base of that walk's position, and
// its code ends in q+1; any other row is numbered by first appearance, and its code ends in 0. Such foreign rows are never
// visited by the walks under way. Where two walks may visit a row, the first queue's code counts: the distance of their
// bases is then part of the frame (overlaps).
type rowCoder struct {
	spans   [maxQueues]span
	foreign []int64
}

const (
	codeBits = 3 // of the queue
	codeMask = 1<<codeBits - 1
)

func (n *rowCoder) code(row int64) int64 {
	for q := range n.spans {
		if s := &n.spans[q]; s.on && row >= s.low && row < s.high {
			return (row-s.base)<<codeBits | int64(q+1)
		}
	}
	for i, f := range n.foreign {
		if f == row {
			return int64(i) << codeBits
		}
	}
	n.foreign = append(n.foreign, row)
	return int64(len(n.foreign)-1) << codeBits
}

// decode is the inverse of code.
func (n *rowCoder) decode(code int64) int64 {
	if q := code & codeMask; q > 0 {
		return n.spans[q-1].base + code>>codeBits
	}
	return n.foreign[code>>codeBits]
}

// spanOf is the span of a walk at a position.
func (m *Mapping) spanOf(c *cursor) span {
	return span{on: true, base: c.next() >> m.granuleShift * m.granuleRows,
		low: c.low >> m.blockShift * m.blockRows, high: ((c.high-1)>>m.blockShift + 1) * m.blockRows}
}

// overlaps calls f on each pair of spans that share rows. Pairs are numbered.
func (n *rowCoder) overlaps(f func(pair int64, a, b *span)) {
	for i := range n.spans {
		for j := i + 1; j < len(n.spans); j++ {
			if a, b := &n.spans[i], &n.spans[j]; a.on && b.on && a.low < b.high && b.low < a.high {
				f(int64(i*maxQueues+j), a, b)
			}
		}
	}
}

// rankOf is the position of a walk among those inside.
func rankOf(inside []outstanding, tag uint32) uint32 {
	for i := len(inside) - 1; i >= 0; i-- {
		if inside[i].tag == tag {
			return uint32(i)
		}
	}
	panic("dram: a queued burst belongs to no walk")
}

// code shows the state of a bus controller.
func (c *controller) code(k *codec) {
	s := &c.state
	if k.reading {
		*s = state{}
		c.allHits = [2]bool{}
	} else {
		k.arrivals(s.eachRequest)
	}
	for _, q := range []*queue{&s.read, &s.write, &s.active} {
		k.int64(&q.n)
		for i := range q.r[:q.n] {
			k.request(&q.r[i], c)
		}
	}
	for _, v := range []*int64{&s.pending, &s.dues, &s.catching, &s.draining, &s.lastWrite, &s.synced} {
		k.int64(v)
	}
	if s.pending == 1 {
		k.request(&s.acting, c)
		k.until(&s.deadline)
	}
	if s.synced == 1 {
		k.int64(&s.syncList)
		k.int64(&s.syncItem)
	}
	if s.dues > 0 {
		k.int64(&c.nextUnit)
	}
	for i := range s.rank[:c.ranks] {
		c.codeRank(k, &s.rank[i])
	}
	for i := range s.group[:c.banks>>c.bankBits] {
		g := &s.group[i]
		for _, v := range []*int64{&g.read, &g.write, &g.act} {
			k.timer(v)
		}
	}
	for i := range s.bank[:c.banks] {
		c.codeBank(k, &s.bank[i])
	}
}

func (c *controller) codeRank(k *codec, r *rankState) {
	for _, v := range []*int64{&r.read, &r.write, &r.act, &r.pre, &r.wckOff} {
		k.timer(v)
	}
	k.window(&r.acts, &r.oldest, c.timing.TFAW)
	k.int64(&r.opened)
	k.int64(&r.columns)
	switch {
	case c.interval == never:
		r.preAll, r.refreshAll, r.refreshBank = 0, 0, 0
	case c.perBank:
		k.timer(&r.refreshBank)
	default:
		k.timer(&r.preAll)
		k.timer(&r.refreshAll)
	}
}

func (c *controller) codeBank(k *codec, b *bank) {
	word := b.status | b.conflict<<2 | b.waiting<<3
	k.int64(&word)
	if k.reading {
		b.status, b.conflict, b.waiting = word&3, word>>2&1, word>>3
	}
	if b.status == open {
		k.row(&b.row)
	}
	k.timer(&b.act)
	k.timer(&b.column)
	k.timer(&b.pre)
	if c.perBank {
		k.timer(&b.refresh)
	}
}

// freeze is the frame of a port, and of the walks under way: two walks of equal phase yield the same banks and columns and
// equally translated rows, as long as both last.
func (p *port) freeze(k *codec, names *rowCoder, phases func(k *codec, c *cursor)) {
	p.refund()
	k.text, k.reading, k.now, k.names, k.inside = k.text[:0], false, p.clock, names, p.inside
	p.frame(k)
	for i := range p.feeds {
		if p.feeds[i].on {
			phases(k, &p.feeds[i].cursor)
		}
	}
	names.overlaps(func(pair int64, a, b *span) {
		distance := b.base - a.base
		k.int64(&pair)
		k.int64(&distance)
	})
}

// frame shows the state of a port and its controller.
func (p *port) frame(k *codec) {
	k.int64(&p.offered)
	k.int(&p.active)
	k.int(&p.turn)
	if p.active > 1 {
		k.int64(&p.granted)
	}
	for i := range p.feeds {
		p.codeFeed(k, &p.feeds[i], i)
	}
	p.codeInside(k)
	if p.window > 0 {
		p.codeWindow(k)
	}
	p.core.code(k)
}

// codeFeed shows a feed, apart from where its walk stands.
func (p *port) codeFeed(k *codec, f *feed, queue int) {
	word := int64(0)
	if f.on {
		word = 1
		if f.write {
			word = 3
		}
		if !k.reading {
			word |= int64(rankOf(k.inside, f.tag)) << 2
		}
	}
	k.int64(&word)
	if k.reading {
		f.on, f.write, f.tag = word&1 == 1, word&2 == 2, uint32(word>>2)
	}
}

// codeInside shows how many walks are inside and, where that matters, whose.
func (p *port) codeInside(k *codec) {
	n := len(p.inside)
	k.int(&n)
	if k.reading {
		p.inside = p.inside[:0]
		for i := range n {
			p.inside = append(p.inside, outstanding{tag: uint32(i), class: uint8(i), fed: true})
		}
		for i := range p.feeds {
			if f := &p.feeds[i]; f.on {
				p.inside[f.tag].fed = false
			}
		}
	}
	if p.window == 0 {
		return
	}
	for i := range p.inside {
		queue := int(p.inside[i].queue)
		k.int(&queue)
		p.inside[i].queue = uint8(queue)
	}
}

// codeWindow shows the buffer space that is out, and the consumer.
func (p *port) codeWindow(k *codec) {
	for i := range p.used {
		k.int64(&p.used[i])
	}
	next := max(p.taken+p.pace-k.now*PaceParts, 0) // when it can take another burst
	k.int64(&next)
	if k.reading {
		p.taken = next - p.pace
	}
	n := len(p.refunds)
	k.int(&n)
	if k.reading {
		p.refunds = slices.Grow(p.refunds[:0], n)[:n]
	}
	for i := range p.refunds {
		queue := int(p.refunds[i].queue)
		k.int(&queue)
		p.refunds[i].queue = uint8(queue)
		k.until(&p.refunds[i].clock)
	}
}

// thaw puts the port into a frame, at clock 0, with real rows; tags are ranks. The walks under way are to be put back.
func (p *port) thaw(text string, names *rowCoder) {
	k := codec{text: []byte(text), reading: true, names: names}
	p.clock, p.falls, p.refreshed, p.quiet = 0, 0, false, 0
	p.granted = p.grant
	p.frame(&k)
	p.eachRequest(func(r *request) { p.inside[r.tag].left++ })
	p.done = p.done[:0]
	p.counts = stats.DRAM{}
	clear(p.classes)
}
