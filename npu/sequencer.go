package npu

import (
	"fmt"
	"slices"

	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/msg"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Sequencer decodes the ops of a program in order, one each LaunchCycles, releases their loads to the DMA as soon as
// the data is in DRAM, and starts them when everything they depend on is complete. It attributes every cycle of the
// step to the kind of the op whose completion moved the front of completions on.
type Sequencer struct {
	*sim.Component
	Port   akita.Port
	launch unit.Cycles

	dma, array, vector akita.Port
	program            *isa.Program
	issued             int // ops decoded
	pending            []pendingOp
	waiters            [][]int // ops to look at when an op completes
	completed          int
	front              unit.Cycles
	decoding           bool
	counts             stats.Counts
}

// pendingOp is what an op still waits for.
type pendingOp struct {
	deps   int
	loads  int // LoadAfter
	issued bool
	parts  int // completions to come: the unit's, and the DMA's if there are stores
	done   bool
}

// NewSequencer returns the sequencer of an NPU.
func NewSequencer(name string, e *sim.Engine, k sim.Clock, launch unit.Cycles) *Sequencer {
	s := &Sequencer{launch: launch}
	s.Component = sim.NewComponent(name, e, k, s)
	s.Port = s.NewPort("Port", 64)
	return s
}

// Connect names the ports that the sequencer talks to.
func (s *Sequencer) Connect(dma, array, vector akita.Port) {
	s.dma, s.array, s.vector = dma, array, vector
}

// Load makes a program current and schedules its first op.
func (s *Sequencer) Load(p *isa.Program) {
	s.program = p
	s.issued, s.completed, s.front, s.decoding = 0, 0, 0, false
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
	s.decode()
}

// decode starts the decoding of the next op. Loads leave in program order, so an op whose loads have to wait for data
// in DRAM holds up those behind it.
func (s *Sequencer) decode() {
	if s.decoding || s.issued == len(s.program.Ops) || s.pending[s.issued].loads > 0 {
		return
	}
	s.decoding = true
	s.counts.LaunchBusy += s.launch
	s.WakeIn(s.launch, 0, 0)
}

// Woken issues the op that has been decoded.
func (s *Sequencer) Woken(int, int64) error {
	i := s.issued
	s.decoding = false
	s.issued++
	s.counts.Ops++
	s.pending[i].issued = true
	if s.program.Ops[i].Fetches() {
		if err := s.send(s.dma, &msg.Fetch{Op: i}); err != nil {
			return err
		}
	}
	if err := s.startIfReady(i); err != nil {
		return err
	}
	s.decode()
	return nil
}

func (s *Sequencer) startIfReady(i int) error {
	if w := &s.pending[i]; !w.issued || w.deps > 0 {
		return nil
	}
	to := s.array
	switch s.program.Ops[i].Unit {
	case isa.Vector:
		to = s.vector
	case isa.Move:
		to = s.dma
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
	s.decode()
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
			return fmt.Sprintf("%d of %d ops done, %d issued; oldest open: op %d (%s), %d dependencies and %d loads' producers open",
				s.completed, len(s.program.Ops), s.issued, i, s.program.Ops[i].Name, w.deps, w.loads)
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
