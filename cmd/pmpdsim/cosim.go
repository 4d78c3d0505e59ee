package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/cosim"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

func cosimCommand() *cli.Command {
	return &cli.Command{
		Name: "cosim", Usage: "decode a model for real while the NPU simulates the same passes",
		Description: `Runs a model under each schedule on a GPU, or on the CPU if it is small, and hands each decode pass to the simulated NPU as
soon as its precision is known; the GPU does not wait. One table has both: time per pass, tokens/s and
speed-up over fp16 on either machine, and how far the schedule agrees with fp16. The numbers of the NPU are
those that run --trace gives for the recorded traces, which --traces keeps. Answers always have --gen tokens. Where a schedule fails or is
interrupted, the table has those before it.
Of a model with experts, the NPU takes those that the engine chooses; run --trace FILE --experts uniform takes others.

EXAMPLES:
   pmpdsim cosim --model mobilellama-1.4b --weights random --prompt 128 --gen 64 \
      --schedule fp16 --schedule uniform:4 --schedule confidence:4-3 --npu edge-lpddr5  # needs a GPU
   pmpdsim cosim --model path/to/model --prompt-file p.txt --schedule learned:4-3,classifier=c.safetensors --npu edge-lpddr5  # needs a GPU
   pmpdsim cosim --backend cpu --model tiny --prompt-text 'func main() {' --gen 16 --npu edge-lpddr5
   pmpdsim cosim --backend cpu --model path/to/config.json --weights random --prompt 16 --gen 8 --npu pmpd-paper --traces build`,
		Flags: slices.Concat(engineFlags(), npuFlags(), machineFlags(), []cli.Flag{
			schedulesFlag(),
			precisionFlag(),
			&cli.StringFlag{Name: "traces", Usage: "keep the recorded traces in `DIR`"},
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
	rules     []precision.Rule
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
	if o.rules, err = rulesFrom(c); err != nil {
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
	s.warnOf(cfg)
	o.engine.keepAs(cfg)
	e, err := o.engine.find()
	if err != nil {
		return err
	}
	defer e.close()
	schedules, notes, err := e.parseSchedules(o.schedules, o.rules)
	if err != nil {
		return err
	}
	said(s, notes)
	var jobs []cosim.Job
	for _, schedule := range schedules {
		live, err := e.recording(schedule)
		if err != nil {
			return err
		}
		jobs = append(jobs, cosim.Plan(live, cfg, workloads.CustomTask))
	}
	kept, err := o.claimTraces(s, jobs) // nil: none are
	if err != nil {
		return err
	}
	if err := e.load(ctx, s, schedules); err != nil {
		return err
	}
	release := s.files.Hold() // a signal ends the pass under way, and what ran before it is delivered
	defer release()
	p := newProgress(s.err, int64(len(jobs)*e.generate), "tokens")
	var lost error // of traces that could not be written; the results are not lost with them
	runs, err := cosim.Run(ctx, e, jobs, cosim.Options{Workers: o.workers, Version: codeVersion(), Token: func() { p.add(1) },
		Keep: func(j int, trace []byte) error { lost = errors.Join(lost, o.keep(kept, j, trace)); return nil }})
	p.end()
	if err != nil {
		lost = errors.Join(stopped(ctx, err), lost)
	}
	if len(runs) == 0 {
		return lost
	}
	w := &workload{model: e.model.Model, task: jobs[0].NPU.Task, prompt: len(e.prompt), generated: e.generate, batch: 1,
		live: fmt.Sprintf("%s, %sKV cache %s there, %s on the NPU", e.on(), e.drawn(), e.cache.Words(), cfg.KV)}
	err = s.deliver(o.output, func(out io.Writer) error { return o.show(out, cfg, w, coRuns(runs)) })
	if err == nil && lost != nil {
		s.files.Wrote(fmt.Sprintf("results of %d of %d schedules", len(runs), len(jobs)))
	}
	return errors.Join(err, lost)
}

// parseSchedules are those of the texts, or the model's three.
func (e *engine) parseSchedules(texts []string, rules []precision.Rule) (all []precision.Schedule, notes []string, err error) {
	if len(texts) == 0 {
		w := workload{model: e.model.Model}
		texts = w.defaultSchedules()
	}
	for _, text := range texts {
		s, err := precision.ParseFor(text, e.model.Model)
		if err != nil {
			return nil, nil, flagged("schedule", "", err)
		}
		s, more, err := withRules(s, rules, e.model.Model, e.generate)
		if err != nil {
			return nil, nil, err
		}
		notes = append(notes, more...)
		if !slices.ContainsFunc(all, func(t precision.Schedule) bool { return t.String() == s.String() }) {
			all = append(all, s)
		}
	}
	return all, notes, nil
}

// claimTraces claims a file for the trace of each job, under a name made of the model's and the schedule's.
func (o *cosimOptions) claimTraces(s streams, jobs []cosim.Job) (kept []*files.File, err error) {
	if o.traces == "" {
		return nil, nil
	}
	if !isFolder(o.traces) {
		return nil, fmt.Errorf("--traces %s: no such directory; accepted: a directory that is there", o.traces)
	}
	taken := map[string]bool{}
	for i := range jobs {
		name := inFileName(jobs[i].NPU.Model.Name + "." + jobs[i].NPU.Schedule.String())
		for stem, n := name, 2; taken[name]; n++ {
			name = fmt.Sprintf("%s.%d", stem, n)
		}
		taken[name] = true
		jobs[i].NPU.TraceName = name + traces.Suffix // the result says what it can be had from again
		f, err := s.files.Derives(filepath.Join(o.traces, name+traces.Suffix), "--traces")
		if err != nil {
			return nil, flagged("traces", "", err)
		}
		kept = append(kept, f)
	}
	return kept, nil
}

// keep writes the trace of a job.
func (o *cosimOptions) keep(kept []*files.File, job int, trace []byte) error {
	if kept == nil {
		return nil
	}
	err := kept[job].WriteSomewhere(func(w io.Writer) error { _, err := w.Write(trace); return err })
	if err != nil {
		return internal(flagged("traces", "", err)) // it could be written before the work
	}
	return nil
}

// coRuns are the rows of what ran.
func coRuns(all []cosim.Result) []coRun {
	var runs []coRun
	for _, r := range all {
		runs = append(runs, coRun{Schedule: r.NPU.Schedule, NPU: r.NPU, Decoded: decoded(r.Trace)})
	}
	for i := range runs {
		for _, base := range runs {
			if base.Schedule == string(precision.KindFP16) && base.Decoded.TPOT != nil && runs[i].Decoded.TPOT != nil {
				speedup := *base.Decoded.TPOT / *runs[i].Decoded.TPOT
				runs[i].Decoded.Speedup = &speedup
			}
		}
	}
	return runs
}

// decoded is what the machine that decoded measured.
func decoded(t *traces.Trace) plots.Decoded {
	cache, _ := t.Header.Cache()
	d := plots.Decoded{Machine: "CPU", Source: string(t.Header.Source), Cache: cache.String(), Agree: t.Footer.Agree, NLL: t.Footer.NLL, TraceSHA256: t.SHA256}
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

func (o *cosimOptions) show(out io.Writer, cfg *config.Config, w *workload, runs []coRun) error {
	if o.format == "json" {
		return jsonLines(out, runs)
	}
	var rows []*plots.Decoded
	var results []*result.Result
	for i := range runs {
		rows, results = append(rows, &runs[i].Decoded), append(results, runs[i].NPU)
	}
	if err := w.header(cfg, o.npu.unnamed, results).Write(out); err != nil {
		return err
	}
	return plots.Beside(out, rows, results)
}
