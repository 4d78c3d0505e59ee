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
	Time   time.Duration // on the workers
	Warmup time.Duration // of it, what the memory models learn on the way
	Points int           // that were simulated for it; 0: none could be in time, there is no estimate
	Took   time.Duration
}

// news is what a worker has not met before when it comes to a point. How much there is to learn then depends on how many
// NPUs it has had before the same memory.
type novelty struct{ what, age int }

// What may be new, and which NPU of a memory it is new to.
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

// Estimator samples points. Each is simulated twice by a worker that goes from one to the next as those of a sweep do: the second
// time takes what the work itself takes, and what the first time takes more was learning. Work goes by the costs of the
// points. Learning goes by what is new at a point, and is paid for once, so that it has to be known apart: on small points
// it is most of the time.
type Estimator struct {
	Limit   time.Duration // for the samples
	Workers int
	Version string               // of the program
	Clock   func() time.Duration // goes on while points are simulated

	work, costs float64 // seconds, and what for
	warmup      [novelties][ages]float64
	samples     [novelties][ages]int
}

// Of estimates the points of a spec. A point that fails tells nothing.
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
			took[i] = took[0] // large enough that learning is little of it
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

// scale goes from the samples to all points.
func (e *Estimator) scale(order []*Point, out *Estimate) {
	var work, learning float64
	seen := newSeen()
	for _, p := range order {
		work += p.Cost * e.work / e.costs
		if n := seen.add(p); p.hasMemo() {
			learning += e.expect(n)
		}
	}
	if again := e.Workers - len(seen.memories); again > 0 { // workers that share a memory learn it each
		learning += e.expect(novelty{newMemory, firstNPU}) * float64(again)
	}
	workers := float64(min(e.Workers, len(order)))
	duration := func(s float64) time.Duration { return time.Duration(s * float64(time.Second) / workers) }
	out.Time, out.Warmup = duration(work+learning), duration(learning)
}

// expect is what there is to learn. Of what there is no sample, that is as much as of an earlier NPU, or of more that is new.
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

// learns says that the memory is a model that learns.
func (p *Point) hasMemo() bool { return p.Config.DRAM.Standard != config.IdealDRAM }

// inOrder are the points as workers meet them.
func inOrder(points []*Point) []*Point {
	order := slices.Clone(points)
	slices.SortStableFunc(order, func(a, b *Point) int { return cmp.Compare(a.memory, b.memory) })
	return order
}

// seen is what a worker has met.
type visited struct {
	memories map[int][]int // their NPUs
	works    map[int]bool
}

func newSeen() *visited { return &visited{map[int][]int{}, map[int]bool{}} }

// add says what is new at a point, from then on no more.
func (s *visited) add(p *Point) novelty {
	npus, work := s.memories[p.memory], s.works[p.work]
	s.works[p.work] = true
	at := slices.Index(npus, p.config)
	n := novelty{what: newSchedule}
	switch {
	case len(npus) == 0:
		n.what = newMemory
	case at < 0:
		n.what = newNPU
	case !work:
		n.what = newWork
	}
	if at < 0 {
		at = len(npus)
		s.memories[p.memory] = append(npus, p.config)
	}
	n.age = min((at+1)/2, later)
	return n
}

// sample picks two memories, eight NPUs before them, of each two works, and of those two schedules: not always the same ones.
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
		if level >= 2 { // the lightest first, in case that time is short
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

// groupsOf cuts points where the key changes; without one, into single ones.
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
