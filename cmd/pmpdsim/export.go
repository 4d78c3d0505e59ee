package main

import (
	"context"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/sim/study"
	"github.com/pmpdsim/pmpdsim/sim/sweep"
)

func exportCommand() *cli.Command {
	return &cli.Command{
		Name: "export", Usage: "write the results of a sweep as a table", ArgsUsage: "DIR",
		Description: `Writes a row for each point that has one, sorted by fingerprint, with a column for each number and text of its result,
in SI units. Points that failed have a text in the column error. Parquet loads in pandas and DuckDB, CSV in Excel, too.

EXAMPLES:
   pmpdsim export results/ -o results.parquet
   pmpdsim export results/ -o results.csv`,
		Flags:  []cli.Flag{outputFlag("write to `FILE`, by its name .parquet or .csv", "required")},
		Action: action(fillExport, "DIR"),
	}
}

// exportOptions are what export was asked for.
type exportOptions struct{ dir, output string }

func fillExport(c *cli.Context) (*exportOptions, error) {
	output, err := requiredOutput(c, "a file, NAME.parquet or NAME.csv")
	return &exportOptions{c.Args().First(), output}, err
}

func (o *exportOptions) run(_ context.Context, s streams) error {
	format, err := sweep.FormatOf(o.output)
	if err != nil {
		return flagged("output", "", err)
	}
	rows, in, err := study.Rows(o.dir)
	if err != nil {
		return err
	}
	s.notBelieved(in)
	if in.Missing > 0 {
		s.say("note: %d points have no result yet and no row", in.Missing)
	}
	table, err := sweep.NewTable(rows)
	if err != nil {
		return fmt.Errorf("%s: %w", o.dir, err)
	}
	return s.save("output", o.output, func(w io.Writer) error { return table.Export(w, format) })
}
