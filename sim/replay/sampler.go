package replay

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/result"
)

// sampler chooses the passes of a run that are simulated, in rounds: what a round asks for depends on what the one before
// came to, and on nothing else.
//
// A group of like passes is an interval. Of an interval the ends are simulated, the middle, and the middles of both halves:
//
//	pass    i ────── q ────── m ────── p ────── j
//
// If m lies within the tolerance of the line from i to j, q of that from i to m, and p of that from m to j, the passes between
// them are interpolated, each between its nearest two. Otherwise both halves are intervals.
type sampler struct {
	*run
	chosen    []bool // of each step, whether it has been asked for
	intervals []interval
	between   []interval // the passes between whose ends are interpolated
	judged    []judgement
}

// judgement is a simulated pass between the simulated ends of an interval: it says how far the line between them is off.
type judgement struct {
	interval
	at int // its place
}

// interval is a part of a group: the places of its first and last pass.
type interval struct {
	group []int
	i, j  int
}

func (v interval) middle() int { return (v.i + v.j) / 2 }

func (v interval) halves() (a, b interval) {
	m := v.middle()
	return interval{v.group, v.i, m}, interval{v.group, m, v.j}
}

// leastGroup is how many passes a group has at least, of which some are interpolated.
const leastGroup = 6

func newSampler(ctx context.Context, r *run) (*sampler, error) {
	s := &sampler{run: r, chosen: make([]bool, len(r.counts))}
	groups, err := r.groups(ctx)
	if err != nil {
		return nil, err
	}
	s.todo = nil
	if r.first() == 0 {
		s.todo = []int{0}
	}
	for _, g := range groups {
		if r.Sampling.Tolerance > 0 {
			s.intervals = append(s.intervals, interval{g, 0, len(g) - 1})
		} else {
			s.evenly(g)
		}
	}
	s.next()
	return s, nil
}

// evenly asks for some passes of a group, its first and last among them.
func (s *sampler) evenly(group []int) {
	n := min(s.Sampling.Even, len(group))
	var places []int
	for k := range n {
		at := 0
		if n > 1 {
			at = k * (len(group) - 1) / (n - 1)
		}
		s.ask(group, at)
		places = append(places, at)
	}
	for k, at := range places[1:] {
		if at > places[k]+1 {
			s.between = append(s.between, interval{group, places[k], at})
		}
		if k > 0 && n < len(group) {
			s.judged = append(s.judged, judgement{interval{group, places[k-1], at}, places[k]})
		}
	}
}

// ask has a pass simulated in the next round, and reports whether it has been.
func (s *sampler) ask(group []int, at int) (known bool) {
	pass := group[at]
	if !s.chosen[pass] {
		s.chosen[pass] = true
		s.todo = append(s.todo, pass)
	}
	return s.simulated[pass]
}

// next looks at what is known and asks for what has to be known; nothing: all is.
func (s *sampler) next() {
	var open []interval
	for len(s.intervals) > 0 {
		v := s.intervals[0]
		s.intervals = s.intervals[1:]
		switch {
		case v.j-v.i+1 < leastGroup:
			for at := v.i; at <= v.j; at++ {
				s.ask(v.group, at)
			}
		case !s.askFor(v):
			open = append(open, v)
		case s.accept(v):
		default:
			a, b := v.halves()
			s.intervals = append(s.intervals, a, b)
		}
	}
	s.intervals = open
	slices.Sort(s.todo)
}

// askFor asks for the five passes that an interval is judged by, and reports whether they are known.
func (s *sampler) askFor(v interval) bool {
	a, b := v.halves()
	known := true
	for _, at := range []int{v.i, a.middle(), v.middle(), b.middle(), v.j} {
		known = s.ask(v.group, at) && known
	}
	return known
}

// accept accepts an interval whose middles lie near their lines.
func (s *sampler) accept(v interval) bool {
	a, b := v.halves()
	judged := []judgement{{v, v.middle()}, {a, a.middle()}, {b, b.middle()}}
	for _, x := range judged {
		if s.deviation(x) > s.Sampling.Tolerance {
			return false
		}
	}
	var parts []interval
	for _, half := range []interval{a, b} {
		left, right := half.halves()
		parts = append(parts, left, right)
	}
	if s.rippled(parts) > s.Sampling.Tolerance/2 {
		return false
	}
	s.judged = append(s.judged, judged...)
	s.between = append(s.between, parts...)
	return true
}

// rippled is by how much the programs' traffic lies off the lines in the mean, relative: ripples that the middles miss, because
// they fall on equal places of a period.
func (s *sampler) rippled(parts []interval) float64 {
	off, all := 0.0, 0.0
	for _, v := range parts {
		from, to := v.group[v.i], v.group[v.j]
		for at := v.i; at < v.j; at++ {
			share := float64(v.group[at]-from) / float64(max(1, to-from))
			moved := s.moved[v.group[at]-1]
			off += moved - (s.moved[from-1] + float64(share*(s.moved[to-1]-s.moved[from-1])))
			all += moved
		}
	}
	return math.Abs(off) / max(all, 1)
}

// deviation is how far a simulated pass is from the line between the ends of its interval, relative, in time and in traffic.
func (s *sampler) deviation(j judgement) float64 {
	between, exact := s.lineAt(j.interval, j.at), &s.counts[j.group[j.at]]
	return max(relative(float64(between.Cycles), float64(exact.Cycles)), relative(float64(between.DRAMBytes()), float64(exact.DRAMBytes())))
}

// lineAt is what lies on the line between the ends of an interval, at a place of the group.
func (s *sampler) lineAt(v interval, at int) stats.Counts {
	from, to := v.group[v.i], v.group[v.j]
	return stats.Between(&s.counts[from], &s.counts[to], int64(v.group[at]-from), int64(to-from))
}

// relative is how far a is from b, relative to b.
func relative(a, b float64) float64 { return math.Abs(a-b) / max(b, 1) }

// say writes into a result what was simulated, and the largest deviation of what the lines were judged by.
func (s *sampler) say(out *result.Result) {
	out.Sampling = s.Sampling.String()
	for pass := range s.counts[1:] {
		if s.simulated[1+pass] {
			out.PassesSimulated++
		}
	}
	worst := 0.0
	for _, j := range s.judged {
		worst = max(worst, s.deviation(j))
	}
	if len(s.judged) > 0 {
		out.MidpointError = &worst
	}
}

// fill interpolates what was not simulated, and returns these passes: once, when nothing more is asked for. It fails on counts
// that break a conservation law.
func (s *sampler) fill() (passes []int, err error) {
	for _, v := range s.between {
		for at := v.i + 1; at < v.j; at++ {
			pass := v.group[at]
			s.counts[pass] = s.lineAt(v, at)
			if err := s.counts[pass].Check(s.Config.Cores); err != nil {
				return nil, fmt.Errorf("schedule %s: pass %d, interpolated: %w", s.Schedule, pass, err)
			}
			passes = append(passes, pass)
		}
	}
	s.between = nil
	return passes, nil
}
