package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/sweep"
)

func statusTable(s *sweep.Status) *plots.Table {
	t := &plots.Table{Columns: []plots.Column{{Name: "sweep"}, {Name: s.Spec, Width: 96}}}
	add := func(key string, n int) { t.Add(key, fmt.Sprint(n)) }
	add("points", s.Points)
	add("done", s.Done)
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
	return t
}

// sweepDone is what a complete sweep has to say.
func sweepDone(w io.Writer, dir string, s *sweep.Status) error {
	failed := ""
	if s.Failed > 0 {
		failed = fmt.Sprintf(", %d failed (pmpdsim sweep status %s)", s.Failed, dir)
	}
	_, err := fmt.Fprintf(w, "%d points%s: %s\n", s.Points, failed, filepath.Join(dir, "results.jsonl"))
	return err
}

// previewed is how many points a dry run shows.
const previewed = 10

// preview shows what a sweep would simulate, and how long that may take.
func preview(c *cli.Context, points []*sweep.Point) error {
	estimate, err := estimateOf(c, points)
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
	return emit(c.App.Writer, "", func(w io.Writer) error {
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

// Limits of what is simulated for an estimate.
const (
	sampleTime   = 10 * time.Second
	samplePoints = 3
)

// estimateOf simulates the lightest points and scales their time by the costs of all. The machines of neighbours have
// learnt what these had to learn, so that it is rather too long.
func estimateOf(c *cli.Context, points []*sweep.Point) (string, error) {
	sorted := slices.Clone(points)
	slices.SortStableFunc(sorted, func(a, b *sweep.Point) int { return cmp.Compare(a.Cost, b.Cost) })
	ctx, cancel := context.WithTimeout(c.Context, sampleTime)
	defer cancel()
	var measured, all float64
	var took time.Duration
	n := 0
	for _, p := range sorted[:min(samplePoints, len(sorted))] {
		start := time.Now()
		_, err := replay.Run(ctx, []replay.Job{p.Job}, replay.Options{Workers: 1})
		if c.Context.Err() != nil {
			return "", context.Cause(c.Context)
		}
		if errors.Is(err, context.DeadlineExceeded) {
			break
		}
		if err == nil { // one that fails tells nothing
			measured, took, n = measured+p.Cost, took+time.Since(start), n+1
		}
	}
	if n == 0 {
		return fmt.Sprintf("no estimate: the lightest takes more than %v, or fails", sampleTime), nil
	}
	for _, p := range points {
		all += p.Cost
	}
	whole := time.Duration(float64(took) * all / measured / float64(c.Int("workers")))
	return fmt.Sprintf("about %s on %d workers (from the lightest %d, simulated in %v)", coarse(whole), c.Int("workers"), n, took.Round(time.Millisecond)), nil
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
