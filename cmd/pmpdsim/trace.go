package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
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
		Flags: []cli.Flag{formatFlag("table", "json")},
		Action: func(c *cli.Context) error {
			if err := arguments(c, "FILE"); err != nil {
				return err
			}
			t, err := traces.ReadFile(c.Args().First())
			if err != nil {
				return err
			}
			return emit(c.App.Writer, "", func(w io.Writer) error {
				if c.String("format") == "json" {
					_, err := fmt.Fprintf(w, "%s\n", t.HeaderJSON())
					return err
				}
				return infoTable(t.Info()).Write(w)
			})
		},
	}
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
			&cli.StringFlag{Name: "schedule", Usage: "precision `SCHEDULE` (list schedules)", DefaultText: "static with the model's pair"},
			&cli.Int64Flag{Name: "seed", Usage: "`SEED` for the header; a random schedule has its own", DefaultText: "none"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`, usually *" + traces.Suffix, DefaultText: "required"},
		),
		Action: synthesise,
	}
}

func synthesise(c *cli.Context) error {
	if err := arguments(c); err != nil {
		return err
	}
	if c.String("output") == "" {
		return fmt.Errorf("--output is missing; accepted: a file, usually NAME%s", traces.Suffix)
	}
	from := workloadFrom(c)
	w, err := from.load()
	if err != nil {
		return err
	}
	text := c.String("schedule")
	if text == "" {
		text = string(precision.KindStatic)
	}
	schedule, err := precision.ParseFor(text, w.model)
	if err != nil {
		return flagged("schedule", "", err)
	}
	s := traces.Synthesis{Model: w.model, Task: w.task, Prompt: w.prompt, Generate: w.generated, Schedule: schedule}
	if c.IsSet("seed") {
		seed := c.Int64("seed")
		s.Seed = &seed
	}
	if w.task == customTask {
		s.Task = ""
	}
	source, err := traces.NewSynthetic(s)
	if err != nil {
		return err
	}
	return emit(c.App.Writer, c.String("output"), func(out io.Writer) error { return traces.Copy(out, source) })
}

func traceRepairCommand() *cli.Command {
	return &cli.Command{
		Name: "repair", Usage: "make a trace of one that was cut off", ArgsUsage: "FILE",
		Description: `Keeps the whole records of a trace whose recording was killed, up to its last step, and ends it, marked as truncated.

EXAMPLES:
   pmpdsim trace repair v7b.trace.jsonl.zst.partial -o v7b.trace.jsonl.zst`,
		Flags: []cli.Flag{&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`, usually *" + traces.Suffix,
			DefaultText: "required"}},
		Action: repair,
	}
}

func repair(c *cli.Context) error {
	if err := arguments(c, "FILE"); err != nil {
		return err
	}
	if c.String("output") == "" {
		return fmt.Errorf("--output is missing; accepted: a file, usually NAME%s", traces.Suffix)
	}
	file := c.Args().First()
	t, cut := traces.ReadFile(file)
	if cut == nil {
		return fmt.Errorf("%s: the trace is whole, with %d steps; accepted: one that was cut off", file, len(t.Steps))
	}
	if t == nil || t.Prefill == nil {
		return fmt.Errorf("%s: nothing that can be kept: %w", file, cut)
	}
	if err := emit(c.App.Writer, c.String("output"), t.Repair); err != nil {
		return err
	}
	say(c.App.ErrWriter, "kept %d steps; %v", len(t.Steps), cut)
	return nil
}
