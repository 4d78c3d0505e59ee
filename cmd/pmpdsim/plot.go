package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/plots"
)

// painting is a figure with the numbers in it.
type painting struct {
	figure plots.Figure
	title  string
	heads  []string
	rows   [][]string
}

func (d *painting) add(cells ...string) { d.rows = append(d.rows, cells) }

// painter makes a figure of results that are sorted; common is what all of them have in common.
type painter func(c *cli.Context, all []*outcome, common string) (*painting, error)

func plotCommand() *cli.Command {
	return &cli.Command{Name: "plot", Usage: "draw figures of results",
		Description: `Draws results of pmpdsim run --format json, or those in the folder of a sweep, and prints the numbers that are drawn.
Bars and points are told apart by all that differs among the results; --only chooses some of them. --over KEY draws the mean
of results that differ in KEY alone, with whiskers from the least of them to the most.

EXAMPLES:
   pmpdsim run --breakdown --format json -o results.jsonl
   pmpdsim plot throughput results.jsonl -o throughput.png
   pmpdsim plot breakdown results.jsonl --format csv -o breakdown.pdf > breakdown.csv`,
		Subcommands: []*cli.Command{
			plotKind("throughput", "tokens/s by schedule", `A bar for each result, grouped by what differs beside the schedule.

EXAMPLES:
   pmpdsim plot throughput results.jsonl -o throughput.png
   pmpdsim plot throughput a.jsonl b.jsonl --log --only batch=1 -o throughput.svg
   pmpdsim plot throughput seeds.jsonl --over seed -o throughput.png`, throughput, logFlag(), overFlag()),
			plotKind("schedule", "speed-up of decode over fp16 and over uniform, by schedule", `The speed-ups stand in the results: fp16, and uniform at the highest precision of
a schedule, have to have been run with it.

EXAMPLES:
   pmpdsim plot schedule results.jsonl -o schedule.png`, speedups, overFlag()),
			plotKind("roofline", "MACs/s of every operator over MACs per byte, below the roofs of the NPU", rooflineHelp, roofline,
				append(npuFlags(), phaseFlag())...),
			plotKind("breakdown", "time by kind of operator and energy by part", `Of decode per output token: time of a pass, energy of a token. Of prefill in all. The results
have to come from run --breakdown. Kinds and parts with less than 1 % of every bar are drawn as one.

EXAMPLES:
   pmpdsim plot breakdown results.jsonl -o breakdown.png
   pmpdsim plot breakdown results.jsonl --phase prefill --format csv`, breakdown, phaseFlag()),
			plotKind("pareto", "tokens/s over energy per token, and over area", `Joins the results of each workload (model, task, lengths) that no other one beats in both: with more tokens/s
for no more energy, or area. What precision costs in quality is no axis. Area is drawn where it differs. It is that of the
NPU; energy is that of its DRAM, too.

EXAMPLES:
   pmpdsim plot pareto results/ -o pareto.png`, pareto, logFlag()),
			plotKind("precision", "tokens/s and energy per token over average weight bits", `A line for each NPU, model and workload, or whatever differs; a point for each schedule.

EXAMPLES:
   pmpdsim plot precision results/ --only npu=edge-lpddr5 -o precision.png`, overPrecision, logFlag(), overFlag()),
			heatmapCommand(),
		}}
}

func logFlag() cli.Flag {
	return &cli.BoolFlag{Name: "log", Usage: "logarithmic axes of tokens/s, and of energy and area"}
}

func phaseFlag() cli.Flag {
	return &cli.StringFlag{Name: "phase", Value: "decode", Usage: "`PHASE` to draw: decode or prefill",
		Action: func(_ *cli.Context, v string) error {
			if v != "decode" && v != "prefill" {
				return fmt.Errorf("--phase %s: unknown phase; accepted: decode, prefill", v)
			}
			return nil
		}}
}

func plotKind(name, usage, description string, paint painter, more ...cli.Flag) *cli.Command {
	return &cli.Command{Name: name, Usage: "draw " + usage, Description: description, ArgsUsage: "RESULTS...",
		Flags: append(more,
			&cli.StringSliceFlag{Name: "only", Usage: "draw results with `KEY=VALUE` only, as in model=phi-1.5; repeatable, values of one key are alternatives"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "draw the picture into `FILE`, by its name .png, .svg or .pdf"},
			formatFlag("table", "csv")),
		Action: func(c *cli.Context) error { return runPlot(c, paint) }}
}

func runPlot(c *cli.Context, paint painter) error {
	if c.NArg() == 0 {
		return errors.New(strings.TrimPrefix(c.Command.HelpName, c.App.Name+" ") +
			": RESULTS are missing; accepted: files of run --format json, folders of sweeps")
	}
	picture, format, err := pictureOf(c)
	if err != nil {
		return err
	}
	all, out, err := readOutcomes(c.Args().Slice())
	if err != nil {
		return err
	}
	for _, n := range []struct {
		points int
		why    string
	}{{out.failed, "failed"}, {out.missing, "no result yet"}} {
		if n.points > 0 {
			say(c.App.ErrWriter, "note: points that are not drawn: %d (%s)", n.points, n.why)
		}
	}
	if all, err = only(c, all); err != nil {
		return err
	}
	over := c.StringSlice("over")
	if err := checkOver(over, all); err != nil {
		return err
	}
	setAside(over, all)
	all, common, err := arrange(all)
	if err != nil {
		return err
	}
	d, err := paint(c, all, common)
	if err != nil {
		return err
	}
	if picture != "" {
		command := commandLine(c)
		for _, path := range c.Args().Slice() {
			command += " " + quoted(path)
		}
		origin := plots.Origin{Title: d.title + ": " + common, Command: command, Program: c.App.Name + " " + c.App.Version}
		if err := emit(nil, picture, func(w io.Writer) error { return plots.Write(w, d.figure, format, origin) }); err != nil {
			return err
		}
	}
	return emit(c.App.Writer, "", func(w io.Writer) error { return d.write(w, c.String("format")) })
}

func (d *painting) write(w io.Writer, format string) error {
	if format == "csv" {
		return csv.NewWriter(w).WriteAll(append([][]string{d.heads}, d.rows...))
	}
	t := &plots.Table{}
	for i, head := range d.heads {
		number := slices.ContainsFunc(d.rows, func(r []string) bool {
			_, err := strconv.ParseFloat(r[i], 64)
			return err == nil
		})
		t.Columns = append(t.Columns, plots.Column{Name: head, Right: number})
	}
	for _, r := range d.rows {
		t.Add(r...)
	}
	return t.Write(w)
}

// real writes a number with more digits than a figure shows, and fewer than differ between processors.
func real(v float64) string { return strconv.FormatFloat(v, 'g', 9, 64) }

// Most bars, and most series, that can be told apart on one page.
const (
	mostBars   = 80
	mostSeries = 8
)

// fewEnough refuses figures that could not be read.
func fewEnough(n, most int, what string) error {
	if n > most {
		return fmt.Errorf("%d %s in one figure; accepted: up to %d (choose with --only KEY=VALUE)", n, what, most)
	}
	return nil
}
