package config

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Share is a part of a whole in ten-thousandths: integers, so that every machine rounds alike. 0 stands for all of it.
type Share int

// whole is a Share of 1.
const whole Share = 10_000

const shareForms = "a share above 0 up to 1, of at most four decimals, such as 0.35"

// String returns the text that UnmarshalText reads.
func (s Share) String() string {
	if s == 0 {
		s = whole
	}
	return strconv.FormatFloat(float64(s)/float64(whole), 'f', -1, 64)
}

// Forms says what a value looks like.
func (s Share) Forms() string { return shareForms }

// MarshalText writes a share.
func (s Share) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a share.
func (s *Share) UnmarshalText(t []byte) error {
	f, err := strconv.ParseFloat(string(t), 64)
	if err == nil && f > 0 && f <= 1 && strings.Trim(string(t), ".0123456789") == "" {
		// The nearest ten-thousandth must be what was written.
		if n := Share(float64(f*float64(whole)) + 0.5); n > 0 && float64(n)/float64(whole) == f {
			*s = n % whole
			return nil
		}
	}
	return fmt.Errorf("%q is no share; accepted: %s", t, shareForms)
}

// Of returns how long it takes at this share of a rate what takes so many cycles at all of it, rounded up.
func (s Share) Of(cycles unit.Cycles) unit.Cycles {
	if s == 0 || s == whole {
		return cycles
	}
	n, fits := unit.MulDivUp(uint64(cycles), uint64(whole), uint64(s))
	const forever = 1 << 61 // more than can be simulated
	if !fits || n > forever {
		return forever
	}
	return unit.Cycles(n)
}

// possible reports whether a share that no text was read for can be one.
func (s Share) possible() bool { return s >= 0 && s <= whole }
