package dram

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// lastClock is the clock at which the last of the transfers is complete.
func lastClock(s *System) (clock int64) {
	for _, d := range append(s.TakeDone(), s.Settle()...) {
		clock = max(clock, d.Clock)
	}
	return clock
}

// TestAWindowBoundsBandwidthByLatency is Little's law: with one burst outstanding, a row hit takes the clock of its RD,
// tCL (and tDQSCK) and its data, and only then the next one may come.
func TestAWindowBoundsBandwidthByLatency(t *testing.T) {
	for _, name := range []string{"lpddr5-6400", "ddr4-3200", "lpddr4x-4266"} {
		s := mustNew(t, Options{Channels: 1, Control: Control{Refresh: spec.NoRefresh}, Mapping: "", Window: 1}, name)
		tm, burst := &s.options.Standard.Timing, s.options.Standard.Burst
		const bursts = 4 // the first run of the mapping: one row
		s.Submit(Transfer{Walk: isa.Contiguous(0, bursts*burst)})
		hit := 1 + tm.TCL + tm.TDQSCK + tm.TBL
		first := tm.TRCD + hit // ACT and RD take equally many clocks
		got := lastClock(s)
		if s.mapping.Locate(0).Bank != s.mapping.Locate(3*int64(burst)).Bank { // DDR4 alternates groups: each opens a row
			if want := bursts * first; got != want {
				t.Errorf("%s: %d clocks, want %d: 4 (1 + tRCD + tCL + tBL)", name, got, want)
			}
			continue
		}
		sync := int64(0)
		if s.options.Standard.WCK {
			sync = bursts // WCK has stopped each time: CAS first
		}
		if want := first + (bursts-1)*hit + sync; got != want {
			t.Errorf("%s: %d clocks, want %d: 1 + tRCD + tCL + tBL + 3 (1 + tCL + tBL), and %d CAS", name, got, want, sync)
		}
	}
}

func TestASlowConsumerSetsThePace(t *testing.T) {
	const pace, bursts = 11, 20_000
	s := mustNew(t, Options{Channels: 1, Control: Control{Refresh: spec.NoRefresh}, Window: 4 * unit.KiB, Pace: pace * PaceParts}, "lpddr5-6400")
	s.Submit(Transfer{Walk: isa.Contiguous(0, bursts*32)})
	tm := &s.options.Standard.Timing
	first := 2 + tm.TRCD + tm.TCL + tm.TBL // ACT, CAS in between, RD
	if got, want := lastClock(s), first+(bursts-1)*pace; got < want-1 || got > want+1 {
		t.Errorf("the last burst is taken at %d, want %d: the first at %d and one each %d clocks", got, want, first, pace)
	}
	if n := memoOf(s).transitions; n > 2000 {
		t.Errorf("the steady state was not recognised: %d edges for %d bursts", n, bursts)
	}
}

func TestQueuesTakeTurns(t *testing.T) {
	const bytes = 4 * unit.MiB
	for _, c := range []struct {
		name      string
		queues    int
		low, high float64 // completion of the first transfer, as a share of the last one's
	}{{"one after the other in one queue", 1, 0.49, 0.51}, {"side by side in two", 2, 0.99, 1}} {
		t.Run(c.name, func(t *testing.T) {
			s := mustNew(t, Options{Channels: 2, Queues: c.queues}, "lpddr5-6400")
			s.Submit(Transfer{ID: 1, Walk: isa.Contiguous(0, bytes)})
			s.Submit(Transfer{ID: 2, Walk: isa.Contiguous(256*unit.MiB+16*unit.KiB, bytes), Queue: c.queues - 1, Class: 1})
			clock := map[int64]int64{}
			for _, d := range append(s.TakeDone(), s.Settle()...) {
				clock[d.ID] = d.Clock
			}
			if share := float64(clock[1]) / float64(clock[2]); share < c.low || share > c.high {
				t.Errorf("completions %v", clock)
			}
			s.Finish(clock[2])
			if k := s.Classes(); len(k) != 2 || k[0].Reads != int64(bytes)/32 || k[1].Reads != k[0].Reads {
				t.Errorf("statistics of the classes: %+v", k)
			}
		})
	}
}

// TestAWriterJoinsWithoutDrainingTheReader: the reader's bursts go on while a short append comes and goes.
func TestAWriterJoinsWithoutDrainingTheReader(t *testing.T) {
	play := func(append bool) int64 {
		s := mustNew(t, Options{Channels: 1, Queues: 2, Control: Control{Refresh: spec.NoRefresh}}, "lpddr5-6400")
		s.Submit(Transfer{ID: 1, Walk: isa.Contiguous(0, unit.MiB)})
		if append {
			s.Submit(Transfer{ID: 2, Walk: isa.Contiguous(512*unit.MiB, unit.KiB), Write: true, Queue: 1, Release: 20_000})
		}
		for _, d := range s.Settle() {
			if d.ID == 1 {
				return d.Clock
			}
		}
		return 0
	}
	alone, with := play(false), play(true)
	tm := spec.MustLookup("lpddr5-6400").Timing
	turn := tm.TRTRS + tm.TWTRL + tm.TCL + tm.TCWL + tm.TRP + tm.TRCD // there and back, and a row
	if cost := with - alone; cost < 0 || cost > 32*tm.TBL+2*turn {
		t.Errorf("a write of 32 bursts costs the reader %d clocks, its data take %d and the turns about %d", cost, 32*tm.TBL, 2*turn)
	}
}

func TestChunksArriveOneAfterAnother(t *testing.T) {
	s := mustNew(t, Options{Channels: 4}, "lpddr5-6400")
	s.Submit(Transfer{ID: 3, Walk: isa.Contiguous(0, 10*unit.MiB), Chunk: unit.MiB})
	done := append(s.TakeDone(), s.Settle()...)
	whole := mustNew(t, Options{Channels: 4}, "lpddr5-6400")
	whole.Submit(Transfer{ID: 3, Walk: isa.Contiguous(0, 10*unit.MiB)})
	if len(done) != 10 || done[9].Clock != lastClock(whole) {
		t.Fatalf("parts %+v, in one piece %d", done, lastClock(whole))
	}
	for i, d := range done {
		if d.ID != 3 || d.Part != i || i > 0 && d.Clock <= done[i-1].Clock {
			t.Errorf("part %d: %+v", i, d)
		}
	}
}

// TestOneRankWorksWhileAnotherIsRefreshed: two ranks, one of which is always free, lose less bandwidth than a single
// one.
func TestOneRankWorksWhileAnotherIsRefreshed(t *testing.T) {
	clocks := func(ranks int, mapping string) int64 {
		std := spec.MustLookup("ddr4-3200")
		std.Ranks = ranks
		s, err := New(Options{Standard: std, Channels: 1, Mapping: mapping})
		if err != nil {
			t.Fatal(err)
		}
		s.Submit(Transfer{Walk: isa.Contiguous(0, 16*unit.MiB)})
		clock := lastClock(s)
		s.Finish(clock)
		n := s.Counts()
		if intervals := clock / std.Timing.TREFI; n.Refreshes < int64(ranks)*(intervals-1) || n.Refreshes > int64(ranks)*(intervals+1) {
			t.Errorf("%d refreshes of %d ranks in %d intervals", n.Refreshes, ranks, intervals)
		}
		return clock
	}
	one, two := clocks(1, "bg2,co7,ba2,ro16"), clocks(2, "bg2,co2,ra1,co5,ba2,ro16")
	if two < one/2 || two > one*3/2 {
		t.Errorf("one rank takes %d clocks, two %d", one, two)
	}
}

// TestPostponedRefreshesSaveRestarts: if N are postponed, N+1 refreshes are made up for in a row, and a stream stops
// and restarts only once for all of them. The cost of a restart follows from the run without postponing.
func TestPostponedRefreshesSaveRestarts(t *testing.T) {
	const bytes = 64 * unit.MiB
	clocks := func(n int, refresh spec.Refresh) int64 {
		s := mustNew(t, Options{Channels: 1, Control: Control{Refresh: refresh, Postponed: n}}, "lpddr5-6400")
		s.Submit(Transfer{Walk: isa.Contiguous(0, bytes)})
		clock := lastClock(s)
		s.Finish(clock)
		if due, got := clock/3125, s.Counts().Refreshes; refresh == spec.AllBank && (got > due || got < due-int64(n)-1) {
			t.Errorf("%d refreshes by clock %d with %d postponed, %d fell due", got, clock, n, due)
		}
		return clock
	}
	tm := spec.MustLookup("lpddr5-6400").Timing
	bare := clocks(0, spec.NoRefresh)
	restart := float64(clocks(0, spec.AllBank)-bare)/float64(clocks(0, spec.AllBank)/tm.TREFI) - float64(tm.TRFC)
	for _, n := range []int{1, 3, 8} {
		got := clocks(n, spec.AllBank)
		want := float64(bare) + float64(got/tm.TREFI)*(float64(tm.TRFC)+restart/float64(n+1))
		if diff := float64(got) - want; diff > 0.002*want || diff < -0.002*want {
			t.Errorf("%d postponed: %d clocks, by hand %.0f: %d and (tRFC + %.1f / %d) each tREFI", n, got, want, bare, restart, n+1)
		}
	}
}

func TestRefreshesAreMadeUpForWhenIdle(t *testing.T) {
	s := mustNew(t, Options{Channels: 1, Control: Control{Postponed: 8}}, "lpddr5-6400")
	const tREFI = 3125
	s.Submit(Transfer{Walk: isa.Contiguous(0, 256*unit.KiB)}) // 8192 bursts: five intervals
	if n := s.Counts().Refreshes; n != 0 {
		t.Fatalf("%d refreshes while requests waited", n)
	}
	busy := s.Accepted() / tREFI
	s.Finish(s.Accepted() + tREFI)
	if n := s.Counts().Refreshes; n < busy || n > busy+1 || busy < 4 {
		t.Errorf("%d refreshes after an idle interval, %d had been postponed", n, busy)
	}
}
