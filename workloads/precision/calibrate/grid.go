package calibrate

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Grid are the static schedules that a live search over some widths tries, for so many tokens to generate: each width
// throughout, and each pair of a higher and a lower one with a switch at PMPD's candidates 0, gen/3 and 2(gen/3); each with its
// prefill at its own first width, and at the highest of all.
func Grid(bits []int, gen int) []precision.Schedule {
	bits = slices.Compact(slices.SortedFunc(slices.Values(bits), func(a, b int) int { return b - a }))
	var all []precision.Schedule
	add := func(s precision.Schedule) {
		all = append(all, s)
		if s.Bits[0] != bits[0] {
			s.Prefill = bits[0]
			all = append(all, s)
		}
	}
	for i, high := range bits {
		add(precision.UniformSchedule(high))
		for _, low := range bits[i+1:] {
			for _, step := range slices.Compact(precision.Candidates(gen)[:precision.CandidateCount-1]) {
				add(precision.Schedule{Kind: precision.KindStatic, Bits: []int{high, low}, Steps: []int{step}})
			}
		}
	}
	return all
}

// Fewest returns the index of the candidate that holds a bound with the fewest average bits, of equal ones with the fewest of
// prefill, of equal ones the first; -1 if none holds.
func Fewest(n int, holds func(i int) bool, bits func(i int) (decode, prefill float64)) int {
	best := -1
	for i := range n {
		if !holds(i) {
			continue
		}
		decode, prefill := bits(i)
		if best >= 0 {
			d, p := bits(best)
			if decode > d || decode == d && prefill >= p {
				continue
			}
		}
		best = i
	}
	return best
}

// EachAlone are schedules in which one matrix of a layer has fewer bits and all others are fp16: what a matrix costs at a width,
// as Losses has it.
func (s *Losses) EachAlone(layer int, bits []int) (all []Alone) {
	for _, x := range s.matrices {
		if x.layer != layer {
			continue
		}
		for _, b := range bits {
			at := precision.Assign(s.model, func(l int, name string) int {
				if l == layer && name == x.name {
					return b
				}
				return 16
			})
			all = append(all, Alone{Layer: layer, Matrix: x.name, Bits: b, Schedule: precision.ScheduleOf(s.model, at)})
		}
	}
	return all
}

// Alone is a matrix at a width.
type Alone struct {
	Layer    int
	Matrix   string
	Bits     int
	Schedule precision.Schedule
}
