package energy

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// TestGivenEnergiesTakeThePlaceOfDerivedOnes gives one figure after the other: its part becomes count x figure, by
// hand, and no other part changes.
func TestGivenEnergiesTakeThePlaceOfDerivedOnes(t *testing.T) {
	counts := func() *stats.Counts {
		n := busy()
		n.MACsByBits[3], n.MACsByBits[4], n.MACsByBits[16] = 2e8, 3e8, 5e8
		n.Traffic[isa.KVWrite] = 1e6 // beside 64e6 of weights
		return n
	}
	for _, tc := range []struct {
		part string
		set  []string
		want unit.Picojoules
	}{
		{"array", []string{"energy.mac.w16=1pJ"}, 1e9},
		{"array", []string{"energy.mac.w16=1pJ", "energy.mac.w4=250fJ"}, 5e8*0.25 + 5e8}, // 3 bits as 4
		{"array", []string{"energy.mac.w16=1pJ", "energy.mac.w2=7pJ"}, 1e9},              // nothing has 2 bits
		{"scratchpad_read", []string{"energy.scratchpad_read=0.5pJ"}, 0.5e8},
		{"scratchpad_write", []string{"energy.scratchpad_write=2pJ"}, 2e7},
		{"vector", []string{"energy.vector_op=3pJ"}, 3e6},
		{"phy", []string{"energy.phy=1.5pJ"}, 65e6 * 8 * 1.5},
		{"dram_read", []string{"energy.dram=4pJ"}, 64e6 * 8 * 4},
		{"dram_write", []string{"energy.dram=4pJ"}, 1e6 * 8 * 4},
		{"dram_refresh", []string{"energy.dram=4pJ"}, 0},
		{"leakage", []string{"energy.static=1.2W", "clock=1GHz"}, 1.2e9}, // 1e6 cycles at 1 GHz: 1 ms, 1.2 mJ
		{"clock", []string{"energy.clock=0.5W", "clock=2GHz"}, 0.5e9},    // 1 W for 0.5 ms
	} {
		c := preset(t, "edge-lpddr5")
		before := Of(c, counts())
		if err := c.Set(tc.set); err != nil {
			t.Fatal(err)
		}
		for i, p := range Of(c, counts()).Parts() {
			switch {
			case p.Name == tc.part && p.Energy != tc.want:
				t.Errorf("%v: %s takes %v, by hand %v", tc.set, p.Name, p.Energy, tc.want)
			case p.Name != tc.part && c.Energy.DRAM == 0 && c.Clock == 1.2e9 && p.Energy != before.Parts()[i].Energy:
				t.Errorf("%v: %s went from %v to %v", tc.set, p.Name, before.Parts()[i].Energy, p.Energy)
			}
		}
	}
}

func TestTheNetworksEnergyIsThatOfItsBytes(t *testing.T) {
	c := preset(t, "edge-lpddr5")
	if err := c.Set([]string{"energy.network=1pJ"}); err != nil {
		t.Fatal(err)
	}
	n := busy()
	n.Exchanged = 0
	if got := Of(c, n).Network; got != 64e6 {
		t.Errorf("64 MB at 1 pJ take %v", got)
	}
}

// Sums and products that a Picojoules cannot hold end at the most that it can, and never come out below nothing.
func TestEnergiesEndAtTheMost(t *testing.T) {
	u := Use{Array: most, Leakage: 1, DRAMRead: most - 1}
	if u.OnChip() != most || u.DRAM() != most-1 || u.Total() != most {
		t.Errorf("%v and %v make %v", u.OnChip(), u.DRAM(), u.Total())
	}
	if e := during(1e18, 1e10); e != most { // 10 kW for 1,000 s
		t.Errorf("%v", e)
	}
}
