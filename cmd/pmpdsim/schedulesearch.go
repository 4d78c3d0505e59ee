package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

func searchCommand() *cli.Command {
	return &cli.Command{
		Name: "search", Usage: "find the static schedule with the fewest bits whose quality holds",
		Description: `PMPD's offline calibration: every candidate schedule was run on every prompt of a validation set and recorded.
For each candidate it prints the mean of the quality relative to the run at the highest precision
throughout, the lowest, the share of prompts that hold the bound, and average bits; it picks the
fewest bits among the candidates whose mean holds the bound.

Traces belong together if they have the same prompt (prompt.sha256, or prompt.ids). Each prompt needs one trace
under each schedule: fp16 or uniform at the highest precision, and static or uniform candidates.

Measures: quality is the share of tokens on which the fp16 reference agrees (footer.agree), likelihood the mean
probability of a token under it (footer.nll).

EXAMPLES:
   pmpdsim schedule search --traces runs
   pmpdsim schedule search --traces runs --bound 'likelihood>=0.95' --format json`,
		Flags: []cli.Flag{
			tracesFlag("`DIR` with the traces", ""),
			&cli.StringFlag{Name: "bound", Usage: "`MEASURE>=X`, in relation to the highest precision", Value: "quality>=0.99"},
			formatFlag("table", "json"),
		},
		Action: action(fillSearch),
	}
}

// searchOptions are what schedule search was asked for.
type searchOptions struct {
	traces  string // directory
	measure traces.Measure
	least   float64
	format  string
}

func fillSearch(c *cli.Context) (*searchOptions, error) {
	o := &searchOptions{traces: c.String("traces"), format: c.String("format")}
	if o.traces == "" {
		return nil, fmt.Errorf("--traces is missing; accepted: a directory with NAME%s files", traces.Suffix)
	}
	var err error
	o.measure, o.least, err = parseBound(c.String("bound"))
	return o, err
}

func (o *searchOptions) run(_ context.Context, s streams) error {
	prompts, err := promptsIn(o.traces, o.measure)
	if err != nil {
		return err
	}
	found, err := precision.Calibrate(prompts, o.least)
	if err != nil {
		return flagged("traces", "", err)
	}
	return s.emit("", func(out io.Writer) error {
		if o.format == "json" {
			return jsonLines(out, []any{struct {
				Measure traces.Measure `json:"measure"`
				*precision.Calibration
			}{o.measure, found}})
		}
		return showCalibration(out, o.measure, found)
	})
}

// parseBound reads quality>=0.99.
func parseBound(text string) (traces.Measure, float64, error) {
	name, value, ok := strings.Cut(text, ">=")
	least, err := strconv.ParseFloat(value, 64)
	if !ok || err != nil || !slices.Contains(traces.Measures(), traces.Measure(name)) || !(least > 0 && least <= 1e6) {
		var forms []string
		for _, m := range traces.Measures() {
			forms = append(forms, string(m)+">=X")
		}
		return "", 0, fmt.Errorf("--bound %s: not a bound; accepted: %s, with X above 0", text, strings.Join(forms, ", "))
	}
	return traces.Measure(name), least, nil
}

func showCalibration(out io.Writer, measure traces.Measure, found *precision.Calibration) error {
	t := &plots.Table{Columns: []plots.Column{{Name: "schedule"}, {Name: "avg bits", Right: true}, {Name: "mean " + string(measure), Right: true},
		{Name: "lowest", Right: true}, {Name: "prompts that hold", Right: true}, {Name: ""}}}
	best := "none holds the bound"
	for _, x := range found.Candidates {
		mark := ""
		if x.Chosen {
			mark, best = "best", x.Schedule.String()
		}
		t.Add(x.Schedule.String(), fmt.Sprintf("%.3f", x.AverageBits), fmt.Sprintf("%.4f", x.Quality), fmt.Sprintf("%.4f", x.Lowest),
			fmt.Sprintf("%.1f %%", 100*x.Holding), mark)
	}
	if err := t.Write(out); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nprompts  %d; %s in relation to %s, bound %g\nbest     %s\n", found.Prompts, measure, found.Reference,
		found.Bound, best)
	return err
}
