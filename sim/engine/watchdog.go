package engine

import (
	"fmt"
	"strings"

	akita "github.com/sarchlab/akita/v3/sim"
)

// Reporter is a component that can say what it is doing.
type Reporter interface {
	akita.Named
	// Idle tells that nothing is left to do: the simulation may end here.
	Idle() bool
	// Describe says in one line what is being done and waited for.
	Describe() string
}

// Supervision is what a Watchdog watches.
type Supervision struct {
	// Progress is a number that changes whenever the simulation gets somewhere (operations retired, bytes moved).
	Progress func() int64
	// Events is how many events may run without progress. The number is looked at once per so many events, so that
	// standing still is found after less than twice as many.
	Events int64
}

// Watchdog ends a simulation that goes nowhere with a StallError, where it would otherwise run for ever (events keep
// firing without progress) or end silently with half of the work undone (the queue runs dry while a reporter is not
// idle or a port still holds a message). It counts events, not cycles, because events are what costs wall time.
type Watchdog struct {
	engine    *Engine
	progress  func() int64
	every     int64
	last      int64
	reporters []Reporter
}

// NewWatchdog makes a watchdog and sets it on an engine, in place of a previous one.
func NewWatchdog(engine *Engine, s Supervision) *Watchdog {
	if s.Progress == nil || s.Events < 1 {
		panic("sim: a watchdog needs a measure of progress and a number of events")
	}
	w := &Watchdog{engine: engine, progress: s.Progress, every: s.Events}
	w.reset()
	engine.watchdog = w
	engine.setCheck(watchdogCheck, w.every, w.poll)
	return w
}

// Register adds reporters; the dump lists them in this order.
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

// Dump describes every reporter, one a line, with the queues of its ports.
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

// StallError tells that a simulation stood still.
type StallError struct {
	Reason string
	At     string // simulated time
	Dump   string // what each reporter was doing
}

func (e *StallError) Error() string {
	return fmt.Sprintf("the simulation stands still at %s: %s\n%s", e.At, e.Reason, strings.TrimRight(e.Dump, "\n"))
}
