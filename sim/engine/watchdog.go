package engine

import (
	"errors"
	"fmt"
	"strings"

	akita "github.com/sarchlab/akita/v3/sim"
)

// Reporter is a component that can say what it is doing.
type Reporter interface {
	akita.Named
	// Idle reports whether nothing is left to do, so that the simulation may end.
	Idle() bool
	// Describe says in one line what the component does and waits for.
	Describe() string
}

// Supervision is what a Watchdog watches.
type Supervision struct {
	// Progress is a number that changes whenever the simulation gets somewhere (operations retired, bytes moved).
	Progress func() int64
	// Events is how many events may run without progress. Progress is compared once per that many events, so a stall is
	// found after fewer than twice as many.
	Events int64
}

// Watchdog ends a simulation that makes no progress with a StallError. Without it, such a simulation would run for ever
// (events keep firing) or end silently with work undone (no events are left while a reporter is busy or a port holds a
// message). It counts events, not cycles, because events are what costs wall time.
type Watchdog struct {
	engine    *Engine
	progress  func() int64
	every     int64
	last      int64
	reporters []Reporter
}

// NewWatchdog attaches a new watchdog to an engine, replacing any previous one.
func NewWatchdog(engine *Engine, s Supervision) *Watchdog {
	if s.Progress == nil || s.Events < 1 {
		panic("engine: a watchdog needs a measure of progress and a number of events")
	}
	w := &Watchdog{engine: engine, progress: s.Progress, every: s.Events}
	w.reset()
	engine.watchdog = w
	engine.setCheck(watchdogCheck, w.every, w.poll)
	return w
}

// Register adds reporters. Dump lists them in the order of registration.
func (w *Watchdog) Register(rs ...Reporter) { w.reporters = append(w.reporters, rs...) }

func (w *Watchdog) reset() { w.last = w.progress() }

func (w *Watchdog) poll() error {
	p := w.progress()
	if p != w.last {
		w.last = p
		return nil
	}
	return w.stalled(fmt.Sprintf("%d events without progress", w.every))
}

func (w *Watchdog) atEnd() error {
	for _, r := range w.reporters {
		if !r.Idle() {
			return w.stalled("no events are left, but " + r.Name() + " is not done")
		}
		for _, q := range queuesOf(r) {
			if q.Size > 0 {
				return w.stalled(fmt.Sprintf("no events are left, but %s holds %d messages", q.Name, q.Size))
			}
		}
	}
	return nil
}

func (w *Watchdog) stalled(reason string) error {
	return &StallError{Reason: reason, At: inMicroseconds(w.engine.CurrentTime()), Dump: w.Dump()}
}

// Dump describes every reporter in a line, followed by the fill levels of its ports.
func (w *Watchdog) Dump() string {
	var b strings.Builder
	for _, r := range w.reporters {
		state := "busy"
		if r.Idle() {
			state = "idle"
		}
		fmt.Fprintf(&b, "  %s (%s): %s\n", r.Name(), state, r.Describe())
		for _, q := range queuesOf(r) {
			fmt.Fprintf(&b, "    %s %d/%d\n", q.Name, q.Size, q.Capacity)
		}
	}
	return b.String()
}

func queuesOf(r Reporter) []Level {
	if q, ok := r.(interface{ Queues() []Level }); ok {
		return q.Queues()
	}
	return nil
}

// StallError is the error of a simulation that made no progress.
type StallError struct {
	Reason string
	At     string // simulated time
	Dump   string // what each reporter was doing
}

// Unwrap returns the lines of the error.
func (e *StallError) Unwrap() (lines []error) {
	for line := range strings.SplitSeq(e.Error(), "\n") {
		lines = append(lines, errors.New(line))
	}
	return lines
}

func (e *StallError) Error() string {
	return fmt.Sprintf("the simulation stands still at %s: %s\n%s", e.At, e.Reason, strings.TrimRight(e.Dump, "\n"))
}
