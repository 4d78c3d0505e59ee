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

// Sequencer decodes the ops of a program, those of each core in order, one each LaunchCycles, the cores beside each other. It
// releases an op's loads to its core's DMA as soon as the data is in DRAM, and starts the op when everything it depends on is
// complete, on whatever core. It attributes every cycle of the step to the kind of the op whose completion moved the front of
// completions on.
type Sequencer struct {
	*engine.Component
	Port   akita.Port
	launch unit.Cycles

	cores     []decoder
	program   *isa.Program
	issued    int // ops decoded
	pending   []pendingOp
	waiters   [][]int // ops to look at when an op completes
	completed int
	front     unit.Cycles
	counts    stats.Counts
	seen      *activity.Recording
}

// CorePorts are the ports of one core that the sequencer talks to.
type CorePorts struct{ DMA, Array, Vector akita.Port }

// decoder is where decoding stands for one core.
type decoder struct {
	CorePorts
	next int // op of this core to be decoded, len(Ops) at the end
	busy bool
}

// pendingOp is what an op still waits for.
type pendingOp struct {
	deps   int
	loads  int // LoadAfter
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

// Connect names the ports of the cores.
func (s *Sequencer) Connect(cores []CorePorts) {
	s.cores = make([]decoder, len(cores))
	for i, p := range cores {
		s.cores[i].CorePorts = p
	}
}

// Observe makes the sequencer note what it does; nil ends that.
func (s *Sequencer) Observe(r *activity.Recording) { s.seen = r }

// Load makes a program current and schedules each core's first op.
func (s *Sequencer) Load(p *isa.Program) {
	s.program = p
	s.issued, s.completed, s.front = 0, 0, 0
	s.counts = stats.Counts{}
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

// decode starts the decoding of a core's next op. Loads leave in program order, so an op whose loads have to wait for data
// in DRAM holds up those behind it.
func (s *Sequencer) decode(core int) {
	d := &s.cores[core]
	if d.busy || d.next == len(s.program.Ops) || s.pending[d.next].loads > 0 {
		return
	}
	d.busy = true
	s.counts.LaunchBusy += s.launch
	if s.seen != nil {
		s.seen.Decode(core, d.next, s.Now(), s.Now()+s.launch)
	}
	s.WakeIn(s.launch, 0, int64(core))
}

// Woken issues the op that has been decoded for a core.
func (s *Sequencer) Woken(_ int, core int64) error {
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

func (s *Sequencer) startIfReady(i int) error {
	if w := &s.pending[i]; !w.issued || w.deps > 0 {
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

// Received books a completion.
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
	// An op that nobody waits for, such as the cache's update in decode, does not hold the step up: what passes until
	// its store has made its way is the time of the ops that work meanwhile.
	if len(s.waiters[m.Op]) > 0 || s.Idle() {
		o := &s.program.Ops[m.Op]
		s.counts.ByKind[o.Kind] += s.Now() - s.front
		s.counts.Operators[o.Operator].Cycles += s.Now() - s.front
		if s.seen != nil {
			s.seen.Front(m.Op, s.front, s.Now())
		}
		s.front = s.Now()
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
	for c := range s.cores {
		s.decode(c)
	}
	return nil
}

// Freed has nothing to do: the links take more messages than the sequencer ever has under way.
func (s *Sequencer) Freed(akita.Port) error { return nil }

// Completed is the number of ops that are done.
func (s *Sequencer) Completed() int { return s.completed }

// Idle tells whether all ops are done.
func (s *Sequencer) Idle() bool { return s.program == nil || s.completed == len(s.program.Ops) }

// Describe names the oldest op that is not done.
func (s *Sequencer) Describe() string {
	if s.Idle() {
		return "all ops done"
	}
	for i := range s.pending {
		if w := &s.pending[i]; !w.done {
			return fmt.Sprintf("%d of %d ops done, %d issued; oldest open: op %d (%s, core %d), %d dependencies and %d loads' producers open",
				s.completed, len(s.program.Ops), s.issued, i, s.program.Ops[i].Name, s.program.Ops[i].Core, w.deps, w.loads)
		}
	}
	return "all ops done"
}

// Counts adds what the sequencer did, and the length of the step.
func (s *Sequencer) Counts(c *stats.Counts) {
	n := s.counts
	n.Cycles = s.front
	c.Add(&n)
}
