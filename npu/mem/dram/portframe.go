package dram

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// spanOf is the span of a walk at a position.
func spanOf(m *Mapping, c *cursor) span {
	base, low, high := m.rows(c.next(), c.low, c.high)
	return span{on: true, base: base, low: low, high: high}
}

// freeze is the frame of a port, and of the walks under way: two walks of equal phase yield the same banks and columns and
// equally translated rows, as long as both last.
func (p *port) freeze(k *codec, names *rowCoder, phases func(k *codec, c *cursor)) {
	p.refund()
	k.write(p.clock, names)
	for i := range p.inside {
		k.tags = append(k.tags, p.inside[i].tag)
	}
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
			word |= int64(k.rankOf(f.tag)) << 2
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
	k := readCodec(text, names)
	p.clock, p.falls, p.refreshed, p.quiet = 0, 0, false, 0
	p.granted = p.grant
	p.frame(&k)
	eachTag(p.core, func(tag *uint32) { p.inside[*tag].left++ })
	p.done = p.done[:0]
	p.counts = stats.DRAM{}
	clear(p.classes)
}
