package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/plots/views"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/study/styles"
	"github.com/pmpdsim/pmpdsim/workloads"
)

func stylesCommand() *cli.Command {
	return &cli.Command{
		Name: "styles", Usage: "compare the compute styles in decode: style x bits x model x batch",
		Description: `Simulates one decode pass on one NPU for every compute style, weight precision, model and batch, and prints how long
it takes, how busy array and memory are, what bounds it, and what it costs in energy and area. Where the array is busy
all the time a style has stopped being bound by memory. An array is busy, too, while its tiles wait for the scratchpad's
lanes, for tables or for look-ups.

Every style gets the NPU's rows, columns and scratchpad; with --iso-area as many columns as fit into the area of the
NPU's own array. --array-style runs that style alone.

-o also draws a picture: how busy the array is, in coloured cells over styles and bits, a panel per model and batch.

EXAMPLES:
   pmpdsim styles
   pmpdsim styles --iso-area --array 16x16 --batch 1,4,16 --model vicuna-7b -o styles.png  # 5 s
   pmpdsim styles --npu card-hbm3 --bits 2,4 --format csv  # 5 s`,
		Flags: slices.Concat(npuFlags(), machineFlags(), []cli.Flag{
			modelsFlag("`MODEL` (list models); repeatable", strings.Join(styles.Models(), ", ")),
			bitsFlag("2,3,4,16"),
			&cli.StringFlag{Name: "batch", Value: "1", Usage: "sequences that decode together: `N,...`"},
			&cli.IntFlag{Name: "context", Value: 1024, Usage: "`TOKENS` in the cache", Action: between("context", 1, mostTokens)},
			workersFlag(),
			pictureFlag("a"),
			formatFlag("table", "csv", "json"),
		}),
		Action: action(fillStyles),
	}
}

// stylesOptions are what styles was asked for.
type stylesOptions struct {
	npu     npuOptions
	models  []string
	bits    []int
	batch   string // a list
	context int
	workers int
	picture picture
	format  string
}

func fillStyles(c *cli.Context) (*stylesOptions, error) {
	o := &stylesOptions{models: c.StringSlice("model"), batch: c.String("batch"), context: c.Int("context"), workers: c.Int("workers"),
		picture: pictureFrom(c), format: c.String("format")}
	var err error
	if o.npu, err = npuFrom(c); err != nil {
		return nil, err
	}
	o.bits, err = weightBits(c)
	return o, err
}

func (o *stylesOptions) run(ctx context.Context, s streams) error {
	what, err := o.load(s)
	if err != nil {
		return err
	}
	if err := o.picture.check(); err != nil {
		return err
	}
	points, err := o.simulate(ctx, s, what)
	if err != nil {
		return err
	}
	figure := views.StylesFigure(what, points)
	err = o.picture.draw(s, figure, figure.Title+": "+figure.Subtitle)
	return errors.Join(err, tabled(s, o.format, points, func(w io.Writer) error { return views.StylesCSV(w, points) },
		func(w io.Writer) error { return views.StylesTable(w, what, points) }))
}

// load resolves the options.
func (o *stylesOptions) load(s streams) (*styles.Comparison, error) {
	what := &styles.Comparison{Bits: o.bits, Context: o.context, IsoArea: o.npu.isoArea}
	if err := o.addNPUs(s, what); err != nil {
		return nil, err
	}
	names := o.models
	if len(names) == 0 {
		names = styles.Models()
	}
	for _, name := range names {
		m, err := loadModel(name)
		if err != nil {
			return nil, flagged("model", name, err)
		}
		if err := m.CheckLengths(o.context, 2); err != nil {
			return nil, fmt.Errorf("--context: %w", err)
		}
		what.Models = append(what.Models, m)
	}
	var err error
	most := replay.MostSequences
	what.Batches, err = integers("batch", o.batch, fmt.Sprintf("1 to %d", most), func(n int) bool { return n >= 1 && n <= most })
	return what, err
}

// addNPUs adds an NPU for each style, or for the one of --array-style.
func (o *stylesOptions) addNPUs(s streams, what *styles.Comparison) error {
	all := config.Styles()
	if o.npu.styled() {
		cfg, err := o.npu.configured()
		if err != nil {
			return err
		}
		all = []config.Style{cfg.Array.Style}
	}
	for _, style := range all {
		cfg, err := o.npu.withoutStyle().configured()
		if err != nil {
			return err
		}
		large, err := what.Add(cfg, style)
		if err != nil {
			return err
		}
		if large != nil {
			s.say("note: %s takes %s mm2 with one column, more than the %s mm2 that there are", style, views.Area(large.Area), views.Area(large.Budget))
		}
	}
	return nil
}

// simulate runs all cells.
func (o *stylesOptions) simulate(ctx context.Context, s streams, what *styles.Comparison) ([]styles.Point, error) {
	cells := what.Cells()
	var jobs []*replay.Prepared
	for _, x := range cells {
		p, err := replay.Prepare(replay.Job{Config: x.Config, Model: x.Model, Task: workloads.CustomTask, Prompt: what.Context, Generated: 2, Batch: x.Batch,
			Schedule: x.Schedule, DecodeOnly: true})
		if err != nil {
			return nil, fmt.Errorf("%s, %s: %w", x.Config.Array.Style, x.Model.Name, err)
		}
		jobs = append(jobs, p)
	}
	rs, err := simulate(ctx, s, jobs, replay.Options{Workers: o.workers})
	if err != nil {
		return nil, err
	}
	points := make([]styles.Point, len(rs))
	for i, r := range rs {
		points[i] = what.Point(cells[i], r)
	}
	return points, nil
}
