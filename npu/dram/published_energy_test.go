package dram

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// TestStreamsCostWhatIsPublished checks the pJ/bit of a sequential read, everything included, against published
// figures.
func TestStreamsCostWhatIsPublished(t *testing.T) {
	for _, c := range []struct {
		standard    string
		least, most float64
		source      string
	}{
		{"lpddr4x-4266", 3, 5, "5.0: LPDDR4 as 40 % below LPDDR3-1600's 4.6 + 3.7 (sources E.2, gsmfind.com); LPDDR4X and newer dies are below"},
		{"lpddr5-6400", 4, 6, "device, sources E.2"},
		{"lpddr5x-8533", 4, 6, "device, sources E.2"},
		{"ddr4-3200", 5.8, 18.75, "sources E.2: the read core alone; accelerator papers' generic DRAM"},
		{"ddr5-6400", 7.5, 10.2, "LPDDR5X is 43 to 58 % below DDR5 at the same speed (Micron on LPCAMM2, AnandTech): 4.3 / 0.57 to 4.3 / 0.42"},
		{"hbm2-2000", 3.97, 5.47, "O'Connor 2017 (sources E.2); TPU v4i"},
		{"hbm2e", 4.3, 6.0, "SK hynix, IEDM 2023; Micron (sources E.2)"},
		{"hbm3-6400", 3.44, 4, "SK hynix, IEDM 2023, of HBM3E; sources E.2"},
		{"hbm3e", 3.44, 4, "SK hynix, IEDM 2023; Samsung 3.9"},
	} {
		t.Run(c.standard, func(t *testing.T) {
			const bytes = 4 << 20
			s := mustNew(t, Options{Channels: 1}, c.standard)
			s.Submit(Transfer{Walk: isa.Contiguous(0, bytes)})
			done := s.Settle()
			s.Finish(done[len(done)-1].Clock)
			counts := s.Counts()
			use := s.options.Standard.EnergyOf(&counts, 1, false)
			perBit := func(p unit.Picojoules) float64 { return float64(p) / (8 * bytes) }
			t.Logf("%.2f pJ/bit: rows %.2f, core %.2f, pins %.2f, refresh %.2f, background %.2f", perBit(use.Total()), perBit(use.Activate),
				perBit(use.Read), perBit(use.IO), perBit(use.Refresh), perBit(use.Background))
			const rounding = 0.02 // of tables that were split from one published sum
			if got := perBit(use.Total()); got < c.least*(1-rounding) || got > c.most*(1+rounding) {
				t.Errorf("%.2f pJ/bit; published: %v to %v (%s)", got, c.least, c.most, c.source)
			}
		})
	}
}

// TestIdleChannelsCostRefreshAndStandby checks the refresh power of an idle channel against data sheets' averages.
func TestIdleChannelsCostRefreshAndStandby(t *testing.T) {
	for _, c := range []struct {
		standard    string
		least, most float64 // mW of refresh
		source      string
	}{
		{"lpddr4x-4266", 4, 7, "IDD5AB, averaged over tREFI, less IDD2N of the same die: (1.1 x 3 + 1.8 x 0.5) / 2 = 2.1 mW for 3 Gb, 5.6 for 8"},
		{"lpddr5-6400", 8, 13.5, "twice LPDDR4X's cells at 5.6 mW for 8 Gb, up to a fifth more (the confidential sheet's are lower by about a fifth)"},
		{"lpddr5x-8533", 8, 13.5, "as LPDDR5"},
		{"ddr4-3200", 90, 280, "IDD5B 250 mA (DRAMsim3); IDD5R 66 less IDD2N 37 mA (Micron Rev. G), eight devices: 278"},
		{"ddr5-6400", 60, 280, "IDD5B 277 mA (Rev. A) less IDD2N: 4 x 1.1 x 185 x 295 / 3900 = 62; IDD5B 377 without less: 125"},
		{"hbm2-2000", 4.4, 17, "HBM-Power measures 17.1 nJ for 4 Gb: 17.1 / 3.9 us; DRAMsim3's 65.5 nJ for 4 Gb: 65.5 / 3.9"},
		{"hbm2e", 8.7, 34, "as HBM2, twice the cells"},
		{"hbm3-6400", 7.3, 28.3, "as HBM2, twice the cells, 1.1 V for 1.2"},
		{"hbm3e", 7.3, 28.3, "as HBM2, twice the cells, 1.1 V for 1.2"},
	} {
		t.Run(c.standard, func(t *testing.T) {
			s := mustNew(t, Options{Channels: 1}, c.standard)
			std := s.options.Standard
			const refreshes = 100
			s.Finish(refreshes * std.Timing.TREFI)
			counts := s.Counts()
			use := std.EnergyOf(&counts, 1, false)
			nanoseconds := float64(refreshes*std.Timing.TREFI) * float64(std.TCK) / 1e6
			refresh, standby := float64(use.Refresh)/nanoseconds, float64(use.Background)/nanoseconds
			t.Logf("refresh %.1f mW, standby %.1f mW", refresh, standby)
			if refresh < c.least || refresh > c.most {
				t.Errorf("refresh takes %.2f mW; published: %v to %v (%s)", refresh, c.least, c.most, c.source)
			}
			if want := float64(std.Energy.Standby) / 1000; standby < want*0.999 || standby > want*1.001 {
				t.Errorf("standby takes %.2f mW, want %.2f", standby, want)
			}
		})
	}
}
