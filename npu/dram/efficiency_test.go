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
	_, err = New(Options{Standard: spec.MustLookup("ddr5-6400"), Channels: 1, Control: Control{Refresh: spec.PerBank}})
	simtest.WantError(t, err, `DRAM standard "ddr5-6400" has no per-bank refresh; accepted: all-bank, same-bank, none`)
	_, err = New(Options{Standard: spec.MustLookup("lpddr5-6400"), Channels: 1, Control: Control{Refresh: spec.SameBank}})
	simtest.WantError(t, err, `DRAM standard "lpddr5-6400" has no same-bank refresh; accepted: all-bank, per-bank, none`)
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
	for _, std := range spec.All() {
		if std.Family != spec.SingleBus {
			continue
		}
		for _, o := range operations(std) {
			name := std.Name + " " + o.String()
			s, tm := operated(t, std, o, Options{Channels: 1}), std.Timing
			share := float64(tm.TRFC) / float64(tm.TREFI)
			switch o.FineGranularity {
			case spec.Fine2x:
				share = 2 * float64(tm.TRFC2) / float64(tm.TREFI)
			case spec.Fine4x:
				share = 4 * float64(tm.TRFC4) / float64(tm.TREFI)
			}
			times := map[unit.Celsius]float64{0: 1, 95: 2, 105: 4}[o.Temperature]
			bound := 100 * (1 - times*share)
			// Beside tRFC each refresh costs the closing of rows and the opening of the first ones.
			restart := 100 * float64(tm.TRTP+tm.TRPAB+2*tm.TRCD) / float64(tm.TREFI) * times * float64(int(1)<<o.FineGranularity)
			got := efficiency(t, s, []isa.Pattern{isa.Contiguous(0, sample()/4)})
			t.Logf("%s: %.2f %% of at most %.2f %%", name, got, bound)
			if got > bound+0.15 || got < bound-restart {
				t.Errorf("%s: %.2f %% of the peak, want %.2f %% less at most %.2f", name, got, bound, restart)
			}
		}
	}
}

// operations returns the ways to operate a standard that change its refresh.
func operations(s *spec.Standard) (all []spec.Operation) {
	for _, f := range []spec.FineGranularity{spec.Fine1x, spec.Fine2x, spec.Fine4x} {
		for _, c := range []unit.Celsius{0, 95, 105} {
			o, copied := spec.Operation{FineGranularity: f, Temperature: c}, *s
			if len(copied.Operate(o, nil)) == 0 {
				all = append(all, o)
			}
		}
	}
	return all
}

// operated returns a System of a standard that is operated as o says.
func operated(t *testing.T, std *spec.Standard, o spec.Operation, options Options) *System {
	t.Helper()
	copied := *std
	if faults := copied.Operate(o, nil); len(faults) > 0 {
		t.Fatal(faults)
	}
	options.Standard = &copied
	s, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestBanksAndBurstsBoundTheBandwidth: without refresh a stream gets all of the peak in every organisation, one bank group
// what tCCD_L leaves, and rows of a single burst what tRRD leaves.
func TestBanksAndBurstsBoundTheBandwidth(t *testing.T) {
	one := []isa.Pattern{isa.Contiguous(0, unit.MiB)}
	rows := []isa.Pattern{{Turn: 64, Planes: 1, Outer: 4096, OuterStride: 16 * unit.KiB}} // 64 B of each row, mapped below
	for _, c := range []struct {
		name, standard, mapping string
		o                       spec.Operation
		walks                   []isa.Pattern
		bound                   func(*spec.Timing) float64
	}{
		{"8 banks", "lpddr5-6400", "", spec.Operation{BankMode: spec.Bank8}, one, func(*spec.Timing) float64 { return 1 }},
		{"16 banks", "lpddr5-3200", "", spec.Operation{}, one, func(*spec.Timing) float64 { return 1 }},
		{"bursts of 32", "lpddr5-6400", "", spec.Operation{BurstLength: spec.Burst32}, one, func(*spec.Timing) float64 { return 1 }},
		{"one group, bursts of 16", "lpddr5-6400", "co6,ba2,ro16,bg2", spec.Operation{}, one,
			func(tm *spec.Timing) float64 { return float64(tm.TBL) / float64(tm.TCCDL) }},
		{"one group, bursts of 32", "lpddr5-6400", "co5,ba2,ro16,bg2", spec.Operation{BurstLength: spec.Burst32}, one,
			func(tm *spec.Timing) float64 { return float64(tm.TBL) / float64(tm.TCCDL) }},
		{"rows of 8 banks in turn", "lpddr5-6400", "co6,ro2,ba3,ro14", spec.Operation{BankMode: spec.Bank8}, rows,
			func(tm *spec.Timing) float64 { return float64(tm.TBL) / float64(tm.TRRDS) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := operated(t, spec.MustLookup(c.standard), c.o, Options{Channels: 1, Mapping: c.mapping, Control: Control{Refresh: spec.NoRefresh}})
			got, bound := efficiency(t, s, c.walks)/100, c.bound(&s.options.Standard.Timing)
			t.Logf("%.2f %% of at most %.2f %%", 100*got, 100*bound)
			if got > bound+0.001 || got < 0.97*bound {
				t.Errorf("%.2f %% of the peak, want %.2f %%", 100*got, 100*bound)
			}
		})
	}
}

// TestSameBankRefreshLeavesTheOtherBanksAtWork: a stream in one bank of each group stands still only while these are
// refreshed, and one that always finds three quarters of its banks at work loses less.
func TestSameBankRefreshLeavesTheOtherBanksAtWork(t *testing.T) {
	std := spec.MustLookup("ddr5-6400")
	tm := std.Timing
	for _, c := range []struct {
		name, mapping string
		temperature   unit.Celsius
		bound, within float64
	}{
		{"one set of banks", "bg3,co6,ro16,ba2", 0, 1 - float64(tm.TRFCPB)/float64(4*tm.TREFIPB), 0.035},
		{"one set of banks, 95C", "bg3,co6,ro16,ba2", 95, 1 - 2*float64(tm.TRFCPB)/float64(4*tm.TREFIPB), 0.05},
		{"all banks in turn", "bg3,ba2,co6,ro16", 0, 1, 0.04},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := operated(t, std, spec.Operation{Temperature: c.temperature},
				Options{Channels: 1, Mapping: c.mapping, Control: Control{Refresh: spec.SameBank}})
			got := efficiency(t, s, []isa.Pattern{isa.Contiguous(0, sample()/4)}) / 100
			t.Logf("%.2f %% of at most %.2f %%", 100*got, 100*c.bound)
			if got > c.bound+0.0005 || got < c.bound-c.within {
				t.Errorf("%.2f %% of the peak, want %.2f %% less at most %.0f", 100*got, 100*c.bound, 100*c.within)
			}
		})
	}
}

func TestAContradictoryStandardIsRefused(t *testing.T) {
	std := spec.MustLookup("hbm3-6400")
	std.Timing.TRC = 141
	_, err := New(Options{Standard: std, Channels: 1})
	simtest.WantError(t, err, `DRAM standard "hbm3-6400": TRC 141 is shorter than TRAS 90 + TRP 52`)
}
