package engine

import (
	"fmt"

	akita "github.com/sarchlab/akita/v3/sim"
)

// external holds events that came through akita's interface, not from a Component or Link of this package. A queue
// entry names one by its index.
type external struct {
	events  []akita.Event
	free    []int64 // indices in events that can be reused
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

// Handle is part of akita's interface; nothing can address it.
func (g *external) Handle(e akita.Event) error { return unexpected(e) }

func (g *external) clear() { *g = external{} }

// eventOf returns an entry as an akita event, for hooks.
func (e *Engine) eventOf(n *entry) akita.Event {
	if n.to == 0 {
		return e.external.events[n.arg]
	}
	return &event{time: e.CurrentTime(), handler: e.targets[n.to], late: n.order&secondary != 0}
}

// event shows a wake-up to a hook. (Akita's own event types draw IDs from a generator that is global to the process.)
type event struct {
	time    akita.VTimeInSec
	handler akita.Handler
	late    bool
}

func (w *event) Time() akita.VTimeInSec { return w.time }
func (w *event) Handler() akita.Handler { return w.handler }
func (w *event) IsSecondary() bool      { return w.late }

func unexpected(e akita.Event) error { return fmt.Errorf("engine: an event of the foreign type %T", e) }
