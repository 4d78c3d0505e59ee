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
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/replay/rows"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/validate/intervals"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

func runCommand() *cli.Command {
	flags := slices.Concat(npuFlags(), machineFlags(), workloadFlags(), timelineFlags(), passFlags(), monitorFlags())
	return &cli.Command{
		Name: "run", Usage: "compare precision schedules on one NPU",
		Description: `Simulates prefill and every decode pass of one sequence for each schedule and prints a row per schedule:
average weight bits, time to first token (TTFT), time per output token after it (TPOT), tokens/s,
speed-ups over fp16 and over the uniform schedule at the highest precision, DRAM traffic of a decode
pass, bandwidth reached (% of peak), array utilisation, and what decode waits for. --gen 1 measures prefill
alone: TTFT, and nothing of decode (- in the table, no keys in JSON).

Without --model, --task, --prompt, --gen and --trace it replays the trace embedded in the program. Without
--schedule it runs fp16, uniform:HIGH and static:HIGH>LOW of the model's pair (list models). --format
json prints one object per schedule, one a line, in SI units.

Of a model with experts (mixtral, qwen3_moe and others), --experts says which experts each token takes: uniform, zipf
with an exponent (a few experts take most tokens), or trace, what a trace recorded. A draw depends on seed, layer, sequence
and position alone. JSON says under "experts" how many of a layer a pass touches.

--passes sampled simulates some decode passes and interpolates the others between them: passes whose programs are of one form,
as far as passes in their middle lie on the line, to 0.1 % or the percentage that is given. A number simulates so many of each
form and checks nothing. The header says how many were simulated and how far off the worst of those that checked a line was.

--uncertainty prints intervals beside tokens/s and TTFT, within which 80 % of what is measured is expected: predictions of
measured devices err so (docs/validation.md). JSON then has tokens_per_second_low, tokens_per_second_high, ttft_seconds_low
and ttft_seconds_high. Of an NPU whose runtime.class is ideal, and of a batch, nothing is known.

--monitor serves akita's monitoring page on 127.0.0.1 while the run lasts: components with their fields, levels of
buffers, progress, load of the process, pause and continue. It has no password: every user of this computer, and who
forwards the port, can look and pause. It changes no result, and is slower by what one worker is than several.

--per-pass writes a row for each pass of each schedule, prefill first: schedule, position, weight bits, seconds, DRAM bytes,
joules, row hits, what it waits for. Prefill is pass 0 and one sequence's; plot passes draws the file.

--dram-commands writes the commands of every DRAM channel in one pass of the first schedule, which is then simulated once more,
clock by clock, up to --dram-commands-most commands. The forms are those of dram --commands.

EXAMPLES:
   pmpdsim run
   pmpdsim run --npu edge-lpddr4x --model vicuna-7b --task cnn_dm \
      --schedule fp16 --schedule uniform:3 --schedule static:3-2@85  # 5 s
   pmpdsim run --model path/to/config.json --prompt 512 --gen 128 --schedule uniform:4 --format json
   pmpdsim run --model path/to/model.gguf --prompt 64 --gen 16 --schedule file
   pmpdsim run --model phi-1.5 --prompt 256 --gen 1 --schedule uniform:4
   pmpdsim run --model path/to/mixtral.json --experts zipf,s=1,seed=7 --prompt 128 --gen 16 --schedule uniform:4
   pmpdsim run --trace some.trace.jsonl.zst --schedule recorded --schedule fp16 --schedule uniform:4
   pmpdsim run --npu rk3588 --model qwen2.5-1.5b --prompt 128 --gen 64 --schedule uniform:8 --uncertainty
   pmpdsim run --array-style lut --array 32x32 --cores 4 --kv-bits 8 --batch 4 \
      --prompt 64 --gen 4 --schedule uniform:4 --breakdown --explain
   pmpdsim run --array-style dequant-fp16 --iso-area --set dram.channels=2 --format json
   pmpdsim run --schedule fp16 --schedule static:4-3-2@85,170 --gen 255 --precision down_proj=+1 --precision layers=0-1,22-23:8
   pmpdsim run --schedule uniform:2,prefill=4 --layout plane-major:256B+skew=2KiB --breakdown
   pmpdsim run --model vicuna-7b --npu edge-lpddr5 --gen 512 --monitor  # 13 s
   pmpdsim run --gen 64 --schedule static:4-2 --timeline run.perfetto-trace --timeline-detail tile
   pmpdsim run --gen 64 --schedule fp16 --schedule static:4-3-2 --per-pass passes.csv
   pmpdsim run --model vicuna-7b --gen 1024 --schedule static:4-3-2 --passes sampled  # 2 s
   pmpdsim run --schedule uniform:4 --gen 8 --dram-commands pass.csv.zst --dram-commands-pass 2 --dram-commands-most 100000`,
		Flags: append(flags,
			traceFlag("replay the decode trace in `FILE` (trace info, trace synth)"),
			schedulesFlag(),
			precisionFlag(),
			&cli.IntFlag{Name: "prefill", Usage: "weight `BITS` of prefill for schedules without prefill=N", DefaultText: "the first of decode"},
			expertsFlag(),
			&cli.IntFlag{Name: "batch", Usage: "decode `N` sequences of these lengths together, 1 to 64", Value: 1,
				Action: between("batch", 1, replay.MostSequences)},
			passesFlag("all"),
			workersFlag(),
			&cli.BoolFlag{Name: "breakdown", Usage: "also show time, traffic, energy and DRAM rows by operator and phase"},
			&cli.BoolFlag{Name: "uncertainty", Usage: "also show how far tokens/s and TTFT may be off, by the errors of measured devices"},
			&cli.BoolFlag{Name: "explain", Usage: "also show how each operator is cut into tiles, and why"},
			perPassFlag(),
			outputFlag("write to `FILE`", "the terminal"),
			formatFlag("table", "json"),
		),
		Action: action(fillRun),
	}
}

// runOptions are what run was asked for.
type runOptions struct {
	npu       npuOptions
	workload  workloadOptions
	schedules []string
	rules     []precision.Rule
	prefill   *int // bits of schedules that do not say; nil: the first of decode
	batch     int
	experts   *string // which experts tokens take; nil: the trace's, or uniform
	sampling  replay.Sampling
	workers   int
	breakdown bool
	explain   bool

	uncertainty bool // intervals beside speeds

	timeline timelineOptions
	pass     passOptions // whose DRAM commands are written
	perPass  perPass
	monitor  *int // its port; nil: no monitor
	output   string
	format   string
}

func fillRun(c *cli.Context) (*runOptions, error) {
	o := &runOptions{workload: workloadFrom(c), schedules: c.StringSlice("schedule"), prefill: optional(c, "prefill", c.Int), batch: c.Int("batch"),
		experts: optional(c, "experts", c.String),
		workers: c.Int("workers"), breakdown: c.Bool("breakdown"), explain: c.Bool("explain"),
		uncertainty: c.Bool("uncertainty"), perPass: perPass(c.String("per-pass")), output: c.String("output"), format: c.String("format")}
	var err error
	if o.rules, err = rulesFrom(c); err != nil {
		return nil, err
	}
	if o.npu, err = npuFrom(c); err != nil {
		return nil, err
	}
	if o.timeline, err = timelineFrom(c); err != nil {
		return nil, err
	}
	if o.pass, err = passFrom(c); err != nil {
		return nil, err
	}
	if o.sampling, err = samplingFrom(c); err != nil {
		return nil, err
	}
	if o.timeline.path != "" && !o.sampling.All() {
		return nil, fmt.Errorf("--passes %s: a timeline shows every pass; accepted: all, or no --timeline", o.sampling)
	}
	o.monitor, err = monitorFrom(c)
	return o, err
}

func (o *runOptions) run(ctx context.Context, s streams) error {
	if err := o.perPass.check(); err != nil {
		return err
	}
	cfg, err := o.npu.load()
	if err != nil {
		return err
	}
	w, err := o.workload.loadAny()
	if err != nil {
		return err
	}
	w.batch, w.sampling = o.batch, o.sampling
	if err := w.loadExperts(o.experts); err != nil {
		return err
	}
	schedules, notes, err := w.loadSchedules(o.schedules, o.prefill, o.rules)
	if err != nil {
		return err
	}
	s.warnOf(cfg)
	for _, n := range notes {
		s.say("note: %s", n)
	}
	if other := w.otherCache(cfg); other != "" {
		s.say("note: %s", other)
	}
	jobs, err := w.jobs(s.err, cfg, schedules)
	if err != nil {
		return err
	}
	if err := o.pass.check(jobs[0]); err != nil {
		return err
	}
	around, err := o.basis(s, cfg)
	if err != nil {
		return err
	}
	timeline, err := o.timeline.open(s, len(jobs))
	if err != nil {
		return err
	}
	defer timeline.close()
	watch, err := newMonitor(ctx, s, o.monitor)
	if err != nil {
		return err
	}
	defer watch.close()
	options := replay.Options{Workers: o.workers, Timeline: timeline.options()}
	watch.options(&options)
	rs, passes, err := simulateRows(ctx, s, jobs, options)
	if err != nil {
		return err
	}
	if o.breakdown {
		for i, r := range rs {
			r.Breakdown(jobs[i].Config)
		}
	}
	err = s.deliver(o.output, func(out io.Writer) error { return o.show(out, cfg, w, jobs, rs, around) })
	return errors.Join(err, o.perPass.save(s, passes), timeline.save(), o.pass.write(ctx, s, jobs[0])) // none takes another with it
}

// jobs prepares one job per schedule, so that what cannot run is found before anything runs, and warns of what does not fit
// the NPU's memory.
func (w *workload) jobs(stderr io.Writer, cfg *config.Config, schedules []precision.Schedule) ([]*replay.Prepared, error) {
	if most := replay.MostTogether / max(1, len(schedules)); w.generated > max(2, most) && w.generated <= replay.MostTokens {
		return nil, fmt.Errorf("--gen %d: too many for %d schedules at once, because the counts of each pass are kept; accepted: up to %d tokens, or "+
			"fewer schedules", w.generated, len(schedules), most)
	}
	var jobs []*replay.Prepared
	for _, s := range schedules {
		j := replay.Job{Config: cfg, Model: w.model, Task: w.task, Prompt: w.prompt, Generated: w.generated, Batch: w.batch, Schedule: s,
			Experts: w.experts, RecordedExperts: w.recorded, Sampling: w.sampling}
		if w.trace != nil {
			j.RecordedPrefill = w.trace.PrefillAt()
			j.TraceSHA256, j.TraceSource = w.trace.SHA256, string(w.trace.Header.Source)
			if !w.embedded {
				j.TraceName = filepath.Base(w.trace.Name)
			}
		}
		var err error
		if j.Evidence, err = w.evidence(s); err != nil {
			return nil, flagged("schedule", "", err)
		}
		p, err := replay.Prepare(j)
		if err != nil {
			return nil, fmt.Errorf("schedule %s: %w", s, err)
		}
		if m := p.Memory(); !m.Fits() {
			say(stderr, "warning: schedule %s occupies %s of DRAM, %s has %s (dram.capacity); it is simulated as if it fitted", s,
				plots.Memory.Text(float64(m.Total)), cfg.Name, plots.Memory.Text(float64(m.Capacity)))
		}
		jobs = append(jobs, p)
	}
	return jobs, nil
}

// simulate runs jobs and shows how far they are. Everything that a user can do wrong has been found before.
func simulate(ctx context.Context, s streams, jobs []*replay.Prepared, o replay.Options) ([]*result.Result, error) {
	rs, _, err := simulateRows(ctx, s, jobs, o)
	return rs, err
}

// simulateRows is simulate that also returns a row for each pass of each job.
func simulateRows(ctx context.Context, s streams, jobs []*replay.Prepared, o replay.Options) ([]*result.Result, [][]rows.Row, error) {
	var total int64
	for _, j := range jobs {
		total += int64(j.Generated)
	}
	p := newProgress(s.err, total, "passes")
	defer p.end()
	o.Version = codeVersion()
	watched := o.Progress
	o.Progress = func(now replay.Progress) {
		p.passes(now)
		if watched != nil {
			watched(now)
		}
	}
	rs, passes, err := replay.RunRows(ctx, jobs, o)
	if errors.Is(err, context.Canceled) {
		return nil, nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, nil, internal(err)
	}
	return rs, passes, nil
}

// show writes results in the format that was asked for, with intervals around them where there are any.
func (o *runOptions) show(out io.Writer, cfg *config.Config, w *workload, jobs []*replay.Prepared, rs []*result.Result,
	around *intervals.Basis) error {
	if o.explain {
		for i, j := range jobs {
			var err error
			if rs[i].Tilings, err = j.Tilings(); err != nil {
				return err
			}
		}
	}
	if o.format == "json" && around != nil {
		return around.WriteJSON(out, rs)
	}
	if o.format == "json" {
		return result.WriteJSON(out, rs)
	}
	if err := w.header(cfg, o.npu.unnamed, rs).Write(out); err != nil {
		return err
	}
	if err := plots.Compare(out, rs); err != nil {
		return err
	}
	if around != nil {
		if err := showIntervals(out, around, rs); err != nil {
			return err
		}
	}
	if o.explain {
		if err := plots.Tilings(out, rs); err != nil {
			return err
		}
	}
	if !o.breakdown {
		return nil
	}
	return plots.Breakdown(out, rs)
}
