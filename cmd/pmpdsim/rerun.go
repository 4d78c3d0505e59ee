package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/plots/views"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/rerun"
	"github.com/pmpdsim/pmpdsim/sim/study"
	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/traces"
)

func rerunCommand() *cli.Command {
	return &cli.Command{Name: "rerun", Usage: "run results again from what they carry, and compare", ArgsUsage: "RESULTS...",
		Description: `Rebuilds the job of each result from the result itself: NPU and model in full, lengths, batch, schedule. Runs it again, and compares
what comes out with what the result says, byte by byte; where that differs, key by key. The version of the code is no part of that:
it is reported apart. The exit code is 0 if all results are equal, and 1 if not. JSON that another program has written anew is equal in
its values, and said not to be in its bytes.

RESULTS are files of pmpdsim run --format json, with or without --breakdown and --explain, and folders of sweeps, or their
results.jsonl beside their inputs/. Results of version 0.1.0 do not carry their inputs. A trace is found by its SHA-256: the
embedded one, one beside the file, one in the folder's inputs/, or --trace. Tables and exports cannot be run again.

EXAMPLES:
   pmpdsim run --schedule uniform:4 --format json -o run.json && pmpdsim rerun run.json
   pmpdsim rerun results/ --only schedule=fp16
   pmpdsim run --trace some.trace.jsonl.zst --schedule recorded --format json -o traced.json
   pmpdsim rerun traced.json --trace some.trace.jsonl.zst`,
		Flags: []cli.Flag{onlyFlag("run"), &cli.StringSliceFlag{Name: "trace", Usage: "a trace that results need is in `FILE`; repeatable", TakesFile: true},
			workersFlag(), formatFlag("table", "json")},
		Action: actionOnResults(fillRerun)}
}

// rerunOptions are the results to be run again.
type rerunOptions struct {
	results resultsOptions
	traces  []string // files
	workers int
	format  string
}

func fillRerun(c *cli.Context) (*rerunOptions, error) {
	return &rerunOptions{resultsFrom(c), c.StringSlice("trace"), c.Int("workers"), c.String("format")}, nil
}

func (o *rerunOptions) run(ctx context.Context, s streams) error {
	set, err := study.ReadLines(o.results.paths...)
	if err != nil {
		return err
	}
	s.leftOut("points that are not run again", set.Inputs...)
	if set, err = set.Only(o.results.only...); err != nil {
		return err
	}
	find, err := o.find(set)
	if err != nil {
		return err
	}
	plan, err := rerun.Prepare(set, find)
	if err != nil {
		return err
	}
	p := newProgress(s.err, int64(len(set.Outcomes)), "results")
	verdicts, err := plan.Run(ctx, replay.Options{Workers: o.workers, Version: codeVersion()}, p.reached)
	p.end()
	if errors.Is(err, context.Canceled) {
		return context.Cause(ctx)
	}
	if err != nil {
		return internal(err)
	}
	if err := printed(s, o.format, verdicts, func(w io.Writer) error { return views.Rerun(w, verdicts, codeVersion()) }); err != nil {
		return err
	}
	if n := study.Differing(verdicts); n > 0 {
		return internal(fmt.Errorf("%d of %d results differ from what they say", n, len(verdicts)))
	}
	return nil
}

// find reads the traces that results name: the embedded one, those of --trace, and those beside the results.
func (o *rerunOptions) find(set *study.Set) (rerun.Traces, error) {
	all, needed := rerun.Traces{}, rerun.Needed(set)
	embedded, err := traces.Default()
	if err != nil {
		return nil, internal(err)
	}
	all.Add(embedded)
	for _, file := range o.traces {
		t, err := traces.ReadFile(file)
		if err != nil {
			return nil, flagged("trace", file, err)
		}
		if _, ok := needed[t.SHA256]; !ok {
			return nil, fmt.Errorf("--trace %s: its SHA-256 is %.8s, which no result names; accepted: a trace that a result was made with", file, t.SHA256)
		}
		all.Add(t)
	}
	for sha, name := range needed {
		if all[sha] != nil || name == "" {
			continue
		}
		for _, path := range o.results.paths {
			for _, file := range beside(path, name) {
				if t, err := traces.ReadFile(file); err == nil { // what is no trace is not the one that is needed
					all.Add(t)
				}
			}
		}
	}
	return all, nil
}

// beside are the files of a name that lie beside results: in their folder, or among the inputs of a sweep.
func beside(path, name string) (found []string) {
	dir := path
	if !isFolder(path) {
		dir = filepath.Dir(path)
	}
	name = filepath.Base(name) // what a result says leads nowhere else
	if file := filepath.Join(dir, name); files.Exists(file) {
		found = append(found, file)
	}
	inputs := filepath.Dir(folder.InputsFile(dir))                                   // also of a plan that a sweep keeps
	_ = filepath.WalkDir(inputs, func(file string, d os.DirEntry, err error) error { // there need not be any
		if err == nil && !d.IsDir() && d.Name() == name {
			found = append(found, file)
		}
		return nil
	})
	return found
}
