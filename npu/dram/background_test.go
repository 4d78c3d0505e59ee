package dram

import (
	"math"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// TestABackgroundMovesWhatItAsksFor: alone, and beside reads that take all that is left.
func TestABackgroundMovesWhatItAsksFor(t *testing.T) {
	for _, name := range []string{"lpddr5-6400", "lpddr4x-4266", "ddr5-6400", "hbm3-6400"} {
		for _, random := range []bool{false, true} {
			for _, share := range []float64{0.02, 0.1, spec.MostBackground} {
				std := spec.MustLookup(name)
				asked := float64(std.PeakBytesPerSecond(3)) * share
				b := Background{unit.BytesPerSecond(asked), random, 30, 5, 0}
				s := mustNew(t, Options{Channels: 3, Background: b}, name)
				s.Finish(20 * std.Timing.TREFI)
				alone := s.Classes()[5]
				s.Submit(Transfer{ID: 1, Walk: isa.Contiguous(0, 24*unit.MiB), Release: 20 * std.Timing.TREFI})
				clocks := s.Accepted() + std.Timing.TREFI // all has been read
				s.Finish(clocks)
				all := s.Classes()[5]
				// Up to a request of each channel in a round is rounded, and up to a round is under way at the end.
				rate := func(r stats.Requester, clocks int64) float64 {
					return float64((r.Reads+r.Writes)*int64(std.Burst)) / (float64(clocks) * std.TCK.Seconds())
				}
				for what, got := range map[string]float64{"alone": rate(alone, 20*std.Timing.TREFI), "in all": rate(all, clocks)} {
					if math.Abs(got/asked-1) > 0.06 {
						t.Errorf("%s, random %v: %s it moves %.3g B/s, asked for %.3g", name, random, what, got, asked)
					}
				}
				if writes := float64(all.Writes) / float64(all.Reads+all.Writes); math.Abs(writes-0.3) > 0.06 {
					t.Errorf("%s: %.3f of it are writes, want 0.3", name, writes)
				}
				if own := s.Classes()[0]; own.Reads*int64(std.Burst) != int64(24*unit.MiB) || own.Writes != 0 {
					t.Errorf("%s: the walk has %d reads and %d writes", name, own.Reads, own.Writes)
				}
			}
		}
	}
}

// TestAnAgentThatIsNotServedGivesUp: requests that each want another row of one bank leave room for a write, which waits for
// reads.
func TestAnAgentThatIsNotServedGivesUp(t *testing.T) {
	std := spec.MustLookup("lpddr5-6400")
	b := Background{std.PeakBytesPerSecond(1) / 4, false, 0, 1, 0}
	s := mustNew(t, Options{Channels: 1, Mapping: "ro16,co6,bg2,ba2", Background: b}, "lpddr5-6400")
	s.Submit(Transfer{ID: 1, Walk: isa.Contiguous(0, 64), Write: true})
	if done := s.Settle(); len(done) != 1 || done[0].Clock > 10*std.Timing.TREFI {
		t.Errorf("a write beside it is predicted to end so: %+v", done)
	}
	s.Finish(100 * std.Timing.TREFI)
	seconds := 100 * float64(std.Timing.TREFI) * std.TCK.Seconds()
	if got := float64(s.Classes()[1].Reads*int64(std.Burst)) / seconds / float64(b.Bandwidth); got < 0.02 || got > 0.5 {
		t.Errorf("it moves %.2f of what it asks for", got)
	}
}

// TestTheMemoHoldsWithABackground: the second time, what was met is not stepped again.
func TestTheMemoHoldsWithABackground(t *testing.T) {
	b := Background{Bandwidth: 4e9, Random: true, Class: 1}
	s := mustNew(t, Options{Channels: 4, Background: b}, "lpddr5-6400")
	m := memoOf(s)
	read := func() (stepped int64) {
		s.Reset()
		before := m.steps
		for id := range int64(16) {
			s.Submit(Transfer{ID: id, Walk: isa.Contiguous(unit.Bytes(id)*4*unit.MiB, 4*unit.MiB)})
		}
		s.Finish(s.Accepted() + 10_000)
		return m.steps - before
	}
	first := read()
	if clocks := s.Accepted(); first > clocks/2 {
		t.Errorf("%d clocks of %d are stepped", first, clocks)
	}
	if again := read(); again > 0 {
		t.Errorf("%d clocks are stepped again", again)
	}
}

func TestARoundOfRefreshesIsThatOfTheController(t *testing.T) {
	for _, std := range spec.All() {
		for _, refresh := range std.Refreshes() {
			for ranks := 1; ranks <= 2; ranks++ {
				s := *std
				if s.Family == spec.SingleBus {
					s.Ranks = ranks
				}
				if s.Validate() != nil || refresh == spec.NoRefresh {
					continue
				}
				c, err := controller.New(&s, Control{Refresh: refresh})
				if err != nil {
					t.Fatal(err)
				}
				timer := c.RefreshTimer()
				n := int64(1) // refreshes until the first unit's turn comes again
				for at := timer.Step % timer.Units; at != 0; at = (at + timer.Step) % timer.Units {
					n++
				}
				if got, want := s.RefreshRound(refresh), n*timer.Interval; got != want {
					t.Errorf("%s, %v, %d ranks: a round takes %d clocks, want %d", s.Name, refresh, s.Ranks, got, want)
				}
			}
		}
	}
}

func TestBackgroundsThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		b    Background
		want string
	}{
		{Background{Bandwidth: 13e9}, "dram: a background of 13GB/s on 4 channels of lpddr5-6400; accepted: 66MB/s to 12.8GB/s, a quarter of the peak"},
		{Background{Bandwidth: 65e6}, "dram: a background of 65MB/s on 4 channels of lpddr5-6400; accepted: 66MB/s to 12.8GB/s, a quarter of the peak"},
		{Background{Bandwidth: 1e9, Write: 101}, "dram: 101 % of the background are writes; accepted: 0 to 100"},
	} {
		_, err := New(Options{Standard: spec.MustLookup("lpddr5-6400"), Channels: 4, Background: c.b})
		simtest.WantError(t, err, c.want)
	}
}

// TestRareRequestsOfABackgroundAreMetWhenTheyArrive: what was learnt while one arrived does not hold while none does, and the
// other way round.
func TestRareRequestsOfABackgroundAreMetWhenTheyArrive(t *testing.T) {
	std := spec.MustLookup("lpddr5-6400")
	for _, refresh := range []spec.Refresh{spec.AllBank, spec.NoRefresh} {
		least, _ := std.BackgroundLimits(1, refresh)
		p := newPair(t, Options{Standard: std, Channels: 1, Control: Control{Refresh: refresh},
			Background: Background{Bandwidth: 4 * least, Class: 1}})
		for range 3 {
			release := int64(0)
			for id := range int64(40) {
				p.submit(Transfer{ID: id, Walk: isa.Contiguous(unit.Bytes(id%3)*unit.MiB, 8*unit.KiB), Release: release})
				release = p.fast.Accepted() + 97*(id%5)
			}
			p.settle()
			p.finish(release + 5000)
			p.reset()
		}
	}
}
