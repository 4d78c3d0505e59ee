package spec

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Time is a timing as data sheets give it: a number of clocks, or a duration. The zero Time is none.
type Time int64

// Durations are positive, clocks negative and one more, so that 0 clocks are not none.

// InClocks returns a number of clocks.
func InClocks(n int64) Time { return Time(-n - 1) }

// timeForms is what UnmarshalText reads.
const timeForms = `a number of clocks such as 15, or a time such as "18ns"`

// Forms is timeForms.
func (t Time) Forms() string { return timeForms }

// longest bounds durations: a second is longer than any timing.
const longest = 1_000_000_000_000_000

// UnmarshalText reads "15" clocks, "18ns", or the empty text for none.
func (t *Time) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*t = 0
		return nil
	}
	if n, err := strconv.ParseUint(string(text), 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		if n > maxTiming {
			return fmt.Errorf("%s clocks are too many; accepted: at most %d", text, int64(maxTiming))
		}
		*t = InClocks(int64(n))
		return nil
	}
	var f unit.Femtoseconds
	if err := f.UnmarshalText(text); err != nil {
		return fmt.Errorf("%q is not a timing; accepted: %s (fs ps ns us ms)", text, timeForms)
	}
	if f <= 0 || f > longest {
		return fmt.Errorf("%q is not a timing; accepted: more than 0 and at most a second, or a number of clocks", text)
	}
	*t = Time(f)
	return nil
}

// String writes t as UnmarshalText reads it.
func (t Time) String() string {
	switch {
	case t == 0:
		return ""
	case t < 0:
		return strconv.FormatInt(int64(-t-1), 10)
	}
	return unit.Femtoseconds(t).String()
}

// MarshalText writes what UnmarshalText reads.
func (t Time) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// Clocks returns t in clocks of tck, as a multiple of grain: rounded up, as JEDEC does with what has to be waited for,
// or down, with intervals that must not be exceeded. A tCK that is no whole number of femtoseconds is itself rounded
// down (208333 fs of HBM3 at 9.6 Gb/s), so a duration counts as n clocks if n clocks of tck + 1 fs hold it.
func (t Time) Clocks(tck unit.Femtoseconds, grain int64, down bool) int64 {
	period := int64(tck) * grain
	switch {
	case t <= 0:
		return max(int64(-t-1), 0)
	case down:
		return int64(t) / period * grain
	}
	return (int64(t) + period + grain - 1) / (period + grain) * grain
}
