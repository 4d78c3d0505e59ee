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

// Woken ends an exchange.
func (d *DMA) Woken(_ int, op int64) error {
	d.taking--
	return d.done(int(op))
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
