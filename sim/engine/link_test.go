package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

type note struct {
	akita.MsgMeta
	id int
}

func (n *note) Meta() *akita.MsgMeta { return &n.MsgMeta }

// node sends notes when woken (kind send, arg id), takes what it receives unless it is blocked, and keeps a log.
type node struct {
	*Component
	port    akita.Port
	peer    akita.Port
	blocked bool
	pending []int // refused notes
	log     []string
	fail    error
}

const (
	send = iota
	hear
)

func newNode(name string, e *Engine, k Clock, room int) *node {
	n := &node{}
	n.Component = NewComponent(name, e, k, n)
	n.port = n.NewPort("Port", room)
	return n
}

func (n *node) note(what string, id int) {
	n.log = append(n.log, fmt.Sprintf("%d %s %d", n.Now(), what, id))
}

func (n *node) Woken(kind int, arg int64) error {
	if kind == hear {
		n.blocked = false
		return n.Received(n.port)
	}
	n.post(int(arg))
	return nil
}

func (n *node) post(id int) {
	if n.Send(n.port, n.peer, &note{id: id}) {
		n.note("sends", id)
		return
	}
	n.note("keeps", id)
	n.pending = append(n.pending, id)
}

func (n *node) Received(port akita.Port) error {
	for !n.blocked {
		m := n.Retrieve(port)
		if m == nil {
			break
		}
		n.note("gets", m.(*note).id)
	}
	return n.fail
}

func (n *node) Freed(akita.Port) error {
	todo := n.pending
	n.pending = nil
	for _, id := range todo {
		n.post(id)
	}
	return nil
}

type pair struct {
	*Engine
	link *Link
	a, b *node
}

func newPair(latency unit.Cycles, inFlight, room int) pair {
	e := NewEngine()
	k := NewClock(1_200_000_000)
	p := pair{Engine: e, link: NewLink("Link", e, k, latency), a: newNode("A", e, k, room), b: newNode("B", e, k, room)}
	p.a.peer, p.b.peer = p.b.port, p.a.port
	p.link.PlugIn(p.a.port, inFlight)
	p.link.PlugIn(p.b.port, inFlight)
	return p
}

func wantLog(t *testing.T, n *node, want ...string) {
	t.Helper()
	if !slices.Equal(n.log, want) {
		t.Errorf("%s:\n got %q\nwant %q", n.Name(), n.log, want)
	}
}

func TestLinkDelivers(t *testing.T) {
	t.Run("a message arrives after exactly the latency, with one event", func(t *testing.T) {
		p := newPair(3, 4, 4)
		p.a.WakeAt(10, send, 1)
		mustRun(t, p.Engine)
		wantLog(t, p.b, "13 gets 1") // 10 + latency 3
		if p.Handled() != 2 {
			t.Errorf("%d events, want the wake-up and the delivery", p.Handled())
		}
	})
	t.Run("messages keep their order, both ways at once", func(t *testing.T) {
		p := newPair(1, 8, 8)
		for i := range int64(3) {
			p.a.WakeAt(5, send, i)
			p.b.WakeAt(5, send, 10+i)
		}
		mustRun(t, p.Engine)
		wantLog(t, p.b, "5 sends 10", "5 sends 11", "5 sends 12", "6 gets 0", "6 gets 1", "6 gets 2")
		wantLog(t, p.a, "5 sends 0", "5 sends 1", "5 sends 2", "6 gets 10", "6 gets 11", "6 gets 12")
	})
	t.Run("the meta data tell source, destination and times", func(t *testing.T) {
		p := newPair(2, 1, 1)
		p.b.blocked = true
		p.a.WakeAt(7, send, 1)
		mustRun(t, p.Engine)
		m := p.b.port.Peek().Meta()
		k := p.a.Clock()
		if m.Src != p.a.port || m.Dst != p.b.port || k.Cycle(m.SendTime) != 7 || k.Cycle(m.RecvTime) != 9 || m.ID != "" {
			t.Errorf("meta data %+v", m)
		}
	})
}

func TestLinkPushesBack(t *testing.T) {
	t.Run("a source with all its messages under way is refused and hears when one lands", func(t *testing.T) {
		p := newPair(4, 2, 8)
		for i := range int64(3) {
			p.a.WakeAt(unit.Cycles(i), send, i)
		}
		mustRun(t, p.Engine)
		wantLog(t, p.a, "0 sends 0", "1 sends 1", "2 keeps 2", "4 sends 2")
		wantLog(t, p.b, "4 gets 0", "5 gets 1", "8 gets 2") // 4 + latency 4
	})
	t.Run("CanSend says no exactly when Send would refuse", func(t *testing.T) {
		p := newPair(1, 1, 1)
		if !p.a.port.CanSend() {
			t.Error("refused at first")
		}
		p.a.post(0)
		if p.a.port.CanSend() {
			t.Error("accepted with one of one in flight")
		}
		mustRun(t, p.Engine)
		if !p.a.port.CanSend() {
			t.Error("refused after delivery")
		}
	})
	t.Run("messages wait for room in order, and enter in the cycle in which there is room", func(t *testing.T) {
		p := newPair(1, 8, 2)
		p.b.blocked = true
		for i := range int64(5) {
			p.a.WakeAt(unit.Cycles(i), send, i)
		}
		p.b.WakeAt(20, hear, 0)
		p.a.WakeAt(19, send, 9) // lands at 20, behind those that wait
		mustRun(t, p.Engine)
		wantLog(t, p.b, "20 gets 0", "20 gets 1", "20 gets 2", "20 gets 3", "20 gets 4", "20 gets 9")
		if !p.link.Idle() {
			t.Error("the link is not idle: " + p.link.Describe())
		}
	})
	t.Run("a message that lands while others wait does not overtake them", func(t *testing.T) {
		p := newPair(1, 8, 1)
		p.b.blocked = true
		p.a.WakeAt(0, send, 0)
		p.a.WakeAt(1, send, 1)
		p.b.WakeAt(5, hear, 0) // frees the port in cycle 5, before the next line's message lands in cycle 5
		p.a.WakeAt(4, send, 2)
		mustRun(t, p.Engine)
		wantLog(t, p.b, "5 gets 0", "5 gets 1", "5 gets 2")
	})
	t.Run("messages blocked at their destination count against their source", func(t *testing.T) {
		p := newPair(1, 2, 1)
		p.b.blocked = true
		for i := range int64(4) {
			p.a.WakeAt(unit.Cycles(10*i), send, i)
		}
		mustRun(t, p.Engine)
		wantLog(t, p.a, "0 sends 0", "10 sends 1", "20 sends 2", "30 keeps 3") // 0 is in the port, 1 and 2 wait
		if got := p.link.Describe(); got != "0 in flight, 2/2 from A.Port, 2 wait for room in B.Port" {
			t.Errorf("description %q", got)
		}
	})
}

func TestLinkRefusesMiswiring(t *testing.T) {
	p := newPair(1, 1, 1)
	stranger := newNode("C", p.Engine, p.a.Clock(), 1)
	mustPanic(t, "latency of 0", func() { NewLink("L", p.Engine, p.a.Clock(), 0) })
	mustPanic(t, "twice", func() { p.link.PlugIn(p.a.port, 1) })
	mustPanic(t, "0 messages", func() { p.link.PlugIn(stranger.port, 0) })
	mustPanic(t, "C.Port is not plugged", func() { p.a.Send(p.a.port, stranger.port, &note{}) })
	mustPanic(t, "without source", func() { p.a.Send(p.a.port, nil, &note{}) })
	mustPanic(t, "sends to itself", func() { p.a.Send(p.a.port, p.a.port, &note{}) })
	mustPanic(t, "cannot leave", func() { p.link.Unplug(p.a.port) })
	mustPanic(t, "room for 0", func() { p.a.NewPort("Q", 0) })
}

func TestComponent(t *testing.T) {
	t.Run("an error in a notification is the receiver's, with its cycle", func(t *testing.T) {
		p := newPair(2, 1, 1)
		p.b.fail = errors.New("not for me")
		p.a.WakeAt(4, send, 0)
		err := p.Run()
		if !errors.Is(err, p.b.fail) || err.Error() != "B at cycle 6 (0.005 µs): not for me" {
			t.Errorf("error %q", err)
		}
	})
	t.Run("a foreign event is an error", func(t *testing.T) {
		p := newPair(1, 1, 1)
		p.Schedule(&plain{to: p.a.Component})
		p.Schedule(&plain{to: p.link})
		if err := p.Run(); err == nil || !strings.Contains(err.Error(), "A at cycle 0 (0 µs): engine: an event of the foreign type *engine.plain") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("WakeLast comes after the messages of its cycle", func(t *testing.T) {
		p := newPair(1, 1, 1)
		p.b.WakeLast(5, send, 7)
		p.a.WakeAt(4, send, 1)
		mustRun(t, p.Engine)
		wantLog(t, p.b, "5 gets 1", "5 sends 7")
	})
	t.Run("WakeIn counts from now", func(t *testing.T) {
		p := newPair(1, 1, 1)
		p.b.blocked = true
		p.a.WakeAt(4, send, 1)
		mustRun(t, p.Engine)
		p.b.WakeIn(3, hear, 0)
		mustRun(t, p.Engine)
		wantLog(t, p.b, "8 gets 1") // 4 + 1 + 3
	})
}

func TestResetEmptiesLinksAndPorts(t *testing.T) {
	p := newPair(5, 4, 1)
	run := func() []string {
		p.b.blocked, p.a.pending, p.a.log, p.b.log = true, nil, nil, nil
		for i := range int64(6) {
			p.a.WakeAt(unit.Cycles(i), send, i)
		}
		p.b.WakeAt(30, hear, 0)
		mustRun(t, p.Engine)
		return slices.Concat(p.a.log, p.b.log)
	}
	want := run()
	p.Reset()
	p.b.blocked, p.a.pending = true, nil
	for i := range int64(6) {
		p.a.WakeAt(unit.Cycles(i), send, i)
	}
	mustRun(t, p.Engine) // leaves a full port, blocked messages and a refused source behind
	p.a.WakeIn(0, send, 99)
	p.Reset()
	if !p.link.Idle() || p.b.port.Peek() != nil {
		t.Error("messages survive Reset: " + p.link.Describe())
	}
	if got := run(); !slices.Equal(got, want) {
		t.Errorf("second run\n got %q\nwant %q", got, want)
	}
}
