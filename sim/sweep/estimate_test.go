package sweep

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/pmpdsim/pmpdsim/npu/config"
)

// grid is points of memories, of NPUs before each, of works and of schedules on each, in the order of workers; they
// cost 1, 2, ….
func grid(memories, npus, works, schedules int) []*Point {
	var points []*Point
	c := &config.Config{DRAM: config.DRAM{Standard: "lpddr5-6400"}}
	for m := range memories {
		for n := range npus {
			for w := range works {
				for s := range schedules {
					p := &Point{memory: m, config: m*npus + n, work: (m*npus+n)*works + w, Cost: float64(1 + w*schedules + s)}
					p.Config = c
					points = append(points, p)
				}
			}
		}
	}
	return points
}

func TestNewsAreWhatAWorkerHasNotMet(t *testing.T) {
	s := newSeen()
	for i, c := range []struct {
		memory, config, work int
		want                 novelty
	}{
		{0, 0, 0, novelty{newMemory, firstNPU}},
		{0, 0, 0, novelty{newSchedule, firstNPU}},
		{0, 0, 1, novelty{newWork, firstNPU}},
		{0, 1, 2, novelty{newNPU, second}},
		{0, 1, 2, novelty{newSchedule, second}},
		{0, 1, 3, novelty{newWork, second}},
		{0, 2, 4, novelty{newNPU, second}},
		{0, 3, 5, novelty{newNPU, later}},
		{0, 3, 6, novelty{newWork, later}},
		{1, 4, 7, novelty{newMemory, firstNPU}},
	} {
		if got := s.add(&Point{memory: c.memory, config: c.config, work: c.work}); got != c.want {
			t.Errorf("point %d: %v, want %v", i, got, c.want)
		}
	}
}

func TestSamplesAreSpreadOverTheSweep(t *testing.T) {
	for _, c := range []struct {
		what   string
		points []*Point
		want   int
	}{
		{"one point", grid(1, 1, 1, 1), 1},
		{"many memories", grid(10, 5, 4, 5), 2 * 4 * 2 * 2},
		{"one memory", grid(1, 16, 1, 3), 8 * 1 * 2},
		{"one NPU", grid(1, 1, 4, 5), 2 * 2},
	} {
		got := sample(c.points)
		seen := map[*Point]bool{}
		for _, p := range got {
			seen[p] = true
		}
		if len(got) != c.want || len(seen) != len(got) {
			t.Errorf("%s: %d samples, %d different ones, want %d", c.what, len(got), len(seen), c.want)
		}
		if got[0].Cost > 1 {
			t.Errorf("%s: the first costs %v, not the least", c.what, got[0].Cost)
		}
	}
}

// TestAnEstimateTakesLearningApart has samples in which all is as it should be: 10 ms for a unit of cost, and so much
// for news.
func TestAnEstimateTakesLearningApart(t *testing.T) {
	warmup := func(n novelty) float64 {
		return map[int]float64{newMemory: 2, newNPU: 0.5, newWork: 0.2, newSchedule: 0.1}[n.what] / float64(1+n.age)
	}
	points := grid(3, 6, 2, 2)
	e := Estimator{Workers: 2}
	met := newSeen()
	for _, p := range sample(points) {
		n := met.add(p)
		e.warmup[n.what][n.age] += warmup(n)
		e.samples[n.what][n.age]++
		e.work += p.Cost / 100
		e.costs += p.Cost
	}
	want, warmed := 0.0, 0.0
	met = newSeen()
	for _, p := range points {
		want += p.Cost / 100
		warmed += warmup(met.add(p))
	}
	var got Estimate
	e.scale(points, &got)
	if math.Abs(got.Time.Seconds()-(want+warmed)/2) > 1e-6 || math.Abs(got.Warmup.Seconds()-warmed/2) > 1e-6 {
		t.Errorf("%v, of which %v warm-up; want %v s and %v s", got.Time, got.Warmup, (want+warmed)/2, warmed/2)
	}
	t.Run("workers beyond the number of memories learn one again", func(t *testing.T) {
		e.Workers = 5
		e.scale(points, &got)
		if again := got.Warmup.Seconds()*5 - warmed; math.Abs(again-2*2) > 1e-6 {
			t.Errorf("they learn %v s more, want 4", again)
		}
	})
	t.Run("news without a sample cost what is like them", func(t *testing.T) {
		e.samples[newSchedule], e.samples[newNPU][later] = [ages]int{}, 0
		if a, b := e.expect(novelty{newSchedule, second}), e.expect(novelty{newNPU, later}); a != warmup(novelty{newWork, second}) || b != warmup(novelty{newNPU, second}) {
			t.Errorf("%v and %v", a, b)
		}
	})
}

func TestEstimatesAreSimulated(t *testing.T) {
	spec := specIn(t, small)
	s, err := Load(spec, MostPoints)
	if err != nil {
		t.Fatal(err)
	}
	points, err := s.Points(t.Context(), spec, testVersion)
	if err != nil {
		t.Fatal(err)
	}
	ticks := time.Duration(0)
	clock := func() time.Duration {
		ticks += time.Second
		return ticks
	}
	e := Estimator{Limit: time.Minute, Workers: 1, Clock: clock}
	got, err := e.Of(t.Context(), points)
	// a second passes in each simulation: that is the work of a sample, and there is nothing to learn about an ideal
	// memory
	if err != nil || got.Points != 32 || got.Warmup != 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	sampled, all := 0.0, 0.0
	for _, p := range sample(inOrder(points)) {
		sampled += p.Cost
	}
	for _, p := range points {
		all += p.Cost
	}
	if want := 32 * all / sampled; math.Abs(got.Time.Seconds()-want) > 1e-6 {
		t.Errorf("%v, want %v s", got.Time, want)
	}
	t.Run("without time there is none", func(t *testing.T) {
		if got, err := (&Estimator{Workers: 1, Clock: clock}).Of(t.Context(), points); err != nil || got.Points != 0 {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("an interruption is an error", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := (&Estimator{Limit: time.Minute, Workers: 1, Clock: clock}).Of(ctx, points); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
	if !slices.IsSortedFunc(inOrder(points), func(a, b *Point) int { return a.memory - b.memory }) {
		t.Error("the points are not in the order of workers")
	}
}
