package engine

import (
	"fmt"

	akita "github.com/sarchlab/akita/v3/sim"
)

// guests are the events that others than this package's components and links have scheduled through akita's interface.
// Entries of the queue name them by their place.
type guests struct {
	events  []akita.Event
	empty   []int64 // places
	running akita.Handler
}

func (g *guests) admit(evt akita.Event) int64 {
	n := len(g.empty)
	if n == 0 {
		g.events = append(g.events, evt)
		return int64(len(g.events) - 1)
	}
	i := g.empty[n-1]
	g.empty = g.empty[:n-1]
	g.events[i] = evt
	return i
}

func (g *guests) fire(_ int32, at int64) error {
	evt := g.events[at]
	g.events[at] = nil
	g.empty = append(g.empty, at)
	g.running = evt.Handler()
	return g.running.Handle(evt)
}

// Handle is part of akita's interface; nobody can address the guests.
func (g *guests) Handle(e akita.Event) error { return foreign(e) }

func (g *guests) clear() { *g = guests{} }

// eventOf is the event behind an entry, for hooks.
func (e *Engine) eventOf(n *entry) akita.Event {
	if n.to == 0 {
		return e.guests.events[n.arg]
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

func foreign(e akita.Event) error { return fmt.Errorf("sim: an event of the foreign type %T", e) }
