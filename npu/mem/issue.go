package mem

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/isa"
)

// held is the pseudo tile number of operands that stay in the scratchpad for the whole op (isa.Op.Hold).
const held = -1

// cursor points at one slice of one tile: the next load of the op at the head of the queue.
type cursor struct{ tile, slice int }

// firstLoad returns the cursor of an op's first load.
func firstLoad(o *isa.Op) cursor {
	if len(o.Hold) > 0 {
		return cursor{tile: held}
	}
	return cursor{}
}

// purpose says which tile of which op a transfer is for, and whether it loads or stores.
type purpose struct {
	op, tile int
	store    bool
}

// send sends the transfer of one slice of a tile to the memory, and counts its traffic.
func (d *DMA) send(s *isa.Slice, tile, tiles int, p purpose) error {
	m := reuse(&d.spareTransfers)
	m.Walk, m.Data, m.Core, m.Queue = s.At(tile, tiles), s.Data, d.place.Core, d.place.Queues.of(s.Data, d.place.Core)
	m.Op, m.Tile, m.Write = p.op, p.tile, p.store
	if p.store {
		d.writing++
	}
	d.outstanding++
	d.counts.Transfers++
	moved := burstTraffic(m.Walk, d.place.Burst)
	d.counts.Traffic[s.Data] += moved
	d.counts.Operators[d.program.Ops[p.op].Operator].Bytes += moved
	if !d.Send(d.Data, d.memory, m) {
		return fmt.Errorf("mem: the link to the memory is full")
	}
	return nil
}

// issue sends transfers, stores first, until nothing is left, the limit of outstanding ones is reached, or the
// scratchpad is full.
func (d *DMA) issue() error {
	for d.outstanding < d.mostOutstanding {
		var err error
		switch {
		case d.firstStore < len(d.stores):
			s := d.stores[d.firstStore]
			d.firstStore++
			if d.firstStore == len(d.stores) {
				d.stores, d.firstStore = d.stores[:0], 0
			}
			o := &d.program.Ops[s.op]
			err = d.send(&o.Stores[s.slice], s.tile, o.Tiles, purpose{op: s.op, tile: s.tile, store: true})
		case (d.writing == 0 || d.loadsOvertake) && d.head < len(d.queue) && d.reserve():
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

// reserve takes scratchpad space for the next tile, all of it before the first transfer, and reports whether there was
// room.
func (d *DMA) reserve() bool {
	if d.reserved {
		return true
	}
	o := &d.program.Ops[d.queue[d.head]]
	if d.next.tile == held {
		d.reserved = d.Pad.Reserve(o.HoldBytes())
	} else {
		d.reserved = d.Pad.Reserve(o.TileBytes(d.next.tile))
	}
	if d.reserved == d.stalled {
		if d.stalled = !d.reserved; d.stalled {
			d.since = d.Now()
		} else {
			d.counts.SpaceStall += d.Now() - d.since
		}
	}
	return d.reserved
}

// sendLoad sends the transfer at the cursor, and advances the cursor.
func (d *DMA) sendLoad() error {
	op := d.queue[d.head]
	o := &d.program.Ops[op]
	slices, tile := o.Loads, d.next.tile
	var err error
	if tile == held {
		slices = o.Hold
		err = d.send(&slices[d.next.slice], 0, 1, purpose{op: op, tile: held})
	} else {
		err = d.send(&slices[d.next.slice], tile, o.Tiles, purpose{op: op, tile: tile})
	}
	if d.next.slice++; d.next.slice < len(slices) {
		return err
	}
	d.next.slice, d.reserved = 0, false
	if d.next.tile++; d.next.tile == o.Tiles || len(o.Loads) == 0 {
		d.head++
		if d.head < len(d.queue) {
			d.next = firstLoad(&d.program.Ops[d.queue[d.head]])
		}
	}
	return err
}

// reuse returns a message that has come back, or a new one.
func reuse[M any](spare *[]*M) *M {
	n := len(*spare)
	if n == 0 {
		return new(M)
	}
	m := (*spare)[n-1]
	*spare = (*spare)[:n-1]
	return m
}
