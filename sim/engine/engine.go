package engine

import (
	"fmt"
	"math"
	"sync/atomic"

	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Engine runs events one after the other, in order of (time, primary before secondary, order of scheduling).
//
// It implements akita's Engine interface and replaces akita's SerialEngine, which runs simultaneous events in whatever
// order an unstable heap leaves them, drops errors of handlers, and locks three mutexes per event.
type Engine struct {
	akita.HookableBase

	queue       queue
	now         atomic.Uint64 // bits of the time in seconds; atomic because other goroutines may call CurrentTime
	pauser      pauser
	targets     []target // indexed by entry.to; the first is external
	external    external
	links       []*Link
	endHandlers []akita.SimulationEndHandler
	watchdog    *Watchdog
	current     int32 // index of the target whose event runs, or noTarget
	failure     error
	handled     int64
	checks      [3]check
	interval    int64 // events between the last poll of the checks and the next one
	untilPoll   int64 // events left until the next poll
}

// target is what the engine wakes: a component, a link, or the external events.
type target interface {
	akita.Handler
	fire(kind int32, arg int64) error
}

// noTarget is current while no event runs.
const noTarget = -1

var _ akita.Engine = (*Engine)(nil)

// NewEngine returns an engine at time zero with nothing to do.
func NewEngine() *Engine {
	e := &Engine{current: noTarget}
	e.pauser.init()
	e.register(&e.external)
	e.arm()
	return e
}

// register adds a target and returns its index, by which entries name it.
func (e *Engine) register(t target) int32 {
	e.targets = append(e.targets, t)
	return int32(len(e.targets) - 1)
}

// CurrentTime returns the time, in seconds, of the event that runs now or ran last.
func (e *Engine) CurrentTime() akita.VTimeInSec {
	return akita.VTimeInSec(math.Float64frombits(e.now.Load()))
}

// Handled returns the number of events that have run since the engine was made or last Reset.
func (e *Engine) Handled() int64 { return e.handled }

// Schedule queues an event of akita's interface. It panics if the event's time is NaN or has passed.
func (e *Engine) Schedule(evt akita.Event) {
	t := evt.Time()
	e.mustBeAhead(t, evt.Handler())
	e.queue.push(t+0, evt.IsSecondary(), call{arg: e.external.add(evt)}) // +0 turns -0, whose bits sort last, into 0
}

// mustBeAhead panics if t has passed or is no time.
func (e *Engine) mustBeAhead(t akita.VTimeInSec, by akita.Handler) {
	if now := e.CurrentTime(); !(t >= now && t <= math.MaxFloat64) { // also catches NaN
		panic(fmt.Sprintf("engine: %s schedules an event for %s; it is already %s",
			nameOf(by), inMicroseconds(t), inMicroseconds(now)))
	}
}

// wake queues a wake-up of a target; a late one runs after everything else at that time.
func (e *Engine) wake(t akita.VTimeInSec, late bool, c call) {
	if now := e.CurrentTime(); !(t >= now) {
		e.mustBeAhead(t, e.targets[c.to])
	}
	e.queue.push(t, late, c)
}

// Run handles events until none is left. It returns the first error of a handler, wrapped with the component's name and
// the simulated time. With a Watchdog it also returns an error when the simulation makes no progress or ends with work
// undone. After an error it returns the same error until Reset.
func (e *Engine) Run() error {
	e.pauser.begin()
	defer e.pauser.end()
	for e.failure == nil && e.queue.len() > 0 {
		e.pauser.checkpoint()
		next := e.queue.pop()
		if e.now.Load() != next.time { // an atomic store costs more than the comparison
			e.now.Store(next.time)
		}
		e.current = next.to // after a panic, Where still finds it here
		to := e.targets[next.to]
		if e.NumHooks() > 0 {
			e.handleHooked(to, &next)
		} else if err := to.fire(next.kind, next.arg); err != nil {
			e.fail(to, err)
		}
		e.handled++
		e.untilPoll--
		if e.untilPoll == 0 {
			e.poll()
		}
	}
	e.current = noTarget
	if e.failure == nil && e.watchdog != nil {
		e.failure = e.watchdog.atEnd()
	}
	return e.failure
}

// handleHooked runs one event between akita's two hooks for it.
func (e *Engine) handleHooked(to target, n *entry) {
	ctx := akita.HookCtx{Domain: e, Pos: akita.HookPosBeforeEvent, Item: e.eventOf(n)}
	e.InvokeHook(ctx)
	if err := to.fire(n.kind, n.arg); err != nil {
		e.fail(to, err)
	}
	ctx.Pos = akita.HookPosAfterEvent
	e.InvokeHook(ctx)
}

// fail ends Run after the current event; the first failure counts. Components call it for errors in notifications,
// whose akita signatures return no error.
func (e *Engine) fail(at akita.Handler, err error) {
	if e.failure == nil {
		e.failure = fmt.Errorf("%s: %w", e.place(at), err)
	}
}

// check is a function that Run calls once per every events.
type check struct {
	every, left int64
	look        func() error
}

// The checks of an engine.
const (
	watchdogCheck = iota
	ownerCheck
	observerCheck
)

// Every makes Run call look after every n events, for work outside the simulation: cancellation, a progress bar. An
// error of look ends Run, which returns it unwrapped. An engine has one such function; nil removes it.
func (e *Engine) Every(n int64, look func() error) { e.setCheck(ownerCheck, n, look) }

// Observe is Every with a slot of its own, for an observer beside the engine's owner, such as a monitor.
func (e *Engine) Observe(n int64, look func() error) { e.setCheck(observerCheck, n, look) }

func (e *Engine) setCheck(i int, every int64, look func() error) {
	e.checks[i] = check{every: every, look: look}
	e.restartChecks()
}

func (e *Engine) restartChecks() {
	for i := range e.checks {
		e.checks[i].left = e.checks[i].every
	}
	e.arm()
}

// arm starts the countdown to the next check that is due.
func (e *Engine) arm() {
	e.interval = math.MaxInt64
	for i := range e.checks {
		if c := &e.checks[i]; c.look != nil {
			e.interval = min(e.interval, c.left)
		}
	}
	e.untilPoll = e.interval
}

// poll calls the checks that are due.
func (e *Engine) poll() {
	for i := range e.checks {
		c := &e.checks[i]
		if c.left -= e.interval; c.left > 0 || c.look == nil {
			continue
		}
		c.left = c.every
		if err := c.look(); err != nil && e.failure == nil {
			e.failure = err
		}
	}
	e.arm()
}

// Where names the component whose event runs, and the time. It is for code that recovers from panics: after a panic in
// a handler, it names that handler until Reset.
func (e *Engine) Where() string {
	if e.current == noTarget {
		return "the engine at " + inMicroseconds(e.CurrentTime())
	}
	return e.place(e.targets[e.current])
}

// place names a handler and the current time, for messages.
func (e *Engine) place(h akita.Handler) string {
	if h == akita.Handler(&e.external) {
		h = e.external.running
	}
	t := inMicroseconds(e.CurrentTime())
	if c, ok := h.(interface{ Now() unit.Cycles }); ok {
		return fmt.Sprintf("%s at cycle %d (%s)", nameOf(h), c.Now(), t)
	}
	return nameOf(h) + " at " + t
}

// Pause stops the engine between two events and returns once it has stopped. Until Continue, the caller may read the
// components' state. A handler that calls it deadlocks.
func (e *Engine) Pause() { e.pauser.pause() }

// Continue undoes Pause.
func (e *Engine) Continue() { e.pauser.resume() }

// RegisterSimulationEndHandler adds a handler for Finished to call.
func (e *Engine) RegisterSimulationEndHandler(handler akita.SimulationEndHandler) {
	e.endHandlers = append(e.endHandlers, handler)
}

// Finished calls the registered end handlers in the order of their registration.
func (e *Engine) Finished() {
	for _, h := range e.endHandlers {
		h.Handle(e.CurrentTime())
	}
}

// Reset returns the engine to time zero: it drops all events, the failure, and every message in links and in the ports
// that they connect. Hooks, end handlers, links and the watchdog stay. Components must reset their own state.
func (e *Engine) Reset() {
	e.queue.clear()
	e.external.clear()
	e.now.Store(0)
	e.failure, e.current, e.handled = nil, noTarget, 0
	for _, l := range e.links {
		l.reset()
	}
	if e.watchdog != nil {
		e.watchdog.reset()
	}
	e.restartChecks()
}

func nameOf(h akita.Handler) string {
	if n, ok := h.(akita.Named); ok {
		return n.Name()
	}
	return fmt.Sprintf("%T", h)
}

func inMicroseconds(t akita.VTimeInSec) string { return fmt.Sprintf("%.9g µs", float64(t)*1e6) }
