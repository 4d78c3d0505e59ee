package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/sim/replay/rows"
	"github.com/pmpdsim/pmpdsim/sim/sweep"
)

// perPassLines is the end of a file of JSON lines; the others are sweep.Formats.
const perPassLines = ".jsonl"

func perPassFlag() cli.Flag {
	return alsoFlag("per-pass", "also write a row for each pass into `FILE`, by its name .csv, .jsonl or .parquet")
}

// perPass is where rows of passes are written; empty: nowhere.
type perPass string

// check finds out before the simulation whether there is a form for the name.
func (p perPass) check() error {
	accepted := append(sweep.Formats(), perPassLines)
	if p != "" && !slices.Contains(accepted, p.format()) {
		return fmt.Errorf("--per-pass: %s: format %q is not known; accepted: %s", p, p.format(), strings.Join(accepted, ", "))
	}
	return nil
}

func (p perPass) format() string { return strings.ToLower(filepath.Ext(string(p))) }

// save writes the rows of all runs, in their order.
func (p perPass) save(s streams, runs [][]rows.Row) error {
	if p == "" {
		return nil
	}
	all := slices.Concat(runs...)
	return s.save("per-pass", string(p), func(w io.Writer) error {
		if p.format() == perPassLines {
			return jsonLines(w, all)
		}
		return sweep.TableOf(all).Export(w, p.format())
	})
}
