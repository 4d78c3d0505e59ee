package dram

import (
	"math"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func TestPerBankRefreshIsRefusedWhereThereIsNone(t *testing.T) {
	_, err := New(Options{Standard: spec.MustLookup("ddr4-3200"), Channels: 1, Control: Control{Refresh: spec.PerBank}})
	simtest.WantError(t, err, `DRAM standard "ddr4-3200" has no per-bank refresh; accepted: all-bank, none`)
}

// sample is the size of a sequential read that is long enough to measure its efficiency.
func sample() unit.Bytes {
	if testing.Short() {
		return 8 * unit.MiB
	}
	return 64 * unit.MiB
}

// efficiency returns the percent of the peak that walks reach, one after the other.
func efficiency(t *testing.T, s *System, walks []isa.Pattern) float64 {
	t.Helper()
	s.Reset()
	var bytes unit.Bytes
	for i, w := range walks {
		s.Submit(Transfer{ID: int64(i), Walk: w})
		bytes += w.Bytes()
	}
	done := s.Settle()
	clocks := done[len(done)-1].Clock
	std := s.options.Standard
	perClock := float64(std.Burst) / float64(std.Timing.TBL) * float64(s.options.Channels)
	return 100 * float64(bytes) / (float64(clocks) * perClock)
}

func TestSequentialReadsReachWhatTheReferencesReach(t *testing.T) {
	whole := []isa.Pattern{isa.Contiguous(0, sample())}
	for _, c := range []struct {
		name, standard, mapping string
		refresh                 spec.Refresh
		want, within            float64
	}{
		{"LPDDR4X-4266, DRAMsim3 91.51 %", "lpddr4x-4266", "co2,ba3,co4,ro16", spec.AllBank, 91.51, 1.5},
		{"LPDDR4X-4266 row-linear, DRAMsim3 91.51 %", "lpddr4x-4266", "co6,ba3,ro16", spec.AllBank, 91.51, 1.5},
		{"LPDDR5-6400, DRAMsim3 90.50 %", "lpddr5-6400", "co1,bg2,co5,ba2,ro16", spec.AllBank, 90.50, 1.5},
		{"DDR4-3200, DRAMsim3 95.0 %", "ddr4-3200", "bg2,co7,ba2,ro16", spec.AllBank, 95.0, 1.5},
		{"LPDDR5-6400 without refresh, all of it", "lpddr5-6400", "", spec.NoRefresh, 100, 0.1},
		{"LPDDR5X-8533 without refresh, all of it", "lpddr5x-8533", "", spec.NoRefresh, 100, 0.1},
		{"LPDDR4X-4266 without refresh, all of it", "lpddr4x-4266", "", spec.NoRefresh, 100, 0.1},
		{"DDR4-3200 without refresh, all of it", "ddr4-3200", "", spec.NoRefresh, 100, 0.1},
		{"DDR5-6400 without refresh, all of it", "ddr5-6400", "", spec.NoRefresh, 100, 0.1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := mustNew(t, Options{Channels: 1, Mapping: c.mapping, Control: Control{Refresh: c.refresh}}, c.standard)
			got := efficiency(t, s, whole)
			t.Logf("%.2f %%", got)
			if math.Abs(got-c.want) > c.within {
				t.Errorf("%.2f %% of the peak, want %.2f ± %.2f", got, c.want, c.within)
			}
		})
	}
}

func TestRefreshCostsAtLeastItsOwnTime(t *testing.T) {
	for _, name := range []string{"lpddr5-6400", "lpddr5x-8533", "lpddr4x-4266", "ddr4-3200", "ddr5-6400"} {
		s := mustNew(t, Options{Channels: 1}, name)
		tm := s.options.Standard.Timing
		bound := 100 * (1 - float64(tm.TRFC)/float64(tm.TREFI))
		got := efficiency(t, s, []isa.Pattern{isa.Contiguous(0, sample())})
		t.Logf("%s: %.2f %% of at most %.2f %%", name, got, bound)
		if got > bound+0.05 || got < bound-6 {
			t.Errorf("%s: %.2f %% of the peak; 1 - tRFC/tREFI is %.2f %%", name, got, bound)
		}
	}
}

func TestAContradictoryStandardIsRefused(t *testing.T) {
	std := spec.MustLookup("hbm3-6400")
	std.Timing.TRC = 141
	_, err := New(Options{Standard: std, Channels: 1})
	simtest.WantError(t, err, `DRAM standard "hbm3-6400": TRC 141 is shorter than TRAS 90 + TRP 52`)
}
