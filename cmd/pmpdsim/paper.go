package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/plots/views"
	"github.com/pmpdsim/pmpdsim/sim/paper"
	"github.com/pmpdsim/pmpdsim/sim/paper/rows"
	"github.com/pmpdsim/pmpdsim/sim/replay"
)

func paperCommand() *cli.Command {
	return &cli.Command{
		Name: "paper", Usage: "repeat the PMPD paper's NPU figure, and follow a bar to a real machine",
		Description: `Simulates the 32 bars of the throughput figure of the PMPD paper (arXiv 2410.13461) and prints the published value
beside each, the residual in percent, and the speed-ups over fp16 and over uniform quantisation at the high precision.
No factor is fitted. A bar counts as in the paper's code: N tokens over the time of the decode passes, without prefill;
static and learned bars leave out the first of them. What learned schedules decided has not been published: their bars
get the average bits that the published bar implies and are marked as inferred.

With --npu it is the same study on another NPU. Where DRAM is real, decode passes are sampled, as by run --passes sampled,
unless --passes says otherwise. The stages of --waterfall and the machines of --presets are sampled, too, where their DRAM is real.

--waterfall follows a bar from the paper's machine to a real one, stage by stage: DRAM, layout, everything that is read
besides block weights, fp16 cache, array, prefill. --presets says what remains of the 8 static bars on each preset.

--gpu is about products of a matrix and a vector on a GPU, for which the abstract claims 1.4 to 12.2 times fp16: what our kernels are modelled
to gain on an NVIDIA H200, what bytes allow, and why more than 16/2 needs a slow baseline. --bench FILE sets measured ones beside them.

-o draws a picture; nothing is written without it or --csv.

EXAMPLES:
   pmpdsim paper
   pmpdsim paper -o paper.png --csv paper.csv  # 8 s on two cores
   pmpdsim paper --npu edge-lpddr5
   pmpdsim paper --waterfall -o waterfall.png  # 6 s
   pmpdsim paper --waterfall --panel dialogsum --model phi-1.5
   pmpdsim paper --waterfall --all --format csv  # 42 s on two cores
   pmpdsim paper --gpu
   pmpdsim paper --presets  # 3 minutes on two cores`,
		Flags: append(npuFlagsOf(paper.NPU),
			passesFlag("sampled where DRAM is real, else all"),
			&cli.BoolFlag{Name: "waterfall", Usage: "from the paper's machine to a real one, stage by stage"},
			&cli.StringFlag{Name: "panel", Value: "CNN/DM", Usage: "`PANEL` of the bar that --waterfall follows: a task"},
			modelFlag("`MODEL` of that bar", "Vicuna-7B", ""),
			&cli.StringFlag{Name: "scheme", Value: string(rows.Static), Usage: "`SCHEME` of that bar: fp16, uniform, static or learned"},
			&cli.BoolFlag{Name: "all", Usage: "--waterfall of all static bars; a picture shows the bar above"},
			&cli.BoolFlag{Name: "gpu", Usage: "the paper's speed-ups of products on GPUs, beside modelled ones"},
			&cli.StringFlag{Name: "bench", Usage: "--gpu: also what gpu bench --format json has written into `FILE`", TakesFile: true},
			&cli.BoolFlag{Name: "presets", Usage: "what remains of the static bars on each preset; minutes"},
			workersFlag(),
			alsoFlag("csv", "also write the rows into `FILE`"),
			pictureFlag("a"),
			formatFlag("table", "csv", "json"),
		),
		Action: action(fillPaper),
	}
}

// paperStudy is what the command can do: simulate, then show what came of it.
type paperStudy struct {
	unit     string // what progress counts
	sampled  bool   // some passes are interpolated
	simulate func(context.Context, paper.Options) error
	table    func(io.Writer) error
	csv      func(io.Writer) error
	json     func(io.Writer) error
	figure   func() (plots.Figure, string) // and its title; nil where there is none
}

// paperOptions are what paper was asked for.
type paperOptions struct {
	npu                  npuOptions
	sampling             *replay.Sampling // nil: as the NPU's memory has it
	panel, model, scheme string           // of the bar that the waterfall follows
	waterfall, all       bool
	presets              bool
	gpu                  bool
	bench                string // a file of gpu bench; empty: none
	workers              int
	picture              picture
	csv                  string
	format               string
}

func fillPaper(c *cli.Context) (*paperOptions, error) {
	o := &paperOptions{panel: c.String("panel"), model: c.String("model"), scheme: c.String("scheme"),
		waterfall: c.Bool("waterfall"), all: c.Bool("all"), presets: c.Bool("presets"), gpu: c.Bool("gpu"), bench: c.String("bench"), workers: c.Int("workers"), picture: pictureFrom(c),
		csv: c.String("csv"), format: c.String("format")}
	for _, f := range []string{"panel", "model", "scheme", "all"} {
		if c.IsSet(f) && !o.waterfall {
			return nil, fmt.Errorf("--%s: there is no bar to follow; accepted: with --waterfall", f)
		}
	}
	given := o.waterfall || o.presets || o.gpu
	for _, f := range []string{"npu", "set"} {
		if c.IsSet(f) && given {
			return nil, fmt.Errorf("--%s: the machines of --waterfall, --presets and --gpu are given; accepted: without them", f)
		}
	}
	if c.IsSet("passes") && given {
		return nil, errors.New("--passes: --waterfall and --presets always sample passes where DRAM is real, and --gpu simulates none; accepted: without them")
	}
	switch {
	case o.waterfall && o.presets:
		return nil, errors.New("--presets: not together with --waterfall; accepted: one of them")
	case o.gpu && (o.waterfall || o.presets):
		return nil, errors.New("--gpu: not together with --waterfall or --presets; accepted: one of them")
	case c.IsSet("bench") && !o.gpu:
		return nil, errors.New("--bench: there is nothing to set it beside; accepted: with --gpu")
	case o.gpu && c.IsSet("output"):
		return nil, errors.New("--output: --gpu has no picture; accepted: --csv, --format")
	case o.presets && c.IsSet("output"):
		return nil, errors.New("--output: --presets has no picture; accepted: --csv, --format")
	}
	sampling, err := samplingFrom(c)
	if err != nil {
		return nil, err
	}
	if c.IsSet("passes") {
		o.sampling = &sampling
	}
	o.npu, err = npuFrom(c)
	return o, err
}

func (o *paperOptions) run(ctx context.Context, s streams) error {
	study, err := o.load()
	if err != nil {
		return err
	}
	if err := o.picture.check(); err != nil {
		return err
	}
	if study.sampled {
		s.say("note: where DRAM is real, some decode passes are simulated and the others interpolated, as by run --passes sampled")
	}
	p := newProgress(s.err, 0, study.unit)
	err = study.simulate(ctx, paper.Options{Workers: o.workers, Progress: p.passes})
	p.end()
	if errors.Is(err, context.Canceled) {
		return context.Cause(ctx)
	}
	if err != nil {
		return internal(err)
	}
	err = nil
	if o.csv != "" {
		err = s.save("csv", o.csv, study.csv)
	}
	if o.picture.path != "" {
		figure, title := study.figure()
		err = errors.Join(err, o.picture.draw(s, figure, title))
	}
	return errors.Join(err, s.emit(map[string]func(io.Writer) error{"table": study.table, "csv": study.csv, "json": study.json}[o.format]))
}

// load finds out what is asked for.
func (o *paperOptions) load() (*paperStudy, error) {
	bars, err := paper.Figure()
	if err != nil {
		return nil, internal(err)
	}
	switch {
	case o.waterfall:
		bar, err := paper.Find(bars, o.panel, o.model, rows.Scheme(o.scheme))
		if err != nil {
			return nil, flagged("waterfall", "", err)
		}
		return waterfallStudy(bar, bars, o.all), nil
	case o.presets:
		return presetStudy(bars), nil
	case o.gpu:
		return gpuStudy(o.bench)
	}
	cfg, err := o.npu.load()
	if err != nil {
		return nil, err
	}
	sampling := paper.SamplingFor(cfg)
	if o.sampling != nil {
		sampling = *o.sampling
	}
	return barStudy(cfg, bars, sampling), nil
}

// barStudy is the figure on an NPU.
func barStudy(cfg *config.Config, bars []paper.Bar, sampling replay.Sampling) *paperStudy {
	var all []rows.Bar
	return &paperStudy{
		unit: "passes", sampled: !sampling.All(),
		simulate: func(ctx context.Context, o paper.Options) (err error) {
			o.Sampling = sampling
			all, err = paper.Run(ctx, cfg, bars, o)
			return err
		},
		table:  func(w io.Writer) error { return views.BarsTable(w, cfg, all) },
		csv:    func(w io.Writer) error { return rows.WriteBars(w, all) },
		json:   func(w io.Writer) error { return jsonLines(w, all) },
		figure: func() (plots.Figure, string) { f := views.BarsFigure(cfg, all); return f, f.Title + ": " + f.Subtitle },
	}
}

// waterfallStudy is the waterfall of a bar, and of all static ones where they are asked for.
func waterfallStudy(bar paper.Bar, bars []paper.Bar, static bool) *paperStudy {
	followed := []paper.Bar{bar}
	for _, b := range bars {
		if static && b.Scheme == rows.Static && (b.Panel != bar.Panel || b.Model != bar.Model || b.Scheme != bar.Scheme) {
			followed = append(followed, b)
		}
	}
	var all []rows.Waterfall
	one := func() []rows.Waterfall { return all[:len(all)/len(followed)] }
	return &paperStudy{
		unit: "stages", sampled: true,
		simulate: func(ctx context.Context, o paper.Options) (err error) {
			o.Sampling = replay.Sampling{Tolerance: replay.DefaultTolerance}
			all, err = paper.Waterfall(ctx, followed, o)
			return err
		},
		table: func(w io.Writer) error {
			if err := views.WaterfallTable(w, one()); err != nil || len(followed) == 1 {
				return err
			}
			return views.WaterfallsTable(w, all, len(followed))
		},
		csv:  func(w io.Writer) error { return rows.WriteWaterfall(w, all) },
		json: func(w io.Writer) error { return jsonLines(w, all) },
		figure: func() (plots.Figure, string) {
			f := views.WaterfallFigure(one())
			return f, f.Title + ": " + f.Subtitle
		},
	}
}

// presetStudy is what remains on each preset.
func presetStudy(bars []paper.Bar) *paperStudy {
	var all []rows.Remains
	return &paperStudy{
		unit: "NPUs", sampled: true,
		simulate: func(ctx context.Context, o paper.Options) (err error) {
			all, err = paper.Presets(ctx, config.Presets(config.Imagined()), bars, o)
			return err
		},
		table: func(w io.Writer) error { return views.PresetsTable(w, all) },
		csv:   func(w io.Writer) error { return rows.WriteRemains(w, all) },
		json:  func(w io.Writer) error { return jsonLines(w, all) },
	}
}
