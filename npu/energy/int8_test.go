package energy

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// Bit Fusion's fixed PE of 8 bits takes 344 fJ a cycle at 45 nm (results/systolic_array_synth.csv); ours has registers
// for both operands. Its multipliers are 8 bits wide whatever the activations are.
func TestAnInt8PECostsWhatBitFusionsFixedOneDoes(t *testing.T) {
	for _, f := range config.ActivationFormats() {
		if got := peOf(arrayOf(t, config.PlainINT8, f)).energy; got < 344*0.8 || got > 344*1.3 {
			t.Errorf("%s: %.0f fJ a cycle, want 344 within 30 %%", f, got)
		}
	}
}

// A scaling is an fp16 multiplication and an addition, 1.5 pJ at 45 nm as synthesised.
func TestScalingsTakeEnergy(t *testing.T) {
	c, err := config.Preset("edge-lpddr5")
	if err != nil {
		t.Fatal(err)
	}
	c.Process = config.N45
	got := Of(c, &stats.Counts{Scalings: 1e6}).Tables
	if want := 1e6 * 1.5 * placed; float64(got) < want*0.999 || float64(got) > want*1.001 {
		t.Errorf("a million scalings take %v pJ, want %v", got, want)
	}
}
