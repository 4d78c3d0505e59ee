package sweep

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

// Estimate is how long a sweep may take.
type Estimate struct {
	Time   time.Duration // wall time with the given workers
	Warmup time.Duration // its share that fills the memos of the memory models
	Points int           // sampled; 0: none finished within the limit, so there is no estimate
	Took   time.Duration // by the estimate itself
}

// novelty is what is new to a worker at a point, and how many NPUs with the same memory the worker has simulated
// before. Both determine how much of the memory's memo is still to be filled.
type novelty struct{ what, age int }

// The values of what, and of age.
const (
	newSchedule = iota
	newWork     // model, lengths or batch
	newNPU
	newMemory
	novelties
)
const (
	firstNPU = iota
	second   // or third
	later
	ages
)

// Estimator estimates the time of a sweep from a sample of its points. It simulates each sampled point twice, in the
// order in which a worker would. The second run takes the time of the work itself; what the first takes longer is
// warm-up: filling the memory's memo. Work is proportional to the costs of the points. Warm-up depends on what is new
// at a point and happens once, so it is measured apart: on small points it is most of the time.
type Estimator struct {
	Limit   time.Duration // for sampling
	Workers int
	Version string               // of the program
	Clock   func() time.Duration // a running clock

	work, costs float64                  // seconds of work, and the costs of the points that took them
	warmup      [novelties][ages]float64 // seconds
	samples     [novelties][ages]int
}

// Of estimates the time for the points of a spec. Sampled points that fail are left out.
func (e *Estimator) Of(ctx context.Context, points []*Point) (*Estimate, error) {
	begin, out := e.Clock(), &Estimate{}
	short, cancel := context.WithTimeout(ctx, e.Limit)
	defer cancel()
	order := inOrder(points)
	w := &Worker{Report: e.Version}
	seen := newSeen()
	for _, p := range sample(order) {
		err := e.measure(short, w, p, seen)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if errors.Is(err, context.DeadlineExceeded) {
			break
		}
		if err == nil {
			out.Points++
		}
	}
	out.Took = e.Clock() - begin
	if out.Points > 0 {
		e.scale(order, out)
	}
	return out, nil
}

// measure simulates a point twice.
func (e *Estimator) measure(ctx context.Context, w *Worker, p *Point, seen *visited) error {
	var took [2]float64
	for i := range took {
		start := e.Clock()
		err := w.simulate(ctx, p, &folder.Line{})
		took[i] = (e.Clock() - start).Seconds()
		if i > 0 && errors.Is(err, context.DeadlineExceeded) {
			took[i] = took[0] // so large that warm-up is a small part
		} else if err != nil {
			return err
		}
	}
	e.work += took[1]
	e.costs += p.Cost
	if n := seen.add(p); p.hasMemo() {
		e.warmup[n.what][n.age] += max(took[0]-took[1], 0)
		e.samples[n.what][n.age]++
	}
	return nil
}

// scale extrapolates from the samples to all points.
func (e *Estimator) scale(order []*Point, out *Estimate) {
	var work, warmup float64
	seen := newSeen()
	for _, p := range order {
		work += p.Cost * e.work / e.costs
		if n := seen.add(p); p.hasMemo() {
			warmup += e.expect(n)
		}
	}
	if more := e.Workers - len(seen.memories); more > 0 { // workers on the same memory warm up one by one
		warmup += float64(e.expect(novelty{newMemory, firstNPU}) * float64(more))
	}
	workers := float64(min(e.Workers, len(order)))
	duration := func(s float64) time.Duration { return time.Duration(s * float64(time.Second) / workers) }
	out.Time, out.Warmup = duration(work+warmup), duration(warmup)
}

// expect returns the expected warm-up in seconds. Without a sample of n it uses one of an earlier NPU, then of a
// greater novelty.
func (e *Estimator) expect(n novelty) float64 {
	for what := n.what; what < novelties; what++ {
		for age := n.age; age >= firstNPU; age-- {
			if samples := e.samples[what][age]; samples > 0 {
				return e.warmup[what][age] / float64(samples)
			}
		}
	}
	return 0
}

// hasMemo reports whether the memory model has a memo to fill.
func (p *Point) hasMemo() bool { return p.Config.DRAM.Standard != config.IdealDRAM }

// inOrder returns the points in the order in which workers simulate them.
func inOrder(points []*Point) []*Point {
	order := slices.Clone(points)
	slices.SortStableFunc(order, func(a, b *Point) int { return cmp.Compare(a.memory, b.memory) })
	return order
}

// visited is what a worker has simulated so far.
type visited struct {
	memories map[int]map[int]int // their NPUs, numbered as they came
	works    map[int]bool
}

func newSeen() *visited { return &visited{map[int]map[int]int{}, map[int]bool{}} }

// add returns what is new at a point, and marks it as visited.
func (s *visited) add(p *Point) novelty {
	npus, work := s.memories[p.memory], s.works[p.work]
	s.works[p.work] = true
	at, there := npus[p.config]
	n := novelty{what: newSchedule}
	switch {
	case len(npus) == 0:
		n.what = newMemory
	case !there:
		n.what = newNPU
	case !work:
		n.what = newWork
	}
	if npus == nil {
		npus = map[int]int{}
		s.memories[p.memory] = npus
	}
	if !there {
		at = len(npus)
		npus[p.config] = at
	}
	n.age = min((at+1)/2, later)
	return n
}

// sample picks up to two memories, eight NPUs with them, two workloads of each NPU and two schedules of each workload.
// It rotates through the alternatives.
func sample(order []*Point) []*Point {
	memories := min(2, len(groupsOf(order, memoryOf)))
	levels := []struct {
		most int
		key  func(p *Point) int
	}{{memories, memoryOf}, {8 / memories, func(p *Point) int { return p.config }}, {2, func(p *Point) int { return p.work }}, {2, nil}}
	var picked []*Point
	turns := make([]int, len(levels))
	var pick func(points []*Point, level int)
	pick = func(points []*Point, level int) {
		if level == len(levels) {
			picked = append(picked, points...)
			return
		}
		groups := groupsOf(points, levels[level].key)
		if level >= 2 { // the cheapest first, in case the limit is short
			slices.SortStableFunc(groups, func(a, b []*Point) int { return cmp.Compare(a[0].Cost, b[0].Cost) })
		}
		n := min(levels[level].most, len(groups))
		for i := range n {
			pick(groups[(i*len(groups)/n+turns[level])%len(groups)], level+1)
		}
		turns[level]++
	}
	pick(order, 0)
	return picked
}

// groupsOf splits points where the key changes, or into single points without a key.
func groupsOf(points []*Point, key func(p *Point) int) [][]*Point {
	var groups [][]*Point
	for _, p := range points {
		if last := len(groups) - 1; key != nil && last >= 0 && key(groups[last][0]) == key(p) {
			groups[last] = append(groups[last], p)
		} else {
			groups = append(groups, []*Point{p})
		}
	}
	return groups
}

func memoryOf(p *Point) int { return p.memory }
