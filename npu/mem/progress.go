package mem

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/msg"
)

// opState is what the DMA knows of one op.
type opState struct {
	loading  []int // transfers outstanding or still to be issued of each tile, counted from the held part
	arrived  int   // tiles reported as ready
	storing  int   // store transfers to come
	started  bool  // a Move op may store
	moved    int   // tiles of a Move op that have arrived and been passed on to storing
	unstored []int // store transfers to come of each tile
}

type store struct {
	op, tile, slice int
}

// release queues the loads of an op.
func (d *DMA) release(op int) {
	o := &d.program.Ops[op]
	s := &d.ops[op]
	s.loading = make([]int, o.Tiles+1)
	s.loading[0] = len(o.Hold)
	for t := range o.Tiles {
		s.loading[t+1] = len(o.Loads)
	}
	d.queue = append(d.queue, op)
	if d.head == len(d.queue)-1 {
		d.next = firstLoad(o)
	}
}

// start lets an op without a unit of its own go on: its stores need no work.
func (d *DMA) start(op int) error {
	o := &d.program.Ops[op]
	d.ops[op].started = true
	if o.Kind == isa.Exchange {
		d.taking++
		end := d.place.Network.Gather(d.place.Core, o.Gather, d.Now())
		if d.seen != nil {
			d.seen.Exchange(d.place.Core, op, o.Gather, d.Now(), end)
		}
		d.WakeAt(end, 0, int64(op))
		return nil
	}
	if len(o.Loads) == 0 {
		for t := range o.Tiles {
			d.queueStores(op, t)
		}
		return d.doneIfStored(op)
	}
	return d.move(op)
}

// move passes the arrived tiles of a started Move op on to its stores.
func (d *DMA) move(op int) error {
	s := &d.ops[op]
	for s.started && s.moved < s.arrived {
		s.moved++
		if err := d.free(op, s.moved-1); err != nil {
			return err
		}
	}
	return nil
}

// free is called when a unit has finished with a tile.
func (d *DMA) free(op, tile int) error {
	o := &d.program.Ops[op]
	d.queueStores(op, tile)
	if len(o.Stores) == 0 {
		d.Pad.Release(o.TileBytes(tile))
	}
	if tile == o.Tiles-1 && len(o.Hold) > 0 {
		d.Pad.Release(o.HoldBytes())
	}
	return d.doneIfStored(op)
}

func (d *DMA) queueStores(op, tile int) {
	o, s := &d.program.Ops[op], &d.ops[op]
	if s.unstored == nil {
		s.unstored = make([]int, o.Tiles)
		s.storing = o.Tiles * len(o.Stores)
	}
	s.unstored[tile] = len(o.Stores)
	for i := range o.Stores {
		d.stores = append(d.stores, store{op, tile, i})
	}
}

// doneIfStored tells the sequencer that an op's stores, if it has any, are complete.
func (d *DMA) doneIfStored(op int) error {
	o := &d.program.Ops[op]
	if d.ops[op].storing > 0 || (len(o.Stores) == 0 && o.Unit != isa.Move) {
		return nil
	}
	return d.done(op)
}

func (d *DMA) done(op int) error {
	if !d.Send(d.Control, d.sequencer, &msg.Done{Op: op}) {
		return fmt.Errorf("mem: the link to the sequencer is full")
	}
	return nil
}

// complete books the end of a transfer.
func (d *DMA) complete(m *msg.Transfer) error {
	if d.flying--; d.flying < 0 {
		return fmt.Errorf("mem: a transfer of op %d, tile %d completed twice", m.Op, m.Tile)
	}
	d.spareTransfers = append(d.spareTransfers, m)
	if d.seen != nil {
		d.seen.Transfer(moveOf(m, d.place.Burst, d.Now()))
	}
	o, s := &d.program.Ops[m.Op], &d.ops[m.Op]
	if m.Write {
		d.writing--
		d.counts.ScratchRead += m.Walk.Bytes()
		s.storing--
		if s.unstored[m.Tile]--; s.unstored[m.Tile] == 0 && len(o.Loads) > 0 {
			d.Pad.Release(o.TileBytes(m.Tile))
		}
		return d.doneIfStored(m.Op)
	}
	d.counts.ScratchWrite += m.Walk.Bytes()
	s.loading[m.Tile+1]--
	return d.report(m.Op)
}

// report tells the op's unit which tiles have arrived, in order.
func (d *DMA) report(op int) error {
	o, s := &d.program.Ops[op], &d.ops[op]
	if s.arrived == 0 && len(o.Hold) == 0 {
		s.loading[0] = 0
	}
	first := 0
	if len(o.Hold) == 0 {
		first = 1
	}
	for i := first + s.arrived; i < len(s.loading) && s.loading[i] == 0; i++ {
		if i > 0 && len(o.Loads) == 0 {
			break // only the held part is loaded
		}
		s.arrived++
		if o.Unit == isa.Move {
			continue
		}
		to := d.array
		if o.Unit == isa.Vector {
			to = d.vector
		}
		m := reuse(&d.spareTiles)
		m.Op, m.Tile = op, i-1
		if !d.Send(d.Control, to, m) {
			return fmt.Errorf("mem: the link to the units is full")
		}
	}
	if o.Unit == isa.Move {
		return d.move(op)
	}
	return nil
}
