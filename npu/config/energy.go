package config

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Energy is what is known of a chip's energy, in place of what package energy derives from its process: each key that
// is absent, the zero value, is derived. The source of the figures belongs into the NPU's source.
type Energy struct {
	MAC             MACEnergy       `yaml:"mac,omitempty" json:"mac,omitzero"`
	ScratchpadRead  unit.Attojoules `yaml:"scratchpad_read,omitempty" json:"scratchpad_read,omitzero" default:"derived"`   // of a byte
	ScratchpadWrite unit.Attojoules `yaml:"scratchpad_write,omitempty" json:"scratchpad_write,omitzero" default:"derived"` // of a byte
	VectorOp        unit.Attojoules `yaml:"vector_op,omitempty" json:"vector_op,omitzero" default:"derived"`               // of an operation of a lane
	Network         unit.Attojoules `yaml:"network,omitempty" json:"network,omitzero" default:"derived"`                   // of a byte between memory controllers and a scratchpad
	PHY             unit.Attojoules `yaml:"phy,omitempty" json:"phy,omitzero" default:"0pJ"`                               // of a bit at the NPU's side of the DRAM's pins
	DRAM            unit.Attojoules `yaml:"dram,omitempty" json:"dram,omitzero" default:"derived"`                         // of a bit, in place of the commands, refreshes and background of the standard
	Static          unit.Microwatts `yaml:"static,omitempty" json:"static,omitzero" default:"derived"`                     // as long as a step takes, in place of the leakage of the cells
	ClockPower      unit.Microwatts `yaml:"clock,omitempty" json:"clock,omitzero" default:"0W"`                            // of each GHz of the clock, as long as a step takes: clock trees, fabric
}

// MACEnergy is the energy of a multiply-accumulate by the width of its weight, or of its cached value. It includes
// whatever the array does for it, but for codebooks and tables. Of other widths it is that of the next one above.
type MACEnergy struct {
	W2  unit.Attojoules `yaml:"w2,omitempty" json:"w2,omitzero" default:"derived"`
	W3  unit.Attojoules `yaml:"w3,omitempty" json:"w3,omitzero" default:"derived"`
	W4  unit.Attojoules `yaml:"w4,omitempty" json:"w4,omitzero" default:"derived"`
	W8  unit.Attojoules `yaml:"w8,omitempty" json:"w8,omitzero" default:"derived"`
	W16 unit.Attojoules `yaml:"w16,omitempty" json:"w16,omitzero" default:"derived"`
}

// IsZero reports whether everything is derived: results and fingerprints leave the section out.
func (e Energy) IsZero() bool { return e == Energy{} }

// IsZero reports whether the energy of MACs is derived.
func (m MACEnergy) IsZero() bool { return m == MACEnergy{} }

// At returns the energy of a MAC with weights of that many bits.
func (m MACEnergy) At(bits int) unit.Attojoules {
	for _, w := range []struct {
		bits   int
		energy unit.Attojoules
	}{{2, m.W2}, {3, m.W3}, {4, m.W4}, {8, m.W8}} {
		if bits <= w.bits && w.energy != 0 {
			return w.energy
		}
	}
	return m.W16
}

// Bounds of an action's energy and of a power: more is a mistake in the unit.
const (
	mostAction                 = 1_000_000 * picojoule // 1 uJ
	mostPower                  = 10_000 * watt
	picojoule  unit.Attojoules = 1e6
	watt       unit.Microwatts = 1e6
)

func (k *checker) energy(e Energy) {
	for _, a := range []struct {
		path string
		of   unit.Attojoules
	}{
		{"mac.w2", e.MAC.W2}, {"mac.w3", e.MAC.W3}, {"mac.w4", e.MAC.W4}, {"mac.w8", e.MAC.W8}, {"mac.w16", e.MAC.W16},
		{"scratchpad_read", e.ScratchpadRead}, {"scratchpad_write", e.ScratchpadWrite}, {"vector_op", e.VectorOp},
		{"network", e.Network}, {"phy", e.PHY}, {"dram", e.DRAM},
	} {
		if a.of < 0 || a.of > mostAction {
			k.add("energy."+a.path, fmt.Sprintf("%v is out of range; accepted: 0pJ to %v", a.of, mostAction))
		}
	}
	for _, p := range []struct {
		path string
		of   unit.Microwatts
	}{{"static", e.Static}, {"clock", e.ClockPower}} {
		if p.of < 0 || p.of > mostPower {
			k.add("energy."+p.path, fmt.Sprintf("%v is out of range; accepted: 0W to %v", p.of, mostPower))
		}
	}
	if !e.MAC.IsZero() && e.MAC.W16 == 0 {
		k.add("energy.mac.w16", "derived, but other widths are given, and attention multiplies with 16 bits; accepted: an energy such as \"0.9pJ\"")
	}
}
