package controller

import (
	"math/rand/v2"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

// bench is a controller under test with its trace.
type bench struct {
	s     *spec.Standard
	offer func(p spec.Place, write bool, tag uint32) bool
	tick  func() Outcome
	done  func() int64 // clock of the last datum of the last column command
	owe   func(n int)  // lets n refreshes be postponed
	trace []issue
}

func newBench(t *testing.T, s *spec.Standard, refresh spec.Refresh) *bench {
	t.Helper()
	return newBenchOf(t, s, Options{Refresh: refresh})
}

// newBenchOf is the only place where these tests meet the controllers.
func newBenchOf(t *testing.T, s *spec.Standard, options Options) *bench {
	t.Helper()
	refresh := options.Refresh
	b := &bench{s: s}
	rank := s.Groups * s.Banks * max(s.Stacks, 1)
	note := func(cmd Command, bank int, clock int64) {
		if cmd == cmdPREA || cmd == cmdREF && refresh == spec.AllBank {
			bank *= rank // was the number of the rank or pseudo channel
		}
		b.trace = append(b.trace, issue{cmd, max(bank, 0), clock})
	}
	if s.Family == spec.HBM {
		c, err := newHBMController(s, options)
		if err != nil {
			t.Fatal(err)
		}
		c.Trace, b.offer, b.tick, b.owe, b.done = note, c.Offer, c.Tick, c.postpone, func() int64 { return c.Issued.Clock }
		return b
	}
	c := newSingleBus(s, options)
	c.Trace, b.offer, b.tick, b.owe, b.done = note, c.Offer, c.Tick, c.postpone, func() int64 { return c.Issued.Clock }
	return b
}

// drive offers traffic of many kinds, each for a while: few or many banks and rows, reads or writes or both, dense or
// with pauses, so that queues run dry and fill up.
func (b *bench) drive(seed uint64, ticks int) {
	r := rand.New(rand.NewPCG(seed, 2))
	banks := b.s.Ranks * max(b.s.Stacks, 1) * b.s.Groups * b.s.Banks
	for ticks > 0 {
		pool := r.Perm(banks)[:1+r.IntN(1<<r.IntN(7))%banks]
		rows, writes, run, gap := 1+r.IntN(4), []int{0, 5, 30, 50, 100}[r.IntN(5)], 1+r.IntN(8), []int{1, 1, 3, 20}[r.IntN(4)]
		var p spec.Place
		write, left := false, 0
		for range 20 + r.IntN(600) {
			for range 2 {
				if r.IntN(gap) > 0 {
					continue
				}
				if left--; left <= 0 {
					left, write = 1+r.IntN(run), r.IntN(100) < writes
					bank := pool[r.IntN(len(pool))]
					p = spec.Place{Row: int64(r.IntN(rows)), Bank: uint8(bank), Group: uint8(bank / b.s.Banks)}
				}
				b.offer(p, write, 0)
			}
			b.tick()
			ticks--
		}
		for range []int{0, 3, 40, 200, 700}[r.IntN(5)] {
			b.tick()
			ticks--
		}
	}
}

// fitRefresh makes the other refresh interval of an HBM fit to that of a policy, which was changed.
func fitRefresh(s *spec.Standard, refresh spec.Refresh) {
	if s.Family != spec.HBM || !s.HasPerBankRefresh() {
		return
	}
	banks := int64(s.Groups * s.Banks * s.Stacks)
	if refresh == spec.PerBank {
		s.Timing.TREFI = max(s.Timing.TREFIPB*banks, s.Timing.TRFC+banks)
	}
	s.Timing.TREFIPB = s.Timing.TREFI / banks
}

// lesson is directed traffic: reads of one bank after the other, of a new row each time or always of row 0, every pace
// clocks.
type lesson struct {
	fresh []int // banks of which every read is of a new row
	same  []int // banks of which row 0 is read, once for each round of fresh
	pace  int64
	burst int  // reads that come together; 0: 1
	owing bool // refreshes may be postponed
	after bool // a round ends with the fresh banks
}

// lessons make refreshes wait for every kind of row and bus.
func lessons(s *spec.Standard) []lesson {
	all := s.Ranks * max(s.Stacks, 1) * s.Groups * s.Banks
	next, far, last := (s.Banks+1)%all, all/2, all-1 // of another group, if there is one; of another rank, if there is one
	slow := s.Timing.TRC + s.Timing.TRCD + s.Timing.TRAS
	list := []lesson{{same: []int{0}}, {same: []int{0, next, far}}, {same: []int{0, last}, pace: 7 * slow}}
	for _, pace := range []int64{0, slow} {
		list = append(list, lesson{fresh: []int{0}, pace: pace}, lesson{fresh: []int{last}, pace: pace}, lesson{fresh: []int{0, far}, pace: pace},
			lesson{fresh: []int{0, 1, far, last}, pace: pace}, lesson{fresh: []int{1}, same: []int{0}, pace: pace},
			lesson{fresh: []int{last, last}, same: []int{0}, pace: pace})
	}
	// Requests come when a postponed refresh has issued its PREA. Banks take turns, because tRC delays each bank's next
	// ACT.
	return append(list, lesson{fresh: []int{0, 1}, pace: slow, burst: 1, owing: true},
		lesson{fresh: []int{0, 1}, pace: slow + 7, burst: 1, owing: true},
		lesson{fresh: []int{0, 0, 1, 1}, pace: 2*slow + 1, burst: 2, owing: true},
		lesson{fresh: []int{0}, pace: 2 * slow, burst: 2, owing: true})
}

// teach runs a lesson.
func (b *bench) teach(l lesson, ticks int64) {
	n, round, burst := 0, len(l.fresh)+len(l.same), max(l.burst, 1)
	if l.owing {
		b.owe(b.s.MaxPostponed)
	}
	for clock := range ticks {
		if clock >= l.pace*int64(n/burst) {
			p := spec.Place{Row: int64(n)}
			i := n % round
			if l.after {
				i = (i + len(l.fresh)) % round
			}
			if i < len(l.fresh) {
				p.Bank = uint8(l.fresh[i])
			} else {
				p.Bank, p.Row = uint8(l.same[i-len(l.fresh)]), 0
			}
			p.Group = p.Bank / uint8(b.s.Banks)
			if b.offer(p, false, 0) {
				n++
			}
		}
		b.tick()
	}
}

// observe drives a standard with three refresh intervals: so short that two refreshes are due at once, short, and long.
// All other timings are the standard's.
func observe(t *testing.T, s *spec.Standard, refresh spec.Refresh, ticks int) *observer {
	t.Helper()
	return observeWith(t, s, Options{Refresh: refresh}, ticks)
}

// observeWith is observe with further options of the controller.
func observeWith(t *testing.T, s *spec.Standard, options Options, ticks int) *observer {
	t.Helper()
	refresh := options.Refresh
	o := &observer{s: s, refresh: refresh}
	tm := s.Timing
	run := func(spare int64, traffic func(b *bench)) {
		often := *s
		often.Timing.TREFI = tm.TRFC + spare
		if refresh.ByBank() {
			often.Timing.TREFIPB = tm.TPBR2PB + spare/4
		}
		fitRefresh(&often, refresh)
		b := newBenchOf(t, &often, options)
		traffic(b)
		o.traces = append(o.traces, b.trace)
	}
	for i, spare := range []int64{tm.TRC / 2, tm.TRC + tm.TRP, 3 * tm.TRC, 6 * tm.TRFC} {
		run(spare, func(b *bench) { b.drive(uint64(i), ticks) })
	}
	run(2*tm.TRC, func(b *bench) { // refreshes come in bunches
		b.owe(s.MaxPostponed)
		b.drive(9, ticks)
	})
	for spare := tm.TRAS; spare < tm.TRAS+tm.TRC+tm.TRC/2; spare += 1 + tm.TRC/150*2 { // a refresh falls due at any moment of a row's life
		for _, l := range append(lessons(s), pageLessons(s, options.Page)...) {
			refreshes := int64(2)
			switch {
			case l.owing:
				refreshes = 12
			case s.Family == spec.HBM: // pseudo channels take turns
				refreshes = 3
			}
			run(spare, func(b *bench) { b.teach(l, refreshes*(tm.TRFC+spare)) })
		}
	}
	return o
}
