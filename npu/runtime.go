package npu

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// runtime is the software that hands a program to the NPU, as the sequencer meets it: pieces (isa.Op.Piece) one after
// the other, each dispatched when the one before is complete, with its stores. No op of a piece starts before its
// dispatch is over.
//
//	runtime    │dispatch 0│          │dispatch 1│          │ … │  host  │
//	units                 │ piece 0  │          │ piece 1  │ … │        │
//	DMA                   │ loads 0  │          │ loads 1  │ …              prefetch: op
//	DMA        │ loads 0, 1, 2 … as far as the scratchpad has room │ …      prefetch: program
//
// A dispatch takes as much longer as the runtime converts activations for the ops of its piece (isa.Op.Converts): their
// operands before it, and their results, which are counted there, too.
//
// The host's time follows a decode pass. A runtime that is off (class ideal) has one piece and takes no time.
type runtime struct {
	on         bool
	dispatch   [2]unit.Cycles // of a piece of a prefill, of a decode pass
	host       unit.Cycles
	clock      unit.Hertz
	conversion unit.BytesPerSecond // 0: costs nothing
	ahead      bool                // loads run ahead of dispatches

	end        int  // index behind the last op of the current piece
	open       int  // ops of the current piece that are not complete
	dispatched bool // the dispatch of the current piece is over
	hosting    bool // the host has not finished with the pass
}

// newRuntime returns the runtime of an NPU. Times are rounded up to whole cycles.
func newRuntime(c *config.Config) runtime {
	r := c.Runtime
	if r.Class == config.Ideal || r.Class == "" {
		return runtime{}
	}
	return runtime{on: true, dispatch: [2]unit.Cycles{cyclesOf(r.OfPiece(false), c.Clock), cyclesOf(r.OfPiece(true), c.Clock)}, host: cyclesOf(r.HostPerToken, c.Clock),
		clock: c.Clock, conversion: r.Conversion, ahead: r.Prefetch == config.PrefetchProgram}
}

// cyclesOf returns a time in cycles of a clock, rounded up.
func cyclesOf(d unit.Femtoseconds, clock unit.Hertz) unit.Cycles {
	const second = 1_000_000_000_000_000
	n, fits := unit.MulDivUp(uint64(d), uint64(clock), second)
	if !fits {
		panic(fmt.Sprintf("npu: %v at %v overflow", d, clock))
	}
	return unit.Cycles(n)
}

// Kinds of the sequencer's events.
const (
	decoded       = iota // an op has been decoded; arg: its core
	dispatchEnded        // the current piece may start
	hostEnded            // the pass is over
)

// mayDecode reports whether the loads of op i may be released.
func (r *runtime) mayDecode(i int) bool { return !r.on || r.ahead || r.mayStart(i) }

// mayStart reports whether op i has been dispatched.
func (r *runtime) mayStart(i int) bool { return !r.on || i < r.end && r.dispatched }

// describe says whether op i waits for the runtime.
func (r *runtime) describe(i int) string {
	if r.mayStart(i) {
		return ""
	}
	return ", not dispatched"
}

// begin begins the dispatch of the piece that starts at op from.
func (s *Sequencer) begin(from int) {
	r := &s.runtime
	ops := s.program.Ops
	r.end, r.dispatched = from, false
	var converts unit.Bytes
	for r.end < len(ops) && ops[r.end].Piece == ops[from].Piece {
		converts += ops[r.end].Converts
		r.end++
	}
	r.open = r.end - from
	takes := r.dispatch[0]
	if s.program.Decode {
		takes = r.dispatch[1]
	}
	takes += r.converting(converts)
	s.counts.Dispatches++
	s.counts.DispatchBusy += takes
	s.WakeIn(takes, dispatchEnded, 0)
}

// converting returns the time of converting so many bytes of activations, rounded up to cycles.
func (r *runtime) converting(n unit.Bytes) unit.Cycles {
	if r.conversion == 0 {
		return 0
	}
	cycles, fits := unit.MulDivUp(uint64(n), uint64(r.clock), uint64(r.conversion))
	if !fits {
		panic(fmt.Sprintf("npu: %v at %v overflow", n, r.conversion))
	}
	return unit.Cycles(cycles)
}

// dispatchEnds starts what may start of the current piece.
func (s *Sequencer) dispatchEnds() error {
	s.chargeRuntime(isa.Dispatch)
	r := &s.runtime
	r.dispatched = true
	for i := r.end - r.open; i < r.end; i++ {
		if err := s.startIfReady(i); err != nil {
			return err
		}
	}
	for c := range s.cores {
		s.decode(c)
	}
	return nil
}

// next goes on when the current piece is complete: to the next one, or to the host behind the last.
func (s *Sequencer) next() {
	r := &s.runtime
	switch {
	case r.end < len(s.program.Ops):
		s.begin(r.end)
	case s.program.Decode && r.host > 0:
		r.hosting = true
		s.counts.HostBusy += r.host
		s.WakeIn(r.host, hostEnded, 0)
	}
}

// hostEnds ends the pass.
func (s *Sequencer) hostEnds() {
	s.chargeRuntime(isa.Host)
	s.runtime.hosting = false
}

// chargeRuntime charges the cycles until now to the runtime. Recordings have its labels behind those of the ops.
func (s *Sequencer) chargeRuntime(k isa.Kind) {
	operator, label := s.program.Runtime.Dispatch, len(s.program.Ops)
	if k == isa.Host {
		operator, label = s.program.Runtime.Host, label+1
	}
	s.counts.ByKind[k] += s.Now() - s.charged
	by := &s.counts.Operators[operator]
	by.Cycles += s.Now() - s.charged
	by.Runtime += s.Now() - s.charged
	if s.recording != nil {
		s.recording.Front(label, s.charged, s.Now())
	}
	s.charged = s.Now()
}
