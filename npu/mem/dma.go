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

// DMA is the DMA engine of one core. It fetches the tiles of the core's ops in the order in which the sequencer
// releases them, as far ahead as the scratchpad has room, and writes outputs when units have finished with their tiles.
// It keeps several transfers outstanding, stores before loads, because stores free space. For an exchange it gathers
// data from other cores' scratchpads.
type DMA struct {
	*engine.Component
	Control akita.Port // to the sequencer and the units
	Data    akita.Port // to the memory
	Pad     Scratchpad

	memory, sequencer, array, vector akita.Port
	place                            Place
	mostOutstanding                  int  // transfers
	loadsOvertake                    bool // loads do not wait for stores

	program     *isa.Program
	queue       []int // ops whose loads may be issued, in order; those before head have issued all of theirs
	head        int
	next        cursor // next load to issue
	reserved    bool   // space for the tile of next
	ops         []opState
	stores      []store
	firstStore  int  // not yet issued
	writing     int  // stores outstanding
	outstanding int  // transfers
	exchanging  int  // exchanges under way
	stalled     bool // waits for space, since that cycle
	since       unit.Cycles
	counts      stats.Counts

	spareTiles     []*msg.Tile // received; sent again with the next news
	spareTransfers []*msg.Transfer

	recording *activity.Recording // nil: nobody observes
}

// Place describes the surroundings of a DMA: its core, the network, the memory's burst size and queues.
type Place struct {
	Core    int
	Network *Network
	Burst   unit.Bytes
	Queues  Queues
}

// NewDMA returns the DMA engine of a core.
func NewDMA(name string, e *engine.Engine, k engine.Clock, c *config.Config, place Place) *DMA {
	d := &DMA{place: place, mostOutstanding: c.DMA.Outstanding, loadsOvertake: c.DMA.Queues > 1}
	d.Component = engine.NewComponent(name, e, k, d)
	d.Control = d.NewPort("Control", 64)
	d.Data = d.NewPort("Data", 64)
	return d
}

// Connect names the ports that the DMA talks to.
func (d *DMA) Connect(memory, sequencer, array, vector akita.Port) {
	d.memory, d.sequencer, d.array, d.vector = memory, sequencer, array, vector
}

// Load prepares the DMA for a program, which leaves capacity bytes of the scratchpad for streams.
func (d *DMA) Load(p *isa.Program, capacity unit.Bytes) {
	d.program = p
	d.Pad = Scratchpad{capacity: capacity, peak: 0}
	d.queue, d.head, d.next, d.reserved = d.queue[:0], 0, cursor{}, false
	d.ops = slices.Grow(d.ops[:0], len(p.Ops))[:len(p.Ops)]
	clear(d.ops)
	d.stores, d.firstStore, d.writing = d.stores[:0], 0, 0
	d.outstanding, d.exchanging, d.stalled = 0, 0, false
	d.counts = stats.Counts{}
	d.note()
}

// Received takes Fetch, Start and Tile (finished) on the control port, and completed transfers on the data port.
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
		return fmt.Errorf("mem: the DMA got a message of type %T", m)
	}
	if err := d.issue(); err != nil {
		return err
	}
	d.note()
	return nil
}

// Woken completes an exchange.
func (d *DMA) Woken(_ int, op int64) error {
	d.exchanging--
	return d.done(int(op))
}

// Freed does nothing: the links hold more messages than the DMA ever sends before it is answered.
func (d *DMA) Freed(akita.Port) error { return nil }

// Idle reports whether every queued load, store and exchange is done.
func (d *DMA) Idle() bool {
	return d.head == len(d.queue) && d.firstStore == len(d.stores) && d.outstanding+d.exchanging == 0
}

// Describe lists what is queued and what the DMA waits for.
func (d *DMA) Describe() string {
	s := fmt.Sprintf("%d ops to fetch, %d stores queued, %d transfers in flight, %d exchanges, "+
		"scratchpad %v of %v in use",
		len(d.queue)-d.head, len(d.stores)-d.firstStore, d.outstanding, d.exchanging, d.Pad.used, d.Pad.capacity)
	if d.head < len(d.queue) {
		o := &d.program.Ops[d.queue[d.head]]
		s += fmt.Sprintf("; next: %s tile %d of %d", o.Name, d.next.tile+1, o.Tiles)
		if d.stalled {
			s += ", waits for space"
		}
	}
	return s
}

// Counts adds the counts of this DMA to c.
func (d *DMA) Counts(c *stats.Counts) {
	n := d.counts
	n.ScratchPeak = d.program.Static + d.Pad.peak
	c.Add(&n)
}

// Check returns an error if scratchpad space is still reserved at the end of a program: a tile was fetched for nothing.
func (d *DMA) Check() error { return d.Pad.Check() }
