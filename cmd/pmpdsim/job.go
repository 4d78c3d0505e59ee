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
		Action: runJobOfSweep,
	}
}

func runJobOfSweep(c *cli.Context) (err error) {
	if err := arguments(c); err != nil {
		return err
	}
	if c.String("dir") == "" || c.IsSet("task") == c.Bool("feed") {
		return errors.New("job: accepted: --dir DIR, and one of --task and --feed")
	}
	name := ""
	if c.IsSet("task") {
		name = fmt.Sprintf("task-%d", c.Int("task"))
	} else {
		signal.Ignore(os.Interrupt) // a terminal sends it to the whole group: the sweep says when to stop
	}
	w, err := sweep.Hire(c.Context, c.String("dir"), codeVersion(), programVersion(), name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if c.Bool("feed") {
		return sweep.Serve(c.Context, w, os.Stdin, c.App.Writer)
	}
	points, err := sweep.Task(c.String("dir"), c.Int("task"))
	if err != nil {
		return err
	}
	for _, i := range points {
		_, err := w.Do(c.Context, i)
		if c.Context.Err() != nil {
			return context.Cause(c.Context)
		}
		if err != nil {
			return internal(err)
		}
	}
	return nil
}
