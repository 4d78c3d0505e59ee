package simtest

import (
	"fmt"
	"testing"

	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/sim/engine"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// InFlight is how many messages each port of a bench may have under way, more than a test of one component needs.
const InFlight = 64

// stallEvents is how many events a bench runs without a message reaching a neighbour before it reports a stall.
const stallEvents = 10_000_000

// Bench holds a component under test and its scripted neighbours.
type Bench struct {
	Engine   *engine.Engine
	Clock    engine.Clock
	Watchdog *engine.Watchdog

	t        testing.TB
	links    int
	arrivals int64
}

// NewBench returns an empty bench whose components run at frequency f.
func NewBench(t testing.TB, f unit.Hertz) *Bench {
	b := &Bench{Engine: engine.NewEngine(), Clock: engine.NewClock(f), t: t}
	b.Watchdog = engine.NewWatchdog(b.Engine, engine.Supervision{
		Progress: func() int64 { return b.arrivals },
		Events:   stallEvents,
	})
	return b
}

// Connect joins ports by a new link, whose latency is at least one cycle.
func (b *Bench) Connect(latency unit.Cycles, ports ...akita.Port) *engine.Link {
	l := engine.NewLink(fmt.Sprintf("Link[%d]", b.links), b.Engine, b.Clock, latency)
	b.links++
	for _, p := range ports {
		l.PlugIn(p, InFlight)
	}
	b.Watchdog.Register(l)
	return l
}

// Run simulates until no event is left, and fails the test on an error.
func (b *Bench) Run() {
	b.t.Helper()
	if err := b.Engine.Run(); err != nil {
		b.t.Fatal(err)
	}
}

// Now returns the cycle of the last event.
func (b *Bench) Now() unit.Cycles { return b.Clock.Cycle(b.Engine.CurrentTime()) }

// Arrival is a message that a neighbour took from its port.
type Arrival struct {
	Cycle unit.Cycles
	Msg   akita.Msg
}

// Neighbour stands in for a component that the one under test talks to: it sends given messages at given cycles and
// records what arrives when. It takes every message at once, except while it is blocked.
type Neighbour struct {
	*engine.Component
	Port     akita.Port
	Arrivals []Arrival
	// Answer, if set, is called for every arrival and may send something back.
	Answer func(Arrival) error

	bench   *Bench
	script  []scripted
	queue   []scripted // refused by the link; sent in order when it has room
	blocked bool
}

type scripted struct {
	to  akita.Port
	msg akita.Msg
}

// Kinds of a neighbour's wake-ups.
const (
	wakeSend = iota
	wakeBlock
	wakeUnblock
)

// Neighbour adds a neighbour whose port buffers up to capacity messages.
func (b *Bench) Neighbour(name string, capacity int) *Neighbour {
	n := &Neighbour{bench: b}
	n.Component = engine.NewComponent(name, b.Engine, b.Clock, n)
	n.Port = n.NewPort("Port", capacity)
	b.Watchdog.Register(n)
	return n
}

// SendAt sends a message at a cycle, or as soon after it as the link takes it.
func (n *Neighbour) SendAt(cycle unit.Cycles, to akita.Port, m akita.Msg) {
	n.script = append(n.script, scripted{to, m})
	n.WakeAt(cycle, wakeSend, int64(len(n.script)-1))
}

// BlockFor leaves arriving messages in the port from one cycle until another, to test how the component under test
// behaves when nobody takes its answers.
func (n *Neighbour) BlockFor(from, until unit.Cycles) {
	n.WakeAt(from, wakeBlock, 0)
	n.WakeAt(until, wakeUnblock, 0)
}

// Cycles returns the cycles of the arrivals.
func (n *Neighbour) Cycles() []unit.Cycles {
	cs := make([]unit.Cycles, len(n.Arrivals))
	for i, a := range n.Arrivals {
		cs[i] = a.Cycle
	}
	return cs
}

// Woken follows the script.
func (n *Neighbour) Woken(kind int, arg int64) error {
	switch kind {
	case wakeSend:
		n.queue = append(n.queue, n.script[arg])
		return n.Freed(n.Port)
	case wakeBlock:
		n.blocked = true
		return nil
	case wakeUnblock:
		n.blocked = false
		return n.Received(n.Port)
	}
	return fmt.Errorf("simtest: a neighbour has no wake-up of kind %d", kind)
}

// Received records messages.
func (n *Neighbour) Received(port akita.Port) error {
	for !n.blocked {
		m := n.Retrieve(port)
		if m == nil {
			break
		}
		a := Arrival{Cycle: n.Now(), Msg: m}
		n.Arrivals = append(n.Arrivals, a)
		n.bench.arrivals++
		if n.Answer == nil {
			continue
		}
		if err := n.Answer(a); err != nil {
			return err
		}
	}
	return nil
}

// Freed sends what the link has refused.
func (n *Neighbour) Freed(akita.Port) error {
	for len(n.queue) > 0 && n.Send(n.Port, n.queue[0].to, n.queue[0].msg) {
		n.queue = n.queue[1:]
	}
	return nil
}

// Idle reports whether every message that was due has been sent.
func (n *Neighbour) Idle() bool { return len(n.queue) == 0 }

// Describe says how many messages have arrived and how many wait.
func (n *Neighbour) Describe() string {
	s := fmt.Sprintf("%d messages taken, %d wait to be sent", len(n.Arrivals), len(n.queue))
	if n.blocked {
		s += ", blocked"
	}
	return s
}
