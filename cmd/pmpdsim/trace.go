package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/plots/views"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

func traceCommand() *cli.Command {
	return &cli.Command{Name: "trace", Usage: "look at decode traces, and make synthetic ones",
		Description: `A trace says what one run of a model did, pass by pass: traces/FORMAT.md describes the files.

EXAMPLES:
   pmpdsim trace synth --model phi-1.5 --task dialogsum --schedule static:4-3@10 -o phi.trace.jsonl.zst
   pmpdsim trace info phi.trace.jsonl.zst`,
		Subcommands: []*cli.Command{traceInfoCommand(), traceSynthCommand(), traceRepairCommand()}}
}

func traceInfoCommand() *cli.Command {
	return &cli.Command{
		Name: "info", Usage: "summarise a trace", ArgsUsage: "FILE",
		Description: `Checks the whole trace and prints what it is, what it measured and what not. --format json prints the
header as it stands in the file.

EXAMPLES:
   pmpdsim trace info some.trace.jsonl.zst
   pmpdsim trace info some.trace.jsonl.zst --format json`,
		Flags:  []cli.Flag{formatFlag("table", "json")},
		Action: action(func(c *cli.Context) (traceInfo, error) { return traceInfo{c.Args().First(), c.String("format")}, nil }, "FILE"),
	}
}

// traceInfo are the options of trace info.
type traceInfo struct{ file, format string }

func (o traceInfo) run(_ context.Context, s streams) error {
	t, err := traces.ReadFile(o.file)
	if err != nil {
		return err
	}
	return s.emit(func(w io.Writer) error {
		if o.format == "json" {
			_, err := fmt.Fprintf(w, "%s\n", t.HeaderJSON())
			return err
		}
		return views.Trace(t.Info()).Write(w)
	})
}

func traceSynthCommand() *cli.Command {
	return &cli.Command{
		Name: "synth", Usage: "write a synthetic trace",
		Description: `Derives a trace from a model, lengths and a schedule. Nothing is run: it has positions and precisions, but no
tokens, times or signals. Equal flags give equal files.

EXAMPLES:
   pmpdsim trace synth --model phi-1.5 --task dialogsum --schedule static:4-3@10 -o phi.trace.jsonl.zst`,
		Flags: append(workloadFlags(),
			scheduleFlag(),
			precisionFlag(),
			&cli.Int64Flag{Name: "seed", Usage: "`SEED` for the header; a random schedule has its own", DefaultText: "none", Action: notNegative("seed")},
			traceOutputFlag(),
		),
		Action: action(fillSynth),
	}
}

// synthOptions are what trace synth was asked for.
type synthOptions struct {
	workload workloadOptions
	schedule string
	rules    []precision.Rule
	seed     *int64
	output   string
}

func fillSynth(c *cli.Context) (*synthOptions, error) {
	output, err := requiredOutput(c, acceptedTrace)
	if err != nil {
		return nil, err
	}
	rules, err := rulesFrom(c)
	return &synthOptions{workloadFrom(c), c.String("schedule"), rules, optional(c, "seed", c.Int64), output}, err
}

func (o *synthOptions) run(_ context.Context, s streams) error {
	w, err := o.workload.load()
	if err != nil {
		return err
	}
	schedule, err := parseSchedule(o.schedule, w.model)
	if err != nil {
		return err
	}
	schedule, notes, err := withRules(schedule, o.rules, w.model, w.generated)
	if err != nil {
		return err
	}
	said(s, notes)
	what := traces.Synthesis{Model: w.model, Task: w.task, Prompt: w.prompt, Generate: w.generated, Schedule: schedule, Seed: o.seed}
	if w.task == workloads.CustomTask {
		what.Task = ""
	}
	source, err := traces.NewSynthetic(what)
	if err != nil {
		return err
	}
	return s.save("output", o.output, func(out io.Writer) error { return traces.Copy(traces.As(o.output, out), source) })
}

func traceRepairCommand() *cli.Command {
	return &cli.Command{
		Name: "repair", Usage: "make a trace of one that was cut off", ArgsUsage: "FILE",
		Description: `Keeps the whole records of a trace whose recording was killed, up to its last step, and ends it, marked as truncated.

EXAMPLES:
   pmpdsim trace repair v7b.trace.jsonl.zst.partial -o v7b.trace.jsonl.zst`,
		Flags:  []cli.Flag{traceOutputFlag()},
		Action: action(fillRepair, "FILE"),
	}
}

// repairOptions are what trace repair was asked for.
type repairOptions struct{ file, output string }

func fillRepair(c *cli.Context) (*repairOptions, error) {
	output, err := requiredOutput(c, acceptedTrace)
	return &repairOptions{c.Args().First(), output}, err
}

func (o *repairOptions) run(_ context.Context, s streams) error {
	t, cut := traces.ReadFile(o.file)
	if cut == nil {
		return fmt.Errorf("%s: the trace is whole, with %d steps; accepted: one that was cut off", o.file, len(t.Steps))
	}
	if errors.Is(cut, fs.ErrNotExist) {
		return cut
	}
	if t == nil || t.Prefill == nil {
		return fmt.Errorf("%s: nothing that can be kept: %w", o.file, cut)
	}
	if err := s.save("output", o.output, func(out io.Writer) error { return t.Repair(traces.As(o.output, out)) }); err != nil {
		return err
	}
	s.say("kept %d steps; %v", len(t.Steps), cut)
	return nil
}
