package config

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Unpack is what it takes to turn codes (weights, cached values), as they lie in the scratchpad
// in planes or packed, into operands of the array, in any style: shifts and masks, or look-ups that its PEs do not do.
// The zero value costs nothing: a bit-serial PE takes planes as they come, and the look-ups of dequant-fp16 are
// array.dequant_lanes.
type Unpack struct {
	Bits2 int `yaml:"bits2,omitempty" json:"bits2,omitempty" default:"0"` // codes a cycle; 0: as many as there are
	Bits3 int `yaml:"bits3,omitempty" json:"bits3,omitempty" default:"0"`
	Bits4 int `yaml:"bits4,omitempty" json:"bits4,omitempty" default:"0"`
	Bits5 int `yaml:"bits5,omitempty" json:"bits5,omitempty" default:"0"`
	Bits6 int `yaml:"bits6,omitempty" json:"bits6,omitempty" default:"0"`
	Bits7 int `yaml:"bits7,omitempty" json:"bits7,omitempty" default:"0"`
	Bits8 int `yaml:"bits8,omitempty" json:"bits8,omitempty" default:"0"`

	Bits16 int `yaml:"bits16,omitempty" json:"bits16,omitempty" default:"0"` // fp16 values, where the array multiplies another format
	Scales int `yaml:"scales,omitempty" json:"scales,omitempty" default:"0"` // of groups of codes, each with its zero point; of a row's own: nothing

	Overlap Overlap   `yaml:"overlap,omitempty" json:"overlap,omitempty" default:"products"`
	Per     UnpackPer `yaml:"per,omitempty" json:"per,omitempty" default:"tile"`
}

// IsZero reports whether unpacking costs nothing and is said of nothing.
func (u Unpack) IsZero() bool { return u == Unpack{} }

// Rate returns the codes of that many bits that are unpacked in a cycle; 0: as many as there are.
func (u Unpack) Rate(bits unit.Bits) int {
	switch bits {
	case 2:
		return u.Bits2
	case 3:
		return u.Bits3
	case 4:
		return u.Bits4
	case 5:
		return u.Bits5
	case 6:
		return u.Bits6
	case 7:
		return u.Bits7
	case 8:
		return u.Bits8
	case 16:
		return u.Bits16
	}
	return 0
}

// mostUnpacked is the highest rate: more than any array takes.
const mostUnpacked = 1 << 24

func (k *checker) unpack(u Unpack) {
	for bits := unit.Bits(2); bits <= 8; bits++ {
		k.within(fmt.Sprintf("array.unpack.bits%d", bits), int64(u.Rate(bits)), 0, mostUnpacked)
	}
	k.within("array.unpack.bits16", int64(u.Bits16), 0, mostUnpacked)
	k.within("array.unpack.scales", int64(u.Scales), 0, mostUnpacked)
	if u.Overlap != "" {
		named(k, "array.unpack.overlap", u.Overlap, Overlaps())
	}
	if u.Per != "" {
		named(k, "array.unpack.per", u.Per, UnpackPers())
	}
}
