package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/traces"
)

func traceCommand() *cli.Command {
	return &cli.Command{Name: "trace", Usage: "look at decode traces, and make synthetic ones",
		Description: `A trace says what one run of a model did, pass by pass: traces/FORMAT.md describes the files.

EXAMPLES:
   pmpdsim trace synth --model phi-1.5 --task dialogsum --schedule 'static:4>3@10' -o phi.trace.jsonl.zst
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
	return s.emit("", func(w io.Writer) error {
		if o.format == "json" {
			_, err := fmt.Fprintf(w, "%s\n", t.HeaderJSON())
			return err
		}
		return infoTable(t.Info()).Write(w)
	})
}

// infoTable leaves out what the trace does not say.
func infoTable(i traces.Info) *plots.Table {
	t := &plots.Table{Columns: []plots.Column{{Name: "trace"}, {Name: i.Name, Width: 96}}}
	add := func(key, value string) {
		if value != "" {
			t.Add(key, value)
		}
	}
	add("format", fmt.Sprintf("%s %d", traces.Format, i.Version))
	add("source", string(i.Source))
	add("tool", i.Tool)
	add("created", i.Created)
	add("GPU", strings.TrimSpace(i.GPU+" "+i.Driver))
	add("model", i.Model+" ("+i.Family+")")
	add("task", i.Task)
	add("prompt", fmt.Sprintf("%d tokens", i.PromptTokens))
	add("generated", fmt.Sprintf("%d tokens in %d decode passes, stopped by %s", i.GeneratedTokens, i.DecodePasses, i.Stop))
	add("schedule", i.Schedule)
	add("prefill", fmt.Sprintf("%d bits", i.PrefillBits))
	if i.AvgWeightBits != nil {
		add("average weight bits", fmt.Sprintf("%.3f", *i.AvgWeightBits))
	}
	var passes, switches, measured []string
	for _, p := range i.Passes {
		passes = append(passes, fmt.Sprintf("%d at %d bits", p.Passes, p.Bits))
	}
	for _, s := range i.Switches {
		switches = append(switches, fmt.Sprintf("%d to %d before step %d", s.From, s.To, s.I))
	}
	for _, m := range i.Measured {
		measured = append(measured, fmt.Sprintf("%s (%d)", m.Name, m.Count))
	}
	add("passes", strings.Join(passes, ", "))
	add("switches", strings.Join(switches, ", "))
	add("prefill time", nanoseconds(i.PrefillNS))
	add("decode time", nanoseconds(i.SumStepNS))
	if i.NLL != nil {
		add("NLL", fmt.Sprintf("%.4f", *i.NLL))
	}
	if i.Agree != nil {
		add("agreement with fp16", fmt.Sprintf("%.4f", *i.Agree))
	}
	add("measured", strings.Join(measured, ", "))
	add("not measured", strings.Join(i.NotMeasured, ", "))
	add("SHA-256", i.SHA256)
	return t
}

func nanoseconds(n *int64) string {
	if n == nil {
		return ""
	}
	return time.Duration(*n).String()
}

func traceSynthCommand() *cli.Command {
	return &cli.Command{
		Name: "synth", Usage: "write a synthetic trace",
		Description: `Derives a trace from a model, lengths and a schedule. Nothing is run: it has positions and precisions, but no
tokens, times or signals. Equal flags give equal files.

EXAMPLES:
   pmpdsim trace synth --model phi-1.5 --task dialogsum --schedule 'static:4>3@10' -o phi.trace.jsonl.zst`,
		Flags: append(workloadFlags(),
			scheduleFlag(),
			&cli.Int64Flag{Name: "seed", Usage: "`SEED` for the header; a random schedule has its own", DefaultText: "none"},
			traceOutputFlag(),
		),
		Action: action(fillSynth),
	}
}

// synthOptions are what trace synth was asked for.
type synthOptions struct {
	workload workloadOptions
	schedule string
	seed     *int64
	output   string
}

func fillSynth(c *cli.Context) (*synthOptions, error) {
	output, err := requiredOutput(c, acceptedTrace)
	return &synthOptions{workloadFrom(c), c.String("schedule"), optional(c, "seed", c.Int64), output}, err
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
	what := traces.Synthesis{Model: w.model, Task: w.task, Prompt: w.prompt, Generate: w.generated, Schedule: schedule, Seed: o.seed}
	if w.task == customTask {
		what.Task = ""
	}
	source, err := traces.NewSynthetic(what)
	if err != nil {
		return err
	}
	return s.emit(o.output, func(out io.Writer) error { return traces.Copy(out, source) })
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
	if err := s.emit(o.output, t.Repair); err != nil {
		return err
	}
	s.say("kept %d steps; %v", len(t.Steps), cut)
	return nil
}
