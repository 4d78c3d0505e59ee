package engine

import (
	"errors"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func (n *node) Idle() bool       { return len(n.pending) == 0 }
func (n *node) Describe() string { return "waits to send " + strings.Repeat("x", len(n.pending)) }

func TestWatchdog(t *testing.T) {
	watched := func(limit int64) (pair, *int64) {
		p := newPair(1, 1, 1)
		progress := new(int64)
		w := NewWatchdog(p.Engine, Supervision{Progress: func() int64 { return *progress }, Events: limit})
		w.Register(p.a, p.b, p.link)
		return p, progress
	}
	spin := func(p pair, progress *int64, every, total int64) *logger {
		l := &logger{}
		l.then = func(id int) error {
			if int64(id)%every == 0 {
				*progress++
			}
			if int64(id) < total {
				p.Schedule(&plain{at: p.CurrentTime() + 1e-9, to: l, id: id + 1})
			}
			return nil
		}
		p.Schedule(&plain{to: l, id: 1})
		return l
	}
	t.Run("events without progress end in an error, after less than twice the limit", func(t *testing.T) {
		p, progress := watched(1000)
		l := spin(p, progress, 1<<40, 1e6)
		var stall *StallError
		if err := p.Run(); !errors.As(err, &stall) || stall.Reason != "1000 events without progress" {
			t.Fatalf("error %v", err)
		}
		if len(l.ids) != 1000 {
			t.Errorf("after %d events", len(l.ids))
		}
	})
	t.Run("slow progress is progress", func(t *testing.T) {
		p, progress := watched(1000)
		spin(p, progress, 999, 20_000)
		mustRun(t, p.Engine)
	})
	t.Run("a component that still waits when no events are left is a deadlock, and the dump shows its queues", func(t *testing.T) {
		p, _ := watched(1000)
		p.b.blocked = true
		for i := range int64(3) {
			p.a.WakeAt(unit.Cycles(10*i), send, i) // one in B's port, one blocked, one refused
		}
		err := p.Run()
		const want = `the simulation stands still at 0.0166666667 µs: no events are left, but A is not done
  A (busy): waits to send x
    A.Port.Buf 0/1
  B (idle): waits to send 
    B.Port.Buf 1/1
  Link (busy): 0 in flight, 1/1 from A.Port, 1 wait for room in B.Port`
		if err == nil || err.Error() != want {
			t.Errorf("error:\n%v\nwant:\n%s", err, want)
		}
	})
	t.Run("a message that nobody retrieved is a deadlock, too", func(t *testing.T) {
		p, _ := watched(1000)
		p.b.blocked = true
		p.a.WakeAt(0, send, 0)
		if err := p.Run(); err == nil || !strings.Contains(err.Error(), "B.Port.Buf holds 1 message") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("after Reset the count starts anew", func(t *testing.T) {
		p, progress := watched(1000)
		spin(p, progress, 1<<40, 900)
		mustRun(t, p.Engine)
		p.Reset()
		spin(p, progress, 1<<40, 900)
		mustRun(t, p.Engine)
	})
	t.Run("a finished simulation is no deadlock", func(t *testing.T) {
		p, _ := watched(1000)
		p.a.WakeAt(0, send, 0)
		mustRun(t, p.Engine)
	})
	t.Run("a watchdog that cannot bite panics", func(t *testing.T) {
		mustPanic(t, "measure of progress", func() { NewWatchdog(NewEngine(), Supervision{Events: 1}) })
	})
}
