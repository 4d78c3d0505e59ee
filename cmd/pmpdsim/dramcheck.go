package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/dram/stream"
	"github.com/pmpdsim/pmpdsim/plots"
)

func dramCheckCommand() *cli.Command {
	return &cli.Command{
		Name: "check", Usage: "compare DRAM standards with what other simulators measured",
		Description: fmt.Sprintf(`Runs the streams that Ramulator 2.1 and DRAMsim3 have run on the standards that we share with them, and shows
the differences: in clocks where the reference's are known, else in percent of the peak. The verdicts:
   equal   as many clocks as Ramulator 2.1; where only its efficiency was kept, the same decimal
   near    within %.0f %% of Ramulator's clocks (random, or with writes: %.0f %%), which were taken with other values of a few timings
   close   within %.1f points of DRAMsim3's efficiency: sequential reads that alternate bank groups
   shown   DRAMsim3's controller schedules otherwise: the difference is not judged
   skipped not run, with the reason
   FAIL    outside its tolerance; the exit code is then 1
Rows of ramulator2.1/NAME were run with Ramulator's own tables, rows of earlier/NAME with derived tables that our presets had
before; those of a plain NAME are of the preset. The golden numbers and where they come from are in npu/dram/stream/golden.
All rows take some ten seconds.

EXAMPLES:
   pmpdsim dram check  # 10 s
   pmpdsim dram check --quick --standard hbm3-6400
   pmpdsim dram check --format json  # 10 s`, stream.NearPercent, stream.NearPercentHarder, stream.ClosePoints),
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "standard", Usage: "only rows of this `STANDARD` (list dram)", DefaultText: "all"},
			&cli.BoolFlag{Name: "quick", Usage: "only sequential and random reads: a few seconds"},
			&cli.BoolFlag{Name: "exact", Usage: "step every clock, the slow way"},
			workersFlag(),
			formatFlag("table", "json"),
		},
		Action: action(fillDRAMCheck),
	}
}

// dramCheckOptions are what dram check was asked for.
type dramCheckOptions struct {
	standard string // empty: all
	quick    bool
	exact    bool
	workers  int
	format   string
}

func fillDRAMCheck(c *cli.Context) (*dramCheckOptions, error) {
	return &dramCheckOptions{c.String("standard"), c.Bool("quick"), c.Bool("exact"), c.Int("workers"), c.String("format")}, nil
}

func (o *dramCheckOptions) run(ctx context.Context, s streams) error {
	if o.standard != "" {
		if _, err := spec.Lookup(o.standard); err != nil { // no other simulator has run the part of a file
			return fmt.Errorf("--standard: DRAM standard %q is not known; %s", o.standard, spec.Accepted(o.standard))
		}
	}
	p := newProgress(s.err, 0, "streams")
	rows, err := stream.Check(ctx, stream.CheckOptions{Standard: o.standard, Quick: o.quick, Exact: o.exact, Workers: o.workers, Progress: p.update})
	p.end()
	if err != nil {
		return stopped(ctx, err)
	}
	err = printed(s, o.format, stream.CheckedRows(rows), func(w io.Writer) error { return showCheck(w, rows, o.standard) })
	return cmp.Or(err, failures(rows))
}

// failures is the error of the rows outside their tolerance, if there are any.
func failures(rows []stream.Checked) error {
	var failed []string
	for _, r := range rows {
		if r.Verdict() == stream.Failed {
			failed = append(failed, r.ID)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return internal(fmt.Errorf("dram check: rows outside their tolerance: %s", strings.Join(failed, " ")))
}

// showCheck writes a table and a summary per standard, and what was skipped.
func showCheck(w io.Writer, rows []stream.Checked, only string) error {
	var names []string
	for _, s := range append(spec.All(), spec.Fixtures()...) { // other presets have no rows
		names = append(names, s.Name)
	}
	slices.Sort(names)
	names = append(names, stream.EarlierNames()...)
	if only != "" {
		names = []string{only}
	}
	for _, name := range names {
		t := &plots.Table{Columns: []plots.Column{{Name: "row"}, {Name: "reference"}, {Name: "mapping"}, {Name: "stream"},
			{Name: "ours", Right: true}, {Name: "theirs", Right: true}, {Name: "difference", Right: true}, {Name: "verdict"}}}
		for _, r := range rows {
			if r.Standard == name && r.Result != nil {
				t.Add(r.Cells()...)
			}
		}
		if _, err := fmt.Fprintf(w, "%s: %s\n\n", name, stream.Summary(rows, name)); err != nil {
			return err
		}
		if len(t.Rows) == 0 {
			continue
		}
		if err := t.Write(w); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	for _, skipped := range stream.Skips(rows) {
		if _, err := fmt.Fprintln(w, skipped); err != nil {
			return err
		}
	}
	return nil
}
