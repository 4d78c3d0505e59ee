package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/sweep"
)

func sweepCommand() *cli.Command {
	return &cli.Command{
		Name: "sweep", Usage: "simulate all combinations of NPUs, models, tasks and schedules", ArgsUsage: "SPEC",
		Description: `Reads a spec (YAML, docs/sweeps.md), simulates every point of it and keeps a row for each in DIR. A sweep that was
interrupted, killed or short of disk goes on from where it stopped when the same command is given again; points that
DIR has already are not simulated twice, also when the spec has grown. When all are there, DIR/results.jsonl has a row
for each, the same bytes whatever happened on the way.

DIR is new, empty or that of a sweep: it is known by its file pmpdsim-sweep.json. If it has results of another spec, or of
another version of the program, they stay, and the command is refused; with --replan they are kept in DIR/old.

Points that cannot be simulated, and points at which workers died twice, have a row with the reason; the exit status is then 4.

EXAMPLES:
   pmpdsim sweep study.yaml --dry-run
   pmpdsim sweep study.yaml -o results/
   pmpdsim sweep study.yaml -o results/ --executor slurm --partition x --array-size 200  # needs Slurm
   pmpdsim sweep status results/`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "keep the results in `DIR`", DefaultText: "required"},
			&cli.BoolFlag{Name: "retry-failed", Usage: "simulate again what has failed"},
			&cli.BoolFlag{Name: "replan", Usage: "let this spec take the place of another one in DIR, which is kept in DIR/old with its results"},
			&cli.IntFlag{Name: "max-points", Usage: "refuse specs of more than `N` combinations, filters aside",
				Value: sweep.MostPoints, Action: between("max-points", 1, sweep.HighestPoints)},
			&cli.BoolFlag{Name: "dry-run", Usage: "only show how many points there are, how long they may take, and the first of them"},
			&cli.StringFlag{Name: "executor", Value: "local", Usage: "`WHERE` to simulate: local processes, or slurm job arrays",
				Action: oneOf("executor", "executor", "local", "slurm")},
			workersFlag(),
			&cli.StringFlag{Name: "partition", Usage: "slurm: `NAME` of the partition", DefaultText: "the cluster's"},
			&cli.IntFlag{Name: "array-size", Usage: "slurm: at most `N` tasks, which share the points", Value: 100, Action: between("array-size", 1, 4_000_000)},
			&cli.IntFlag{Name: "tries", Usage: "slurm: submit at most `N` times what lost tasks have left", Value: 3, Action: between("tries", 1, 1000)},
			&cli.StringSliceFlag{Name: "sbatch", Usage: "slurm: `OPTION` for sbatch, as in --time=2:00:00; repeatable"},
		},
		Subcommands: []*cli.Command{sweepStatusCommand()},
		Action:      action(fillSweep, "SPEC"),
	}
}

// sweepOptions are what sweep was asked for.
type sweepOptions struct {
	spec    string // path
	output  string // directory
	dryRun  bool
	retry   bool // what has failed
	replan  bool
	most    int // points
	workers int
	slurm   *slurmOptions // nil: processes here
}

// slurmOptions are those of a cluster.
type slurmOptions struct {
	partition        string
	arraySize, tries int
	sbatch           []string
}

// ownSbatch are options of sbatch that belong to the sweep.
const ownSbatch = "--array -a --wrap --parsable --chdir -D --test-only --help -h --usage --version -V"

func fillSweep(c *cli.Context) (*sweepOptions, error) {
	o := &sweepOptions{spec: c.Args().First(), output: c.String("output"), dryRun: c.Bool("dry-run"),
		retry: c.Bool("retry-failed"), replan: c.Bool("replan"), most: c.Int("max-points"), workers: c.Int("workers")}
	if c.String("executor") == "slurm" {
		o.slurm = &slurmOptions{c.String("partition"), c.Int("array-size"), c.Int("tries"), c.StringSlice("sbatch")}
	}
	for _, name := range []string{"partition", "array-size", "tries", "sbatch"} {
		if c.IsSet(name) && o.slurm == nil {
			return nil, fmt.Errorf("--%s: there is no cluster; accepted: together with --executor slurm", name)
		}
	}
	for _, option := range c.StringSlice("sbatch") {
		if name, _, _ := strings.Cut(option, "="); len(name) < 2 || name[0] != '-' || slices.Contains(strings.Fields(ownSbatch), name) {
			return nil, fmt.Errorf("--sbatch %q: no option that a sweep leaves open; accepted: one of sbatch, as in --sbatch=--time=2:00:00, but none of %s", option, ownSbatch)
		}
	}
	if c.IsSet("workers") && o.slurm != nil && !o.dryRun {
		return nil, errors.New("--workers: a cluster has its own; accepted: --array-size with --executor slurm")
	}
	return o, nil
}

func (o *sweepOptions) run(ctx context.Context, s streams) error {
	spec, err := sweep.Load(o.spec, o.most)
	if err != nil {
		return err
	}
	points, err := spec.Points(ctx, o.spec, codeVersion())
	if err != nil {
		return err
	}
	noted := map[*config.Part]bool{}
	for _, p := range points {
		if part := p.Config.DRAM.Part; !noted[part] {
			noted[part] = true
			s.notesOf(part)
		}
	}
	if narrow := narrowLinks(points); narrow != "" {
		s.say("warning: %s", narrow)
	}
	if o.dryRun {
		return o.preview(ctx, s, points)
	}
	if o.output == "" {
		return errors.New("--output is missing; accepted: a directory for the results")
	}
	defer s.files.Hold()() // it says itself what there is when it is interrupted
	d, err := sweep.Create(ctx, o.output, sweep.Order{Spec: spec, Name: filepath.Base(o.spec), Points: points, Version: codeVersion(), Replan: o.replan})
	if err != nil {
		return flagged("output", "", err)
	}
	return errors.Join(o.conduct(ctx, s, d), d.Close())
}

// conduct gets the points simulated and the results written.
func (o *sweepOptions) conduct(ctx context.Context, s streams, d *sweep.Dir) error {
	e, err := o.executor()
	if err != nil {
		return err
	}
	p := newProgress(s.err, 1, "points")
	run := d.Run
	if o.retry {
		run = d.Retry
	}
	err = run(ctx, e, func(now sweep.Progress) {
		if now.Note != "" {
			s.say("%s", now.Note)
		}
		p.points(now)
	})
	p.end()
	if errors.Is(err, context.Canceled) {
		return interrupted(ctx, o.output)
	}
	if err != nil {
		return internal(err)
	}
	status, err := sweep.StatusOf(o.output)
	if err != nil {
		return internal(err)
	}
	if err := s.emit(func(w io.Writer) error { return sweepDone(w, o.output, status) }); err != nil || status.Failed == 0 {
		return err
	}
	return failedPoints{o.output, status}
}

// executor starts this program again, here or on a cluster.
func (o *sweepOptions) executor() (sweep.Executor, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, internal(err)
	}
	dir, err := filepath.Abs(o.output) // begins with /, whatever the folder is called
	if err != nil {
		return nil, err
	}
	if o.slurm == nil {
		return &sweep.Local{Command: []string{program, "job", "--dir", dir, "--feed"}, Workers: o.workers}, nil
	}
	return &sweep.Slurm{Command: []string{program, "job", "--dir", dir, "--task"}, Partition: o.slurm.partition, ArraySize: o.slurm.arraySize,
		Options: o.slurm.sbatch, Poll: 2 * time.Second, Tries: o.slurm.tries}, nil
}

func interrupted(ctx context.Context, dir string) error {
	s, err := sweep.StatusOf(dir)
	if err != nil {
		return err
	}
	return unfinished{fmt.Sprintf("interrupted: %d of %d points are in %s; the same command goes on from there", s.Points-s.Left, s.Points, dir),
		context.Cause(ctx)}
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
		Action: action(func(c *cli.Context) (sweepStatus, error) {
			return sweepStatus{c.Args().First(), c.String("format")}, nil
		}, "DIR"),
	}
}

// sweepStatus are the options of sweep status.
type sweepStatus struct{ dir, format string }

func (o sweepStatus) run(_ context.Context, s streams) error {
	status, err := sweep.StatusOf(o.dir)
	if err != nil {
		return err
	}
	return printed(s, o.format, []*sweep.Status{status}, statusTable(status).Write)
}

// jobCommand is what executors start; nobody types it.
func jobCommand() *cli.Command {
	return &cli.Command{
		Name: "job", Usage: "simulate points of a sweep (started by pmpdsim sweep)", Hidden: true,
		Description: `Simulates those points of the sweep in DIR that a task of a job array has, or that come in by number, one a line.

EXAMPLES:
   pmpdsim job --dir results/ --task 7  # needs a sweep that is under way`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "dir", Usage: "`DIR` of the sweep", DefaultText: "required"},
			&cli.IntFlag{Name: "task", Usage: "`NUMBER` of the task"},
			&cli.BoolFlag{Name: "feed", Usage: "take the numbers of points from the standard input"},
		},
		Action: action(fillJob),
	}
}

// jobOptions are what job was asked for.
type jobOptions struct {
	dir  string
	task *int // nil: the points come in by number
}

func fillJob(c *cli.Context) (*jobOptions, error) {
	o := &jobOptions{c.String("dir"), optional(c, "task", c.Int)}
	if o.dir == "" || (o.task != nil) == c.Bool("feed") {
		return nil, errors.New("job: what to simulate is missing; accepted: --dir DIR, and one of --task and --feed")
	}
	return o, nil
}

func (o *jobOptions) run(ctx context.Context, s streams) (err error) {
	name := ""
	if o.task != nil {
		name = fmt.Sprintf("task-%d", *o.task)
	} else {
		signal.Ignore(os.Interrupt, syscall.SIGQUIT, syscall.SIGHUP) // a terminal sends them to the whole group: the sweep says when to stop
	}
	defer s.files.Hold()() // a point that is complete is kept
	w, err := sweep.NewWorker(ctx, o.dir, codeVersion(), codeVersion(), name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if o.task == nil {
		return sweep.Serve(ctx, w, s.in, s.out)
	}
	points, err := sweep.Task(o.dir, *o.task)
	if err != nil {
		return err
	}
	for _, i := range points {
		_, err := w.Do(ctx, i)
		if ctx.Err() != nil {
			return unfinished{"interrupted: the points that are complete are kept", context.Cause(ctx)}
		}
		if err != nil {
			return internal(err)
		}
	}
	return nil
}
