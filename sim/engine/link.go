package engine

import (
	"fmt"
	"strings"

	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Link connects any number of ports and delivers each message a fixed number of cycles after it was sent, with one
// event per message. (Akita's DirectConnection ticks, polls all its ports, and delivers in the cycle of sending.)
//
//	Send at t ──► in flight, latency cycles ──► room in the port: Recv at t+latency
//	                                        └─► none: waits, in order of arrival, until the port says NotifyAvailable
//
// It models wires and pipeline registers: no bandwidth and no arbitration. Its only limit is the capacity of each
// source: the number of its messages that may be in flight or wait at their destination.
type Link struct {
	akita.HookableBase

	name      string
	engine    *Engine
	number    int32 // index of this target in the engine
	clock     Clock
	latency   unit.Cycles
	byPort    map[akita.Port]*endpoint
	endpoints []*endpoint
	inFlight  ring[transit] // latency is fixed and events are FIFO, so messages land in the order of sending
	resetting bool
}

// endpoint is what a link knows of one port.
type endpoint struct {
	port     akita.Port
	own      *port // port, if it is of this package's type
	link     *Link
	index    int32
	capacity int
	sent     int           // as a source: messages that no destination has taken yet
	refused  bool          // as a source: a message was refused, so the owner waits for Freed
	blocked  ring[transit] // as a destination: messages that arrived when the port was full
	retrying bool          // as a destination: a retry event is scheduled
}

// transit is a message on its way.
type transit struct {
	msg      akita.Msg
	from, to int32 // indices of endpoints
}

var (
	_ akita.Connection = (*Link)(nil)
	_ akita.Handler    = (*Link)(nil)
	_ Reporter         = (*Link)(nil)
)

// Kinds of a link's events.
const (
	land = iota
	retry
)

// NewLink returns a link without ports. It panics if the latency is below one cycle, which would let a message act on
// its receiver within the sender's own event.
func NewLink(name string, engine *Engine, clock Clock, latency unit.Cycles) *Link {
	akita.NameMustBeValid(name)
	if latency < 1 {
		panic(fmt.Sprintf("engine: link %s has a latency of %d cycles", name, int64(latency)))
	}
	l := &Link{name: name, engine: engine, clock: clock, latency: latency, byPort: make(map[akita.Port]*endpoint)}
	engine.links = append(engine.links, l)
	l.number = engine.register(l)
	return l
}

// Name returns the link's name.
func (l *Link) Name() string { return l.name }

// Now returns the current cycle of the link's clock.
func (l *Link) Now() unit.Cycles { return l.clock.Cycle(l.engine.CurrentTime()) }

// PlugIn connects a port. At most capacity messages from it may be in flight or blocked at the same time.
func (l *Link) PlugIn(p akita.Port, capacity int) {
	if capacity < 1 {
		panic(fmt.Sprintf("engine: link %s lets port %s have %d messages in flight", l.name, p.Name(), capacity))
	}
	if l.byPort[p] != nil {
		panic(fmt.Sprintf("engine: port %s is plugged into link %s twice", p.Name(), l.name))
	}
	e := &endpoint{port: p, link: l, index: int32(len(l.endpoints)), capacity: capacity}
	l.byPort[p] = e
	l.endpoints = append(l.endpoints, e)
	p.SetConnection(l)
	if own, ok := p.(*port); ok {
		e.own, own.endpoint = own, e
	}
}

// Unplug is part of akita's interface; machines here are wired once, so it panics.
func (l *Link) Unplug(port akita.Port) {
	panic(fmt.Sprintf("engine: port %s cannot leave link %s", port.Name(), l.name))
}

// CanSend reports whether Send would take a message from a port. If not, the port's owner gets NotifyPortFree later.
func (l *Link) CanSend(src akita.Port) bool {
	e := l.endpoint(src)
	e.refused = e.refused || e.sent >= e.capacity
	return e.sent < e.capacity
}

// Send takes a message, or refuses it when its source has as many messages under way as its capacity allows.
func (l *Link) Send(m akita.Msg) *akita.SendError {
	meta := m.Meta()
	from, to := l.endpoint(meta.Src), l.endpoint(meta.Dst)
	if from == to {
		panic(fmt.Sprintf("engine: port %s sends to itself", from.port.Name()))
	}
	if from.sent >= from.capacity {
		from.refused = true
		return akita.NewSendError()
	}
	from.sent++
	meta.SendTime = l.engine.CurrentTime()
	l.inFlight.push(transit{m, from.index, to.index})
	l.engine.wake(l.clock.Time(l.Now()+l.latency), false, call{0, l.number, land})
	l.invokeHooks(akita.HookPosConnStartSend, m)
	return nil
}

func (l *Link) endpoint(p akita.Port) *endpoint {
	// A port of ours knows its endpoint: looking it up in the map would cost more than the rest of a send.
	if own, ok := p.(*port); ok && own.endpoint != nil && own.endpoint.link == l {
		return own.endpoint
	}
	if e := l.byPort[p]; e != nil {
		return e
	}
	if p == nil {
		panic(fmt.Sprintf("engine: a message on link %s without source or destination", l.name))
	}
	panic(fmt.Sprintf("engine: port %s is not plugged into link %s", p.Name(), l.name))
}

// NotifyAvailable is called by a port that was full and now has room. An akita port holds its locks during the call, so
// the delivery must be an event of its own, in the same cycle.
func (l *Link) NotifyAvailable(now akita.VTimeInSec, port akita.Port) {
	e := l.endpoint(port)
	if l.resetting || e.retrying || e.blocked.size == 0 {
		return
	}
	e.retrying = true
	l.engine.wake(now, false, call{int64(e.index), l.number, retry})
}

// Handle is part of akita's interface. Links are woken instead, so every event is an error.
func (l *Link) Handle(e akita.Event) error { return unexpected(e) }

// fire handles the arrival of a message, or retries blocked messages.
func (l *Link) fire(kind int32, arg int64) error {
	if kind == land {
		l.land(l.inFlight.pop())
		return nil
	}
	e := l.endpoints[arg]
	e.retrying = false
	for e.blocked.size > 0 && l.deliver(e, e.blocked.front().msg) {
		l.release(l.endpoints[e.blocked.pop().from])
	}
	return nil
}

func (l *Link) land(t transit) {
	to := l.endpoints[t.to]
	// Messages that wait already go first, even if there is room by now.
	if to.blocked.size > 0 || !l.deliver(to, t.msg) {
		to.blocked.push(t)
		return
	}
	l.release(l.endpoints[t.from])
}

// deliver offers a message to its destination and reports whether it was taken. A message that was taken must not be
// read here any more: the receiver may already have reused it.
func (l *Link) deliver(to *endpoint, m akita.Msg) bool {
	m.Meta().RecvTime = l.engine.CurrentTime()
	var refused *akita.SendError
	if to.own != nil {
		refused = to.own.Recv(m)
	} else {
		refused = to.port.Recv(m)
	}
	if refused != nil {
		return false
	}
	l.invokeHooks(akita.HookPosConnDeliver, m)
	return true
}

// release returns the capacity that a delivered message took to its source.
func (l *Link) release(from *endpoint) {
	from.sent--
	if from.refused {
		from.refused = false
		from.port.NotifyAvailable(l.engine.CurrentTime())
	}
}

func (l *Link) invokeHooks(pos *akita.HookPos, m akita.Msg) {
	if l.NumHooks() > 0 {
		l.InvokeHook(akita.HookCtx{Domain: l, Pos: pos, Item: m})
	}
}

// reset drops all messages, also those in the buffers of the ports.
func (l *Link) reset() {
	l.resetting = true
	defer func() { l.resetting = false }()
	l.inFlight.clear()
	for _, e := range l.endpoints {
		e.blocked.clear()
		e.sent, e.refused, e.retrying = 0, false, false
		for e.port.Peek() != nil {
			e.port.Retrieve(0)
		}
	}
}

// Idle reports whether no message is under way.
func (l *Link) Idle() bool {
	for _, e := range l.endpoints {
		if e.sent > 0 {
			return false
		}
	}
	return true
}

// Describe lists the sources with messages under way and the destinations that are full.
func (l *Link) Describe() string {
	parts := []string{fmt.Sprintf("%d in flight", l.inFlight.size)}
	for _, e := range l.endpoints {
		if e.sent > 0 {
			parts = append(parts, fmt.Sprintf("%d/%d from %s", e.sent, e.capacity, e.port.Name()))
		}
		if e.blocked.size > 0 {
			parts = append(parts, fmt.Sprintf("%d wait for room in %s", e.blocked.size, e.port.Name()))
		}
	}
	return strings.Join(parts, ", ")
}
