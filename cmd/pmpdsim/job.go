package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/sim/sweep"
)

// jobCommand is what executors start; nobody types it.
func jobCommand() *cli.Command {
	return &cli.Command{
		Name: "job", Usage: "simulate points of a sweep (started by pmpdsim sweep)", Hidden: true,
		Description: `Simulates those points of the sweep in DIR that a task of a job array has, or that come in by number, one a line.

EXAMPLES:
   pmpdsim job --dir results/ --task 7`,
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
		return nil, errors.New("job: accepted: --dir DIR, and one of --task and --feed")
	}
	return o, nil
}

func (o *jobOptions) run(ctx context.Context, s streams) (err error) {
	name := ""
	if o.task != nil {
		name = fmt.Sprintf("task-%d", *o.task)
	} else {
		signal.Ignore(os.Interrupt) // a terminal sends it to the whole group: the sweep says when to stop
	}
	w, err := sweep.Hire(ctx, o.dir, codeVersion(), programVersion(), name)
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
			return context.Cause(ctx)
		}
		if err != nil {
			return internal(err)
		}
	}
	return nil
}
