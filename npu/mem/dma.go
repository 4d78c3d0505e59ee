package mem

import (
	"fmt"
	"slices"

	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/npu/activity"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/msg"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/engine"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// held is the tile number of what an op holds from before its first tile to its end.
const held = -1

// DMA is that of one core. It fetches the tiles of the core's ops in the order in which the sequencer releases them, as far
// ahead as the scratchpad has room, and writes outputs as units finish with tiles. Several transfers are outstanding; outputs
// go first, because they free space. From other cores' scratchpads it gathers what an exchange needs.
type DMA struct {
	*engine.Component
	Control akita.Port // to the sequencer and the units
	Data    akita.Port // to the memory
	Pad     Scratchpad

	memory, sequencer, array, vector akita.Port
	place                            Place
	outstanding                      int  // most transfers
	passing                          bool // loads need not wait for stores

	program *isa.Program
	queue   []int // ops whose loads may be issued, in order
	head    int
	next    cursor // next load to issue
	room    bool   // next.tile's space is reserved
	ops     []opState
	stores  []store
	firstSt int
	writing int  // stores outstanding
	flying  int  // outstanding
	taking  int  // exchanges under way
	stalled bool // waits for space
	since   unit.Cycles
	counts  stats.Counts

	spareTiles     []*msg.Tile // received, to be sent again
	spareTransfers []*msg.Transfer

	seen *activity.Recording
}

// cursor is a place in the loads of the op at the head of the queue.
type cursor struct{ tile, slice int }

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

// Place is where a DMA works: for which core, on which network, and with a memory that moves bursts of which size.
type Place struct {
	Core    int
	Network *Network
	Burst   unit.Bytes
	Queues  Queues
}

// NewDMA returns the DMA of a core.
func NewDMA(name string, e *engine.Engine, k engine.Clock, c *config.Config, place Place) *DMA {
	d := &DMA{place: place, outstanding: c.DMA.Outstanding, passing: c.DMA.Queues > 1}
	d.Component = engine.NewComponent(name, e, k, d)
	d.Control = d.NewPort("Control", 64)
	d.Data = d.NewPort("Data", 64)
	return d
}

// Connect names the ports that the DMA talks to.
func (d *DMA) Connect(memory, sequencer, array, vector akita.Port) {
	d.memory, d.sequencer, d.array, d.vector = memory, sequencer, array, vector
}

// Load makes a program current. Capacity is what the program leaves of the scratchpad for streams.
func (d *DMA) Load(p *isa.Program, capacity unit.Bytes) {
	d.program = p
	d.Pad = Scratchpad{capacity: capacity, peak: 0}
	d.queue, d.head, d.next, d.room = d.queue[:0], 0, cursor{}, false
	d.ops = slices.Grow(d.ops[:0], len(p.Ops))[:len(p.Ops)]
	clear(d.ops)
	d.stores, d.firstSt, d.writing = d.stores[:0], 0, 0
	d.flying, d.taking, d.stalled = 0, 0, false
	d.counts = stats.Counts{}
	d.note()
}

// Received takes releases, starts and frees on the control port, completions on the data port.
func (d *DMA) Received(p akita.Port) error {
	switch m := d.Retrieve(p).(type) {
	case *msg.Fetch:
		d.release(m.Op)
	case *msg.Start:
		if err := d.start(m.Op); err != nil {
			return err
		}
	case *msg.Tile:
		d.spareTiles = append(d.spareTiles, m)
		if err := d.free(m.Op, m.Tile); err != nil {
			return err
		}
	case *msg.Transfer:
		if err := d.complete(m); err != nil {
			return err
		}
	default:
		return fmt.Errorf("mem: a message of type %T", m)
	}
	if err := d.issue(); err != nil {
		return err
	}
	d.note()
	return nil
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

// firstLoad is where the loads of an op begin.
func firstLoad(o *isa.Op) cursor {
	if len(o.Hold) > 0 {
		return cursor{tile: held}
	}
	return cursor{}
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

// Woken ends an exchange.
func (d *DMA) Woken(_ int, op int64) error {
	d.taking--
	return d.done(int(op))
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

// Freed has nothing to do: the links hold more messages than the DMA ever has under way.
func (d *DMA) Freed(akita.Port) error { return nil }

// Idle tells whether every queued load and store is done.
func (d *DMA) Idle() bool {
	return d.head == len(d.queue) && d.firstSt == len(d.stores) && d.flying+d.taking == 0
}

// Describe says what is queued and what it waits for.
func (d *DMA) Describe() string {
	s := fmt.Sprintf("%d ops to fetch, %d stores queued, %d transfers in flight, %d exchanges, scratchpad %v of %v in use",
		len(d.queue)-d.head, len(d.stores)-d.firstSt, d.flying, d.taking, d.Pad.used, d.Pad.capacity)
	if d.head < len(d.queue) {
		o := &d.program.Ops[d.queue[d.head]]
		s += fmt.Sprintf("; next: %s tile %d of %d", o.Name, d.next.tile+1, o.Tiles)
		if d.stalled {
			s += ", waits for space"
		}
	}
	return s
}

// Counts adds what the DMA did.
func (d *DMA) Counts(c *stats.Counts) {
	n := d.counts
	n.ScratchPeak = d.program.Static + d.Pad.peak
	c.Add(&n)
}

// Check proves that everything that was fetched at the end of a program has been worked on and its space given back.
func (d *DMA) Check() error { return d.Pad.Check() }
