package spec

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func TestEnergyOfCountsByHand(t *testing.T) {
	s := MustLookup("lpddr5-6400")
	s.Energy = Energy{Source: "a test", Activate: 1000, Read: 100, Write: 70, ReadIO: 20, WriteIO: 3, Refresh: 50_000, RefreshBank: 6_000,
		Active: 40_000, Standby: 30_000}
	const clocks = 8000 // 10 us
	d := stats.DRAM{Clocks: clocks, Activates: 5, Precharges: 3, PrechargeAll: 2, Reads: 30, Writes: 10, Refreshes: 6}
	for _, c := range []struct {
		name    string
		change  func(d *stats.DRAM)
		ranks   int
		refresh Refresh
		want    EnergyUse
	}{
		{"a channel of one rank", nil, 1, AllBank, EnergyUse{5 * 1000, 30 * 100, 10 * 70, 30*20 + 10*3, 6 * 50_000, 2 * 400_000}}, // 40 mW x 10 us x 2
		{"per-bank refresh", nil, 1, PerBank, EnergyUse{5000, 3000, 700, 630, 6 * 6_000, 800_000}},
		{"two ranks", nil, 2, AllBank, EnergyUse{5000, 3000, 700, 630, 300_000, 1_600_000}},
		{"rows that never open", func(d *stats.DRAM) { *d = stats.DRAM{Clocks: clocks, Refreshes: 6} }, 1, AllBank, EnergyUse{Refresh: 300_000, Background: 600_000}},
	} {
		t.Run(c.name, func(t *testing.T) {
			counts := d
			if c.change != nil {
				c.change(&counts)
			}
			s.Ranks = c.ranks
			got := s.EnergyOf(&counts, 2, c.refresh.ByBank())
			if got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
			if sum := c.want.Activate + c.want.Read + c.want.Write + c.want.IO + c.want.Refresh + c.want.Background; got.Total() != sum {
				t.Errorf("total %v, want %v", got.Total(), sum)
			}
		})
	}
}

func TestBackgroundOfAPseudoChannelIsNotCountedTwice(t *testing.T) {
	s := MustLookup("hbm2-2000") // 66 mW a channel, 1 ns
	got := s.EnergyOf(&stats.DRAM{Clocks: 1000, Activates: 1}, 8, false)
	if want := unit.Picojoules(8 * 66_000); got.Background != want {
		t.Errorf("%v, want %v", got.Background, want)
	}
}

// TestARefreshIsManyRows: a refresh opens and closes rows as an activate does, several at a time. Its energy, from
// IDD5, is compared with that of so many activates, from IDD0 (HBM: from a paper).
func TestARefreshIsManyRows(t *testing.T) {
	for _, s := range All() {
		window := 8192.0 // refreshes that renew all rows: 32 ms / 3.9 us, 64 ms / 7.8 us
		rank := float64(s.ChannelBytes()) / float64(s.Ranks)
		rows := rank / float64(s.RowBytes()) / window
		share := float64(s.Energy.Refresh) / (rows * float64(s.Energy.Activate))
		t.Logf("%s: %.0f rows a refresh, %.2f of their activates", s.Name, rows, share)
		if share < 0.3 || share > 1 {
			t.Errorf("%s: a refresh costs %.2f of the activates of its %.0f rows", s.Name, share, rows)
		}
	}
}
