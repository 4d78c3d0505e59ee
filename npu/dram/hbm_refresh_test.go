package dram

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// TestHBMRefreshesBankByBank: every bank is refreshed once in tREFI, whatever the traffic. Where at most two banks of a pseudo
// channel are out of service at a time, a stream loses less than the bound of all-bank refresh, 1 - tRFC / tREFI, which
// all-bank refresh itself cannot reach.
func TestHBMRefreshesBankByBank(t *testing.T) {
	for _, name := range []string{"hbm2-2000", "hbm2e", "hbm3-6400", "hbm3e", "hbm4-8000"} {
		t.Run(name, func(t *testing.T) {
			run := func(refresh spec.Refresh, hot unit.Celsius, w isa.Pattern) (clock int64, tm spec.Timing) {
				std := spec.MustLookup(name)
				if faults := std.Operate(spec.Operation{Temperature: hot}, nil); len(faults) > 0 {
					t.Fatal(faults)
				}
				s, err := New(Options{Standard: std, Channels: 1, Control: Control{Refresh: refresh}})
				if err != nil {
					t.Fatal(err)
				}
				s.Submit(Transfer{Walk: w})
				clock = lastClock(s)
				s.Finish(clock)
				want := 2 * (clock / std.Timing.TREFI)
				if refresh == spec.PerBank {
					want = 2 * (clock / std.Timing.TREFIPB)
				}
				if got := s.Counts().Refreshes; refresh != spec.NoRefresh && (got > want || got < want-8) {
					t.Errorf("%v at %v: %d refreshes by clock %d, %d fell due", refresh, hot, got, clock, want)
				}
				return clock, std.Timing
			}
			stream := isa.Contiguous(0, 8*unit.MiB)
			none, tm := run(spec.NoRefresh, 0, stream)
			all, _ := run(spec.AllBank, 0, stream)
			bank, _ := run(spec.PerBank, 0, stream)
			bound := float64(none) / (1 - float64(tm.TRFC)/float64(tm.TREFI))
			hidden := tm.TRFCPB < 2*tm.TREFIPB // else the queue fills up with requests for the banks that are out of service
			if float64(all) < bound || hidden && float64(bank) > bound || bank < none || bank > all {
				t.Errorf("%d clocks without refresh, %d all-bank (at least %.0f), %d per-bank", none, all, bound, bank)
			}
			run(spec.PerBank, 95, stream)
			run(spec.PerBank, 105, stream) // four times as often: still none is left behind
			rows := isa.Pattern{Turn: 32, Planes: 61, PlaneStride: unit.MiB + 1184, Outer: 500, OuterStride: unit.MiB/2 + 96}
			run(spec.PerBank, 0, rows) // nor where each tRRD brings an ACT
		})
	}
}
