package engine

import (
	"fmt"

	akita "github.com/sarchlab/akita/v3/sim"
)

// guests are the events that others than this package's components and links have scheduled through akita's interface.
// Entries of the queue name them by their place.
type external struct {
	events  []akita.Event
	free    []int64 // places
	running akita.Handler
}

func (g *external) add(evt akita.Event) int64 {
	n := len(g.free)
	if n == 0 {
		g.events = append(g.events, evt)
		return int64(len(g.events) - 1)
	}
	i := g.free[n-1]
	g.free = g.free[:n-1]
	g.events[i] = evt
	return i
}

func (g *external) fire(_ int32, at int64) error {
	evt := g.events[at]
	g.events[at] = nil
	g.free = append(g.free, at)
	g.running = evt.Handler()
	return g.running.Handle(evt)
}

// Handle is part of akita's interface; nobody can address the guests.
func (g *external) Handle(e akita.Event) error { return unexpected(e) }

func (g *external) clear() { *g = external{} }

// eventOf is the event behind an entry, for hooks.
func (e *Engine) eventOf(n *entry) akita.Event {
	if n.to == 0 {
		return e.external.events[n.arg]
	}
	return &event{time: e.CurrentTime(), handler: e.targets[n.to], late: n.order&secondary != 0}
}

// event is how a hook sees a wake-up. (Akita's own events draw IDs from the process's generator.)
type event struct {
	time    akita.VTimeInSec
	handler akita.Handler
	late    bool
}

func (w *event) Time() akita.VTimeInSec { return w.time }
func (w *event) Handler() akita.Handler { return w.handler }
func (w *event) IsSecondary() bool      { return w.late }

func unexpected(e akita.Event) error { return fmt.Errorf("sim: an event of the foreign type %T", e) }
