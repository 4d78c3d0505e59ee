package dram

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// rowRange is the range of rows that a walk may visit, seen from its position.
func rowRange(m *spec.Mapping, c *cursor) controller.RowRange {
	base, low, high := m.Rows(c.next(), c.low, c.high)
	return controller.RowRange{Active: true, Base: base, Low: low, High: high}
}

// store writes the snapshot of a port and of the walks under way to k. phases writes what the coming bursts of a walk
// depend on: two walks of equal phase visit the same banks and columns, and rows equally far from their bases, as long
// as both last.
func (p *port) store(k *controller.Codec, rows *controller.RowCoder, phases func(k *controller.Codec, c *cursor)) {
	p.freeSlots()
	if p.agent.pattern != nil {
		p.agent.arrive(p.Clock, p.inside[0].left, len(p.inside) > 1)
	}
	k.Begin(p.Clock, rows)
	for i := range p.inside {
		k.Tags = append(k.Tags, p.inside[i].tag)
	}
	p.snapshot(k)
	for i := range p.feeds {
		if p.feeds[i].on {
			phases(k, &p.feeds[i].cursor)
		}
	}
	rows.EachOverlap(func(pair int64, a, b *controller.RowRange) {
		distance := b.Base - a.Base
		k.Int64(&pair)
		k.Int64(&distance)
	})
}

// snapshot writes the state of a port and its controller to k, or reads it.
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
	if p.agent.pattern != nil {
		p.snapshotAgent(k)
	}
	if p.window > 0 {
		p.snapshotWindow(k)
	}
	p.Controller.Snapshot(k)
}

// snapshotFeed writes or reads a feed, apart from the position of its walk.
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

// snapshotInside writes or reads how many walks are inside and, with a window, of which queues.
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
		if p.agent.pattern != nil {
			p.inside[0].fed = false
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

// snapshotWindow writes or reads which slots of the windows are taken, and when the consumer is free.
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

// load puts the port into the state of a snapshot, at clock 0, which is so far into the background's period, with rows as
// the coder decodes them. Tags become ranks. The caller restores the positions of the walks under way.
func (p *port) load(snapshot string, rows *controller.RowCoder, phase int64) {
	k := controller.NewReader(snapshot, rows)
	p.Clock, p.DueCount, p.Refreshed, p.idleTicks = 0, 0, false, 0
	p.grantLeft = p.grant
	p.agent.start(phase, 0)
	p.snapshot(&k)
	controller.EachTag(p.Controller, func(tag *uint32) { p.inside[*tag].left++ })
	p.done = p.done[:0]
	p.Counts = stats.DRAM{}
	clear(p.classes)
}
