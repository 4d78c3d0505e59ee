package plots

import (
	"math"
	"strconv"
)

// axis places numbers between two ends, in even steps or in decades.
type axis struct {
	lo, hi float64
	log    bool
}

// newAxis makes an axis that holds all values. A linear one starts at 0: lengths are compared, and a difference must not look
// like more than it is. A logarithmic one starts and ends at round numbers, and leaves out what it cannot show.
func newAxis(values []float64, log bool) axis {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) && (v > 0 || !log) {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	if hi <= 0 || math.IsInf(hi, 0) {
		lo, hi = 1, 1
	}
	if !log {
		return axis{0, hi * 1.05, false}
	}
	return axis{below(lo / 1.1), above(hi * 1.1), true}
}

// nearAxis is a linear axis of what is compared by place and not by length: it begins a little below the least value, or at 0
// where that is near.
func nearAxis(values []float64) axis {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	if !(hi > lo) || lo < hi/4 {
		return newAxis(values, false)
	}
	margin := 0.06 * (hi - lo)
	return axis{lo - margin, hi + margin, false}
}

// steps are the round numbers of a decade.
func steps() []float64 { return []float64{1, 2, 5, 10} }

// below is the largest round number that is no more than v.
func below(v float64) float64 {
	decade := math.Pow(10, math.Floor(math.Log10(v)))
	best := decade
	for _, s := range steps() {
		if s*decade <= v*(1+1e-12) {
			best = s * decade
		}
	}
	return best
}

// above is the least round number that is no less than v.
func above(v float64) float64 {
	decade := math.Pow(10, math.Floor(math.Log10(v)))
	for _, s := range steps() {
		if s*decade >= v*(1-1e-12) {
			return s * decade
		}
	}
	return 10 * decade
}

// evenStep makes four to eight steps of 0 to hi.
func evenStep(hi float64) float64 {
	step := below(hi / 4)
	if hi/step > 8 {
		step *= 2
	}
	return step
}

// at is where a number lies, 0 at the low end and 1 at the high one.
func (a axis) at(v float64) float64 {
	if a.log {
		return math.Log10(v/a.lo) / math.Log10(a.hi/a.lo)
	}
	return (v - a.lo) / (a.hi - a.lo)
}

// tick is a number at an axis.
type tick struct {
	at   float64 // 0 to 1
	text string
}

// ticks are the numbers to be written: every step, or of a logarithmic axis the round ones of each decade as far as there are
// few of them.
func (a axis) ticks() (all []tick) {
	if !a.log {
		return a.evenTicks()
	}
	decades := math.Log10(a.hi / a.lo)
	first, every := int(math.Floor(math.Log10(a.lo)+1e-9)), int(math.Ceil(decades/7))
	numbers := steps()[:3]
	if decades < 0.9 {
		numbers = []float64{1, 2, 3, 4, 5, 6, 7, 8, 9}
	}
	for d := first; math.Pow(10, float64(d)) <= a.hi*(1+1e-9); d++ {
		for _, s := range numbers {
			v := s * math.Pow(10, float64(d))
			if v < a.lo*(1-1e-9) || v > a.hi*(1+1e-9) || s != 1 && decades > 2.2 || (d-first)%max(every, 1) != 0 {
				continue
			}
			all = append(all, tick{a.at(v), plainNumber(v)})
		}
	}
	if len(all) < 3 { // within a part of a decade
		return a.evenTicks()
	}
	return all
}

// evenTicks are the multiples of a round number.
func (a axis) evenTicks() (all []tick) {
	step := evenStep(a.hi - a.lo)
	for i := math.Ceil(a.lo/step-1e-9) + 0; i*step <= a.hi*(1+1e-9); i++ {
		all = append(all, tick{a.at(i * step), plainNumber(i * step)})
	}
	return all
}

// plainNumber writes a round number without the digits that binary fractions add.
func plainNumber(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
