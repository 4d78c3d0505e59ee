package dram

import (
	"math/rand"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// TestNoSchedulingStarvesWhoSharesAChannel: with any page policy, queue and watermarks, beside any background,
//   - one access of the NPU, read or write, takes at most 8 rounds of refreshes (the longest that was found: 4),
//   - a walk has at least a five-hundredth of the peak (the least that was found: a two-hundredth, with queues of 2),
//   - other agents have something, and 95 % of what they ask for alone where the queues are no shorter than usual, half full before
//     writes go first, and these come in batches of 4.
//
// Without agents that give up where others wait for rounds, seeds 207 (queues of 8, random reads: a write never goes) and 1469
// (likewise, random writes: a read never goes) do not end.
func TestNoSchedulingStarvesWhoSharesAChannel(t *testing.T) {
	cases := 1600
	if testing.Short() || simtest.Racing {
		cases = 220
	}
	if simtest.Long() {
		cases = 10_000
	}
	full, worst := 0, int64(0)
	for seed := range int64(cases) {
		r := rand.New(rand.NewSource(seed))
		names := spec.Names()
		std := spec.MustLookup(names[r.Intn(len(names))])
		o := Options{Standard: std, Channels: 1}
		o.Refresh = std.Refreshes()[r.Intn(len(std.Refreshes()))]
		o.Page = spec.Page(r.Intn(3))
		o.Queue = []int{0, 0, 1, 2, 8, 16, 32, 64}[r.Intn(8)]
		if r.Intn(4) > 0 {
			o.WriteHigh = 2 + r.Intn(98)
			o.WriteLow = 1 + r.Intn(o.WriteHigh-1)
		}
		o.Background = randomBackground(r, &o)
		s := mustNew(t, o, std.Name)
		p, err := s.options.newPattern(s.Mapping())
		if err != nil {
			t.Fatal(err)
		}

		const rounds = 6
		now := rounds * p.period
		s.Finish(now)
		had := s.Classes()[o.Background.Class]
		share := float64(had.Reads+had.Writes) / float64(rounds*len(p.arrivals))
		least, use := 0.001, o.Scheduling.Resolved(std.Family)
		if batch := use.Queue * (use.WriteHigh - use.WriteLow) / 100; use.Queue >= (spec.Scheduling{}).Resolved(std.Family).Queue && use.WriteHigh >= 50 && batch >= 4 {
			least = 0.95
			full++
		}
		if share < least || share > 1 {
			t.Errorf("seed %d: %s, %+v: %+v has %.3f of what it asks for, want %.3f", seed, std.Name, o.Control, o.Background, share, least)
		}

		for i := range int64(4) {
			now = max(now, s.Accepted()) + r.Int63n(p.period)
			s.Submit(Transfer{ID: i, Walk: isa.Contiguous(unit.Bytes(i)*unit.MiB, std.Burst), Write: i%2 == 0, Release: now})
			took := lastDone(s) - now
			worst = max(worst, took/p.period)
			if took > 8*p.period {
				t.Errorf("seed %d: %s, %+v: an access beside %+v takes %d clocks, %d rounds", seed, std.Name, o.Control, o.Background, took, took/p.period)
			}
		}
		now = max(now, s.Accepted())
		atPeak := p.period / 8 // clocks
		size := unit.Bytes(float64(std.PeakBytesPerSecond(1)) * float64(atPeak) * std.TCK.Seconds())
		s.Submit(Transfer{ID: 9, Walk: isa.Contiguous(16*unit.MiB, size), Write: r.Intn(2) == 0, Release: now})
		if took := lastDone(s) - now; took > 500*atPeak+8*p.period {
			t.Errorf("seed %d: %s, %+v: %v beside %+v take %d clocks, at the peak %d", seed, std.Name, o.Control, size, o.Background, took, atPeak)
		}
	}
	t.Logf("the longest access took %d rounds", worst)
	if full < cases/5 {
		t.Errorf("%d of %d cases have the queues that serve all", full, cases)
	}
}

// lastDone returns the clock at which the last completion is that a System knows or predicts.
func lastDone(s *System) (clock int64) {
	for _, d := range append(s.TakeDone(), s.Settle()...) {
		clock = max(clock, d.Clock)
	}
	return clock
}
