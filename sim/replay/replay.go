// Package replay simulates a decode step by step: for each step it determines precision and position, compiles the
// program, runs it and adds up the counts. It is the one loop between a job and its result.
//
// A Job is prepared once: Prepare checks it, decides its precisions and compiles what its steps share. Run and Steps
// simulate prepared jobs; Follow simulates one whose precisions become known while it runs.
//
// A step is a pure function of the NPU and the program. Steps are therefore simulated on several workers in any order
// and added up in step order: results do not depend on the number of workers.
package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/pmpdsim/pmpdsim/npu"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/replay/rows"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/timeline"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/routing"
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
	Experts   routing.Spec // where the experts of tokens come from; of a model that has none, nowhere
	Sampling  Sampling     // which decode passes Run simulates; zero: all

	DecodeOnly bool // leave prefill out: its times and counts are zero

	// Of the trace that is replayed, if there is one.
	Evidence        precision.Evidence // bits of its decode passes, and the signals that a scheduler could use after each
	RecordedPrefill precision.Assignment
	RecordedExperts *routing.Recorded // nil: the trace has none
	TraceSHA256     string
	TraceSource     string
	TraceName       string // of its file, without folders; empty: none
}

// Passes returns the number of decode passes. The first token comes from prefill, so there is one less than tokens.
func (j Job) Passes() int { return j.Generated - 1 }

// Options say how to run jobs.
type Options struct {
	Workers  int            // at least 1
	Progress func(Progress) // called from several goroutines; may be nil
	Version  string         // of the program, for the result
	Timeline *Timeline      // nil: none
	Machines *MachinePool   // reused from earlier runs; nil: none

	Built func(*npu.Machine) // called with each new machine before it runs, by its worker; may be nil
}

// workers is how many there are for a number of steps: none that would have nothing to do, and not many more than there are
// cores, because each has a machine with a memory of its own.
func (o *Options) workers(steps int) int {
	return max(1, min(o.Workers, steps, max(8, 2*runtime.GOMAXPROCS(0))))
}

// run is a prepared job on its way to a result.
type run struct {
	*Prepared
	steps       []int          // that are counted, in rising order: 0 is prefill, n the nth decode pass
	todo        []int          // of them, those to simulate next, in rising order
	counts      []stats.Counts // of each step
	simulated   []bool         // of each step; the others are interpolated
	touched     []isa.Touched  // by each step
	moved       []float64      // bytes by each decode pass, if some are interpolated
	prefillWork int64          // in DRAM transfers, if progress is asked for
	recorder    *recorder      // nil: none
	sampler     *sampler       // nil: every step is simulated
}

// first is the first step that is simulated.
func (r *run) first() int { return r.steps[0] }

// Run simulates prepared jobs and returns their results in the same order, with speed-ups against the baselines among
// them.
func Run(ctx context.Context, prepared []*Prepared, o Options) ([]*result.Result, error) {
	_, results, err := runAll(ctx, prepared, o)
	return results, err
}

// RunRows is Run that also returns a row for each pass of each job.
func RunRows(ctx context.Context, prepared []*Prepared, o Options) ([]*result.Result, [][]rows.Row, error) {
	runs, results, err := runAll(ctx, prepared, o)
	if err != nil {
		return nil, nil, err
	}
	all := make([][]rows.Row, len(runs))
	for i, r := range runs {
		all[i] = r.rows()
	}
	return results, all, nil
}

func runAll(ctx context.Context, prepared []*Prepared, o Options) ([]*run, []*result.Result, error) {
	runs := make([]*run, len(prepared))
	for i, p := range prepared {
		runs[i] = p.run(p.all())
		if p.Sampling.All() {
			continue
		}
		var err error
		if runs[i].sampler, err = newSampler(ctx, runs[i]); err != nil {
			return nil, nil, fmt.Errorf("schedule %s: %w", p.Schedule, err)
		}
	}
	if err := record(runs, o); err != nil {
		return nil, nil, err
	}
	if err := simulate(ctx, runs, o); err != nil {
		return nil, nil, err
	}
	jobs, results := make([]Job, len(runs)), make([]*result.Result, len(runs))
	for i, r := range runs {
		out, err := r.result(o.Version)
		if err != nil {
			return nil, nil, err
		}
		jobs[i], results[i] = r.Job, out
	}
	Compare(jobs, results)
	return runs, results, nil
}

// Steps simulates the given steps of each prepared job and returns the counts of each, in the given order: 0 is
// prefill, n the nth decode pass. A step's counts are the same as in a run of all steps. Steps writes no timeline.
func Steps(ctx context.Context, prepared []*Prepared, steps [][]int, o Options) ([][]stats.Counts, error) {
	runs := make([]*run, len(prepared))
	for i, p := range prepared {
		for _, s := range steps[i] {
			if s < 0 || s > p.Passes() {
				return nil, fmt.Errorf("schedule %s: step %d of %d tokens; accepted: 0, which is prefill, to %d", p.Schedule, s, p.Generated,
					p.Passes())
			}
		}
		runs[i] = p.run(slices.Compact(slices.Sorted(slices.Values(steps[i]))))
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

// simulate runs all steps of all runs on the workers, in rounds: of sampled runs each round says what the next one simulates.
func simulate(ctx context.Context, runs []*run, o Options) error {
	if o.Progress != nil {
		for _, r := range runs {
			if err := r.weigh(); err != nil {
				return err
			}
		}
	}
	if o.Machines == nil {
		o.Machines = new(MachinePool)
	}
	meter := newMeter(runs, o.Progress)
	for work := newQueue(runs); work.len() > 0; work = newQueue(runs) {
		if err := work.simulate(ctx, runs, o, meter); err != nil {
			return err
		}
		for _, r := range runs {
			if err := r.endRound(meter); err != nil {
				return err
			}
		}
	}
	return nil
}

// endRound notes what has been simulated, and says what is next.
func (r *run) endRound(total *meter) error {
	for _, step := range r.todo {
		r.simulated[step] = true
	}
	r.todo = nil
	if r.sampler == nil {
		return nil
	}
	if r.sampler.next(); len(r.todo) > 0 {
		return nil
	}
	passes, err := r.sampler.fill()
	for _, pass := range passes {
		total.add(1, r.weight(pass))
	}
	return err
}

// simulate runs the steps of a queue on the workers.
func (q *queue) simulate(ctx context.Context, runs []*run, o Options, total *meter) error {
	workers := o.workers(q.len())
	o.Machines.begin(workers, runs)
	g, ctx := errgroup.WithContext(ctx)
	for _, machines := range o.Machines.workers[:workers] {
		g.Go(func() error {
			for t, ok := q.take(noTask); ok; t, ok = q.take(t) {
				if err := t.simulate(ctx, runs[t.run], machines, total, &o); err != nil {
					q.fail(t, err)
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		o.Machines.forget()
		return q.failure(err)
	}
	return nil
}

// simulate runs a step on the worker's machine for the run's NPU, or takes the counts of an equal one.
func (t task) simulate(ctx context.Context, r *run, machines *workerMachines, total *meter, o *Options) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p, err := r.program(t.step)
	if err != nil {
		return err
	}
	step := total.step(r.weight(t.step), p.Transfers())
	run := func() (stats.Counts, error) { return t.watched(ctx, r, machines, p, step, o.Built) }
	if r.recorder != nil || o.Built != nil { // somebody looks at what happens within
		r.counts[t.step], err = run()
	} else {
		r.counts[t.step], err = o.Machines.known.of(ctx, r.machine, p, run)
	}
	if err != nil {
		return err
	}
	r.touched[t.step] = p.Experts
	step.end()
	return nil
}

// watched runs a program on the worker's machine, and records it if that is asked for.
func (t task) watched(ctx context.Context, r *run, machines *workerMachines, p *isa.Program, at *step,
	built func(*npu.Machine)) (c stats.Counts, err error) {
	m, err := machines.of(r, built)
	if err != nil {
		return c, err
	}
	m.Watch(func(transfers int64) error {
		at.at(transfers)
		return ctx.Err()
	})
	var seen *timeline.Step
	if r.recorder != nil {
		seen = r.recorder.observe(m, t.step, p)
	}
	if c, err = m.Run(p); err != nil || r.recorder == nil {
		return c, err
	}
	return c, r.recorder.done(t.step, seen, c.Cycles)
}

// result adds up the steps in their order. It fails on times and energies that are too large to tell.
func (r *run) result(version string) (*result.Result, error) {
	j := &r.Job
	batch := max(j.Batch, 1)
	out := &result.Result{NPU: j.Config.Name, Batch: batch, Model: j.Model.Name, Task: j.Task, Schedule: j.Schedule.String(),
		PrefillBits: j.Schedule.PrefillAt(j.RecordedPrefill).Max(), KVBits: int(j.Config.KV.Bits), PromptTokens: j.Prompt, GeneratedTokens: j.Generated,
		TraceSHA256: j.TraceSHA256, TraceSource: j.TraceSource, Classifier: j.Evidence.Classifier, Config: r.npu, Shape: j.Model.Fingerprint(), Version: version,
		Inputs: &result.Inputs{NPU: inFull(j.Config), Model: inFull(j.Model.Shape()), Trace: j.TraceName}}
	if len(j.Schedule.Rules) > 0 {
		out.Rules = precision.RulesText(j.Schedule.Rules)
	}
	if j.Model.Stored != nil {
		out.Format = j.Model.Stored.String()
	}
	if kv := j.Config.KV; kv.Apart() {
		out.KeyBits, out.ValueBits = int(kv.Keys().Bits), int(kv.Values().Bits)
	} else {
		out.KVBits = int(kv.Keys().Bits)
	}
	for range batch { // prompts are alike: one is simulated
		out.Counts.Prefill.Add(&r.counts[0])
	}
	for i := 1; i < len(r.counts); i++ {
		out.Counts.Decode.Add(&r.counts[i])
	}
	if r.sampler != nil {
		r.sampler.say(out)
	}
	if r.plan != nil {
		out.Counterfactual = r.plan.Counterfactual()
	}
	out.Footprint = r.Memory()
	out.Experts = r.experts()
	if !r.prefill.IsUniform() {
		out.AvgPrefillBits = r.prefill.Average(j.Model)
	}
	if err := out.Fill(j.Config, r.averages(), r.compiler.Operators()); err != nil {
		return nil, fmt.Errorf("%s, %s: %w", j.Config.Name, j.Schedule, err)
	}
	return out, nil
}

// averages are the bits of a weight on average in each decode pass.
func (r *run) averages() []float64 {
	known := map[precision.Assignment]float64{} // few, of many passes
	all := make([]float64, len(r.bits))
	for i, at := range r.bits {
		if _, ok := known[at]; !ok {
			known[at] = at.Average(r.Model)
		}
		all[i] = known[at]
	}
	return all
}

// inFull is an input in full.
func inFull(v any) json.RawMessage {
	line, err := result.Encode(v)
	if err != nil {
		panic("replay: " + err.Error())
	}
	return bytes.TrimSpace(line)
}

// Compare sets the speed-ups of results, in the order of their jobs: each against the plain fp16 and uniform schedules
// of the same NPU, model and lengths; the uniform one with the same rules of precision, where it was run.
func Compare(jobs []Job, results []*result.Result) {
	find := func(like *result.Result, job *Job, bits int, rules string) *result.Result {
		for i := range jobs {
			j := &jobs[i]
			if precision.RulesText(j.Schedule.Rules) == rules && (j.Schedule.Kind == precision.KindUniform || j.Schedule.Kind == precision.KindFP16) && j.Schedule.Bits[0] == bits &&
				j.Prompt == job.Prompt && j.Generated == job.Generated && j.Batch == job.Batch && j.Experts == job.Experts && results[i].Model == like.Model &&
				results[i].Config == like.Config && results[i].Shape == like.Shape {
				return results[i]
			}
		}
		return nil
	}
	for i, r := range results {
		j := &jobs[i]
		r.Compare(result.Baselines{FP16: find(r, j, 16, ""), Uniform: func(b int) *result.Result {
			if b == 16 {
				return nil // that is fp16, its own baseline
			}
			if like := find(r, j, b, precision.RulesText(j.Schedule.Rules)); like != nil {
				return like
			}
			return find(r, j, b, "")
		}}, j.Schedule.HighestDecodeBits(j.Evidence.Recorded))
	}
}
