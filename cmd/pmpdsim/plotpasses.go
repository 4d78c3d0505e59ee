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
	"github.com/pmpdsim/pmpdsim/sim/replay/rows"
)

func plotPassesCommand() *cli.Command {
	measures := rows.Measures()
	var keys []string
	for _, m := range measures {
		keys = append(keys, m.Key)
	}
	return &cli.Command{Name: "passes", Usage: "draw what each decode pass came to over the position, and its weight bits below",
		Description: `Draws what pmpdsim run --per-pass wrote as .csv or .jsonl: a line for each schedule, with a mark where the weight bits change.
Where passes were interpolated, hollow marks are those that were simulated. Prefill is left out.

NUMBERS:
   ` + strings.Join(keys, " ") + `

EXAMPLES:
   pmpdsim run --gen 64 --schedule fp16 --schedule static:4-3-2 --per-pass passes.csv
   pmpdsim plot passes passes.csv -o passes.png
   pmpdsim plot passes passes.csv --y energy_joules --only schedule=fp16 --only 'schedule=static:4>3>2' -o energy.pdf`,
		ArgsUsage: "FILES...",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "y", Usage: "`NUMBER` of a pass that goes upwards", Value: keys[0]},
			&cli.BoolFlag{Name: "log", Usage: "logarithmic axis of the number"},
			&cli.StringSliceFlag{Name: "only", Usage: "draw passes with `KEY=VALUE` only: npu, model or schedule; repeatable, values of one key are alternatives"},
			pictureFlag("the"), formatFlag("table", "csv"),
		},
		Action: func(c *cli.Context) error {
			if c.NArg() == 0 {
				return errors.New("plot passes: FILES are missing; accepted: files of run --per-pass")
			}
			return launch(c, fillPlotPasses(c))
		}}
}

// plotPassesOptions are what plot passes was asked for.
type plotPassesOptions struct {
	paths, only []string
	y           string
	log         bool
	picture     picture
	format      string
}

func fillPlotPasses(c *cli.Context) *plotPassesOptions {
	return &plotPassesOptions{paths: c.Args().Slice(), only: c.StringSlice("only"), y: c.String("y"), log: c.Bool("log"), picture: pictureFrom(c),
		format: c.String("format")}
}

func (o *plotPassesOptions) run(_ context.Context, s streams) error {
	if err := o.picture.check(); err != nil {
		return err
	}
	y, err := rows.MeasureOf(o.y)
	if err != nil {
		return flagged("y", "", err)
	}
	all, err := rowsOf(o.paths, rows.Read)
	if err != nil {
		return err
	}
	if all, err = onlyPasses(all, o.only); err != nil {
		return err
	}
	view, err := views.Passes(all, y, o.log)
	if err != nil {
		return err
	}
	return errors.Join(o.picture.draw(s, view.Figure, view.Title), s.emit(func(w io.Writer) error { return view.Write(w, o.format) }))
}

// onlyPasses are the rows that have one of the values of each key.
func onlyPasses(all []rows.Row, only []string) ([]rows.Row, error) {
	of := map[string]func(*rows.Row) string{
		"npu":      func(r *rows.Row) string { return r.NPU },
		"model":    func(r *rows.Row) string { return r.Model },
		"schedule": func(r *rows.Row) string { return r.Schedule },
	}
	wanted := map[string][]string{}
	for _, text := range only {
		key, value, ok := strings.Cut(text, "=")
		if !ok || of[key] == nil {
			return nil, fmt.Errorf("--only %s: no such key; accepted: npu=NAME, model=NAME or schedule=NAME", text)
		}
		wanted[key] = append(wanted[key], value)
	}
	some := slices.DeleteFunc(all, func(r rows.Row) bool {
		for key, values := range wanted {
			if !slices.Contains(values, of[key](&r)) {
				return true
			}
		}
		return false
	})
	if len(some) == 0 {
		return nil, fmt.Errorf("--only %s: no pass is like that; accepted: values that the files have", strings.Join(only, ", "))
	}
	return some, nil
}
