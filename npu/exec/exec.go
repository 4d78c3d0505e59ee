// Package exec is the part that the compute array and the vector unit share: a unit that works through its ops in
// program order, tile by tile, each tile as soon as it lies in the scratchpad and the op may start.
//
//	Sequencer --Start--> unit --Done--> Sequencer
//	DMA --Tile (arrived)--> unit --Tile (finished)--> DMA
package exec

import (
	"fmt"
	"slices"

	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/msg"
	"github.com/pmpdsim/pmpdsim/sim"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Timing is how long a tile occupies the unit. It is called once per tile, when the tile starts, and may count.
type Timing func(o *isa.Op, tile int) unit.Cycles

// Unit is an in-order tile executor.
type Unit struct {
	*sim.Component
	Port   akita.Port // to the sequencer and the DMA
	Busy   unit.Cycles
	Tiles  int64
	kind   isa.Unit
	timing Timing

	sequencer, dma akita.Port
	program        *isa.Program
	started        []bool
	ready          []int // tiles that lie in the scratchpad, counted from the held part
	at             int   // op in work or next to work on, len(Ops) at the end
	tile           int
	working        bool
	spare          []*msg.Tile // received, to be sent back
}

// New returns a unit that executes the ops of one kind of unit.
func New(name string, e *sim.Engine, k sim.Clock, kind isa.Unit, timing Timing) *Unit {
	u := &Unit{kind: kind, timing: timing}
	u.Component = sim.NewComponent(name, e, k, u)
	u.Port = u.NewPort("Port", 64)
	return u
}

// Connect names the ports that the unit talks to.
func (u *Unit) Connect(sequencer, dma akita.Port) { u.sequencer, u.dma = sequencer, dma }

// Load makes a program current and forgets everything about the one before.
func (u *Unit) Load(p *isa.Program) {
	u.program = p
	u.started = slices.Grow(u.started[:0], len(p.Ops))[:len(p.Ops)]
	u.ready = slices.Grow(u.ready[:0], len(p.Ops))[:len(p.Ops)]
	clear(u.started)
	clear(u.ready)
	u.Busy, u.Tiles = 0, 0
	u.working, u.tile, u.at = false, 0, -1
	u.advance()
}

// advance moves to the next op of this unit.
func (u *Unit) advance() {
	for u.at++; u.at < len(u.program.Ops) && u.program.Ops[u.at].Unit != u.kind; u.at++ {
	}
	u.tile = 0
}

// Received takes Start and Tile messages.
func (u *Unit) Received(p akita.Port) error {
	switch m := u.Retrieve(p).(type) {
	case *msg.Start:
		u.started[m.Op] = true
	case *msg.Tile:
		u.ready[m.Op]++
		u.spare = append(u.spare, m)
	default:
		return fmt.Errorf("exec: a message of type %T", m)
	}
	u.try()
	return nil
}

// try starts the next tile if the unit is free and the tile is there.
func (u *Unit) try() {
	if u.working || u.at == len(u.program.Ops) || !u.started[u.at] {
		return
	}
	o := &u.program.Ops[u.at]
	need := 0
	if len(o.Hold) > 0 {
		need++
	}
	if len(o.Loads) > 0 {
		need += u.tile + 1
	}
	if u.ready[u.at] < need {
		return
	}
	d := u.timing(o, u.tile)
	u.working = true
	u.Busy += d
	u.Tiles++
	u.WakeIn(d, 0, 0)
}

// Woken ends a tile.
func (u *Unit) Woken(int, int64) error {
	o := &u.program.Ops[u.at]
	u.working = false
	last := u.tile == o.Tiles-1
	if len(o.Loads) > 0 || len(o.Stores) > 0 || (last && len(o.Hold) > 0) {
		m := u.message()
		m.Op, m.Tile = u.at, u.tile
		if !u.Send(u.Port, u.dma, m) {
			return fmt.Errorf("exec: the link to the DMA is full")
		}
	}
	if last {
		if !u.Send(u.Port, u.sequencer, &msg.Done{Op: u.at}) {
			return fmt.Errorf("exec: the link to the sequencer is full")
		}
		u.advance()
	} else {
		u.tile++
	}
	u.try()
	return nil
}

// message reuses one that has arrived.
func (u *Unit) message() *msg.Tile {
	n := len(u.spare)
	if n == 0 {
		return new(msg.Tile)
	}
	m := u.spare[n-1]
	u.spare = u.spare[:n-1]
	return m
}

// Freed has nothing to do: the unit's links hold more messages than it ever has under way.
func (u *Unit) Freed(akita.Port) error { return nil }

// Idle tells whether every op is done.
func (u *Unit) Idle() bool { return u.program == nil || u.at == len(u.program.Ops) }

// Describe names the op in work and what it waits for.
func (u *Unit) Describe() string {
	if u.Idle() {
		return "all ops done"
	}
	o := &u.program.Ops[u.at]
	s := fmt.Sprintf("op %d (%s), tile %d of %d", u.at, o.Name, u.tile+1, o.Tiles)
	switch {
	case u.working:
		return s + ", working"
	case !u.started[u.at]:
		return s + ", waits for its dependencies"
	}
	return fmt.Sprintf("%s, waits for data (%d arrived)", s, u.ready[u.at])
}
