package study

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// learn notes the order in which specs have the values of axes. Values that no spec had before come behind the others. Axes
// of numbers and quantities need none: these have an order of their own.
func (s *Set) learn(axes []folder.Axis) {
	for _, a := range axes {
		if AreNumbers(a.Values) {
			continue
		}
		if s.ranks == nil {
			s.ranks = map[string]map[string]int{}
		}
		if s.ranks[a.Name] == nil {
			s.ranks[a.Name] = map[string]int{}
		}
		for _, v := range a.Values {
			if _, known := s.ranks[a.Name][v]; !known {
				s.ranks[a.Name][v] = len(s.ranks[a.Name])
			}
		}
	}
}

// compare puts values of a key in their order: that of the spec where it is known, before those that no spec has, in the
// order of CompareValues.
func (s *Set) compare(key, a, b string) int {
	x, knownA := s.ranks[key][a]
	y, knownB := s.ranks[key][b]
	switch {
	case knownA && knownB:
		return cmp.Compare(x, y)
	case knownA:
		return -1
	case knownB:
		return 1
	}
	return CompareValues(a, b)
}

// CompareValues puts numbers and quantities in their order, and other texts behind them in that of the alphabet, but numbers
// in them by their size: 8x8, 16x16, 128x128.
func CompareValues(a, b string) int {
	x, okA := amount(a)
	y, okB := amount(b)
	switch {
	case okA && okB:
		return cmp.Or(cmp.Compare(x, y), cmp.Compare(a, b))
	case okA:
		return -1
	case okB:
		return 1
	}
	return cmp.Or(natural(a, b), cmp.Compare(a, b))
}

// natural compares texts piece by piece: digits by the number that they are, the rest as it is spelt.
func natural(a, b string) int {
	for a != "" && b != "" {
		x, restA := piece(a)
		y, restB := piece(b)
		c := strings.Compare(x, y)
		if isDigit(x[0]) && isDigit(y[0]) {
			p, q := strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
			c = cmp.Or(cmp.Compare(len(p), len(q)), strings.Compare(p, q))
		}
		if c != 0 {
			return c
		}
		a, b = restA, restB
	}
	return cmp.Compare(len(a), len(b))
}

// piece is as much of the beginning of a text as is all digits, or has none.
func piece(text string) (first, rest string) {
	end := strings.IndexFunc(text, func(r rune) bool { return (r >= '0' && r <= '9') != isDigit(text[0]) })
	if end < 0 {
		end = len(text)
	}
	return text[:end], text[end:]
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// amount reads a number, or a quantity of an axis such as 256KiB.
func amount(text string) (float64, bool) {
	if v, err := strconv.ParseFloat(text, 64); err == nil {
		return v, true
	}
	m, ok := unit.Quantity(text)
	return float64(m.Value), ok
}

// Values are the values of a key: numbers and quantities by size, those of an axis in the order of its spec, schedules from
// many bits to few.
func (s *Set) Values(key string) []string { return s.valuesOf(s.Outcomes, key) }

func (s *Set) valuesOf(all []*Outcome, key string) []string {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b *Outcome) int {
		if key == scheduleKey {
			return bySchedule(a, b)
		}
		return s.compare(key, a.Key(key).Value, b.Key(key).Value)
	})
	return distinct(sorted, func(o *Outcome) string { return o.Key(key).Value })
}
