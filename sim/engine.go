package sim

import (
	"fmt"
	"math"
	"sync/atomic"

	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Engine runs events one after the other, in order of (time, primary before secondary, order of scheduling).
//
// It stands behind akita's Engine interface in place of akita's SerialEngine, which runs events of the same time in the
// order that an unstable heap leaves them, drops the errors of handlers, and takes three mutexes per event.
type Engine struct {
	akita.HookableBase

	queue   queue
	now     atomic.Uint64 // bits of the time in seconds; atomic because a monitor reads it from outside
	gate    gate
	pool    []*event
	links   []*Link
	ends    []akita.SimulationEndHandler
	dog     *Watchdog
	current akita.Handler
	failure error
	handled int64
	toPoll  int64 // events until the watchdog looks next
}

var _ akita.Engine = (*Engine)(nil)

// NewEngine returns an engine at time zero with nothing to do.
func NewEngine() *Engine {
	e := &Engine{toPoll: math.MaxInt64}
	e.gate.init()
	return e
}

// CurrentTime returns the time of the event that runs or ran last.
func (e *Engine) CurrentTime() akita.VTimeInSec {
	return akita.VTimeInSec(math.Float64frombits(e.now.Load()))
}

// Handled returns how many events have run since the start or the last Reset.
func (e *Engine) Handled() int64 { return e.handled }

// Schedule queues an event. An event before the current time, or at none, is a bug of its sender and panics.
func (e *Engine) Schedule(evt akita.Event) {
	t := evt.Time()
	e.mustBeAhead(t, evt.Handler())
	e.queue.push(t+0, evt.IsSecondary(), evt) // +0 turns -0, whose bits sort last, into 0
}

func (e *Engine) mustBeAhead(t akita.VTimeInSec, by akita.Handler) {
	if now := e.CurrentTime(); !(t >= now && t <= math.MaxFloat64) { // also catches NaN
		panic(fmt.Sprintf("sim: %s schedules an event for %s; it is already %s",
			nameOf(by), inMicroseconds(t), inMicroseconds(now)))
	}
}

// wake queues one of the package's own events, reusing one that has already run.
func (e *Engine) wake(t akita.VTimeInSec, late bool, to akita.Handler, kind int, arg int64) {
	e.mustBeAhead(t, to)
	var w *event
	if n := len(e.pool); n > 0 {
		w = e.pool[n-1]
		e.pool = e.pool[:n-1]
	} else {
		w = new(event)
	}
	*w = event{time: t, handler: to, late: late, kind: kind, arg: arg}
	e.queue.push(t, late, w)
}

func (e *Engine) recycle(evt akita.Event) {
	if w, ok := evt.(*event); ok {
		e.pool = append(e.pool, w)
	}
}

// Run handles events until none is left, and returns the first error of a handler, with its place and simulated time.
// With a Watchdog it also returns an error when the simulation stands still or stops with work undone. After an error
// it returns the same one until Reset.
func (e *Engine) Run() error {
	e.gate.enter()
	defer e.gate.leave()
	for e.failure == nil && len(e.queue.heap) > 0 {
		e.gate.pass()
		next := e.queue.pop()
		if e.now.Load() != next.time { // an atomic store costs more than the comparison
			e.now.Store(next.time)
		}
		e.handle(next.event)
		e.handled++
		e.toPoll--
		if e.toPoll == 0 {
			e.poll()
		}
	}
	if e.failure == nil && e.dog != nil {
		e.failure = e.dog.atEnd()
	}
	return e.failure
}

func (e *Engine) handle(evt akita.Event) {
	handler := evt.Handler()
	e.current = handler
	if e.NumHooks() > 0 {
		e.handleHooked(handler, evt)
	} else if err := handler.Handle(evt); err != nil {
		e.fail(handler, err)
	}
	e.current = nil // a panic leaves it, for Where
	e.recycle(evt)
}

func (e *Engine) handleHooked(handler akita.Handler, evt akita.Event) {
	ctx := akita.HookCtx{Domain: e, Pos: akita.HookPosBeforeEvent, Item: evt}
	e.InvokeHook(ctx)
	if err := handler.Handle(evt); err != nil {
		e.fail(handler, err)
	}
	ctx.Pos = akita.HookPosAfterEvent
	e.InvokeHook(ctx)
}

// fail ends Run after the current event; the first failure counts. Components reach it for errors in notifications,
// whose akita signatures return none.
func (e *Engine) fail(at akita.Handler, err error) {
	if e.failure == nil {
		e.failure = fmt.Errorf("%s: %w", e.place(at), err)
	}
}

func (e *Engine) poll() {
	e.toPoll = e.dog.every
	if err := e.dog.poll(); err != nil && e.failure == nil {
		e.failure = err
	}
}

// Where says which component handled an event at which time. It is for the one place that recovers from panics: after a
// panic in a handler it still names that handler, until Reset.
func (e *Engine) Where() string {
	if e.current == nil {
		return "the engine at " + inMicroseconds(e.CurrentTime())
	}
	return e.place(e.current)
}

func (e *Engine) place(h akita.Handler) string {
	t := inMicroseconds(e.CurrentTime())
	if c, ok := h.(interface{ Now() unit.Cycles }); ok {
		return fmt.Sprintf("%s at cycle %d (%s)", nameOf(h), c.Now(), t)
	}
	return nameOf(h) + " at " + t
}

// Pause stops the engine between two events, and returns when it has stopped: until Continue, the caller may read the
// components' state. A handler must not call it, for it would wait for itself.
func (e *Engine) Pause() { e.gate.shut() }

// Continue undoes Pause.
func (e *Engine) Continue() { e.gate.open() }

// RegisterSimulationEndHandler adds a handler that Finished calls.
func (e *Engine) RegisterSimulationEndHandler(handler akita.SimulationEndHandler) {
	e.ends = append(e.ends, handler)
}

// Finished calls the registered handlers in the order of their registration.
func (e *Engine) Finished() {
	for _, h := range e.ends {
		h.Handle(e.CurrentTime())
	}
}

// Reset returns to time zero: no events, no failure, nothing in the links and in the ports that they connect. Wiring
// stays: hooks, end handlers, links, watchdog. State inside components is theirs to reset.
func (e *Engine) Reset() {
	e.queue.clear(e.recycle)
	e.now.Store(0)
	e.failure, e.current, e.handled = nil, nil, 0
	for _, l := range e.links {
		l.reset()
	}
	if e.dog != nil {
		e.dog.reset()
		e.toPoll = e.dog.every
	}
}

// event is what the package schedules for components and links. The engine reuses it after its handler returned, so
// handlers and hooks must not keep it.
type event struct {
	time    akita.VTimeInSec
	handler akita.Handler
	late    bool
	kind    int
	arg     int64
}

func (w *event) Time() akita.VTimeInSec { return w.time }
func (w *event) Handler() akita.Handler { return w.handler }
func (w *event) IsSecondary() bool      { return w.late }

func nameOf(h akita.Handler) string {
	if n, ok := h.(akita.Named); ok {
		return n.Name()
	}
	return fmt.Sprintf("%T", h)
}

func inMicroseconds(t akita.VTimeInSec) string { return fmt.Sprintf("%.9g µs", float64(t)*1e6) }
