package result

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

func TestSharesOfTheDRAMsTime(t *testing.T) {
	n := &stats.DRAM{Clocks: 10000, Reads: 3000, Writes: 1000, Refreshes: 12}
	const bursts = 3000 + 1000
	for _, c := range []struct {
		name, preset string
		set          []string
		busy, share  float64
	}{
		// LPDDR5-6400: a burst takes tBL = 2 clocks of its channel's bus, tRFC = 224, tRFCpb = 112; 4 channels of 16
		// banks.
		{"all banks of a channel at once", "edge-lpddr5", []string{"dram.refresh=all-bank"},
			bursts * 2 / (4 * 10000.0), 12 * 224 / (4 * 10000.0)},
		{"bank by bank", "edge-lpddr5", []string{"dram.refresh=per-bank"},
			bursts * 2 / (4 * 10000.0), 12 * 2 * 112 / (4 * 10000.0 * 16)}, // two banks each
		{"one bank by itself", "edge-lpddr5", []string{"dram.refresh=per-bank", "dram.standard=ramulator2.1/lpddr5-6400"},
			bursts * 2 / (4 * 10000.0), 12 * 112 / (4 * 10000.0 * 16)},
		{"two ranks share a bus, and are refreshed apart", "edge-lpddr5", []string{"dram.refresh=all-bank", "dram.ranks=2"},
			bursts * 2 / (4 * 10000.0), 12 * 224 / (4 * 10000.0 * 2)},
		{"an ideal memory has neither", "edge-lpddr5", []string{"dram.standard=ideal", "dram.bandwidth=10GB/s", "dram.refresh=none"}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			npu, err := config.Preset(c.preset)
			if err != nil {
				t.Fatal(err)
			}
			if err := npu.Set(c.set); err != nil {
				t.Fatal(err)
			}
			busy, refresh := dramShares(npu, n)
			if busy != c.busy || refresh != c.share {
				t.Errorf("data moves for %v of the time, banks are refreshed for %v; want %v and %v", busy, refresh, c.busy, c.share)
			}
		})
	}
	t.Run("a pseudo channel of HBM has a bus of its own", func(t *testing.T) {
		npu, err := config.Preset("card-hbm3")
		if err != nil {
			t.Fatal(err)
		}
		s := npu.Standard()
		busy, _ := dramShares(npu, n)
		if want := bursts * float64(s.Timing.TBL) / (float64(npu.DRAM.Channels) * 2 * 10000); busy != want {
			t.Errorf("data moves for %v of the time, want %v", busy, want)
		}
	})
}
