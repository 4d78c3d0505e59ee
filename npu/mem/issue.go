package mem

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/isa"
)

// held is the tile number of what an op holds from before its first tile to its end.
const held = -1

// cursor is a place in the loads of the op at the head of the queue.
type cursor struct{ tile, slice int }

// firstLoad is where the loads of an op begin.
func firstLoad(o *isa.Op) cursor {
	if len(o.Hold) > 0 {
		return cursor{tile: held}
	}
	return cursor{}
}

// goal is what a transfer is for.
type goal struct {
	op, tile int
	store    bool
}

func (d *DMA) send(s *isa.Slice, tile, tiles int, g goal) error {
	m := reuse(&d.spareTransfers)
	m.Walk, m.Data, m.Core, m.Queue = s.At(tile, tiles), s.Data, d.place.Core, d.place.Queues.of(s.Data, d.place.Core)
	m.Op, m.Tile, m.Write = g.op, g.tile, g.store
	if g.store {
		d.writing++
	}
	d.flying++
	d.counts.Transfers++
	moved := burstTraffic(m.Walk, d.place.Burst)
	d.counts.Traffic[s.Data] += moved
	d.counts.Operators[d.program.Ops[g.op].Operator].Bytes += moved
	if !d.Send(d.Data, d.memory, m) {
		return fmt.Errorf("mem: the link to the memory is full")
	}
	return nil
}

// issue sends transfers while any may go out.
func (d *DMA) issue() error {
	for d.flying < d.outstanding {
		var err error
		switch {
		case d.firstSt < len(d.stores):
			s := d.stores[d.firstSt]
			d.firstSt++
			if d.firstSt == len(d.stores) {
				d.stores, d.firstSt = d.stores[:0], 0
			}
			o := &d.program.Ops[s.op]
			err = d.send(&o.Stores[s.slice], s.tile, o.Tiles, goal{op: s.op, tile: s.tile, store: true})
		case (d.writing == 0 || d.passing) && d.head < len(d.queue) && d.reserve():
			err = d.sendLoad()
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// reserve takes scratchpad space for the next tile, as a whole, before its first transfer.
func (d *DMA) reserve() bool {
	if d.room {
		return true
	}
	o := &d.program.Ops[d.queue[d.head]]
	if d.next.tile == held {
		d.room = d.Pad.Reserve(o.HoldBytes())
	} else {
		d.room = d.Pad.Reserve(o.TileBytes(d.next.tile))
	}
	if d.room == d.stalled {
		if d.stalled = !d.room; d.stalled {
			d.since = d.Now()
		} else {
			d.counts.SpaceStall += d.Now() - d.since
		}
	}
	return d.room
}

// sendLoad sends the transfer at the cursor and moves it on.
func (d *DMA) sendLoad() error {
	op := d.queue[d.head]
	o := &d.program.Ops[op]
	slices, tile := o.Loads, d.next.tile
	var err error
	if tile == held {
		slices = o.Hold
		err = d.send(&slices[d.next.slice], 0, 1, goal{op: op, tile: held})
	} else {
		err = d.send(&slices[d.next.slice], tile, o.Tiles, goal{op: op, tile: tile})
	}
	if d.next.slice++; d.next.slice < len(slices) {
		return err
	}
	d.next.slice, d.room = 0, false
	if d.next.tile++; d.next.tile == o.Tiles || len(o.Loads) == 0 {
		d.head++
		if d.head < len(d.queue) {
			d.next = firstLoad(&d.program.Ops[d.queue[d.head]])
		}
	}
	return err
}

// reuse takes a message that has come back, or makes one.
func reuse[M any](spare *[]*M) *M {
	n := len(*spare)
	if n == 0 {
		return new(M)
	}
	m := (*spare)[n-1]
	*spare = (*spare)[:n-1]
	return m
}
