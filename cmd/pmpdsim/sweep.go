package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/sim/sweep"
)

func sweepCommand() *cli.Command {
	return &cli.Command{
		Name: "sweep", Usage: "simulate all combinations of NPUs, models, tasks and schedules", ArgsUsage: "SPEC",
		Description: `Reads a spec (YAML, docs/sweeps.md), simulates every point of it and keeps a row for each in DIR. A sweep that was
interrupted, killed or short of disk goes on from where it stopped when the same command is given again; points that
DIR has already are not simulated twice, also when the spec has grown. When all are there, DIR/results.jsonl has a row
for each, the same bytes whatever happened on the way.

EXAMPLES:
   pmpdsim sweep study.yaml --dry-run
   pmpdsim sweep study.yaml -o results/
   pmpdsim sweep study.yaml -o results/ --executor slurm --partition x --array-size 200
   pmpdsim sweep status results/`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "keep the results in `DIR`", DefaultText: "required"},
			&cli.BoolFlag{Name: "dry-run", Usage: "only show how many points there are, how long they may take, and the first of them"},
			&cli.StringFlag{Name: "executor", Value: "local", Usage: "`WHERE` to simulate: local processes, or slurm job arrays",
				Action: func(_ *cli.Context, v string) error {
					if v != "local" && v != "slurm" {
						return fmt.Errorf("--executor %s: unknown; accepted: local, slurm", v)
					}
					return nil
				}},
			&cli.IntFlag{Name: "workers", Usage: "simulate on `N` cores; results do not depend on it", Value: runtime.GOMAXPROCS(0), DefaultText: "all"},
			&cli.StringFlag{Name: "partition", Usage: "slurm: `NAME` of the partition", DefaultText: "the cluster's"},
			&cli.IntFlag{Name: "array-size", Usage: "slurm: at most `N` tasks, which share the points", Value: 100},
			&cli.IntFlag{Name: "tries", Usage: "slurm: submit at most `N` times what lost tasks have left", Value: 3},
			&cli.StringSliceFlag{Name: "sbatch", Usage: "slurm: `OPTION` for sbatch, as in --time=2:00:00; repeatable"},
		},
		Subcommands: []*cli.Command{sweepStatusCommand()},
		Action:      runSweep,
	}
}

func runSweep(c *cli.Context) error {
	if err := arguments(c, "SPEC"); err != nil {
		return err
	}
	for _, name := range []string{"workers", "array-size", "tries"} {
		if n := c.Int(name); n < 1 {
			return fmt.Errorf("--%s %d: too few; accepted: 1 or more", name, n)
		}
	}
	for _, name := range []string{"partition", "array-size", "tries", "sbatch"} {
		if c.IsSet(name) && c.String("executor") != "slurm" {
			return fmt.Errorf("--%s: there is no cluster; accepted: together with --executor slurm", name)
		}
	}
	if c.IsSet("workers") && c.String("executor") == "slurm" && !c.Bool("dry-run") {
		return errors.New("--workers: a cluster has its own; accepted: --array-size with --executor slurm")
	}
	path := c.Args().First()
	s, err := sweep.Load(path)
	if err != nil {
		return err
	}
	points, err := s.Points(path, codeVersion())
	if err != nil {
		return err
	}
	if c.Bool("dry-run") {
		return preview(c, points)
	}
	if c.String("output") == "" {
		return errors.New("--output is missing; accepted: a directory for the results")
	}
	d, err := sweep.Create(c.Context, c.String("output"), s, filepath.Base(path), points, codeVersion())
	if err != nil {
		return flagged("output", "", err)
	}
	return errors.Join(conduct(c, d), d.Close())
}

// conduct gets the points simulated and the results written.
func conduct(c *cli.Context, d *sweep.Dir) error {
	program, err := os.Executable()
	if err != nil {
		return internal(err)
	}
	dir := c.String("output")
	var e sweep.Executor = &sweep.Local{Command: []string{program, "job", "--dir", dir, "--feed"}, Workers: c.Int("workers")}
	if c.String("executor") == "slurm" {
		all, err := filepath.Abs(dir)
		if err != nil {
			return err
		}
		e = &sweep.Slurm{Command: []string{program, "job", "--dir", all, "--task"}, Partition: c.String("partition"), ArraySize: c.Int("array-size"),
			Options: c.StringSlice("sbatch"), Poll: 2 * time.Second, Tries: c.Int("tries")}
	}
	p := newProgress(c.App.ErrWriter, 1, "points")
	err = d.Run(c.Context, e, func(now sweep.Progress) {
		if now.Note != "" {
			say(c.App.ErrWriter, "%s", now.Note)
		}
		p.points(now)
	})
	p.end()
	if errors.Is(err, context.Canceled) {
		return interrupted(c, dir)
	}
	if err != nil {
		return internal(err)
	}
	s, err := sweep.StatusOf(dir)
	if err != nil {
		return internal(err)
	}
	return emit(c.App.Writer, "", func(w io.Writer) error { return sweepDone(w, dir, s) })
}

// unfinished is an interruption that loses nothing.
type unfinished struct {
	text  string
	cause error
}

func (u unfinished) Error() string { return u.text }
func (u unfinished) Unwrap() error { return u.cause }

func interrupted(c *cli.Context, dir string) error {
	s, err := sweep.StatusOf(dir)
	if err != nil {
		return err
	}
	return unfinished{fmt.Sprintf("interrupted: %d of %d points are in %s; the same command goes on from there", s.Points-s.Left, s.Points, dir),
		context.Cause(c.Context)}
}

// points is update for a sweep.
func (p *progress) points(now sweep.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.total, p.share = int64(now.Done), int64(now.Total), now.Share
	if now.Failed > 0 {
		p.what = fmt.Sprintf("points (%d failed)", now.Failed)
	}
	p.draw()
}

func sweepStatusCommand() *cli.Command {
	return &cli.Command{
		Name: "status", Usage: "show how far a sweep is", ArgsUsage: "DIR",
		Description: `Prints how many points have results, failed, and why, and are left, and who works at them.

EXAMPLES:
   pmpdsim sweep status results/
   pmpdsim sweep status results/ --format json`,
		Flags: []cli.Flag{formatFlag("table", "json")},
		Action: func(c *cli.Context) error {
			if err := arguments(c, "DIR"); err != nil {
				return err
			}
			s, err := sweep.StatusOf(c.Args().First())
			if err != nil {
				return err
			}
			return emit(c.App.Writer, "", func(w io.Writer) error {
				if c.String("format") == "json" {
					return jsonLines(w, []*sweep.Status{s})
				}
				return statusTable(s).Write(w)
			})
		},
	}
}
