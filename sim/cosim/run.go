package cosim

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Job is one schedule for both machines.
type Job struct {
	Live gpu.Job
	NPU  replay.Job
}

// Plan returns the job of a recording on an NPU. The recording goes on when an answer ends.
func Plan(live gpu.Job, npu *config.Config, task string) Job {
	live.IgnoreEOS = true
	return Job{live, replay.Job{Config: npu, Model: live.Model.Model, Task: cmp.Or(live.Task, task),
		Prompt: len(live.Prompt), Generated: live.Generate, Batch: 1, Schedule: live.Schedule}}
}

// Options say how jobs run.
type Options struct {
	Workers int                               // simulate on so many cores; results do not depend on it
	Version string                            // of the program, for the results
	Token   func()                            // called for each token that was decoded, from one goroutine; may be nil
	Keep    func(job int, trace []byte) error // keeps the file of a job's trace, as soon as it is complete; may be nil
}

// Result is one schedule on both machines.
type Result struct {
	NPU   *result.Result
	Trace *traces.Trace // what the engine recorded
}

// Run runs one job after the other. Speed-ups of the NPU's results are set, to those that have run. With an error it returns the
// jobs that had ended before.
func Run(ctx context.Context, engine gpu.Backend, jobs []Job, o Options) ([]Result, error) {
	machines := new(replay.MachinePool)
	var runs []Result
	var simulated []*result.Result
	var what []replay.Job
	var failed error
	for i := range jobs {
		j := &jobs[i]
		r, err := j.run(ctx, engine, &o, i, machines)
		if err != nil {
			failed = fmt.Errorf("schedule %s: %w", j.NPU.Schedule, err)
			break
		}
		r.NPU.TraceSHA256, r.NPU.TraceSource = r.Trace.SHA256, string(r.Trace.Header.Source)
		runs, simulated, what = append(runs, r), append(simulated, r.NPU), append(what, j.NPU)
	}
	replay.Compare(what, simulated)
	return runs, failed
}

// run decodes under one schedule and simulates each pass once it is known.
func (j *Job) run(ctx context.Context, engine gpu.Backend, o *Options, job int, machines *replay.MachinePool) (r Result, err error) {
	g, ctx := errgroup.WithContext(ctx)
	recorder, err := gpu.NewRecorder(ctx, engine, j.Live)
	if err != nil {
		return r, err
	}
	over, err := j.Live.Schedule.Over(j.Live.Model.Model, j.Live.Generate)
	if err != nil {
		return r, err
	}
	passes := make(chan replay.Pass, j.Live.Generate) // never full
	g.Go(func() (err error) {
		options := replay.Options{Workers: o.Workers, Version: o.Version, Machines: machines}
		r.NPU, _, err = replay.Follow(ctx, j.NPU, passes, options)
		return err
	})
	var file bytes.Buffer
	g.Go(func() error {
		err := recorder.Write(&file, func(record traces.Record) {
			switch s := record.(type) {
			case *traces.Prefill:
				passes <- replay.Pass{Experts: j.experts(s.Experts)}
				o.token()
			case *traces.Step:
				passes <- replay.Pass{At: over.At(precision.Uniform(s.WBits), s.I+1), Asked: recorder.Asked() > s.I, Experts: j.experts(s.Experts)}
				o.token()
			}
		})
		if err == nil {
			close(passes) // else the group's context ends the simulation
		}
		return err
	})
	if err := g.Wait(); err != nil {
		return r, err
	}
	if o.Keep != nil {
		if err := o.Keep(job, file.Bytes()); err != nil {
			return r, err
		}
	}
	reader, err := traces.NewReader(r.NPU.Schedule, &file)
	if err != nil {
		return r, err
	}
	r.Trace, err = traces.ReadAll(reader)
	return r, errors.Join(err, reader.Close())
}

// experts are those that a record of the engine's trace says.
func (j *Job) experts(text string) []int {
	if j.NPU.Model.Experts == nil {
		return nil
	}
	ids, err := traces.DecodeExperts(text, j.NPU.Model.Experts.Count)
	if err != nil {
		panic("cosim: " + err.Error()) // the recorder has just encoded them
	}
	return ids
}

func (o *Options) token() {
	if o.Token != nil {
		o.Token()
	}
}
