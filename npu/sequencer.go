package npu

import (
	"fmt"
	"slices"

	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/npu/activity"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/msg"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/engine"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Sequencer decodes the ops of a program: those of a core in order, one each sequencer.launch_cycles, and those of all
// cores at the same time. It releases an op's loads to its core's DMA once their data are in DRAM, and starts the op
// when all ops that it depends on are complete, on whatever core. It charges each cycle to the kind of the op that
// completes next. Before each piece of the program it waits for the runtime (runtime.go).
type Sequencer struct {
	*engine.Component
	Port   akita.Port
	launch unit.Cycles

	runtime   runtime
	cores     []decoder
	program   *isa.Program
	issued    int // ops decoded
	pending   []pendingOp
	waiters   [][]int // by op: the ops that depend on it (i), and those that load after it (-i-1)
	completed int
	charged   unit.Cycles // every cycle before this one is charged to an op
	counts    stats.Counts
	recording *activity.Recording // nil: nobody observes
}

// CorePorts are the ports of one core that the sequencer talks to.
type CorePorts struct{ DMA, Array, Vector akita.Port }

// decoder is how far decoding has come for one core.
type decoder struct {
	CorePorts
	next int // op of this core to decode, len(Ops) after the last one
	busy bool
}

// pendingOp is what an op still waits for.
type pendingOp struct {
	deps   int // ops of Deps that are not complete
	loads  int // ops of LoadAfter that are not complete
	issued bool
	parts  int // completions to come: the unit's, and the DMA's if there are stores
	done   bool
}

// NewSequencer returns the sequencer of all cores.
func NewSequencer(name string, e *engine.Engine, k engine.Clock, launch unit.Cycles) *Sequencer {
	s := &Sequencer{launch: launch}
	s.Component = engine.NewComponent(name, e, k, s)
	s.Port = s.NewPort("Port", 64)
	return s
}

// Dispatch makes the runtime hand over the ops of programs piece by piece.
func (s *Sequencer) Dispatch(r runtime) { s.runtime = r }

// Connect names the ports of the cores.
func (s *Sequencer) Connect(cores []CorePorts) {
	s.cores = make([]decoder, len(cores))
	for i, p := range cores {
		s.cores[i].CorePorts = p
	}
}

// Observe makes the sequencer record what it does; nil stops that.
func (s *Sequencer) Observe(r *activity.Recording) { s.recording = r }

// Load prepares the sequencer for a program, and starts to decode each core's first op.
func (s *Sequencer) Load(p *isa.Program) {
	s.program = p
	s.issued, s.completed, s.charged = 0, 0, 0
	s.counts = stats.Counts{}
	s.runtime.hosting = false
	s.pending = slices.Grow(s.pending[:0], len(p.Ops))[:len(p.Ops)]
	clear(s.pending)
	for i := range s.waiters {
		s.waiters[i] = s.waiters[i][:0]
	}
	if n := len(p.Ops) - len(s.waiters); n > 0 {
		s.waiters = append(s.waiters, make([][]int, n)...)
	}
	for i := range p.Ops {
		o, w := &p.Ops[i], &s.pending[i]
		w.parts = 1
		if len(o.Stores) > 0 && o.Unit != isa.Move {
			w.parts = 2
		}
		w.deps, w.loads = len(o.Deps), len(o.LoadAfter)
		for _, d := range o.Deps {
			s.waiters[d] = append(s.waiters[d], i)
		}
		for _, d := range o.LoadAfter {
			s.waiters[d] = append(s.waiters[d], -i-1)
		}
	}
	if s.runtime.on && len(p.Ops) > 0 {
		s.begin(0)
	}
	for c := range s.cores {
		s.cores[c].next, s.cores[c].busy = -1, false
		s.advance(c)
		s.decode(c)
	}
}

// advance moves a core's decoder to its next op.
func (s *Sequencer) advance(core int) {
	d := &s.cores[core]
	for d.next++; d.next < len(s.program.Ops) && s.program.Ops[d.next].Core != core; d.next++ {
	}
}

// decode starts to decode a core's next op, if it can. Loads are released in program order, so an op that loads what is
// not yet in DRAM holds up the ops behind it.
func (s *Sequencer) decode(core int) {
	d := &s.cores[core]
	if d.busy || d.next == len(s.program.Ops) || s.pending[d.next].loads > 0 || !s.runtime.mayDecode(d.next) {
		return
	}
	d.busy = true
	s.counts.LaunchBusy += s.launch
	if s.recording != nil {
		s.recording.Decode(core, d.next, s.Now(), s.Now()+s.launch)
	}
	s.WakeIn(s.launch, decoded, int64(core))
}

// Woken issues the op that has been decoded for a core, or goes on after a dispatch or the host's work.
func (s *Sequencer) Woken(kind int, core int64) error {
	switch kind {
	case dispatchEnded:
		return s.dispatchEnds()
	case hostEnded:
		s.hostEnds()
		return nil
	}
	d := &s.cores[core]
	i := d.next
	d.busy = false
	s.advance(int(core))
	s.issued++
	s.counts.Ops++
	s.pending[i].issued = true
	if s.program.Ops[i].Fetches() {
		if err := s.send(d.DMA, &msg.Fetch{Op: i}); err != nil {
			return err
		}
	}
	if err := s.startIfReady(i); err != nil {
		return err
	}
	s.decode(int(core))
	return nil
}

// startIfReady starts an op that is decoded and dispatched, and depends on nothing any more.
func (s *Sequencer) startIfReady(i int) error {
	if w := &s.pending[i]; !w.issued || w.deps > 0 || !s.runtime.mayStart(i) {
		return nil
	}
	o := &s.program.Ops[i]
	d := &s.cores[o.Core]
	to := d.Array
	switch o.Unit {
	case isa.Vector:
		to = d.Vector
	case isa.Move:
		to = d.DMA
	}
	return s.send(to, &msg.Start{Op: i})
}

func (s *Sequencer) send(to akita.Port, m akita.Msg) error {
	if !s.Send(s.Port, to, m) {
		return fmt.Errorf("npu: the sequencer's link is full")
	}
	return nil
}

// Received takes the completion of an op's work or of its stores.
func (s *Sequencer) Received(p akita.Port) error {
	m, ok := s.Retrieve(p).(*msg.Done)
	if !ok {
		return fmt.Errorf("npu: the sequencer got a message that is not Done")
	}
	w := &s.pending[m.Op]
	if w.parts--; w.parts > 0 {
		return nil
	}
	if w.parts < 0 {
		return fmt.Errorf("npu: op %d (%s) completed twice", m.Op, s.program.Ops[m.Op].Name)
	}
	w.done = true
	s.completed++
	s.runtime.open--
	pieceEnds := s.runtime.on && s.runtime.open == 0
	// An op that nobody waits for, such as the update of the KV cache in decode, does not hold the step up: the time
	// until its stores are complete is charged to the ops that complete later, unless its piece ends with it.
	if len(s.waiters[m.Op]) > 0 || pieceEnds || s.completed == len(s.program.Ops) {
		o := &s.program.Ops[m.Op]
		s.counts.ByKind[o.Kind] += s.Now() - s.charged
		s.counts.Operators[o.Operator].Cycles += s.Now() - s.charged
		if s.recording != nil {
			s.recording.Front(m.Op, s.charged, s.Now())
		}
		s.charged = s.Now()
	}
	for _, i := range s.waiters[m.Op] {
		if i < 0 {
			s.pending[-i-1].loads--
			continue
		}
		s.pending[i].deps--
		if err := s.startIfReady(i); err != nil {
			return err
		}
	}
	if pieceEnds {
		s.next()
	}
	for c := range s.cores {
		s.decode(c)
	}
	return nil
}

// Freed does nothing: the links take more messages than the sequencer ever sends before they are taken.
func (s *Sequencer) Freed(akita.Port) error { return nil }

// Completed returns the number of ops that are complete.
func (s *Sequencer) Completed() int { return s.completed }

// Idle reports whether all ops are complete, and the host is done with them.
func (s *Sequencer) Idle() bool {
	return s.program == nil || s.completed == len(s.program.Ops) && !s.runtime.hosting
}

// Describe names the oldest op that is not complete.
func (s *Sequencer) Describe() string {
	if s.Idle() {
		return "all ops done"
	}
	if s.runtime.hosting {
		return "all ops done, the host works"
	}
	for i := range s.pending {
		if w := &s.pending[i]; !w.done {
			o := &s.program.Ops[i]
			return fmt.Sprintf("%d of %d ops done, %d issued; oldest open: op %d (%s, core %d), "+
				"%d dependencies and %d loads' producers open%s",
				s.completed, len(s.program.Ops), s.issued, i, o.Name, o.Core, w.deps, w.loads, s.runtime.describe(i))
		}
	}
	return "all ops done"
}

// Counts adds the counts of the sequencer, and the length of the step, to c.
func (s *Sequencer) Counts(c *stats.Counts) {
	n := s.counts
	n.Cycles = s.charged
	c.Add(&n)
}
