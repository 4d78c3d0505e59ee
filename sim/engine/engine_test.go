package engine

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	akita "github.com/sarchlab/akita/v3/sim"
)

// plain is an event of somebody else's, as any akita component may schedule it.
type plain struct {
	at   akita.VTimeInSec
	to   akita.Handler
	late bool
	id   int
}

func (p *plain) Time() akita.VTimeInSec { return p.at }
func (p *plain) Handler() akita.Handler { return p.to }
func (p *plain) IsSecondary() bool      { return p.late }

// logger notes the ids of the events that it handles.
type logger struct {
	ids  []int
	then func(id int) error
}

func (l *logger) Name() string { return "Logger" }

func (l *logger) Handle(e akita.Event) error {
	id := e.(*plain).id
	l.ids = append(l.ids, id)
	if l.then != nil {
		return l.then(id)
	}
	return nil
}

func mustRun(t testing.TB, e *Engine) {
	t.Helper()
	if err := e.Run(); err != nil {
		t.Fatal(err)
	}
}

func mustPanic(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		got, _ := recover().(string)
		if !strings.HasPrefix(got, "engine: ") || !strings.Contains(got, want) {
			t.Errorf("panic %q, want %q", got, "engine: …"+want)
		}
	}()
	f()
}

func TestEngineOrder(t *testing.T) {
	t.Run("events of the same time run in the order of scheduling", func(t *testing.T) {
		e, l := NewEngine(), &logger{}
		for i := range 100 {
			e.Schedule(&plain{at: 1e-9, to: l, id: i})
		}
		mustRun(t, e)
		if !slices.IsSorted(l.ids) || len(l.ids) != 100 {
			t.Errorf("order %v", l.ids)
		}
	})
	t.Run("secondary events wait for primary ones of their time, also for those scheduled meanwhile", func(t *testing.T) {
		e, l := NewEngine(), &logger{}
		l.then = func(id int) error {
			if id == 2 {
				e.Schedule(&plain{at: 1, to: l, id: 3})
			}
			return nil
		}
		e.Schedule(&plain{at: 1, to: l, late: true, id: 4})
		e.Schedule(&plain{at: 2, to: l, id: 5})
		e.Schedule(&plain{at: 0.5, to: l, late: true, id: 1})
		e.Schedule(&plain{at: 1, to: l, id: 2})
		mustRun(t, e)
		if !slices.Equal(l.ids, []int{1, 2, 3, 4, 5}) {
			t.Errorf("order %v", l.ids)
		}
	})
	t.Run("any schedule runs like a stable sort", func(t *testing.T) {
		rnd := rand.New(rand.NewPCG(1, 2))
		for range 200 {
			e, l := NewEngine(), &logger{}
			var want []*plain
			for i := range rnd.IntN(300) {
				p := &plain{at: akita.VTimeInSec(rnd.IntN(8)) * 1e-9, to: l, late: rnd.IntN(3) == 0, id: i}
				want = append(want, p)
				e.Schedule(p)
			}
			slices.SortStableFunc(want, func(a, b *plain) int {
				switch {
				case a.at != b.at:
					return int(math.Copysign(1, float64(a.at-b.at)))
				case a.late == b.late:
					return 0
				case b.late:
					return -1
				}
				return 1
			})
			mustRun(t, e)
			for i, p := range want {
				if l.ids[i] != p.id {
					t.Fatalf("event %d is %d, want %d", i, l.ids[i], p.id)
				}
			}
		}
	})
	t.Run("so does one that grows and shrinks while it runs", func(t *testing.T) {
		rnd := rand.New(rand.NewPCG(3, 4))
		for range 100 {
			e, l := NewEngine(), &logger{}
			var times []akita.VTimeInSec
			add := func() {
				at := e.CurrentTime() + akita.VTimeInSec(rnd.IntN(60))*1e-9
				e.Schedule(&plain{at: at, to: l, id: len(times)})
				times = append(times, at)
			}
			for range rnd.IntN(3 * nearby) {
				add()
			}
			l.then = func(int) error {
				for n := rnd.IntN(4); n > 0 && len(times) < 400; n-- {
					add()
				}
				return nil
			}
			mustRun(t, e)
			if !slices.IsSortedFunc(l.ids, func(a, b int) int { return cmp.Or(cmp.Compare(times[a], times[b]), cmp.Compare(a, b)) }) {
				t.Fatalf("order %v of times %v", l.ids, times)
			}
			if len(l.ids) != len(times) {
				t.Fatalf("%d of %d events ran", len(l.ids), len(times))
			}
		}
	})
	t.Run("minus zero is zero", func(t *testing.T) {
		e, l := NewEngine(), &logger{}
		e.Schedule(&plain{at: 1, to: l, id: 1})
		e.Schedule(&plain{at: akita.VTimeInSec(math.Copysign(0, -1)), to: l, id: 0})
		mustRun(t, e)
		if !slices.Equal(l.ids, []int{0, 1}) {
			t.Errorf("order %v", l.ids)
		}
	})
}

func TestEngineRefusesImpossibleTimes(t *testing.T) {
	for name, at := range map[string]akita.VTimeInSec{
		"in the past": 1e-9, "negative": -1, "infinite": akita.VTimeInSec(math.Inf(1)), "not a number": akita.VTimeInSec(math.NaN()),
	} {
		t.Run("a time that is "+name+" panics and names the sender", func(t *testing.T) {
			e, l := NewEngine(), &logger{}
			l.then = func(int) error {
				mustPanic(t, "Logger schedules an event for", func() { e.Schedule(&plain{at: at, to: l}) })
				return nil
			}
			e.Schedule(&plain{at: 2e-9, to: l})
			mustRun(t, e)
		})
	}
}

func TestEngineErrors(t *testing.T) {
	boom := errors.New("boom")
	e, l := NewEngine(), &logger{}
	l.then = func(id int) error {
		if id >= 2 {
			return boom
		}
		return nil
	}
	for id := range 5 {
		e.Schedule(&plain{at: akita.VTimeInSec(id) * 1e-6, to: l, id: id})
	}
	t.Run("the first error ends the run and says where and when", func(t *testing.T) {
		err := e.Run()
		if !errors.Is(err, boom) || err.Error() != "Logger at 2 µs: boom" {
			t.Errorf("error %q", err)
		}
		if !slices.Equal(l.ids, []int{0, 1, 2}) {
			t.Errorf("ran %v", l.ids)
		}
	})
	t.Run("running on after an error returns it again", func(t *testing.T) {
		if err := e.Run(); !errors.Is(err, boom) || len(l.ids) != 3 {
			t.Errorf("error %v after %v", err, l.ids)
		}
	})
	t.Run("after Reset the engine is as new", func(t *testing.T) {
		e.Reset()
		l.ids, l.then = nil, nil
		if e.CurrentTime() != 0 || e.Handled() != 0 {
			t.Errorf("time %v after %d events", e.CurrentTime(), e.Handled())
		}
		mustRun(t, e)
		e.Schedule(&plain{at: 1e-6, to: l, id: 7})
		mustRun(t, e)
		if !slices.Equal(l.ids, []int{7}) || e.Handled() != 1 {
			t.Errorf("ran %v", l.ids)
		}
	})
}

func TestEngineWhere(t *testing.T) {
	e, l := NewEngine(), &logger{}
	if got := e.Where(); got != "the engine at 0 µs" {
		t.Errorf("at first: %q", got)
	}
	l.then = func(int) error { panic("oops") }
	e.Schedule(&plain{at: 3e-6, to: l})
	func() {
		defer func() { _ = recover() }()
		_ = e.Run()
	}()
	if got := e.Where(); got != "Logger at 3 µs" {
		t.Errorf("after a panic: %q", got)
	}
	e.Reset()
	mustRun(t, e) // the panic left the engine able to run
}

type hookLog struct{ seen []string }

func (h *hookLog) Func(c akita.HookCtx) { h.seen = append(h.seen, c.Pos.Name) }

type endLog struct{ at []akita.VTimeInSec }

func (l *endLog) Handle(now akita.VTimeInSec) { l.at = append(l.at, now) }

func TestEngineShowsWakeUpsToHooks(t *testing.T) {
	p := newPair(3, 4, 4)
	var seen []string
	p.AcceptHook(hookFunc(func(c akita.HookCtx) {
		evt := c.Item.(akita.Event)
		if c.Pos == akita.HookPosBeforeEvent {
			seen = append(seen, fmt.Sprintf("%s %d %v", nameOf(evt.Handler()), p.a.Clock().Cycle(evt.Time()), evt.IsSecondary()))
		}
	}))
	p.a.WakeLast(10, send, 1)
	mustRun(t, p.Engine)
	if want := []string{"A 10 true", "Link 13 false"}; !slices.Equal(seen, want) { // 10 + latency 3
		t.Errorf("hooks saw %q, want %q", seen, want)
	}
}

type hookFunc func(akita.HookCtx)

func (f hookFunc) Func(c akita.HookCtx) { f(c) }

func TestEngineHooksAndEndHandlers(t *testing.T) {
	e, l, h, end := NewEngine(), &logger{}, &hookLog{}, &endLog{}
	e.AcceptHook(h)
	e.RegisterSimulationEndHandler(end)
	e.Schedule(&plain{at: 4, to: l})
	mustRun(t, e)
	e.Finished()
	if !slices.Equal(h.seen, []string{"BeforeEvent", "AfterEvent"}) {
		t.Errorf("hooks %v", h.seen)
	}
	if !slices.Equal(end.at, []akita.VTimeInSec{4}) {
		t.Errorf("end handlers %v", end.at)
	}
}

func TestEnginePause(t *testing.T) {
	t.Run("between Pause and Continue no event runs", func(t *testing.T) {
		e, l := NewEngine(), &logger{}
		var count atomic.Int64
		var stop atomic.Bool
		l.then = func(int) error {
			count.Add(1)
			if !stop.Load() {
				e.Schedule(&plain{at: e.CurrentTime() + 1e-9, to: l})
			}
			l.ids = l.ids[:0]
			return nil
		}
		e.Schedule(&plain{to: l})
		done := make(chan error)
		go func() { done <- e.Run() }()
		for range 20 {
			e.Pause()
			before, at := count.Load(), e.CurrentTime()
			time.Sleep(time.Millisecond)
			if count.Load() != before || e.CurrentTime() != at {
				t.Error("an event ran during the pause")
			}
			e.Continue()
			for count.Load() == before {
				time.Sleep(10 * time.Microsecond)
			}
		}
		stop.Store(true)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Run("a paused engine starts when it continues", func(t *testing.T) {
		e, l := NewEngine(), &logger{}
		e.Schedule(&plain{to: l})
		e.Pause()
		done := make(chan error)
		go func() { done <- e.Run() }()
		select {
		case <-done:
			t.Error("ran while paused")
		case <-time.After(5 * time.Millisecond):
		}
		e.Continue()
		if err := <-done; err != nil || len(l.ids) != 1 {
			t.Errorf("error %v, events %v", err, l.ids)
		}
	})
	t.Run("a handler cannot run its own engine", func(t *testing.T) {
		e, l := NewEngine(), &logger{}
		l.then = func(int) error {
			mustPanic(t, "already runs", func() { _ = e.Run() })
			return nil
		}
		e.Schedule(&plain{to: l})
		mustRun(t, e)
	})
}

func TestEngineEvery(t *testing.T) {
	// spin schedules events one after the other, n in all.
	spin := func(e *Engine, n int) *logger {
		l := &logger{}
		l.then = func(id int) error {
			if id < n {
				e.Schedule(&plain{at: e.CurrentTime(), to: l, id: id + 1})
			}
			return nil
		}
		e.Schedule(&plain{at: e.CurrentTime(), to: l, id: 1})
		return l
	}
	t.Run("it looks after every so many events, and not before", func(t *testing.T) {
		e, looks := NewEngine(), 0
		e.Every(10, func() error { looks++; return nil })
		spin(e, 9)
		mustRun(t, e)
		if looks != 0 {
			t.Errorf("%d looks within 9 events", looks)
		}
		spin(e, 11)
		mustRun(t, e)
		if looks != 2 {
			t.Errorf("%d looks within 20 events", looks)
		}
	})
	t.Run("its error ends Run at once, as it is, until Reset", func(t *testing.T) {
		e, enough := NewEngine(), errors.New("enough")
		e.Every(10, func() error { return enough })
		l := spin(e, 1000)
		for range 2 {
			if err := e.Run(); err != enough || len(l.ids) != 10 {
				t.Fatalf("error %v after %d events", err, len(l.ids))
			}
		}
		e.Reset()
		e.Every(10, nil)
		l = spin(e, 1000)
		mustRun(t, e)
		if len(l.ids) != 1000 {
			t.Errorf("%d events", len(l.ids))
		}
	})
	t.Run("a watchdog beside it keeps its own count", func(t *testing.T) {
		e, looks := NewEngine(), 0
		NewWatchdog(e, Supervision{Progress: func() int64 { return 0 }, Events: 1000})
		e.Every(7, func() error { looks++; return nil })
		l := spin(e, 5000)
		var stall *StallError
		if err := e.Run(); !errors.As(err, &stall) || len(l.ids) != 1000 || looks != 1000/7 {
			t.Errorf("error %v after %d events and %d looks", err, len(l.ids), looks)
		}
	})
}
