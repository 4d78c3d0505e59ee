package main

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/gpu/eval/rows"
	"github.com/pmpdsim/pmpdsim/plots/views"
)

func plotQualityCommand() *cli.Command {
	return &cli.Command{Name: "quality", Usage: "draw quality against throughput, with intervals and the Pareto front, or by position",
		Description: `Draws what pmpdsim quality --format json, or csv, has measured: a mark for each schedule with its interval of 95 % over prompts, a panel
for each model and NPU, fp16 as a dashed line. Steps join the schedules that no other one of the panel beats in both quality and
throughput. --by-position draws a line for each schedule over the positions of the continuation instead.

MEASURES:
   ` + strings.Join(measureKeys(), " ") + `

EXAMPLES:
   pmpdsim quality --prompts 4 --prompt 16 --gen 8 --format json -o quality.jsonl
   pmpdsim plot quality quality.jsonl -o pareto.png
   pmpdsim plot quality quality.jsonl --y kl_mean --log --only schedule=uniform:4 --only schedule=uniform:3 -o kl.pdf
   pmpdsim plot quality quality.jsonl --by-position --y kl_mean -o positions.png`,
		ArgsUsage: "RESULTS...",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "x", Usage: "`KEY` that goes to the right: " + strings.Join(costKeys(), ", "), DefaultText: "tokens_per_second, without NPUs avg_weight_bits"},
			&cli.StringFlag{Name: "y", Usage: "`MEASURE` that goes upwards", Value: rows.Measures()[0].Key},
			&cli.BoolFlag{Name: "by-position", Usage: "draw the measure by position in the continuation"},
			&cli.BoolFlag{Name: "log", Usage: "logarithmic axis of the measure"},
			&cli.StringSliceFlag{Name: "only", Usage: "draw rows with `KEY=VALUE` only, as in npu=rk3588: schedule, model, npu, kv-bits or quantiser; repeatable, values of one key are alternatives"},
			pictureFlag("the"), formatFlag("table", "csv"),
		},
		Action: func(c *cli.Context) error {
			if c.NArg() == 0 {
				return errors.New("plot quality: RESULTS are missing; accepted: files of quality --format json, or csv")
			}
			o, err := fillPlotQuality(c)
			if err != nil {
				return err
			}
			return launch(c, o)
		}}
}

func measureKeys() (keys []string) {
	for _, m := range rows.Measures() {
		keys = append(keys, m.Key)
	}
	return keys
}

func costKeys() (keys []string) {
	for _, c := range rows.Costs() {
		keys = append(keys, c.Key)
	}
	return keys
}

// plotQualityOptions are what plot quality was asked for.
type plotQualityOptions struct {
	paths   []string
	only    []string
	draw    func([]rows.Row, views.QualityOptions) (*views.View, error)
	view    views.QualityOptions
	picture picture
	format  string
}

func fillPlotQuality(c *cli.Context) (*plotQualityOptions, error) {
	o := &plotQualityOptions{paths: c.Args().Slice(), only: c.StringSlice("only"), draw: views.QualityFront, picture: pictureFrom(c), format: c.String("format"),
		view: views.QualityOptions{X: c.String("x"), Y: c.String("y"), Log: c.Bool("log")}}
	if c.Bool("by-position") {
		if o.draw = views.QualityPositions; c.IsSet("x") {
			return nil, errors.New("--x: with --by-position positions go to the right; accepted: one of the two")
		}
	}
	return o, nil
}

func (o *plotQualityOptions) run(_ context.Context, s streams) error {
	if err := o.picture.check(); err != nil {
		return err
	}
	all, err := rowsOf(o.paths, rows.Read)
	if err != nil {
		return err
	}
	if all, err = rows.Only(all, o.only...); err != nil {
		return err
	}
	view, err := o.draw(all, o.view)
	if err != nil {
		return err
	}
	return errors.Join(o.picture.draw(s, view.Figure, view.Title), s.emit(func(w io.Writer) error { return view.Write(w, o.format) }))
}
