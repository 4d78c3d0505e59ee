package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/study"
	"github.com/pmpdsim/pmpdsim/sim/sweep"
	"github.com/pmpdsim/pmpdsim/sim/unit/visible"
)

func statusTable(s *sweep.Status) *plots.Table {
	t := &plots.Table{Columns: []plots.Column{{Name: "sweep"}, {Name: s.Spec, Width: 96}}}
	add := func(key string, n int) { t.Add(key, fmt.Sprint(n)) }
	add("points", s.Points)
	add("done", s.Done)
	if s.Misfits > 0 {
		add("of which do not fit their DRAM", s.Misfits)
	}
	add("failed", s.Failed)
	add("left", s.Left)
	add("workers", s.Workers)
	if s.Owner != "" {
		t.Add("run by", s.Owner)
	}
	if s.Array != "" {
		t.Add("Slurm array", s.Array)
	}
	for _, r := range s.Reasons {
		t.Add(fmt.Sprintf("failed: %d", r.Points), r.Text)
	}
	for _, kept := range s.Kept {
		t.Add("plan before", kept)
	}
	for _, note := range s.Notes {
		t.Add("note", note)
	}
	return t
}

// failedPoints is the error of a sweep that is complete, but for points that have no result.
type failedPoints struct {
	dir    string
	status *sweep.Status
}

// shownFailures is how many failed points a sweep names at its end.
const shownFailures = 10

func (f failedPoints) Error() string { return errors.Join(f.Unwrap()...).Error() }

// Unwrap returns the lines of the error.
func (f failedPoints) Unwrap() []error {
	s := f.status
	lines := []error{fmt.Errorf("%d of %d points failed; accepted: --retry-failed simulates them again", s.Failed, s.Points)}
	for _, p := range s.FailedPoints[:min(shownFailures, len(s.FailedPoints))] {
		lines = append(lines, fmt.Errorf("%s: %s", p.Point, p.Reason))
	}
	if more := len(s.FailedPoints) - shownFailures; more > 0 {
		lines = append(lines, fmt.Errorf("and %d more: pmpdsim sweep status %s --format json names all", more, study.Quoted(f.dir)))
	}
	return lines
}

// sweepDone is what a complete sweep has to say.
func sweepDone(w io.Writer, dir string, s *sweep.Status) error {
	failed := ""
	if s.Failed > 0 {
		failed = fmt.Sprintf(", %d failed", s.Failed)
	}
	if s.Misfits > 0 {
		failed += fmt.Sprintf(", %d do not fit their DRAM (fits is false: simulated as if they did, on no front)", s.Misfits)
	}
	_, err := fmt.Fprintf(w, "%d points%s: %s\n", s.Points, failed, visible.Line(filepath.Join(dir, "results.jsonl")))
	return err
}

// previewed is how many points a dry run shows.
const previewed = 10

// preview shows what a sweep would simulate, and how long that may take.
func (o *sweepOptions) preview(ctx context.Context, s streams, points []*sweep.Point) error {
	estimate, err := o.estimate(ctx, points)
	if err != nil {
		return err
	}
	t := &plots.Table{Columns: []plots.Column{{Name: "NPU"}}}
	for _, a := range points[0].Axes {
		t.Columns = append(t.Columns, plots.Column{Name: a.Axis})
	}
	for _, name := range []string{"model", "task", "prompt", "gen", "batch", "schedule"} {
		t.Columns = append(t.Columns, plots.Column{Name: name})
	}
	for _, p := range points[:min(previewed, len(points))] {
		row := []string{p.NPU}
		for _, a := range p.Axes {
			row = append(row, a.Value)
		}
		t.Add(append(row, p.Model.Name, p.Task, fmt.Sprint(p.Prompt), fmt.Sprint(p.Generated), fmt.Sprint(p.Batch), p.Schedule.String())...)
	}
	return s.emit(func(w io.Writer) error {
		if _, err := fmt.Fprintf(w, "%d points, %s\n", len(points), estimate); err != nil {
			return err
		}
		if err := t.Write(w); err != nil {
			return err
		}
		if more := len(points) - previewed; more > 0 {
			_, err := fmt.Fprintf(w, "and %d more\n", more)
			return err
		}
		return nil
	})
}

// narrowLinks says in how many points the network carries less than DRAM gives, or nothing.
func narrowLinks(points []*sweep.Point) string {
	n, first := 0, ""
	for _, p := range points {
		if narrow := p.Config.NarrowLinks(); narrow != "" {
			if n++; n == 1 {
				first = narrow
			}
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("the network carries less than DRAM in %d of %d points; the first: %s", n, len(points), first)
}

// sampleTime is how long points may be simulated for an estimate.
const sampleTime = 10 * time.Second

// estimate says how long a sweep may take.
func (o *sweepOptions) estimate(ctx context.Context, points []*sweep.Point) (string, error) {
	start := time.Now()
	e, err := (&sweep.Estimator{Limit: sampleTime, Workers: o.workers, Version: programVersion(),
		Clock: func() time.Duration { return time.Since(start) }}).Of(ctx, points)
	if err != nil {
		return "", err
	}
	if e.Points == 0 {
		return fmt.Sprintf("no estimate: the lightest takes more than %v, or fails", sampleTime), nil
	}
	learning := 0.0
	if e.Time > 0 {
		learning = 100 * e.Warmup.Seconds() / e.Time.Seconds()
	}
	return fmt.Sprintf("about %s on %d workers, %.0f%% of it learning (from %d, simulated in %v)", coarse(e.Time), o.workers, learning, e.Points,
		e.Took.Round(time.Millisecond)), nil
}

// coarse writes a time as exactly as an estimate is.
func coarse(d time.Duration) string {
	switch {
	case d < time.Minute:
		return d.Round(time.Second).String()
	case d < time.Hour:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
	return strings.TrimSuffix(d.Round(10*time.Minute).String(), "0s")
}
