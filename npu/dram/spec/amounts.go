package spec

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Density is how much a die holds, in Mb: the die of an LPDDR channel, a device of DDR, what a stack of HBM has for a
// channel. Tables of refresh times go by it. 0 is none.
type Density int64

const mostDensity = 1 << 20 // Mb

// UnmarshalText reads "16Gb", "512Mb", or the empty text for none.
func (d *Density) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = 0
		return nil
	}
	for _, u := range []struct {
		name string
		mb   int64
	}{{"Gb", 1024}, {"Mb", 1}} {
		number, ok := strings.CutSuffix(string(text), u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil || n == 0 || int64(n)*u.mb > mostDensity {
			return fmt.Errorf("%q is not a density; accepted: 1Mb to 1024Gb", text)
		}
		*d = Density(int64(n) * u.mb)
		return nil
	}
	return fmt.Errorf("%q is not a density; accepted: %s (Gb, Mb: bits, not bytes)", text, d.Forms())
}

// String writes d as UnmarshalText reads it.
func (d Density) String() string {
	switch {
	case d == 0:
		return ""
	case d%1024 == 0:
		return strconv.FormatInt(int64(d/1024), 10) + "Gb"
	}
	return strconv.FormatInt(int64(d), 10) + "Mb"
}

// MarshalText writes what UnmarshalText reads.
func (d Density) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// Forms is what UnmarshalText reads.
func (d Density) Forms() string { return `a density such as "16Gb"` }

// DataRate is the transfers of a data pin in a second.
type DataRate int64

// UnmarshalText reads "6400MT/s".
func (r *DataRate) UnmarshalText(text []byte) error {
	const low, high = 1_000_000, 1_000_000_000_000
	number, ok := strings.CutSuffix(string(text), "T/s")
	var h unit.Hertz
	if !ok || h.UnmarshalText([]byte(number+"Hz")) != nil {
		return fmt.Errorf("%q is not a data rate; accepted: %s", text, r.Forms())
	}
	if h < low || h > high {
		return fmt.Errorf("%q is out of range; accepted: 1MT/s to 1TT/s", text)
	}
	*r = DataRate(h)
	return nil
}

// String writes r as UnmarshalText reads it.
func (r DataRate) String() string {
	const mega = 1_000_000
	if r%mega == 0 {
		return strconv.FormatInt(int64(r/mega), 10) + "MT/s"
	}
	return strings.TrimSuffix(unit.Hertz(r).String(), "Hz") + "T/s"
}

// MarshalText writes what UnmarshalText reads.
func (r DataRate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Forms is what UnmarshalText reads.
func (r DataRate) Forms() string { return `a data rate with its unit such as "6400MT/s"` }

// thirds returns three times the rate that r stands for. JEDEC's rates are multiples of 100/3 MT/s and are named
// without their fraction: 8533 is 8533 1/3, 4266 is 4266 2/3. Rates elsewhere stand for themselves.
func (r DataRate) thirds() uint64 {
	const grid, near = 100_000_000, 3 * 700_000
	three := uint64(r) * 3
	if on := (three + grid/2) / grid * grid; on+near > three && three+near > on {
		return on
	}
	return three
}

// tck returns the period of a clock at which a pin makes transfers in so many clocks, rounded down; 0 for what no clock
// does.
func (r DataRate) tck(transfers, clocks int64) unit.Femtoseconds {
	const fs = 1_000_000_000_000_000
	if transfers <= 0 || clocks <= 0 || clocks > maxTiming/1024 {
		return 0
	}
	q, fits := unit.MulDivDown(3*fs, uint64(transfers), r.thirds()*uint64(clocks))
	if !fits || q > fs {
		return 0
	}
	return unit.Femtoseconds(q)
}
