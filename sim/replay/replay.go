// Package replay walks over a decode trace, step by step: which precision, which position, which program, what it
// counted. It is the one loop between a job and its result.
//
// A step is a pure function of the NPU and the program, so steps are simulated on several workers in any order and added
// up in theirs: results do not depend on the number of workers.
package replay

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/pmpdsim/pmpdsim/npu"
	"github.com/pmpdsim/pmpdsim/npu/compile"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/timeline"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Job is one schedule on one NPU.
type Job struct {
	Config    *config.Config
	Model     *workloads.Model
	Task      string // its name, or what the lengths come from
	Prompt    int    // tokens
	Generated int    // tokens, the first of which comes from prefill
	Batch     int    // sequences that decode together, all of these lengths and this schedule; 0: 1
	Schedule  precision.Schedule

	DecodeOnly bool // leave prefill out: its times and counts are zero

	// Of the trace that is replayed, if there is one.
	Evidence        precision.Evidence // bits of its decode passes, and what a scheduler could know after each
	RecordedPrefill int
	TraceSHA256     string
	TraceSource     string
}

// Options say how to run jobs.
type Options struct {
	Workers  int            // at least 1
	Progress func(Progress) // called now and then, from several goroutines; may be nil
	Version  string         // of the program, for the result
	Timeline *Timeline      // nil: none
	Machines *Machines      // kept from the last Run; nil: none

	Built func(*npu.Machine) // called with each machine before it runs, by the worker that has it; may be nil
}

// run is a job on its way to a result.
type run struct {
	job      Job
	npu      string // the configuration's fingerprint
	compiler *compile.Compiler
	prefill  unit.Bits
	bits     []int           // of each decode pass
	plan     *precision.Plan // nil if nothing was decided
	asked    []bool          // after each decode pass: whether the schedule had to work something out
	steps    []int           // that are simulated, in rising order: 0 is prefill, n the nth decode pass
	counts   []stats.Counts  // of each step
	weights  map[int]int64   // DRAM transfers of prefill (0) and of a decode pass by its bits
	recorder *recorder       // nil: none
}

// Run simulates jobs and returns their results in the same order, with speed-ups against the baselines among them.
func Run(ctx context.Context, jobs []Job, o Options) ([]*result.Result, error) {
	runs := make([]*run, len(jobs))
	for i, j := range jobs {
		r, err := prepare(j, every(j), o)
		if err != nil {
			return nil, fmt.Errorf("schedule %s: %w", j.Schedule, err)
		}
		runs[i] = r
	}
	if err := record(runs, o); err != nil {
		return nil, err
	}
	if err := simulate(ctx, runs, o); err != nil {
		return nil, err
	}
	results := make([]*result.Result, len(runs))
	for i, r := range runs {
		results[i] = r.result(o.Version)
	}
	Compare(jobs, results)
	return results, nil
}

// Steps simulates some steps of jobs and returns what each of them counted, as they are given: 0 is prefill, n the nth decode
// pass. A step counts the same here as in a run of all steps. No timeline is written.
func Steps(ctx context.Context, jobs []Job, steps [][]int, o Options) ([][]stats.Counts, error) {
	runs := make([]*run, len(jobs))
	for i, j := range jobs {
		for _, s := range steps[i] {
			if s < 0 || s >= j.Generated {
				return nil, fmt.Errorf("schedule %s: step %d of %d tokens; accepted: 0, which is prefill, to %d", j.Schedule, s, j.Generated,
					j.Generated-1)
			}
		}
		r, err := prepare(j, slices.Compact(slices.Sorted(slices.Values(steps[i]))), o)
		if err != nil {
			return nil, fmt.Errorf("schedule %s: %w", j.Schedule, err)
		}
		runs[i] = r
	}
	if err := simulate(ctx, runs, o); err != nil {
		return nil, err
	}
	counts := make([][]stats.Counts, len(runs))
	for i, r := range runs {
		for _, s := range steps[i] {
			counts[i] = append(counts[i], r.counts[s])
		}
	}
	return counts, nil
}

// every lists the steps of a job.
func every(j Job) []int {
	var all []int
	for s := range j.Generated {
		if s > 0 || !j.DecodeOnly {
			all = append(all, s)
		}
	}
	return all
}

// prepare checks a job and compiles what its steps share.
func prepare(j Job, steps []int, o Options) (*run, error) {
	if j.Generated < 2 {
		return nil, fmt.Errorf("%d tokens to generate leave nothing to decode; accepted: 2 or more, the first comes from prefill", j.Generated)
	}
	if err := j.Model.CheckLengths(j.Prompt, j.Generated); err != nil {
		return nil, err
	}
	policy, err := j.Schedule.Resolve(j.Generated, j.Evidence)
	if err != nil {
		return nil, err
	}
	r := j.begin(steps)
	r.plan, _ = policy.(*precision.Plan)
	used := []unit.Bits{r.prefill}
	for pass := 1; pass < j.Generated; pass++ {
		b := policy.Bits(pass)
		r.bits[pass-1], r.asked[pass-1] = b, r.plan != nil && pass <= r.plan.Asked
		used = append(used, unit.Bits(b))
	}
	if err := r.compile(used, policy); err != nil {
		return nil, err
	}
	if o.Progress == nil {
		return r, nil
	}
	return r, r.weigh()
}

// begin is a run of a job before it is known what its passes are.
func (j Job) begin(steps []int) *run {
	return &run{job: j, npu: j.Config.Fingerprint(), prefill: unit.Bits(j.Schedule.PrefillBits(j.RecordedPrefill)), steps: steps,
		bits: make([]int, j.Generated-1), asked: make([]bool, j.Generated-1), counts: make([]stats.Counts, j.Generated)}
}

// compile prepares what all steps share, for the precisions that they use.
func (r *run) compile(used []unit.Bits, policy precision.Policy) error {
	j := &r.job
	var err error
	r.compiler, err = compile.New(compile.Job{Config: j.Config, Model: j.Model, Precisions: used, Prompt: j.Prompt,
		Generated: j.Generated, Batch: j.Batch, Decide: j.Deciding(policy)})
	return err
}

// first is the first step that is simulated.
func (r *run) first() int { return r.steps[0] }

// program compiles a step: 0 is prefill, n the nth decode pass.
func (r *run) program(step int) (*isa.Program, error) {
	if step == 0 {
		return r.compiler.Prefill(r.job.Prompt, r.prefill)
	}
	before := r.prefill
	if step > 1 {
		before = unit.Bits(r.bits[step-2])
	}
	past, bits := r.job.Prompt+step-1, unit.Bits(r.bits[step-1])
	if r.asked[step-1] {
		return r.compiler.DecodeDeciding(past, bits, before)
	}
	return r.compiler.Decode(past, bits, before)
}

// simulate runs all steps of all runs on the workers.
func simulate(ctx context.Context, runs []*run, o Options) error {
	work, meter := newQueue(runs), newMeter(runs, o.Progress)
	workers := max(1, o.Workers)
	if o.Machines == nil {
		o.Machines = new(Machines)
	}
	o.Machines.begin(workers, runs)
	g, ctx := errgroup.WithContext(ctx)
	for _, machines := range o.Machines.workers[:workers] {
		g.Go(func() error {
			for t, ok := work.take(none); ok; t, ok = work.take(t) {
				if err := t.simulate(ctx, runs[t.run], machines, meter, o.Built); err != nil {
					work.fail(t, err)
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		o.Machines.forget()
		return work.failure(err)
	}
	return nil
}

// simulate runs a step on the worker's machine for the run's NPU.
func (t task) simulate(ctx context.Context, r *run, machines *pool, total *meter, built func(*npu.Machine)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m, err := machines.of(r, built)
	if err != nil {
		return err
	}
	p, err := r.program(t.step)
	if err != nil {
		return err
	}
	step := total.step(r.weight(t.step), p.Transfers())
	m.Watch(func(transfers int64) error {
		step.at(transfers)
		return ctx.Err()
	})
	var seen *timeline.Step
	if r.recorder != nil {
		seen = r.recorder.observe(m, t.step, p)
	}
	if r.counts[t.step], err = m.Run(p); err != nil {
		return err
	}
	step.end()
	if r.recorder != nil {
		return r.recorder.done(t.step, seen, r.counts[t.step].Cycles)
	}
	return nil
}

// result adds the steps up in their order.
func (r *run) result(version string) *result.Result {
	j := &r.job
	batch := max(j.Batch, 1)
	out := &result.Result{NPU: j.Config.Name, Batch: batch, Model: j.Model.Name, Task: j.Task, Schedule: j.Schedule.String(),
		PrefillBits: int(r.prefill), KVBits: int(j.Config.KV.Bits), PromptTokens: j.Prompt, GeneratedTokens: j.Generated,
		TraceSHA256: j.TraceSHA256, TraceSource: j.TraceSource, Config: r.npu, Version: version}
	for range batch { // prompts are alike: one is simulated
		out.Counts.Prefill.Add(&r.counts[0])
	}
	for i := 1; i < len(r.counts); i++ {
		out.Counts.Decode.Add(&r.counts[i])
	}
	if r.plan != nil {
		out.Counterfactual = r.plan.Counterfactual()
	}
	f := r.compiler.Footprint()
	out.Footprint = result.Memory{Footprint: f, Total: f.Total(), Capacity: j.Config.DRAM.Capacity}
	out.Fill(j.Config, r.bits, r.compiler.Operators())
	return out
}

// Compare sets the speed-ups of results, in the order of their jobs: each against the plain fp16 and uniform schedules of the
// same NPU, model and lengths.
func Compare(jobs []Job, results []*result.Result) {
	find := func(like *result.Result, job *Job, bits int) *result.Result {
		for i := range jobs {
			j := &jobs[i]
			if (j.Schedule.Kind == precision.KindUniform || j.Schedule.Kind == precision.KindFP16) && j.Schedule.Bits[0] == bits &&
				j.Prompt == job.Prompt && j.Generated == job.Generated && j.Batch == job.Batch && results[i].Model == like.Model &&
				results[i].Config == like.Config {
				return results[i]
			}
		}
		return nil
	}
	for i, r := range results {
		j := &jobs[i]
		r.Compare(result.Baselines{FP16: find(r, j, 16), Uniform: func(b int) *result.Result {
			if b == 16 {
				return nil // that is fp16, its own baseline
			}
			return find(r, j, b)
		}}, j.Schedule.HighestDecodeBits(j.Evidence.Recorded))
	}
}
