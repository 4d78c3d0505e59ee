package plots

import (
	"math"
	"strconv"
)

// Unit is a family of scales of one quantity.
type Unit uint8

// The units.
const (
	Plain   Unit = iota // a number as it is
	Percent             // a share, times 100
	Time                // seconds
	Bytes               // bytes, decimal: traffic
	Memory              // bytes, binary: sizes of memories
	Large               // counts
	Energy              // joules
)

// scale is one way to write a quantity: in units of one.
type scale struct {
	name string
	one  float64
}

// scales returns the scales of a unit, the largest first; the last is for everything smaller.
func (u Unit) scales() []scale {
	switch u {
	case Percent:
		return []scale{{"%", 0.01}}
	case Time:
		return []scale{{"s", 1}, {"ms", 1e-3}, {"us", 1e-6}}
	case Bytes:
		return []scale{{"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}}
	case Memory:
		return []scale{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}
	case Large:
		return []scale{{"G", 1e9}, {"M", 1e6}, {"k", 1e3}, {"", 1}}
	case Energy:
		return []scale{{"J", 1}, {"mJ", 1e-3}, {"uJ", 1e-6}}
	default:
		return []scale{{"", 1}}
	}
}

// Text writes one quantity with its unit: "12.34 ms".
func (u Unit) Text(v float64) string {
	s, decimals := u.fit([]float64{v})
	if s.name == "" {
		return format(v/s.one, decimals)
	}
	return format(v/s.one, decimals) + " " + s.name
}

// fit chooses the scale and the decimals for a set of values by the largest of them.
func (u Unit) fit(values []float64) (scale, int) {
	most := 0.0
	for _, v := range values {
		most = max(most, math.Abs(v))
	}
	all := u.scales()
	s := all[len(all)-1]
	for _, c := range all {
		if most >= c.one && (u == Time || u == Bytes || u == Memory || u == Large || u == Energy) {
			s = c
			break
		}
	}
	if u == Percent {
		return s, 1
	}
	if s.one == 1 && (u == Bytes || u == Memory || u == Large) {
		return s, 0 // whole by nature
	}
	return s, decimals(most / s.one)
}

// decimals are the places after the point that leave four digits of v, at most three.
func decimals(v float64) int {
	switch {
	case v >= 1000:
		return 0
	case v >= 100:
		return 1
	case v >= 10:
		return 2
	default:
		return 3
	}
}

func format(v float64, decimals int) string { return strconv.FormatFloat(v, 'f', decimals, 64) }

// Significant writes v with three digits, without an exponent.
func Significant(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v >= 100:
		return format(v, 0)
	case v >= 10:
		return format(v, 1)
	default:
		return format(v, 2)
	}
}
