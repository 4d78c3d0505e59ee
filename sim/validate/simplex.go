package validate

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// How a search ends: after so many turns none of which lowered the best cost by more than the gain, or after so many costs.
const (
	simplexGain  = 1e-12
	simplexTurns = 500
	simplexCosts = 20000
	simplexEdge  = 0.05 // of the first simplex
)

// simplex looks for the least cost by the method of Nelder and Mead (1965), with the coefficients of Gao and Han (2012, "Implementing
// the Nelder-Mead simplex algorithm with adaptive parameters"). It takes the steps of gonum's, with the same bits, and leaves out
// gonum's package optimize: that comes with LAPACK, 1.5 MB of the program.
type simplex struct {
	cost                     func([]float64) float64
	costs                    int // that were asked for
	points                   [][]float64
	values                   []float64 // of the points, ascending
	centre                   []float64 // of all points but the worst
	expand, contract, shrink float64
}

// minimise returns the best point that it finds from a start on: the start itself where that has no dimension, or no finite cost.
func minimise(cost func([]float64) float64, start []float64) []float64 {
	n := float64(len(start))
	s := &simplex{cost: cost, centre: make([]float64, len(start)), expand: 1 + 2/n, contract: 0.75 - 1/(2*n), shrink: 1 - 1/n}
	if len(start) == 1 {
		s.expand, s.contract, s.shrink = 2, 0.5, 0.5
	}
	first := s.at(start)
	if len(start) == 0 || math.IsNaN(first) || math.IsInf(first, 1) {
		return slices.Clone(start)
	}
	for i := range start {
		p := slices.Clone(start)
		p[i] += simplexEdge
		s.points, s.values = append(s.points, p), append(s.values, s.at(p))
	}
	s.points, s.values = append(s.points, slices.Clone(start)), append(s.values, first)
	s.sort()
	reached, still := first, 0
	best := slices.Clone(start)
	for still < simplexTurns && s.costs < simplexCosts {
		copy(best, s.points[0])
		if reached-s.values[0] > simplexGain {
			reached, still = s.values[0], 0
		} else if still++; still == simplexTurns {
			break
		}
		s.turn()
	}
	return best
}

// at is the cost of a point.
func (s *simplex) at(p []float64) float64 {
	s.costs++
	return s.cost(p)
}

// sort brings the points into the order of their costs.
func (s *simplex) sort() {
	order := make([]int, len(s.values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case s.values[a] < s.values[b]:
			return -1
		case s.values[b] < s.values[a]:
			return 1
		}
		return 0
	})
	points, values := s.points, s.values
	s.points, s.values = make([][]float64, len(order)), make([]float64, len(order))
	for i, from := range order {
		s.points[i], s.values[i] = points[from], values[from]
	}
	clear(s.centre)
	for _, p := range s.points[:len(s.centre)] {
		floats.Add(s.centre, p)
	}
	for i := range s.centre {
		s.centre[i] /= float64(len(s.centre))
	}
}

// turn replaces the worst point, or draws all towards the best.
func (s *simplex) turn() {
	n := len(s.centre)
	mirrored := s.beyond(1)
	value := s.at(mirrored)
	switch {
	case value >= s.values[0] && value < s.values[n-1]:
		s.replace(mirrored, value)
	case value < s.values[0]:
		further := s.beyond(s.expand)
		if v := s.at(further); v < value {
			s.replace(further, v)
		} else {
			s.replace(mirrored, value)
		}
	case value < s.values[n]:
		outside := s.beyond(s.contract)
		if v := s.at(outside); v <= value {
			s.replace(outside, v)
		} else {
			s.draw()
		}
	default:
		inside := s.beyond(-s.contract)
		if v := s.at(inside); v < s.values[n] {
			s.replace(inside, v)
		} else {
			s.draw()
		}
	}
}

// beyond is the point as far from the centre as the worst one, times a factor, on the other side.
func (s *simplex) beyond(factor float64) []float64 {
	p := make([]float64, len(s.centre))
	floats.SubTo(p, s.centre, s.points[len(p)])
	floats.Scale(factor, p)
	floats.Add(p, s.centre)
	return p
}

// replace puts a better point in the place of the worst.
func (s *simplex) replace(p []float64, value float64) {
	n := len(s.centre)
	s.points[n], s.values[n] = p, value
	for i := n - 1; i >= 0 && !(s.values[i] < value); i-- {
		s.points[i], s.points[i+1] = s.points[i+1], s.points[i]
		s.values[i], s.values[i+1] = s.values[i+1], s.values[i]
	}
	floats.AddScaled(s.centre, -1/float64(n), s.points[n])
	floats.AddScaled(s.centre, 1/float64(n), p)
}

// draw moves all points towards the best.
func (s *simplex) draw() {
	for i, p := range s.points[1:] {
		floats.SubTo(p, p, s.points[0])
		floats.Scale(s.shrink, p)
		floats.Add(p, s.points[0])
		s.values[i+1] = s.at(p)
	}
	s.sort()
}
