package routing

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/pmpdsim/pmpdsim/workloads"
)

// Token is a position of a sequence.
type Token struct{ Sequence, Position int }

// Router says which experts tokens take.
type Router interface {
	// Experts appends the experts that a token takes in a layer, which has some, to a list.
	Experts(list []int, layer int, t Token) []int
}

// New returns the router of a distribution for a model with experts. What a trace recorded is no distribution.
func New(s Spec, m *workloads.Model) (Router, error) {
	if m.Experts == nil {
		return nil, fmt.Errorf("%s has no experts; accepted: a model that has some", m.Name)
	}
	if s.Kind == Trace {
		return nil, fmt.Errorf("routing by a trace needs one; accepted: a trace that was recorded with a model that has experts, or uniform, zipf")
	}
	e := m.Experts
	d := &drawn{count: e.Count, take: e.PerToken, groups: max(1, e.Groups), top: max(1, e.TopGroups), seed: s.Seed}
	d.ranks = make([][]int, m.Layers)
	for l := range d.ranks {
		d.ranks[l] = d.permutation(l)
	}
	for r := range e.Count {
		d.weights = append(d.weights, weightOf(r+1, s.S))
	}
	return d, nil
}

// weightOf is 1/rank^s in fixed point, so that sums and draws are exact and the same on every processor: 2^40 for the first
// rank. The sum of 4096 experts stays below 2^52.
func weightOf(rank int, s float64) uint64 {
	const one = 1 << 40
	return max(1, uint64(math.Round(one/math.Pow(float64(rank), s))))
}

// drawn draws without replacement.
type drawn struct {
	count, take int
	groups, top int
	seed        uint64
	weights     []uint64 // by rank
	ranks       [][]int  // of each layer: the rank of each expert, from 0
}

// permutation shuffles the ranks of a layer (Fisher and Yates).
func (d *drawn) permutation(layer int) []int {
	p := make([]int, d.count)
	for i := range p {
		p[i] = i
	}
	g := generator{state: mix(d.seed, uint64(layer), 1<<32)}
	for i := len(p) - 1; i > 0; i-- {
		j := int(g.below(uint64(i + 1)))
		p[i], p[j] = p[j], p[i]
	}
	return p
}

// Experts draws the experts of a token.
func (d *drawn) Experts(list []int, layer int, t Token) []int {
	g := generator{state: mix(d.seed, uint64(layer), uint64(t.Sequence)<<40|uint64(t.Position))}
	rank := d.ranks[layer]
	var left [workloads.MostExperts]uint64
	weights := left[:d.count]
	total := uint64(0)
	for e := range weights {
		weights[e] = d.weights[rank[e]]
		total += weights[e]
	}
	if d.groups > 1 {
		total = d.keepGroups(&g, weights)
	}
	for range d.take {
		e := pick(weights, g.below(total))
		list = append(list, e)
		total -= weights[e]
		weights[e] = 0
	}
	return list
}

// keepGroups draws groups by the sums of their weights, sets the weights of all others to zero, and returns what is left.
func (d *drawn) keepGroups(g *generator, weights []uint64) uint64 {
	size := d.count / d.groups
	sums := make([]uint64, d.groups)
	total, kept := uint64(0), uint64(0)
	for e, w := range weights {
		sums[e/size] += w
		total += w
	}
	keep := make([]bool, d.groups)
	for range d.top {
		i := pick(sums, g.below(total))
		keep[i] = true
		total -= sums[i]
		kept += sums[i]
		sums[i] = 0
	}
	for e := range weights {
		if !keep[e/size] {
			weights[e] = 0
		}
	}
	return kept
}

// pick returns the place whose share of the weights, one behind the other, holds x.
func pick(weights []uint64, x uint64) int {
	for i, w := range weights {
		if x < w {
			return i
		}
		x -= w
	}
	panic("routing: the weights are less than their sum")
}

// generator is SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
type generator struct{ state uint64 }

func (g *generator) next() uint64 {
	g.state += 0x9e3779b97f4a7c15
	return scramble(g.state)
}

func scramble(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number from 0 to n-1 (Lemire, "Fast random integer generation in an interval", 2019, without the
// rejection: n is at most 2^52, so that no number is more likely than another by more than 2^-12 of itself).
func (g *generator) below(n uint64) uint64 {
	high, _ := bits.Mul64(g.next(), n)
	return high
}

// mix makes one state of several numbers.
func mix(numbers ...uint64) uint64 {
	state := uint64(0)
	for _, n := range numbers {
		state = scramble(state ^ n + 0x9e3779b97f4a7c15)
	}
	return state
}
