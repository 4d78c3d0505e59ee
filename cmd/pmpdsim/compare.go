package main

import (
	"context"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/plots/views"
	"github.com/pmpdsim/pmpdsim/sim/study"
	"github.com/pmpdsim/pmpdsim/sim/study/machines"
)

func compareCommand() *cli.Command {
	return &cli.Command{
		Name: "compare", Usage: "show what differs between two results, or two sweeps", ArgsUsage: "A B",
		Description: `Prints which inputs differ and what became of the outcome. A and B are directories of sweeps, files of their rows, or files
that pmpdsim run --format json wrote. Points that are called alike (NPU, model, task, lengths, batch, schedule, axes) are
compared; of many, the table has geometric means and the range of the ratios. Single results are compared whatever they
are called. Points with experts are compared with those of the same --experts, and what is left with others.

EXAMPLES:
   pmpdsim compare before.json after.json
   pmpdsim compare results-lpddr4x/ results-lpddr5/ --format json`,
		Flags:  []cli.Flag{formatFlag("table", "json")},
		Action: action(fillCompare, "A", "B"),
	}
}

// compareOptions are the two sets of results to be compared.
type compareOptions struct {
	a, b   string // paths
	format string
}

func fillCompare(c *cli.Context) (*compareOptions, error) {
	return &compareOptions{c.Args().Get(0), c.Args().Get(1), c.String("format")}, nil
}

func (o *compareOptions) run(_ context.Context, s streams) error {
	var sides [2]*study.Set
	for i, path := range []string{o.a, o.b} {
		set, err := study.Read(path)
		if err != nil {
			return err
		}
		s.notBelieved(set.Inputs...)
		for _, err := range machines.Complete(set) {
			s.say("note: %v", err)
		}
		sides[i] = set
	}
	x, err := study.Compare(sides[0], sides[1])
	if err != nil {
		return err
	}
	return printed(s, o.format, []*study.Comparison{x}, func(w io.Writer) error { return views.Comparison(w, x) })
}
