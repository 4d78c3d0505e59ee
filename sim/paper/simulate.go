package paper

import (
	"context"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Options say how to simulate.
type Options struct {
	Sampling replay.Sampling // which decode passes are simulated; zero: all
	Prefill  bool            // also simulate prefill, and the first decode pass followed by a learned schedule's decision
	Workers  int
	Progress func(replay.Progress) // may be nil
}

// SamplingFor is Options.Sampling where nothing else is asked for: all passes with an ideal memory, which takes no time to
// simulate.
func SamplingFor(c *config.Config) replay.Sampling {
	if c.DRAM.Standard == config.IdealDRAM {
		return replay.Sampling{}
	}
	return replay.Sampling{Tolerance: replay.DefaultTolerance}
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
	for i := range bars {
		b := &bars[i]
		mix, err := b.schedules()
		if err != nil {
			return nil, err
		}
		for _, p := range mix {
			if k := b.key(p.schedule); !slices.Contains(keys, k) {
				keys = append(keys, k)
				jobs = append(jobs, b.job(cfg, p.schedule, o))
			}
		}
	}
	prepared, err := replay.PrepareAll(jobs)
	if err != nil {
		return nil, err
	}
	machines := new(replay.MachinePool)
	_, passes, err := replay.RunRows(ctx, prepared, replay.Options{Workers: o.Workers, Progress: o.Progress, Machines: machines})
	if err != nil {
		return nil, err
	}
	times := map[key]*timing{}
	for i, k := range keys {
		t := &timing{fits: prepared[i].Memory().Fits()}
		for _, r := range passes[i] {
			if r.Pass == 0 {
				t.prefill = r.Seconds
			} else {
				t.passes = append(t.passes, r.Seconds)
			}
		}
		times[k] = t
	}
	if o.Prefill {
		err = decide(ctx, cfg, bars, times, replay.Options{Workers: o.Workers, Machines: machines})
	}
	return times, err
}

// job is a bar's model and lengths under a schedule.
func (b *Bar) job(cfg *config.Config, s precision.Schedule, o Options) replay.Job {
	return replay.Job{Config: cfg, Model: b.Preset, Task: b.Task, Prompt: b.Prompt, Generated: b.Generated, Schedule: s, Sampling: o.Sampling,
		DecodeOnly: !o.Prefill}
}

// decide adds the times of the first decode pass of learned bars, which a decision follows.
func decide(ctx context.Context, cfg *config.Config, bars []Bar, times map[key]*timing, o replay.Options) error {
	var keys []key
	var jobs []replay.Job
	var steps [][]int
	for i := range bars {
		b := &bars[i]
		k := b.key(b.learnedSchedule())
		if b.skippedPasses() == 0 || times[k] != nil || slices.Contains(keys, k) {
			continue
		}
		j := b.job(cfg, b.learnedSchedule(), Options{Prefill: true})
		j.Evidence = anyEvidence(b.passes())
		keys, jobs, steps = append(keys, k), append(jobs, j), append(steps, []int{1})
	}
	prepared, err := replay.PrepareAll(jobs)
	if err != nil {
		return err
	}
	counts, err := replay.Steps(ctx, prepared, steps, o)
	if err != nil {
		return err
	}
	for i, k := range keys {
		times[k] = &timing{passes: []float64{counts[i][0].Cycles.Seconds(cfg.Clock)}, fits: prepared[i].Memory().Fits()}
	}
	return nil
}
