package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/plots/views"
	"github.com/pmpdsim/pmpdsim/sim/study"
	"github.com/pmpdsim/pmpdsim/sim/study/machines"
)

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
   pmpdsim plot throughput seeds.jsonl --over seed -o throughput.png`, views.Throughput, logFlag(), overFlag()),
			plotKind("schedule", "speed-up of decode over fp16 and over uniform, by schedule", `The speed-ups stand in the results: fp16, and uniform at the highest precision of
a schedule, have to have been run with it.

EXAMPLES:
   pmpdsim plot schedule results.jsonl -o schedule.png`, views.Speedups, overFlag()),
			plotKind("roofline", "MACs/s of every operator over MACs per byte, below the roofs of the NPU", rooflineHelp, views.Roofline,
				append(npuFlags(), phaseFlag())...),
			plotKind("breakdown", "time by kind of operator and energy by part", `Of decode per output token: time of a pass, energy of a token. Of prefill in all. The results
have to come from run --breakdown. Kinds and parts with less than 1 % of every bar are drawn as one.

EXAMPLES:
   pmpdsim plot breakdown results.jsonl -o breakdown.png
   pmpdsim plot breakdown results.jsonl --phase prefill --format csv`, views.Breakdown, phaseFlag()),
			plotKind("pareto", "tokens/s over energy per token, and over area", `Joins the results of each workload (model, task, lengths) that no other one beats in both: with more tokens/s
for no more energy, or area. What precision costs in quality is no axis. Area is drawn where it differs. It is that of the
NPU; energy is that of its DRAM, too.

EXAMPLES:
   pmpdsim plot pareto results/ -o pareto.png`, views.Pareto, logFlag()),
			plotKind("precision", "tokens/s and energy per token over average weight bits", `A line for each NPU, model and workload, or whatever differs; a point for each schedule.

EXAMPLES:
   pmpdsim plot precision results/ --only npu=edge-lpddr5 -o precision.png`, views.OverPrecision, logFlag(), overFlag()),
			plotKind("heatmap", "one number over two keys: axes of a sweep, NPUs, models, schedules", fmt.Sprintf(heatmapHelp, metricLines()), views.HeatMap,
				&cli.StringFlag{Name: "x", Usage: "`KEY` that goes to the right", DefaultText: "one of the two that differ"},
				&cli.StringFlag{Name: "y", Usage: "`KEY` that goes upwards, names downwards", DefaultText: "the other"},
				&cli.StringFlag{Name: "value", Usage: "`NAME` of the number", Value: study.TokensPerSecond().Key},
				&cli.BoolFlag{Name: "log", Usage: "logarithmic scale of colours"}, overFlag()),
			plotPassesCommand(),
			plotQualityCommand(),
		}}
}

// heatmapHelp describes plot heatmap.
const heatmapHelp = `A cell for each pair of values of two keys: npu, model, task, prompt, gen, batch, kv-bits, schedule, or an axis of the
sweep. Where only two differ there is nothing to choose. A cell holds one result: --only chooses, --over averages. Colours go
from the least value that is drawn to the largest; a dash is where there is no result.

VALUES:
   ` + "%s" + `

EXAMPLES:
   pmpdsim plot heatmap results/ --x dram.channels --y array.rows --only schedule=uniform:4 -o heatmap.png
   pmpdsim plot heatmap results.jsonl --x batch --y schedule --value tokens_per_joule --log -o heatmap.pdf`

// metricLines are the names of all metrics, some a line.
func metricLines() string {
	var lines []string
	for some := range slices.Chunk(study.MetricKeys(), 5) {
		lines = append(lines, strings.Join(some, " "))
	}
	return strings.Join(lines, "\n   ")
}

const rooflineHelp = `A point for each operator of each result that multiplies and moves bytes: its MACs per second,
over its MACs per byte of DRAM traffic. The seconds are those that passed for it, or those that array or DRAM worked for it
where these are more: operators that work side by side share the time. The roofs are what the array does with weights of each
width, and what the DRAM's peak lets it do. They are those of one NPU, which results carry. Those of version 0.1.0 hold its fingerprint only:
--npu (if not given, the preset that the results name) and --set say what the NPU was, and the fingerprint has to agree. Names stand at
marks where there is room: "q_proj +6" is at seven marks.

EXAMPLES:
   pmpdsim plot roofline results.jsonl -o roofline.png
   pmpdsim plot roofline results/ --only array.rows=64 --only dram.channels=2 \
      --set array.rows=64 --set dram.channels=2 --phase prefill -o roofline.png`

func logFlag() cli.Flag {
	return &cli.BoolFlag{Name: "log", Usage: "logarithmic axes of tokens/s, and of energy and area"}
}

func phaseFlag() cli.Flag {
	return &cli.StringFlag{Name: "phase", Value: "decode", Usage: "`PHASE` to draw: decode or prefill", Action: oneOf("phase", "phase", "decode", "prefill")}
}

func overFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "over", Usage: "draw means over `KEY`: seed (of random schedules), trace, or another key; repeatable"}
}

func plotKind(name, usage, description string, draw views.Draw, more ...cli.Flag) *cli.Command {
	return &cli.Command{Name: name, Usage: "draw " + usage, Description: description, ArgsUsage: "RESULTS...",
		Flags:  append(more, onlyFlag("draw"), pictureFlag("the"), formatFlag("table", "csv")),
		Action: actionOnResults(func(c *cli.Context) (*plotOptions, error) { return fillPlot(c, draw) })}
}

// plotOptions are what a kind of plot was asked for.
type plotOptions struct {
	draw    views.Draw
	results resultsOptions
	over    []string
	view    views.Options
	npu     *npuOptions // of the results, where the kind has roofs
	picture picture
	format  string
}

func fillPlot(c *cli.Context, draw views.Draw) (*plotOptions, error) {
	o := &plotOptions{draw: draw, results: resultsFrom(c), over: c.StringSlice("over"), picture: pictureFrom(c), format: c.String("format"),
		view: views.Options{Log: c.Bool("log"), Phase: c.String("phase"), X: c.String("x"), Y: c.String("y"), Value: c.String("value")}}
	if c.String("npu") == "" {
		return o, nil
	}
	npu, err := npuFrom(c)
	o.npu = &npu
	return o, err
}

func (o *plotOptions) run(_ context.Context, s streams) error {
	if err := o.picture.check(); err != nil {
		return err
	}
	set, err := study.Read(o.results.paths...)
	if err != nil {
		return err
	}
	s.leftOut("points that are not drawn", set.Inputs...)
	if set, err = set.Only(o.results.only...); err != nil {
		return err
	}
	if set, err = set.Arrange(o.over...); err != nil {
		return err
	}
	if o.npu != nil {
		if o.view.Machine, err = machineOf(set, o.npu, o.view.Phase); err != nil {
			return err
		}
	}
	view, err := o.draw(set, o.view)
	if err != nil {
		return err
	}
	err = o.picture.draw(s, view.Figure, view.Title+": "+set.Common)
	return errors.Join(err, s.emit(func(w io.Writer) error { return view.Write(w, o.format) }))
}

// machineOf is the one NPU that all outcomes of a set ran on, with roofs for a phase.
func machineOf(set *study.Set, npu *npuOptions, phase string) (*study.Machine, error) {
	first := set.Outcomes[0]
	if err := machines.Same(set); err != nil {
		return nil, err
	}
	cfg, err := npu.loadFor(first)
	if err != nil {
		return nil, err
	}
	if err := machines.Check(cfg, first); err != nil {
		return nil, err
	}
	m := machines.New(cfg, set.Widths(phase))
	return &m, nil
}
