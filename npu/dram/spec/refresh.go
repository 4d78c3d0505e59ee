package spec

import "slices"

// Refresh is a refresh policy. How many refreshes may be postponed is an option of its own.
type Refresh uint8

// The refresh policies.
const (
	AllBank  Refresh = iota
	PerBank          // LPDDR, HBM: of a bank, or of two
	SameBank         // DDR5: of one bank of every group
	NoRefresh
)

var refreshNames = []string{"all-bank", "per-bank", "same-bank", "none"}

// ByBank reports whether a refresh leaves some banks of a rank at work.
func (r Refresh) ByBank() bool { return r == PerBank || r == SameBank }

// RefreshNames returns the texts that UnmarshalText reads.
func RefreshNames() []string { return slices.Clone(refreshNames) }

// String returns the name used in configs.
func (r Refresh) String() string { return nameOf(uint8(r), refreshNames) }

// UnmarshalText reads "all-bank".
func (r *Refresh) UnmarshalText(text []byte) error {
	return setNamed((*uint8)(r), text, refreshNames, "refresh policy")
}

// MarshalText writes what UnmarshalText reads.
func (r Refresh) MarshalText() ([]byte, error) { return []byte(r.String()), nil }
