// Package core is the part that the compute array and the vector unit share: a unit that works through its core's ops in
// program order, tile by tile, each tile as soon as it lies in the scratchpad and the op may start.
//
//	Sequencer --Start--> unit --Done--> Sequencer
//	DMA --Tile (arrived)--> unit --Tile (finished)--> DMA
//
// Behind a chained op's tile (isa.Op.Chained) the array passes the tile on, and goes on with the next; the vector unit, which
// counts such an op among its own, in program order, finishes it:
//
//	DMA --Tile--> array --Tile (outputs there)--> vector unit --Tile--> DMA, --Done--> Sequencer
//
// How far the array runs ahead of the vector unit is bounded by the scratchpad alone: a tile's space is free only when the
// vector unit has finished with it. An op that fetches nothing has its operands and outputs in the program's static part.
//
// # No deadlock
//
// Of a program whose dependencies point backwards, look at the first op that is not complete. All before it are, so its
// dependencies are met; each unit of its core, in order, stands at it or has done its part; the DMA, in order, has
// nothing to load before it. Scratchpad space is held by this op's own tiles only (those of ops before it are free,
// those of ops after it are fetched later), which its units work off, and the tiles of any one pass fit beside what the
// op holds: those of its next pass will be loaded and worked on. So some op always completes. It does not matter on
// which cores the ops are.
package core

import (
	"fmt"
	"slices"

	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/npu/activity"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/msg"
	"github.com/pmpdsim/pmpdsim/sim/engine"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Timing is how long the unit works on a tile; of an array, on the passes that are complete with that tile but not with
// the one before (isa.Op.Passes). It is called once, when the work starts, and may count.
type Timing func(o *isa.Op, tile int) unit.Cycles

// Place is which unit of which core an executor is.
type Place struct {
	Unit isa.Unit // isa.Array or isa.Vector
	Core int
}

// does reports whether the unit at a place has a part in an op.
func (p Place) does(o *isa.Op) bool {
	return o.Core == p.Core && (o.Unit == p.Unit || p.Unit == isa.Vector && o.Chained())
}

// Unit is an in-order tile executor.
type Unit struct {
	*engine.Component
	Port   akita.Port // to the sequencer, the DMA and the unit before or behind
	Busy   unit.Cycles
	Tiles  int64
	place  Place
	timing Timing

	sequencer, dma akita.Port
	behind         akita.Port // of an array: the vector unit
	program        *isa.Program
	started        []bool
	ready          []int // tiles that may be worked on, counted from the held part
	at             int   // op in work or next to work on, len(Ops) at the end
	tile           int   // next tile that no work has begun on
	end            int   // last tile of the work: of a pass of the array over outputs of several tiles, of the tile itself else
	finished       int   // tiles that the unit is done with
	working        bool
	spare          []*msg.Tile // received, to be sent on
	seen           *activity.Recording
}

// New returns a unit.
func New(name string, e *engine.Engine, k engine.Clock, place Place, timing Timing) *Unit {
	u := &Unit{place: place, timing: timing}
	u.Component = engine.NewComponent(name, e, k, u)
	u.Port = u.NewPort("Port", 64)
	return u
}

// Connect names the ports that the unit talks to; behind is the vector unit's where there are chained ops, of an array.
func (u *Unit) Connect(sequencer, dma, behind akita.Port) {
	u.sequencer, u.dma, u.behind = sequencer, dma, behind
}

// Observe makes the unit note what it does; nil ends that.
func (u *Unit) Observe(r *activity.Recording) { u.seen = r }

// Load makes a program current and forgets everything about the one before.
func (u *Unit) Load(p *isa.Program) {
	u.program = p
	u.started = slices.Grow(u.started[:0], len(p.Ops))[:len(p.Ops)]
	u.ready = slices.Grow(u.ready[:0], len(p.Ops))[:len(p.Ops)]
	clear(u.started)
	clear(u.ready)
	u.Busy, u.Tiles = 0, 0
	u.working, u.at = false, -1
	u.advance()
}

// advance moves to the next op of this unit.
func (u *Unit) advance() {
	for u.at++; u.at < len(u.program.Ops) && !u.place.does(&u.program.Ops[u.at]); u.at++ {
	}
	u.tile, u.finished = 0, 0
	u.aim()
}

// aim finds where the next work ends.
func (u *Unit) aim() {
	u.end = u.tile
	if u.at < len(u.program.Ops) && u.place.Unit == isa.Array {
		u.end = u.program.Ops[u.at].PassEnd(u.tile)
	}
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
		return fmt.Errorf("core: a message of type %T", m)
	}
	u.try()
	return nil
}

// follows reports whether the op's tiles come from the array, which then says when each is there.
func (u *Unit) follows(o *isa.Op) bool { return o.Unit != u.place.Unit }

// mayWork reports whether the tiles of the next work are there.
func (u *Unit) mayWork() bool {
	o := &u.program.Ops[u.at]
	if u.follows(o) {
		return u.ready[u.at] > u.tile
	}
	need := 0
	if len(o.Hold) > 0 {
		need++
	}
	if len(o.Loads) > 0 {
		need += u.end + 1
	}
	return u.started[u.at] && u.ready[u.at] >= need
}

// try starts the next work if the unit is free and the tiles are there.
func (u *Unit) try() {
	if u.working || u.at == len(u.program.Ops) || !u.mayWork() {
		return
	}
	o := &u.program.Ops[u.at]
	d := u.timing(o, u.end)
	u.working = true
	u.Busy += d
	if !u.follows(o) { // the array has counted them
		u.Tiles += int64(u.end + 1 - u.tile)
	}
	if u.seen != nil {
		u.seen.Work(u.part(), u.place.Core, u.at, u.end, u.Now(), u.Now()+d)
	}
	u.WakeIn(d, 0, 0)
}

// part is what recordings call the unit.
func (u *Unit) part() activity.Part {
	if u.place.Unit == isa.Vector {
		return activity.Vector
	}
	return activity.Array
}

// Woken ends the work on a tile, or on a pass, and announces the tiles that are finished with it.
func (u *Unit) Woken(int, int64) error {
	o := &u.program.Ops[u.at]
	u.working = false
	n := u.end + 1
	if u.place.Unit == isa.Array {
		n = o.Finished(u.end)
	}
	for ; u.finished < n; u.finished++ {
		if err := u.pass(o); err != nil {
			return err
		}
	}
	if u.tile = u.end + 1; u.tile == o.Tiles {
		u.advance()
	} else {
		u.aim()
	}
	u.try()
	return nil
}

// pass announces a finished tile: to the vector unit if that goes on with it; else to the DMA, if it has anything to
// free or to store, and after the last tile to the sequencer.
func (u *Unit) pass(o *isa.Op) error {
	last := u.finished == o.Tiles-1
	if o.Chained() && !u.follows(o) {
		if !u.Send(u.Port, u.behind, u.message()) {
			return fmt.Errorf("core: the link to the vector unit is full")
		}
		return nil
	}
	if len(o.Loads) > 0 || len(o.Stores) > 0 || (last && len(o.Hold) > 0) {
		if !u.Send(u.Port, u.dma, u.message()) {
			return fmt.Errorf("core: the link to the DMA is full")
		}
	}
	if last && !u.Send(u.Port, u.sequencer, &msg.Done{Op: u.at}) {
		return fmt.Errorf("core: the link to the sequencer is full")
	}
	return nil
}

// message is about a finished tile; it reuses one that has arrived.
func (u *Unit) message() *msg.Tile {
	var m *msg.Tile
	if n := len(u.spare); n > 0 {
		m, u.spare = u.spare[n-1], u.spare[:n-1]
	} else {
		m = new(msg.Tile)
	}
	m.Op, m.Tile = u.at, u.finished
	return m
}

// Freed has nothing to do: the unit's links hold more messages than it ever has under way.
func (u *Unit) Freed(akita.Port) error { return nil }

// Idle reports whether every op is done.
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
	case u.follows(o):
		return fmt.Sprintf("%s, waits for the array (%d tiles done)", s, u.ready[u.at])
	case !u.started[u.at]:
		return s + ", waits for its dependencies"
	}
	return fmt.Sprintf("%s, waits for data (%d arrived)", s, u.ready[u.at])
}
