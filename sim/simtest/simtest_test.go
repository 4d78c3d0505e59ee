package simtest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/sim/engine"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// spy stands for the test that a helper would fail.
type spy struct {
	testing.TB
	said  []string
	after []func()
}

func (s *spy) Helper()          {}
func (s *spy) Failed() bool     { return len(s.said) > 0 }
func (s *spy) Skipped() bool    { return false }
func (s *spy) Cleanup(f func()) { s.after = append(s.after, f) }

func (s *spy) Error(args ...any) { s.said = append(s.said, fmt.Sprint(args...)) }
func (s *spy) Errorf(format string, args ...any) {
	s.said = append(s.said, fmt.Sprintf(format, args...))
}

type stop struct{}

func (s *spy) Fatal(args ...any) {
	s.Error(args...)
	panic(stop{})
}

func (s *spy) Fatalf(format string, args ...any) {
	s.Errorf(format, args...)
	panic(stop{})
}

// complaints returns what f makes a test say when it fails.
func complaints(f func(t testing.TB)) string {
	s := &spy{}
	func() {
		defer func() {
			if r := recover(); r != nil && r != (stop{}) {
				panic(r)
			}
		}()
		f(s)
	}()
	for _, g := range s.after {
		g()
	}
	return strings.Join(s.said, "\n")
}

func wantComplaint(t *testing.T, want string, f func(t testing.TB)) {
	t.Helper()
	got := complaints(f)
	if want == "" && got != "" || !strings.Contains(got, want) {
		t.Errorf("complaint %q, want %q", got, want)
	}
}

// withUpdate runs f as under -update, or not.
func withUpdate(on bool, f func()) {
	defer func(before bool) { *update = before }(*update)
	*update = on
	f()
}

func TestGolden(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "x.txt")
	golden := func(got string) func(testing.TB) {
		return func(t testing.TB) { Golden(t, path, []byte(got)) }
	}
	t.Run("a missing file fails and names the flag", func(t *testing.T) {
		withUpdate(false, func() { wantComplaint(t, "go test -update writes it", golden("a\n")) })
	})
	t.Run("with -update the file is written, and passes from then on", func(t *testing.T) {
		withUpdate(true, func() { wantComplaint(t, "", golden("a\nb\n")) })
		withUpdate(false, func() { wantComplaint(t, "", golden("a\nb\n")) })
	})
	t.Run("a difference fails and shows itself", func(t *testing.T) {
		withUpdate(false, func() { wantComplaint(t, "differs (-file +test", golden("a\nc\n")) })
	})
}

func TestGoldens(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"used.txt", "orphan.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	withUpdate(false, func() {
		t.Run("a golden file that no test uses fails", func(t *testing.T) {
			if filtered() {
				t.Skip("subtests are filtered, so orphans are not looked for")
			}
			wantComplaint(t, "orphan.txt belongs to no test", func(t testing.TB) {
				NewGoldens(t, dir).Check(t, "used.txt", []byte("x"))
			})
		})
		t.Run("a directory with a test for each file passes", func(t *testing.T) {
			wantComplaint(t, "", func(t testing.TB) {
				g := NewGoldens(t, dir)
				g.Check(t, "used.txt", []byte("x"))
				g.Check(t, "orphan.txt", []byte("x"))
			})
		})
	})
}

func TestSameBytes(t *testing.T) {
	t.Run("equal runs pass", func(t *testing.T) {
		SameBytes(t, 5, func() []byte { return []byte("same") })
	})
	t.Run("a run that differs fails, also when runs share their memory", func(t *testing.T) {
		shared := []byte("0")
		wantComplaint(t, "run 2 of 5 differs", func(t testing.TB) {
			SameBytes(t, 5, func() []byte { shared[0]++; return shared })
		})
	})
	t.Run("one run proves nothing", func(t *testing.T) {
		wantComplaint(t, "cannot differ", func(t testing.TB) { SameBytes(t, 1, func() []byte { return nil }) })
	})
}

type word struct {
	akita.MsgMeta
	text string
}

func (w *word) Meta() *akita.MsgMeta { return &w.MsgMeta }

// echo is a component under test: it answers each word after a delay, in place.
type echo struct {
	*engine.Component
	port akita.Port
	held []akita.Msg
}

func (e *echo) Received(p akita.Port) error {
	e.held = append(e.held, e.Retrieve(p))
	e.WakeIn(10, 0, 0)
	return nil
}

func (e *echo) Woken(int, int64) error {
	m := e.held[0]
	e.held = e.held[1:]
	e.Send(e.port, m.Meta().Src, m)
	return nil
}

func (e *echo) Freed(akita.Port) error { return nil }

func newEcho(b *Bench) (*Neighbour, *echo) {
	e := &echo{}
	e.Component = engine.NewComponent("DUT", b.Engine, b.Clock, e)
	e.port = e.NewPort("Port", 2)
	n := b.Neighbour("Host", 1)
	b.Connect(3, n.Port, e.port)
	return n, e
}

func TestBench(t *testing.T) {
	t.Run("the script is sent on time and the arrivals carry their cycles", func(t *testing.T) {
		b := NewBench(t, 800_000_000)
		n, e := newEcho(b)
		n.SendAt(5, e.port, &word{text: "a"})
		n.SendAt(7, e.port, &word{text: "b"})
		b.Run()
		if got, want := n.Cycles(), []unit.Cycles{5 + 3 + 10 + 3, 7 + 3 + 10 + 3}; !slices.Equal(got, want) {
			t.Errorf("arrivals %v, want %v", got, want)
		}
		if n.Arrivals[1].Msg.(*word).text != "b" || b.Now() != 23 {
			t.Errorf("last arrival %+v at %d", n.Arrivals[1].Msg, b.Now())
		}
	})
	t.Run("a blocked neighbour takes messages when the block ends", func(t *testing.T) {
		b := NewBench(t, 800_000_000)
		n, e := newEcho(b)
		for range 3 {
			n.SendAt(0, e.port, &word{})
		}
		n.BlockFor(10, 100)
		b.Run()
		if got := n.Cycles(); !slices.Equal(got, []unit.Cycles{100, 100, 100}) {
			t.Errorf("arrivals %v", got)
		}
	})
	t.Run("a script with more messages than the link takes is sent in order", func(t *testing.T) {
		b := NewBench(t, 800_000_000)
		x, y := b.Neighbour("X", 1), b.Neighbour("Y", 1)
		b.Connect(2, x.Port, y.Port)
		for i := range InFlight + 10 {
			x.SendAt(0, y.Port, &word{text: fmt.Sprint(i)})
		}
		b.Run()
		for i, a := range y.Arrivals {
			if a.Msg.(*word).text != fmt.Sprint(i) {
				t.Fatalf("arrival %d is %q", i, a.Msg.(*word).text)
			}
		}
		if len(y.Arrivals) != InFlight+10 || y.Arrivals[InFlight-1].Cycle != 2 || y.Arrivals[InFlight].Cycle != 4 {
			t.Errorf("arrivals at %v", y.Cycles())
		}
	})
	t.Run("an answer can go back at once", func(t *testing.T) {
		b := NewBench(t, 800_000_000)
		x, y := b.Neighbour("X", 1), b.Neighbour("Y", 1)
		b.Connect(2, x.Port, y.Port)
		y.Answer = func(a Arrival) error {
			y.Send(y.Port, a.Msg.Meta().Src, a.Msg)
			return nil
		}
		x.SendAt(1, y.Port, &word{})
		b.Run()
		if got := x.Cycles(); !slices.Equal(got, []unit.Cycles{1 + 2 + 2}) {
			t.Errorf("arrivals %v", got)
		}
	})
	t.Run("a message that is never taken fails the test", func(t *testing.T) {
		wantComplaint(t, "Host.Port.Buf holds 1 message", func(tb testing.TB) {
			b := NewBench(tb, 800_000_000)
			n, e := newEcho(b)
			n.blocked = true
			n.SendAt(0, e.port, &word{})
			b.Run()
		})
	})
}
