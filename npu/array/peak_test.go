package array

import (
	"math"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func TestPeaksAreTheArithmeticOfTheDataSheets(t *testing.T) {
	for name, want := range map[string]struct{ bandwidth, macs2, macs3, macs16 float64 }{
		"edge-lpddr4x":   {4 * 4266.67e6 * 2, 128 * 128 * 1e9 / 2, 128 * 128 * 1e9 / 3, 128 * 128 * 1e9 / 16},
		"edge-lpddr5":    {4 * 6400e6 * 2, 128 * 128 * 1.2e9, 128 * 128 * 1.2e9 / 2, 128 * 128 * 1.2e9 / 8},
		"laptop-lpddr5x": {8 * 8533.33e6 * 2, 64 * 96 * 1.95e9, 64 * 96 * 1.95e9, 64 * 96 * 1.95e9},
		"card-hbm3":      {1024 * 6.4e9 / 8, 256 * 256 * 1.05e9, 256 * 256 * 1.05e9, 256 * 256 * 1.05e9},
		"pmpd-paper":     {32e9, 256 * 256 * 1e9, 256 * 256 * 1e9, 256 * 256 * 1e9},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := config.Preset(name)
			if err != nil {
				t.Fatal(err)
			}
			for what, v := range map[string][2]float64{
				"bandwidth":         {c.PeakBandwidth(), want.bandwidth},
				"MAC/s at 2 bits":   {PeakMACsPerSecond(c, 2), want.macs2},
				"MAC/s at 3 bits":   {PeakMACsPerSecond(c, 3), want.macs3},
				"MAC/s at 16 bits":  {PeakMACsPerSecond(c, 16), want.macs16},
				"ridge at 2 bits/B": {Ridge(c, 2), want.macs2 / want.bandwidth},
			} {
				if math.Abs(v[0]/v[1]-1) > 1e-4 {
					t.Errorf("%s: got %.6g, want %.6g", what, v[0], v[1])
				}
			}
		})
	}
}

func TestPeakFollowsLanesAndCores(t *testing.T) {
	c := machine(config.BitParallelFused, func(c *config.Config) { c.Array.Activations, c.Cores = config.INT8, 3 })
	if got, want := PeakMACsPerSecond(c, 3), 3*64*32*2*1e9; got != want {
		t.Errorf("got %g, want %g", got, want)
	}
}

func TestPresetsKeepUpWithTheirMemoryInDecode(t *testing.T) {
	// One token does 8/b MACs with each byte of b-bit weights (docs/sources.md F).
	for _, c := range config.Presets(config.Imagined()) {
		t.Run(c.Name, func(t *testing.T) {
			for _, bits := range []unit.Bits{2, 3, 4, 5, 6, 7, 8, 16} {
				if need := 8 / float64(bits); Ridge(c, bits) < 4*need {
					t.Errorf("%d bits: ridge %.2f MAC/B, want at least 4 times the %.2f of a GEMV", bits, Ridge(c, bits), need)
				}
			}
		})
	}
}
