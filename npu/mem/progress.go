package mem

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/msg"
)

// opState is how far the transfers of one op have come.
type opState struct {
	loading  []int // loads that are not complete, by tile; the first entry is of the held operands
	arrived  int   // tiles reported to the op's unit, the held operands counted as one
	storing  int   // stores that are not complete
	started  bool  // of an op without a unit: it may store
	moved    int   // of an op without a unit: tiles that arrived and were handed to the stores
	unstored []int // stores that are not complete, by tile
}

// store is one slice of a tile to be written.
type store struct {
	op, tile, slice int
}

// release queues the loads of an op, which the sequencer allows.
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

// start begins an op that needs no unit (isa.Move): an exchange gathers, loads are stored as they arrive.
func (d *DMA) start(op int) error {
	o := &d.program.Ops[op]
	d.ops[op].started = true
	if o.Kind == isa.Exchange {
		d.exchanging++
		d.counts.Operators[o.Operator].Exchanged += o.Gather
		end := d.place.Network.Gather(d.place.Core, o.Gather, d.Now())
		if d.recording != nil {
			d.recording.Exchange(d.place.Core, op, o.Gather, d.Now(), end)
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

// move hands the tiles of a started op without a unit to its stores as they arrive.
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

// free stores the output of a tile that its unit has finished with, or gives its space back if there is none.
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

// queueStores queues the stores of a tile.
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

// doneIfStored reports an op to the sequencer once its stores are complete. An op of a unit that stores nothing is
// reported by the unit.
func (d *DMA) doneIfStored(op int) error {
	o := &d.program.Ops[op]
	if d.ops[op].storing > 0 || (len(o.Stores) == 0 && o.Unit != isa.Move) {
		return nil
	}
	return d.done(op)
}

// done reports an op to the sequencer.
func (d *DMA) done(op int) error {
	if !d.Send(d.Control, d.sequencer, &msg.Done{Op: op}) {
		return fmt.Errorf("mem: the link to the sequencer is full")
	}
	return nil
}

// complete accounts for a transfer that has come back from the memory.
func (d *DMA) complete(m *msg.Transfer) error {
	if d.outstanding--; d.outstanding < 0 {
		return fmt.Errorf("mem: a transfer of op %d, tile %d completed twice", m.Op, m.Tile)
	}
	d.spareTransfers = append(d.spareTransfers, m)
	if d.recording != nil {
		d.recording.Transfer(moveOf(m, d.place.Burst, d.Now()))
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

// report tells the op's unit which tiles have arrived, in order: a tile only after those before it.
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
			break // the op loads nothing but held operands
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
