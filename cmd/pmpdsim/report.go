package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/plots/report"
)

func reportCommand() *cli.Command {
	return &cli.Command{Name: "report", Usage: "write results as one HTML page to look around in", ArgsUsage: "RESULTS...",
		Description: `Writes one HTML file of results of pmpdsim run --format json, or of those in the folder of a sweep. It opens in a browser without
a network. What it shows: throughput, speed-ups, which knob moves them most while all else stays as it is, the best designs, where time and
energy go, rooflines, all results, and where each number is from. The best designs and the knobs are printed, too.

A result names its NPU by a fingerprint. The NPU's keys, and its roofs, are in the page for folders of sweeps, for presets, and for
presets changed by axes that are keys; for another NPU, --npu and --set say what it was.

EXAMPLES:
   pmpdsim report results/ -o report.html
   pmpdsim run --breakdown --format json -o run.jsonl && pmpdsim report run.jsonl -o report.html
   pmpdsim report results/ --only batch=1 --only schedule=fp16 --only schedule=uniform:4 -o report.html`,
		Flags: append(npuFlags(),
			&cli.StringSliceFlag{Name: "only", Usage: "take results with `KEY=VALUE` only, as in model=phi-1.5; repeatable, values of one key are alternatives"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`, NAME.html", DefaultText: "required"}),
		Action: runReport}
}

func runReport(c *cli.Context) error {
	if c.NArg() == 0 {
		return errors.New("report: RESULTS are missing; accepted: files of run --format json, folders of sweeps")
	}
	path, err := pageOf(c)
	if err != nil {
		return err
	}
	r := &report.Report{Program: c.App.Name + " " + c.App.Version, Command: commandLine(c)}
	var all []*outcome
	for _, input := range c.Args().Slice() {
		some, out, err := readInput(input)
		if err != nil {
			return err
		}
		all = append(all, some...)
		r.Inputs = append(r.Inputs, report.Input{Path: input, Results: len(some), Failed: out.failed, Missing: out.missing})
		r.Command += " " + quoted(input)
		for _, n := range []struct {
			points int
			why    string
		}{{out.failed, "failed"}, {out.missing, "no result yet"}} {
			if n.points > 0 {
				say(c.App.ErrWriter, "note: points of %s that are not shown: %d (%s)", input, n.points, n.why)
			}
		}
	}
	if len(all) == 0 {
		return fmt.Errorf("%s: no results", strings.Join(c.Args().Slice(), ", "))
	}
	if all, err = only(c, all); err != nil {
		return err
	}
	if all, r.Common, err = arrange(all); err != nil {
		return err
	}
	for _, o := range all {
		r.Points = append(r.Points, pointOf(o))
	}
	if r.Machines, err = machinesOf(c, all); err != nil {
		return err
	}
	if err := emit(nil, path, func(w io.Writer) error { return report.Write(w, r) }); err != nil {
		return err
	}
	return emit(c.App.Writer, "", func(w io.Writer) error { return printSummary(w, r) })
}

// pageOf finds out before results are read whether the page can be written.
func pageOf(c *cli.Context) (string, error) {
	path := c.String("output")
	if path == "" {
		return "", errors.New("--output is missing; accepted: a file, NAME.html")
	}
	if ext := strings.ToLower(filepath.Ext(path)); ext != ".html" && ext != ".htm" && path != os.DevNull {
		return "", fmt.Errorf("--output: %s: the name tells no page; accepted: a name that ends in .html", path)
	}
	return path, flagged("output", "", writable(path))
}

// pointOf has the keys that differ, and the schedule behind them.
func pointOf(o *outcome) report.Point {
	p := report.Point{Result: o.Result, Place: o.place}
	for _, name := range append(slices.Clone(o.differ), "schedule") {
		v := o.value(name)
		k := report.Key{Name: name, Value: v.value, Text: v.text}
		if slices.Contains(workloadKeys(), name) {
			k.Role = report.Workload
		}
		p.Keys = append(p.Keys, k)
	}
	return p
}

// mostBest are the designs that are printed; the page has all.
const mostBest = 10

// printSummary prints what a reader would look for first.
func printSummary(w io.Writer, r *report.Report) error {
	best := report.Front(r.Points)
	slices.SortStableFunc(best, func(a, b report.Point) int {
		if c := strings.Compare(report.WorkloadOf(&a), report.WorkloadOf(&b)); c != 0 {
			return c
		}
		return compareValues(real(b.TokensPerSecond), real(a.TokensPerSecond))
	})
	more := ""
	if len(best) > mostBest {
		more = fmt.Sprintf(", the first %d", mostBest)
	}
	if _, err := fmt.Fprintf(w, "%d results; %d that no other beats in throughput, energy and area%s\n", len(r.Points), len(best), more); err != nil {
		return err
	}
	if err := bestTable(best[:min(len(best), mostBest)]).Write(w); err != nil {
		return err
	}
	knobs := report.Sensitivities(r.Points, report.Metrics()[0])
	if len(knobs) == 0 {
		return nil
	}
	if _, err := fmt.Fprintln(w, "\nwhat one knob does to tokens/s while all else stays: highest over lowest of its values"); err != nil {
		return err
	}
	return knobTable(knobs).Write(w)
}

func bestTable(best []report.Point) *plots.Table {
	t := &plots.Table{Columns: []plots.Column{{Name: "design", Width: 80}, {Name: "tokens/s", Right: true}, {Name: "mJ/token", Right: true}, {Name: "mm2", Right: true}}}
	for _, p := range best {
		design := report.DesignOf(&p)
		if w := report.WorkloadOf(&p); w != "" {
			design = w + ": " + design
		}
		t.Add(design, plots.Significant(p.TokensPerSecond), plots.Significant(p.EnergyPerToken*1e3), plots.Significant(p.AreaMM2))
	}
	return t
}

func knobTable(knobs []report.Knob) *plots.Table {
	t := &plots.Table{Columns: []plots.Column{{Name: "knob"}, {Name: "median", Right: true}, {Name: "least", Right: true}, {Name: "most", Right: true},
		{Name: "groups", Right: true}, {Name: "from lowest to highest", Width: 60}}}
	for _, k := range knobs {
		order := slices.SortedStableFunc(slices.Values(k.Effects), func(a, b report.Effect) int { return compareValues(real(a.Median), real(b.Median)) })
		var values []string
		for _, e := range order {
			values = append(values, e.Value)
		}
		name := strings.Join(k.Names, ", ")
		if k.Role == report.Workload {
			name += " (workload)"
		}
		t.Add(name, plots.Significant(k.Swing), plots.Significant(k.Least), plots.Significant(k.Most), fmt.Sprint(k.Groups), strings.Join(values, " < "))
	}
	return t
}
