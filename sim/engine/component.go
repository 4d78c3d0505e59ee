package engine

import (
	"fmt"

	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Behaviour is what a component does. Every call happens inside an event, at the component's Now; calls of one
// component never nest. An error ends the simulation.
type Behaviour interface {
	// Woken handles a wake-up that the component asked for with WakeAt, WakeIn or WakeLast.
	Woken(kind int, arg int64) error
	// Received is called when a message has entered the buffer of a port; Retrieve takes it, now or later.
	Received(port akita.Port) error
	// Freed is called when a port that refused a message can send again.
	Freed(port akita.Port) error
}

// Component is what all components share: an akita Component that counts time in cycles. Embed a *Component and pass
// the embedding type as its Behaviour:
//
//	type Adder struct {
//		*engine.Component
//		in akita.Port
//	}
//
//	func New(name string, e *engine.Engine, k engine.Clock) *Adder {
//		a := &Adder{}
//		a.Component = engine.NewComponent(name, e, k, a)
//		a.in = a.NewPort("In", 4)
//		return a
//	}
type Component struct {
	*akita.ComponentBase

	engine    *Engine
	clock     Clock
	behaviour Behaviour
	number    int32 // index of this target in the engine
	ports     []*port
}

var _ akita.Component = (*Component)(nil)

// NewComponent returns the base of a component. The name is hierarchical, such as NPU.DRAM.Channel[3].
func NewComponent(name string, engine *Engine, clock Clock, behaviour Behaviour) *Component {
	c := &Component{
		ComponentBase: akita.NewComponentBase(name),
		engine:        engine,
		clock:         clock,
		behaviour:     behaviour,
	}
	c.number = engine.register(c)
	return c
}

// NewPort adds a port that buffers up to capacity incoming messages, at least one.
func (c *Component) NewPort(name string, capacity int) akita.Port {
	full := akita.BuildName(c.Name(), name)
	if capacity < 1 {
		panic(fmt.Sprintf("engine: port %s has room for %d messages", full, capacity))
	}
	akita.NameMustBeValid(full)
	p := &port{name: full, owner: c, capacity: capacity}
	c.AddPort(name, p)
	c.ports = append(c.ports, p)
	return p
}

// Now returns the current cycle.
func (c *Component) Now() unit.Cycles { return c.clock.Cycle(c.engine.CurrentTime()) }

// Clock returns the component's clock.
func (c *Component) Clock() Clock { return c.clock }

// WakeAt schedules Woken(kind, arg) for a cycle. It may be the current cycle; the call then comes after everything that
// is already scheduled for it.
func (c *Component) WakeAt(cycle unit.Cycles, kind int, arg int64) {
	c.engine.wake(c.clock.Time(cycle), false, call{arg, c.number, int32(kind)})
}

// WakeIn is WakeAt a number of cycles from now.
func (c *Component) WakeIn(delay unit.Cycles, kind int, arg int64) {
	c.WakeAt(c.Now()+delay, kind, arg)
}

// WakeLast is WakeAt, but after all messages and WakeAt calls of that cycle; several WakeLast calls run in order of
// scheduling. It is for decisions that must see everything of a cycle, such as arbitration.
func (c *Component) WakeLast(cycle unit.Cycles, kind int, arg int64) {
	c.engine.wake(c.clock.Time(cycle), true, call{arg, c.number, int32(kind)})
}

// Send sends a message from one of the component's ports, and reports whether the link took it; if not, Freed is called
// when it has room. The message must not change until its receiver retrieves it. From then on the receiver owns it and
// may reuse it for the answer.
func (c *Component) Send(from, to akita.Port, m akita.Msg) bool {
	meta := m.Meta()
	meta.Src, meta.Dst = from, to
	return from.Send(m) == nil
}

// Retrieve takes the oldest message from the buffer of a port, or returns nil.
func (c *Component) Retrieve(port akita.Port) akita.Msg {
	return port.Retrieve(c.engine.CurrentTime())
}

// fire passes a wake-up on to the behaviour.
func (c *Component) fire(kind int32, arg int64) error { return c.behaviour.Woken(int(kind), arg) }

// Handle is part of akita's interface. Components here are woken instead, so every event is an error.
func (c *Component) Handle(e akita.Event) error { return unexpected(e) }

// NotifyRecv is called by akita's port.
func (c *Component) NotifyRecv(_ akita.VTimeInSec, port akita.Port) {
	if err := c.behaviour.Received(port); err != nil {
		c.engine.fail(c, err)
	}
}

// NotifyPortFree is called by akita's port.
func (c *Component) NotifyPortFree(_ akita.VTimeInSec, port akita.Port) {
	if err := c.behaviour.Freed(port); err != nil {
		c.engine.fail(c, err)
	}
}

// Queues returns how full the buffers of the component's ports are.
func (c *Component) Queues() []Level {
	levels := make([]Level, len(c.ports))
	for i, p := range c.ports {
		levels[i] = Level{Name: p.name + ".Buf", Size: p.buffer.size, Capacity: p.capacity}
	}
	return levels
}

// Level is how full a queue is, in messages.
type Level struct {
	Name           string
	Size, Capacity int
}
