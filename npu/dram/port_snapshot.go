package dram

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// spanOf is the span of a walk at a position.
func rowRange(m *spec.Mapping, c *cursor) controller.RowRange {
	base, low, high := m.Rows(c.next(), c.low, c.high)
	return controller.RowRange{Active: true, Base: base, Low: low, High: high}
}

// freeze is the frame of a port, and of the walks under way: two walks of equal phase yield the same banks and columns and
// equally translated rows, as long as both last.
func (p *port) store(k *controller.Codec, names *controller.RowCoder, phases func(k *controller.Codec, c *cursor)) {
	p.freeSlots()
	k.Begin(p.Clock, names)
	for i := range p.inside {
		k.Tags = append(k.Tags, p.inside[i].tag)
	}
	p.snapshot(k)
	for i := range p.feeds {
		if p.feeds[i].on {
			phases(k, &p.feeds[i].cursor)
		}
	}
	names.EachOverlap(func(pair int64, a, b *controller.RowRange) {
		distance := b.Base - a.Base
		k.Int64(&pair)
		k.Int64(&distance)
	})
}

// frame shows the state of a port and its controller.
func (p *port) snapshot(k *controller.Codec) {
	k.Int64(&p.Offered)
	k.Int(&p.active)
	k.Int(&p.serving)
	if p.active > 1 {
		k.Int64(&p.grantLeft)
	}
	for i := range p.feeds {
		p.snapshotFeed(k, &p.feeds[i], i)
	}
	p.snapshotInside(k)
	if p.window > 0 {
		p.snapshotWindow(k)
	}
	p.Controller.Snapshot(k)
}

// codeFeed shows a feed, apart from where its walk stands.
func (p *port) snapshotFeed(k *controller.Codec, f *feed, queue int) {
	word := int64(0)
	if f.on {
		word = 1
		if f.write {
			word = 3
		}
		if !k.Reading {
			word |= int64(k.RankOf(f.tag)) << 2
		}
	}
	k.Int64(&word)
	if k.Reading {
		f.on, f.write, f.tag = word&1 == 1, word&2 == 2, uint32(word>>2)
	}
}

// codeInside shows how many walks are inside and, where that matters, whose.
func (p *port) snapshotInside(k *controller.Codec) {
	n := len(p.inside)
	k.Int(&n)
	if k.Reading {
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
		k.Int(&queue)
		p.inside[i].queue = uint8(queue)
	}
}

// codeWindow shows the buffer space that is out, and the consumer.
func (p *port) snapshotWindow(k *controller.Codec) {
	for i := range p.used {
		k.Int64(&p.used[i])
	}
	next := max(p.taken+p.pace-k.Now*PaceParts, 0) // when it can take another burst
	k.Int64(&next)
	if k.Reading {
		p.taken = next - p.pace
	}
	n := len(p.freeing)
	k.Int(&n)
	if k.Reading {
		p.freeing = slices.Grow(p.freeing[:0], n)[:n]
	}
	for i := range p.freeing {
		queue := int(p.freeing[i].queue)
		k.Int(&queue)
		p.freeing[i].queue = uint8(queue)
		k.Until(&p.freeing[i].clock)
	}
}

// thaw puts the port into a frame, at clock 0, with real rows; tags are ranks. The walks under way are to be put back.
func (p *port) load(text string, names *controller.RowCoder) {
	k := controller.NewReader(text, names)
	p.Clock, p.DueCount, p.Refreshed, p.idleTicks = 0, 0, false, 0
	p.grantLeft = p.grant
	p.snapshot(&k)
	controller.EachTag(p.Controller, func(tag *uint32) { p.inside[*tag].left++ })
	p.done = p.done[:0]
	p.Counts = stats.DRAM{}
	clear(p.classes)
}
