package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/paper"
)

func paperCommand() *cli.Command {
	return &cli.Command{
		Name: "paper", Usage: "repeat the PMPD paper's NPU figure, and follow a bar to a real machine",
		Description: `Simulates the 32 bars of the throughput figure of the PMPD paper (arXiv 2410.13461) and prints the published value
beside each, the residual in percent, and the speed-ups over fp16 and over uniform quantisation at the high precision.
No factor is fitted. A bar counts as in the paper's code: N tokens over the time of the decode passes, without prefill;
static and learned bars leave out the first of them. What learned schedules decided has not been published: their bars
get the average bits that the published bar implies and are marked as inferred.

With --npu it is the same study on another NPU. Where DRAM is real, the first and the last decode pass at each precision
are simulated, and the others interpolated (off by less than 0.1 %), unless there is --every-pass.

--waterfall follows a bar from the paper's machine to a real one, stage by stage: DRAM, layout, everything that is read
besides block weights, fp16 cache, array, prefill. --presets says what remains of the 8 static bars on each preset.

The plain figure is drawn into paper.png, with its numbers in paper.csv, unless there is --output or --csv. Otherwise -o
draws a picture.

EXAMPLES:
   pmpdsim paper
   pmpdsim paper -o paper.pdf --csv paper.csv
   pmpdsim paper --npu edge-lpddr5
   pmpdsim paper --waterfall -o waterfall.png
   pmpdsim paper --waterfall --panel dialogsum --model phi-1.5
   pmpdsim paper --waterfall --all --format csv
   pmpdsim paper --presets`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "npu", Value: paper.NPU, Usage: "`NPU`: a preset (list npus) or a YAML file that changes one"},
			&cli.StringSliceFlag{Name: "set", Usage: "change a key of the NPU, as in array.rows=64 (`PATH=VALUE`; config keys); repeatable"},
			&cli.BoolFlag{Name: "every-pass", Usage: "simulate every decode pass"},
			&cli.BoolFlag{Name: "waterfall", Usage: "from the paper's machine to a real one, stage by stage"},
			&cli.StringFlag{Name: "panel", Value: "CNN/DM", Usage: "`PANEL` of the bar that --waterfall follows: a task"},
			&cli.StringFlag{Name: "model", Value: "Vicuna-7B", Usage: "`MODEL` of that bar"},
			&cli.StringFlag{Name: "scheme", Value: string(paper.Static), Usage: "`SCHEME` of that bar: fp16, uniform, static or learned"},
			&cli.BoolFlag{Name: "all", Usage: "--waterfall of all static bars; a picture shows the bar above"},
			&cli.BoolFlag{Name: "presets", Usage: "what remains of the static bars on each preset; minutes"},
			&cli.IntFlag{Name: "workers", Usage: "simulate on `N` cores; results do not depend on it", Value: runtime.GOMAXPROCS(0), DefaultText: "all"},
			&cli.StringFlag{Name: "csv", Usage: "also write the rows into `FILE`"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "draw a picture into `FILE`, by its name .png, .svg or .pdf"},
			formatFlag("table", "csv", "json"),
		},
		Action: runPaper,
	}
}

// study is what the command can do: simulate, then show what came of it.
type study struct {
	simulate func(context.Context, paper.Options) error
	table    func(io.Writer) error
	csv      func(io.Writer) error
	json     func(io.Writer) error
	figure   func() (plots.Figure, string) // and its title; nil where there is none
}

func runPaper(c *cli.Context) error {
	if err := arguments(c); err != nil {
		return err
	}
	if n := c.Int("workers"); n < 1 {
		return fmt.Errorf("--workers %d: too few; accepted: 1 or more", n)
	}
	s, err := loadStudy(c)
	if err != nil {
		return err
	}
	picture, rows := paperFiles(c)
	format, err := pictureAt(picture)
	if err != nil {
		return err
	}
	if rows != "" {
		if err := writable(rows); err != nil {
			return flagged("csv", "", err)
		}
	}
	p := newProgress(c.App.ErrWriter, 0, s.unit(c))
	err = s.simulate(c.Context, paper.Options{Workers: c.Int("workers"), Progress: p.passes})
	p.end()
	if errors.Is(err, context.Canceled) {
		return context.Cause(c.Context)
	}
	if err != nil {
		return internal(err)
	}
	if rows != "" {
		if err := flagged("csv", "", writeFile(rows, s.csv)); err != nil {
			return err
		}
	}
	if picture != "" {
		figure, title := s.figure()
		origin := plots.Origin{Title: title, Command: commandLine(c), Program: c.App.Name + " " + c.App.Version}
		if err := emit(nil, picture, func(w io.Writer) error { return plots.Write(w, figure, format, origin) }); err != nil {
			return err
		}
	}
	if !c.IsSet("output") && picture != "" {
		say(c.App.ErrWriter, "note: the figure is in %s, its numbers are in %s", picture, rows)
	}
	return emit(c.App.Writer, "", map[string]func(io.Writer) error{"table": s.table, "csv": s.csv, "json": s.json}[c.String("format")])
}

// paperFiles are the picture and the rows to be written: of the plain figure both, unless others, or none, are asked for.
func paperFiles(c *cli.Context) (picture, rows string) {
	picture, rows = c.String("output"), c.String("csv")
	plain := c.String("format") == "table"
	for _, f := range []string{"npu", "set", "waterfall", "presets", "output", "csv"} {
		plain = plain && !c.IsSet(f)
	}
	if plain {
		return "paper.png", "paper.csv"
	}
	return picture, rows
}

// unit is what progress counts.
func (s *study) unit(c *cli.Context) string {
	switch {
	case c.Bool("waterfall"):
		return "stages"
	case c.Bool("presets"):
		return "NPUs"
	}
	return "passes"
}

// loadStudy finds out what is asked for.
func loadStudy(c *cli.Context) (*study, error) {
	bars, err := paper.Figure()
	if err != nil {
		return nil, internal(err)
	}
	falling, presets := c.Bool("waterfall"), c.Bool("presets")
	for _, f := range []string{"panel", "model", "scheme", "all"} {
		if c.IsSet(f) && !falling {
			return nil, fmt.Errorf("--%s: there is no bar to follow; accepted: with --waterfall", f)
		}
	}
	for _, f := range []string{"npu", "set", "every-pass"} {
		if c.IsSet(f) && (falling || presets) {
			return nil, fmt.Errorf("--%s: the machines of --waterfall and --presets are given; accepted: without them", f)
		}
	}
	switch {
	case falling && presets:
		return nil, errors.New("--presets: not together with --waterfall; accepted: one of them")
	case presets && c.IsSet("output"):
		return nil, errors.New("--output: --presets has no picture; accepted: --csv, --format")
	case falling:
		bar, err := paper.Find(bars, c.String("panel"), c.String("model"), paper.Scheme(c.String("scheme")))
		if err != nil {
			return nil, flagged("waterfall", "", err)
		}
		return fallStudy(bar, bars, c.Bool("all")), nil
	case presets:
		return presetStudy(bars), nil
	}
	cfg, err := loadNPU(c)
	if err != nil {
		return nil, err
	}
	return barStudy(cfg, bars, c.Bool("every-pass")), nil
}

// barStudy is the figure on an NPU.
func barStudy(cfg *config.Config, bars []paper.Bar, everyPass bool) *study {
	var rows []paper.Row
	return &study{
		simulate: func(ctx context.Context, o paper.Options) (err error) {
			if !everyPass {
				o.Passes = paper.PassesFor(cfg)
			}
			rows, err = paper.Run(ctx, cfg, bars, o)
			return err
		},
		table:  func(w io.Writer) error { return barTable(w, cfg, rows) },
		csv:    func(w io.Writer) error { return barCSV(w, rows) },
		json:   func(w io.Writer) error { return jsonLines(w, rows) },
		figure: func() (plots.Figure, string) { f := barFigure(cfg, rows); return f, f.Title + ": " + f.Subtitle },
	}
}

// fallStudy is the waterfall of a bar, and of all static ones where they are asked for.
func fallStudy(bar paper.Bar, bars []paper.Bar, all bool) *study {
	followed := []paper.Bar{bar}
	for _, b := range bars {
		if all && b.Scheme == paper.Static && (b.Panel != bar.Panel || b.Model != bar.Model || b.Scheme != bar.Scheme) {
			followed = append(followed, b)
		}
	}
	var rows []paper.Fall
	one := func() []paper.Fall { return rows[:len(rows)/len(followed)] }
	return &study{
		simulate: func(ctx context.Context, o paper.Options) (err error) {
			o.Passes = paper.Sampled
			rows, err = paper.Waterfall(ctx, followed, o)
			return err
		},
		table: func(w io.Writer) error {
			if err := fallTable(w, one()); err != nil || len(followed) == 1 {
				return err
			}
			return fallsTable(w, rows, len(followed))
		},
		csv:    func(w io.Writer) error { return fallCSV(w, rows) },
		json:   func(w io.Writer) error { return jsonLines(w, rows) },
		figure: func() (plots.Figure, string) { f := fallFigure(one()); return f, f.Title + ": " + f.Subtitle },
	}
}

// presetStudy is what remains on each preset.
func presetStudy(bars []paper.Bar) *study {
	var rows []paper.Remains
	return &study{
		simulate: func(ctx context.Context, o paper.Options) (err error) {
			rows, err = paper.Presets(ctx, config.Presets(), bars, o)
			return err
		},
		table: func(w io.Writer) error { return presetTable(w, rows) },
		csv:   func(w io.Writer) error { return presetCSV(w, rows) },
		json:  func(w io.Writer) error { return jsonLines(w, rows) },
	}
}
