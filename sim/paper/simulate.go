package paper

import (
	"context"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Options say how to simulate.
type Options struct {
	// Passes is how many decode passes are simulated of each run of passes at one precision: its first, its last, and
	// others evenly between. The time of a pass is almost linear in the cache's length; the others are interpolated. 0:
	// all.
	Passes   int
	Prefill  bool // also simulate prefill, and the first decode pass followed by a learned schedule's decision
	Workers  int
	Progress func(replay.Progress) // may be nil
}

// Sampled is Options.Passes for a real memory: simulating only the first and the last is within 0.1 % of all (a test).
const Sampled = 2

// PassesFor returns Options.Passes for an NPU: all passes with an ideal memory, which takes no time to simulate.
func PassesFor(c *config.Config) int {
	if c.DRAM.Standard == config.IdealDRAM {
		return 0
	}
	return Sampled
}

// timing is the times of a schedule.
type timing struct {
	prefill float64   // seconds; 0 where it was not simulated
	passes  []float64 // seconds of each decode pass, the first pass first
	fits    bool      // the DRAM holds all that it needs
}

// decode returns the time in seconds of all decode passes after the first skipped ones.
func (t *timing) decode(skipped int) float64 {
	sum := 0.0
	for _, s := range t.passes[skipped:] {
		sum += s
	}
	return sum
}

// key identifies a schedule for a bar's model and lengths.
type key struct{ model, task, schedule string }

func (b *Bar) key(s precision.Schedule) key { return key{b.Preset.Name, b.Task, s.String()} }

// simulate runs every schedule of the bars on an NPU, each once.
func simulate(ctx context.Context, cfg *config.Config, bars []Bar, o Options) (map[key]*timing, error) {
	var keys []key
	var jobs []replay.Job
	var steps [][]int
	for i := range bars {
		b := &bars[i]
		mix, err := b.schedules()
		if err != nil {
			return nil, err
		}
		for _, p := range mix {
			k := b.key(p.schedule)
			if slices.Contains(keys, k) {
				continue
			}
			some, err := b.steps(p.schedule, o)
			if err != nil {
				return nil, err
			}
			keys = append(keys, k)
			steps = append(steps, some)
			jobs = append(jobs, replay.Job{Config: cfg, Model: b.Preset, Task: b.Task, Prompt: b.Prompt, Generated: b.Generated,
				Schedule: p.schedule, DecodeOnly: !o.Prefill})
		}
	}
	if o.Prefill {
		for i := range bars {
			if b := &bars[i]; b.skippedPasses() > 0 && !slices.Contains(keys, b.key(b.learnedSchedule())) {
				keys = append(keys, b.key(b.learnedSchedule()))
				steps = append(steps, []int{1})
				jobs = append(jobs, replay.Job{Config: cfg, Model: b.Preset, Task: b.Task, Prompt: b.Prompt, Generated: b.Generated,
					Schedule: b.learnedSchedule(), Evidence: anyEvidence(b.passes())})
			}
		}
	}
	prepared, err := replay.PrepareAll(jobs)
	if err != nil {
		return nil, err
	}
	counts, err := replay.Steps(ctx, prepared, steps, replay.Options{Workers: o.Workers, Progress: o.Progress})
	if err != nil {
		return nil, err
	}
	times := map[key]*timing{}
	for i, k := range keys {
		times[k] = newTiming(cfg, jobs[i].Passes(), steps[i], counts[i])
		times[k].fits = prepared[i].Memory().Fits()
	}
	return times, nil
}

// steps returns the steps of a schedule to simulate: prefill (0) if the options want it, and decode passes.
func (b *Bar) steps(s precision.Schedule, o Options) ([]int, error) {
	policy, err := s.Resolve(b.Preset, b.Generated, precision.Evidence{})
	if err != nil {
		return nil, err
	}
	var all []int
	if o.Prefill {
		all = append(all, 0)
	}
	first := 1
	for pass := 2; pass <= b.Generated; pass++ {
		if pass < b.Generated && policy.At(pass) == policy.At(first) {
			continue
		}
		all = append(all, evenly(first, pass-1, o.Passes)...)
		first = pass
	}
	return all, nil
}

// evenly returns n numbers from first to last, evenly spaced and with both; all numbers if there are at most n, or n is
// 0.
func evenly(first, last, n int) []int {
	var all []int
	if between := last - first; n > 1 && between >= n {
		for i := range n {
			all = append(all, first+between*i/(n-1))
		}
		return all
	}
	for pass := first; pass <= last; pass++ {
		all = append(all, pass)
	}
	return all
}

// newTiming interpolates between the simulated passes. They include the first and the last pass at each precision, so
// it never interpolates between two precisions.
func newTiming(cfg *config.Config, passes int, steps []int, counts []stats.Counts) *timing {
	t := &timing{passes: make([]float64, passes)}
	last := 0 // pass simulated before
	for i, step := range steps {
		now := counts[i].Cycles.Seconds(cfg.Clock)
		if step == 0 {
			t.prefill = now
			continue
		}
		t.passes[step-1] = now
		for pass := last + 1; pass < step; pass++ {
			before := t.passes[last-1]
			t.passes[pass-1] = before + (now-before)*float64(pass-last)/float64(step-last)
		}
		last = step
	}
	return t
}
