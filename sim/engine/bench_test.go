package engine

import (
	"fmt"
	"testing"
	"time"

	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// chain keeps n plain events in the queue: each handled event schedules itself again, all with different strides.
type chain struct {
	engine akita.Engine
	left   int
}

func (c *chain) Handle(e akita.Event) error {
	if c.left > 0 {
		c.left--
		p := e.(*plain)
		p.at = c.engine.CurrentTime() + akita.VTimeInSec(1+p.id%7)*1e-9
		c.engine.Schedule(p)
	}
	return nil
}

func runChain(engine akita.Engine, inQueue, events int) time.Duration {
	c := &chain{engine: engine, left: events}
	for id := range inQueue {
		engine.Schedule(&plain{to: c, id: id})
	}
	start := time.Now()
	_ = engine.Run()
	return time.Since(start)
}

// BenchmarkEngine compares the engine with akita's on the same events in the same run, so that the ratio holds on a
// loaded machine.
func BenchmarkEngine(b *testing.B) {
	for _, inQueue := range []int{4, 32, 1000} {
		b.Run(fmt.Sprintf("queued=%d", inQueue), func(b *testing.B) {
			ours := runChain(NewEngine(), inQueue, b.N)
			b.StopTimer()
			theirs := runChain(akita.NewSerialEngine(), inQueue, b.N)
			n := float64(b.N + inQueue)
			b.ReportMetric(n/ours.Seconds()/1e6, "Mevents/s")
			b.ReportMetric(n/theirs.Seconds()/1e6, "akita-Mevents/s")
			b.ReportMetric(theirs.Seconds()/ours.Seconds(), "x-akita")
		})
	}
}

type alarm struct {
	*Component
	left int
}

func (a *alarm) Woken(kind int, arg int64) error {
	if a.left > 0 {
		a.left--
		a.WakeIn(unit.Cycles(1+arg), kind, arg)
	}
	return nil
}

func (a *alarm) Received(akita.Port) error { return nil }
func (a *alarm) Freed(akita.Port) error    { return nil }

// BenchmarkWake is the price of one wake-up of a component, with 32 in the queue.
func BenchmarkWake(b *testing.B) {
	b.ReportAllocs()
	e := NewEngine()
	a := &alarm{left: b.N}
	a.Component = NewComponent("A", e, NewClock(1e9), a)
	for i := range int64(32) {
		a.WakeAt(0, 0, i%7)
	}
	mustRun(b, e)
}

type player struct {
	*Component
	port akita.Port
	left int
}

func (p *player) Woken(int, int64) error { return nil }
func (p *player) Freed(akita.Port) error { return nil }

// Received sends the ball back: the receiver owns the message and may reuse it.
func (p *player) Received(port akita.Port) error {
	m := p.Retrieve(port)
	if p.left > 0 {
		p.left--
		p.Send(port, m.Meta().Src, m)
	}
	return nil
}

// BenchmarkMessage is the price of one message over a link: send, delivery, retrieval.
func BenchmarkMessage(b *testing.B) {
	b.ReportAllocs()
	e := NewEngine()
	k := NewClock(1e9)
	l := NewLink("Link", e, k, 1)
	ps := [2]*player{{left: b.N / 2}, {left: b.N / 2}}
	for i, p := range ps {
		p.Component = NewComponent(fmt.Sprintf("Player[%d]", i), e, k, p)
		p.port = p.NewPort("Port", 1)
		l.PlugIn(p.port, 1)
	}
	ps[0].Send(ps[0].port, ps[1].port, &note{})
	mustRun(b, e)
}
