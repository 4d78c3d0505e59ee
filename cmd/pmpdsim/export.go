package main

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

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
		Flags: []cli.Flag{&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`, by its name .parquet or .csv", DefaultText: "required"}},
		Action: func(c *cli.Context) error {
			if err := arguments(c, "DIR"); err != nil {
				return err
			}
			path := c.String("output")
			if path == "" {
				return fmt.Errorf("--output is missing; accepted: a file, NAME.parquet or NAME.csv")
			}
			format, err := sweep.FormatOf(path)
			if err != nil {
				return flagged("output", "", err)
			}
			rows, missing, err := sweep.Rows(c.Args().First())
			if err != nil {
				return err
			}
			if missing > 0 {
				say(c.App.ErrWriter, "note: %d points have no result yet and no row", missing)
			}
			return emit(nil, path, func(w io.Writer) error { return sweep.NewTable(rows).Export(w, format) })
		},
	}
}
