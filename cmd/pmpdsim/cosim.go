package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

func cosimCommand() *cli.Command {
	return &cli.Command{
		Name: "cosim", Usage: "decode a model for real while the NPU simulates the same passes",
		Description: `Runs a model under each schedule on a GPU, or on the CPU if it is small, and hands each decode pass to the simulated NPU as
soon as its precision is known; the GPU does not wait. One table has both: time per pass, tokens/s and
speed-up over fp16 on either machine, and how far the schedule agrees with fp16. The numbers of the NPU are
those that run --trace gives for the recorded traces, which --traces keeps. Answers always have --gen tokens.

EXAMPLES:
   pmpdsim cosim --model mobilellama-1.4b --weights random --prompt 128 --gen 64 \
      --schedule fp16 --schedule uniform:4 --schedule confidence:4>3 --npu edge-lpddr5
   pmpdsim cosim --model path/to/model --prompt-file p.txt --schedule 'learned:4>3,classifier=c.safetensors' --npu edge-lpddr5
   pmpdsim cosim --backend cpu --model path/to/config.json --weights random --prompt 16 --gen 8 --npu pmpd-paper --traces build`,
		Flags: slices.Concat(engineFlags(), npuFlags(), machineFlags(), []cli.Flag{
			schedulesFlag(),
			tracesFlag("keep the recorded traces in `DIR`", ""),
			workersFlag(),
			outputFlag("write to `FILE`", "the terminal"),
			formatFlag("table", "json"),
		}),
		Action: action(fillCosim),
	}
}

// coRun is one schedule on both machines.
type coRun struct {
	Schedule string         `json:"schedule"`
	Decoded  plots.Decoded  `json:"decoded"`
	NPU      *result.Result `json:"npu"`
}

// cosimOptions are what cosim was asked for.
type cosimOptions struct {
	npu       npuOptions
	engine    engineOptions
	schedules []string
	traces    string // directory that keeps them; empty: none
	workers   int
	output    string
	format    string
}

func fillCosim(c *cli.Context) (*cosimOptions, error) {
	o := &cosimOptions{schedules: c.StringSlice("schedule"), traces: c.String("traces"), workers: c.Int("workers"), output: c.String("output"),
		format: c.String("format")}
	var err error
	if o.npu, err = npuFrom(c); err != nil {
		return nil, err
	}
	o.engine, err = engineFrom(c)
	return o, err
}

func (o *cosimOptions) run(ctx context.Context, s streams) error {
	cfg, err := o.npu.load()
	if err != nil {
		return err
	}
	e, err := o.engine.find()
	if err != nil {
		return err
	}
	defer e.close()
	schedules, err := e.parseSchedules(o.schedules)
	if err != nil {
		return err
	}
	co := &cosimulation{options: o, engine: e, npu: cfg}
	for _, schedule := range schedules {
		if err := co.plan(schedule); err != nil {
			return err
		}
	}
	if err := e.load(s, schedules); err != nil {
		return err
	}
	runs, err := co.decode(ctx, s)
	if err != nil {
		return err
	}
	return s.emit(o.output, func(w io.Writer) error { return co.show(w, runs) })
}

// parseSchedules are those of the texts, or the model's three.
func (e *engine) parseSchedules(texts []string) (all []precision.Schedule, err error) {
	if len(texts) == 0 {
		w := workload{model: e.model.Model}
		texts = w.defaultSchedules()
	}
	for _, text := range texts {
		s, err := precision.ParseFor(text, e.model.Model)
		if err != nil {
			return nil, flagged("schedule", "", err)
		}
		if !slices.ContainsFunc(all, func(t precision.Schedule) bool { return t.String() == s.String() }) {
			all = append(all, s)
		}
	}
	return all, nil
}

// cosimulation is what all schedules share.
type cosimulation struct {
	options *cosimOptions
	engine  *engine
	npu     *config.Config
	jobs    []replay.Job
	live    []gpu.Job
}

// plan finds what is wrong with a schedule before anything runs.
func (co *cosimulation) plan(s precision.Schedule) error {
	live, err := co.engine.recording(s)
	if err != nil {
		return err
	}
	live.IgnoreEOS = true
	co.live = append(co.live, live)
	co.jobs = append(co.jobs, replay.Job{Config: co.npu, Model: co.engine.model.Model, Task: cmp.Or(live.Task, customTask), Prompt: len(live.Prompt),
		Generated: live.Generate, Batch: 1, Schedule: s})
	return nil
}

// decode runs one schedule after the other on both machines.
func (co *cosimulation) decode(ctx context.Context, s streams) ([]coRun, error) {
	tokens := int64(len(co.jobs) * co.engine.generate)
	p := newProgress(s.err, tokens, "tokens")
	defer p.end()
	machines := new(replay.Machines)
	var results []*result.Result
	var runs []coRun
	for i := range co.jobs {
		r, t, err := co.both(ctx, i, p, machines)
		if err != nil {
			return nil, stopped(ctx, fmt.Errorf("schedule %s: %w", co.jobs[i].Schedule, err))
		}
		r.TraceSHA256, r.TraceSource = t.SHA256, string(t.Header.Source)
		results = append(results, r)
		runs = append(runs, coRun{Schedule: r.Schedule, NPU: r, Decoded: decoded(t)})
	}
	replay.Compare(co.jobs, results)
	for i := range runs {
		for _, base := range runs {
			if base.Schedule == string(precision.KindFP16) && base.Decoded.TPOT != nil && runs[i].Decoded.TPOT != nil {
				speedup := *base.Decoded.TPOT / *runs[i].Decoded.TPOT
				runs[i].Decoded.Speedup = &speedup
			}
		}
	}
	return runs, nil
}

// both decodes under one schedule and simulates each pass once it is known.
func (co *cosimulation) both(ctx context.Context, i int, p *progress, machines *replay.Machines) (*result.Result, *traces.Trace, error) {
	g, ctx := errgroup.WithContext(ctx)
	recorder, err := gpu.NewRecorder(ctx, co.engine, co.live[i])
	if err != nil {
		return nil, nil, err
	}
	passes := make(chan replay.Pass, co.engine.generate) // never full
	var r *result.Result
	g.Go(func() (err error) {
		r, _, err = replay.Follow(ctx, co.jobs[i], passes, replay.Options{Workers: co.options.workers, Version: programVersion(), Machines: machines})
		return err
	})
	var file bytes.Buffer
	g.Go(func() error {
		defer close(passes)
		return recorder.Write(&file, func(record traces.Record) {
			switch s := record.(type) {
			case *traces.Prefill:
				p.add(1)
			case *traces.Step:
				passes <- replay.Pass{Bits: s.WBits, Asked: recorder.Asked() > s.I}
				p.add(1)
			}
		})
	})
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	if err := co.keep(co.live[i].Schedule, file.Bytes()); err != nil {
		return nil, nil, err
	}
	reader, err := traces.NewReader(r.Schedule, &file)
	if err != nil {
		return nil, nil, err
	}
	t, err := traces.ReadAll(reader)
	return r, t, errors.Join(err, reader.Close())
}

// keep writes a trace under a name made of the model's and the schedule's.
func (co *cosimulation) keep(s precision.Schedule, data []byte) error {
	if co.options.traces == "" {
		return nil
	}
	name := strings.NewReplacer(":", "-", ">", "", "@", "-", ",", "_", "=", "", "/", "_").Replace(co.engine.model.Name + "." + s.String())
	return writeFile(filepath.Join(co.options.traces, name+traces.Suffix), func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// decoded is what the machine that decoded measured.
func decoded(t *traces.Trace) plots.Decoded {
	d := plots.Decoded{Machine: "CPU", Source: string(t.Header.Source), Agree: t.Footer.Agree, NLL: t.Footer.NLL, TraceSHA256: t.SHA256}
	if t.Header.GPU != nil {
		d.Machine = t.Header.GPU.Name
	}
	if t.Footer.SumStepNS != nil && t.Footer.Steps > 0 {
		tpot := float64(*t.Footer.SumStepNS) / float64(t.Footer.Steps) / 1e9
		rate := 1 / tpot
		d.TPOT, d.TokensPerSecond = &tpot, &rate
	}
	return d
}

func (co *cosimulation) show(w io.Writer, runs []coRun) error {
	if co.options.format == "json" {
		return jsonLines(w, runs)
	}
	var rows []*plots.Decoded
	var results []*result.Result
	for i := range runs {
		rows, results = append(rows, &runs[i].Decoded), append(results, runs[i].NPU)
	}
	load := &workload{model: co.engine.model.Model, task: co.jobs[0].Task, prompt: co.jobs[0].Prompt, generated: co.jobs[0].Generated, batch: 1,
		live: co.engine.on()}
	if err := header(w, co.npu, load, co.options.npu.unnamed, results); err != nil {
		return err
	}
	return plots.Beside(w, rows, results)
}
