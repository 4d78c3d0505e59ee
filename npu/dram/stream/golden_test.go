package stream

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func goldens(t *testing.T) []Golden {
	t.Helper()
	all, err := Goldens()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestStreamsTakeTheClocksOfTheReferences is the external oracle of everything: generator, FIFOs, controllers, the
// memo, and the skipping of idle clocks.
func TestStreamsTakeTheClocksOfTheReferences(t *testing.T) {
	runGoldens(t, false)
}

func TestSteppedStreamsTakeTheClocksOfTheReferences(t *testing.T) {
	runGoldens(t, true)
}

func runGoldens(t *testing.T, exact bool) {
	t.Helper()
	simtest.OneGoroutine(t)
	budget, each := int64(1_600_000), int64(530_000) // bursts of a standard, of a row
	if exact {
		budget /= 2
	}
	if testing.Short() {
		budget, each = budget/4, each/2
	}
	left, spent := 0, map[string]int64{}
	for _, g := range goldens(t) {
		if g.Rule == Shown || g.Rule == Skipped {
			continue
		}
		cost := int64(g.Stream.Bytes) / 32
		if !exact && g.Stream.Planes == 1 && !g.Stream.Random && g.Stream.Write == 0 {
			cost /= 16 // replayed: soon all of it is in the memo
		}
		if !simtest.Long() && (cost > each || cost > budget-spent[g.Standard]) {
			left++
			continue
		}
		spent[g.Standard] += cost
		t.Run(fmt.Sprintf("row %s, %s %s %s %s", g.ID, g.Simulator, g.Config, g.Mapping, g.Stream), func(t *testing.T) {
			r, err := g.Run(context.Background(), exact)
			if err != nil {
				t.Fatal(err)
			}
			if !g.Met(r) {
				t.Errorf("%d clocks, %.2f %%; reference %d clocks, %.2f %%, rule %v", r.Cycles, 100*r.Efficiency(), g.Cycles, g.Percent, g.Rule)
			}
			if c := r.Counts; c.Reads+c.Writes != c.RowHits+c.RowMisses+c.RowConflicts || c.Activates != c.RowMisses+c.RowConflicts {
				t.Errorf("the counts contradict each other: %+v", c)
			}
		})
	}
	t.Logf("%d rows left for -long", left)
}

// TestLPDDR4XHasTheTimingOfTheDRAMsim3Runs compares what both tables have with configs/dramsim3/lpddr4_4266_x16_1ch.ini
// of the runs, JESD209-4 class values.
func TestLPDDR4XHasTheTimingOfTheDRAMsim3Runs(t *testing.T) {
	s := spec.MustLookup("lpddr4x-4266")
	got := s.Timing
	got.TDQSCK, got.TWR, got.TWTRS, got.TWTRL = 0, got.TWR-1, got.TWTRS-1, got.TWTRL-1                      // nor the clock between WL and the data
	got.TRPAB, got.TRFCPB, got.TREFIPB, got.TPBR2PB, got.TPBR2AC, got.TCS, got.TCCDMW = 0, 0, 0, 0, 0, 0, 0 // DRAMsim3 had none of these
	want := spec.Timing{TBL: 8, TBLMax: 8,                                                                  // BL 16
		TCL: 36, TCWL: 18, TRCD: 39, TRP: 39, TRAS: 90, TRC: 90 + 39, TRFC: 598, TREFI: 8328, TRRDS: 16, TRRDL: 16, TWTRS: 22, TWTRL: 22,
		TFAW: 64, TWR: 39, TRTP: 16, TCCDS: 8, TCCDL: 8, TCCDSW: 8, TCCDLW: 8, TRTRS: 2, TPPD: 4}
	if got != want {
		t.Errorf("timing %+v\nDRAMsim3 ran %+v", got, want)
	}
	if s.TCK != 468_750 || s.Groups*s.Banks != 8 || s.Columns*int(s.Burst) != 2048 || s.Width != 16 {
		t.Errorf("clock or geometry differ: %+v", s)
	}
}

// TestHBM2MeetsDRAMsim3WithItsRefreshTime runs the sequential read of hbm2_2000_1ch_legacy, which took 91.90 % of the
// peak: 128 bits without pseudo channels, tRFC 260 clocks (configs/dramsim3/hbm2_2000_1ch.ini). Ours has 350.
func TestHBM2MeetsDRAMsim3WithItsRefreshTime(t *testing.T) {
	simtest.OneGoroutine(t)
	std := spec.MustLookup(spec.Ramulator + "hbm2-2000")
	std.Timing.TRFC = 260
	s := Stream{Bytes: 64 * unit.MiB, Unit: 64, Planes: 1, Chunk: 64}
	r, err := Run(context.Background(), dram.Options{Standard: std, Channels: 1, Mapping: "co1,ra1,bg2,co4,ba2,ro16"}, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := 100 * r.Efficiency(); math.Abs(got-91.90) > ClosePoints {
		t.Errorf("%.2f %% of the peak, DRAMsim3 91.90 %%", got)
	} else {
		t.Logf("%.2f %%", got)
	}
}

// TestLPDDR4XWithoutTDQSCKTakesTheClocksOfTheReference runs the rows of rule Near with the values of their run: JEDEC's
// command lengths, but neither tDQSCK nor the clock between WL and the data.
func TestLPDDR4XWithoutTDQSCKTakesTheClocksOfTheReference(t *testing.T) {
	simtest.OneGoroutine(t)
	ran := 0
	for _, g := range goldens(t) {
		if g.Rule != Near || g.Standard != "lpddr4x-4266" {
			continue
		}
		ran++
		std := spec.MustLookup(g.Standard)
		std.Timing.TDQSCK, std.Timing.TWR, std.Timing.TWTRS, std.Timing.TWTRL = 0, 39, 22, 22
		r, err := Run(t.Context(), dram.Options{Standard: std, Channels: 1, Mapping: g.Mapping, BankHash: g.BankHash}, g.Stream, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Cycles != g.Cycles {
			t.Errorf("row %s: %d clocks, reference %d", g.ID, r.Cycles, g.Cycles)
		}
	}
	if ran != 3 {
		t.Errorf("%d rows ran, want 3", ran)
	}
}

func TestGoldensOfOtherMachinesAreSkippedWithAReason(t *testing.T) {
	rules := map[Rule]int{}
	for _, g := range goldens(t) {
		rules[g.Rule]++
		if (g.Rule == Skipped || g.Rule == Shown || g.Rule == Near) != (g.Reason != "") {
			t.Errorf("row %s is %v because %q", g.ID, g.Rule, g.Reason)
		}
		if other := g.Config == "lpddr4_2400_shipped" || strings.HasPrefix(g.Config, "hbm2") && g.Simulator == dramsim; other != (g.Rule == Skipped) {
			t.Errorf("row %s of %s is %v", g.ID, g.Config, g.Rule)
		}
		if g.Simulator != dramsim && g.Rule != Equal && g.Rule != EqualDecimal && g.Reason == "" {
			t.Errorf("row %s of %s is only %v", g.ID, g.Simulator, g.Rule)
		}
	}
	if rules[Equal] != 206 || rules[EqualDecimal] < 30 || rules[Near] != 3 || rules[Close] < 8 {
		t.Errorf("rules %v", rules)
	}
}
