package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/plots/views"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/precision/calibrate"
)

func scheduleCommand() *cli.Command {
	return &cli.Command{
		Name: "schedule", Usage: "decide a precision schedule on a trace, without simulating", ArgsUsage: "SCHEDULE",
		Description: `Walks over the decode passes of a trace and shows which precision the schedule gives to each, and why, from
nothing but the signals that were there when it had to decide (docs/schedules.md). From the first pass on at
which the decision differs from the recorded bits, decisions are marked counterfactual: the signals are
then those of a run that went another way. Passes that only go on are drawn together, with the reason of the
last. Above stand the average bits, the static schedule that does the same, and what deciding costs.

An oracle also needs --traces: traces of the same prompt under other switch points.

EXAMPLES:
   pmpdsim schedule learned:4-3,l=60 --trace some.trace.jsonl.zst
   pmpdsim schedule confidence:4-3,window=10,k=1 --trace some.trace.jsonl.zst --format json
   pmpdsim schedule oracle:4-3,bound=0.99 --trace runs/a.trace.jsonl.zst --traces runs
   pmpdsim schedule random:4-3,seed=7
   pmpdsim schedule search --traces runs --bound 'quality>=0.99'`,
		Flags: []cli.Flag{
			traceFlag("decode trace in `FILE` to decide on"),
			tracesFlag("`DIR` with traces of the same prompt, for an oracle", "none"),
			formatFlag("table", "json"),
		},
		Subcommands: []*cli.Command{searchCommand(), trainCommand()},
		Action:      action(fillSchedule, "SCHEDULE"),
	}
}

// scheduleOptions are what schedule was asked for.
type scheduleOptions struct {
	schedule string
	workload workloadOptions
	traces   string // directory; empty: none
	format   string
}

func fillSchedule(c *cli.Context) (*scheduleOptions, error) {
	return &scheduleOptions{c.Args().First(), workloadFrom(c), c.String("traces"), c.String("format")}, nil
}

func (o *scheduleOptions) run(_ context.Context, s streams) error {
	schedule, err := precision.Parse(o.schedule)
	if err != nil {
		return err
	}
	w, err := o.workload.load()
	if err != nil {
		return err
	}
	d, err := o.decide(schedule, w)
	if err != nil {
		return err
	}
	return printed(s, o.format, []*views.Decided{d}, func(out io.Writer) error { return d.Write(out, w.provenance()) })
}

func (o *scheduleOptions) decide(s precision.Schedule, w *workload) (*views.Decided, error) {
	evidence, err := w.evidence(s)
	if err != nil {
		return nil, err
	}
	if evidence.Runs, err = o.otherRuns(w.trace, s); err != nil {
		return nil, err
	}
	plan, err := s.Decide(w.model, w.generated, evidence)
	if err != nil {
		return nil, err
	}
	d := &views.Decided{Schedule: s.String(), Trace: w.trace.Name, TraceSHA256: w.trace.SHA256, TraceSource: string(w.trace.Header.Source),
		Model: w.model.Name, AvgWeightBits: precision.AverageBits(w.model, plan, len(plan.Decisions)), PrefillBits: s.PrefillAt(w.trace.PrefillAt()).Max(),
		Counterfactual: plan.Counterfactual(), Cost: plan.Cost(s, w.model, w.prompt), Decisions: plan.Decisions}
	if same, ok := plan.Static(); ok {
		same.Prefill = s.Prefill
		d.Static = same.String()
	}
	return d, nil
}

// otherRuns are the runs of the trace's prompt that an oracle compares.
func (o *scheduleOptions) otherRuns(t *traces.Trace, s precision.Schedule) ([]precision.Run, error) {
	dir := o.traces
	switch {
	case dir == "" && s.Kind == precision.KindOracle:
		return nil, fmt.Errorf("schedule %q: --traces is missing; accepted: a directory with traces of the same prompt under other switch "+
			"points", s)
	case dir == "":
		return nil, nil
	case s.Kind != precision.KindOracle:
		return nil, fmt.Errorf("--traces %s: schedule %q looks at no other run; accepted: without --traces, or oracle:A>B", dir, s)
	}
	prompt, err := t.Prompt()
	if err != nil {
		return nil, flagged("trace", t.Name, err)
	}
	prompts, err := promptsIn(dir, traces.Quality)
	if err != nil {
		return nil, err
	}
	for _, p := range prompts {
		if p.Prompt == prompt {
			return p.Runs, nil
		}
	}
	return nil, fmt.Errorf("--traces %s: no trace of the prompt of %s; accepted: one of each switch point", dir, t.Name)
}

// promptsIn reads the traces of a directory.
func promptsIn(dir string, m traces.Measure) ([]precision.PromptRuns, error) {
	all, err := traces.ReadDir(dir)
	if err != nil {
		return nil, flagged("traces", "", err)
	}
	prompts, err := traces.Prompts(all, m)
	return prompts, flagged("traces", "", err)
}

func searchCommand() *cli.Command {
	return &cli.Command{
		Name: "search", Usage: "find the static schedule, or the bits by layer and matrix, whose quality holds",
		Description: `PMPD's offline calibration: every candidate schedule was run on every prompt of a validation set and recorded.
For each candidate it prints the mean of the quality relative to the run at the highest precision
throughout, the lowest, the share of prompts that hold the bound, and average bits; it picks the
fewest bits among the candidates whose mean holds the bound.

Traces belong together if they have the same prompt (prompt.sha256, or prompt.ids). Each prompt needs one trace
under each schedule: fp16 or uniform at the highest precision, and static or uniform candidates.

With --losses it searches bits by layer and matrix instead (rules of precision). The file is CSV with the header
layer,matrix,bits,loss and has for each matrix the loss at each width that it may have, as in 0,down_proj,3,0.021. All begin with their fewest bits; then the matrix whose bits save most loss for a byte gets more, until
the loss is within the bound (loss<=X), or while average bits are (bits<=X).

Measures of traces: quality is the share of tokens on which the fp16 reference agrees (footer.agree), likelihood the mean
probability of a token under it (footer.nll).

Other bounds are measured live: --model runs on the CPU over prompts of a text, as quality does, but over those between the ones that
quality cuts from it with the same numbers, so that what is chosen can be judged on others. kl<=X (nats a token from fp16),
bits_per_token<=X and agreement>=X are of the written continuations, rouge_l>=X of the model's own against fp16's. Tried are all
widths of --bits throughout, all pairs of them with a switch at 0, 1/3 and 2/3 of --gen, each with its prefill at its own first
width and at the highest. Every candidate is printed with its interval; the fewest average bits whose mean holds win.
--measure-losses writes the file that --losses reads: for each matrix and width the KL with all others in fp16. With
it and kl<=X an assignment is searched, run, and raised until it holds. An interruption keeps what all candidates have finished.
--losses is of matrices, and chooses bits; --sensitivity is of single weights, and says how these become planes of so many bits.

EXAMPLES:
   pmpdsim schedule search --traces runs
   pmpdsim schedule search --traces runs --bound 'likelihood>=0.95' --format json
   pmpdsim schedule search --model path/to/config.json --losses losses.csv --bound 'bits<=3.5'
   pmpdsim schedule search --model tiny --prompts 4 --prompt 16 --gen 9 --bits 4,3 --bound 'kl<=0.1'
   pmpdsim schedule search --model tiny --prompts 8 --measure-losses -o losses.csv  # 60 s
   pmpdsim schedule search --model tiny --losses losses.csv --bound 'kl<=0.05'  # 60 s, needs losses.csv`,
		Flags: append([]cli.Flag{
			tracesFlag("`DIR` with the traces", "none"),
			&cli.StringFlag{Name: "losses", Usage: "search bits by layer and matrix: CSV `FILE` with layer,matrix,bits,loss", TakesFile: true},
			modelFlag("`MODEL` that runs: tiny, a folder or a GGUF file; with --losses also a preset or a config.json", "", "none"),
			&cli.StringFlag{Name: "bound", Usage: "`MEASURE>=X`, in relation to the highest precision, or MEASURE<=X; with --losses loss<=X or bits<=X", Value: "quality>=0.99"},
			&cli.BoolFlag{Name: "measure-losses", Usage: "write what each matrix costs at each width, as CSV"},
			&cli.StringFlag{Name: "weights", Usage: "`WEIGHTS`: a folder or a GGUF file, or random, in the model's true shapes",
				DefaultText: "the model's own", TakesFile: true},
			&cli.StringFlag{Name: "text", Usage: "cut prompts from the text in `FILE`", DefaultText: "what tiny has not seen", TakesFile: true},
			&cli.IntFlag{Name: "prompts", Usage: "`N` prompts", Value: qualityPrompts, Action: between("prompts", 1, mostTokens)},
			&cli.IntFlag{Name: "prompt", Usage: "prompts of so many `TOKENS`", Value: qualityPrompt, Action: between("prompt", 1, mostTokens)},
			&cli.IntFlag{Name: "gen", Usage: "`TOKENS` behind each prompt, the first of which comes from prefill", Value: qualityGen, Action: between("gen", 2, mostTokens)},
			bitsFlag("4,3,2"),
			&cli.Int64Flag{Name: "seed", Usage: "`SEED` of the bootstrap, and of random weights", Value: 1, Action: notNegative("seed")},
			&cli.IntFlag{Name: "threads", Usage: "`N` threads that run the model; results do not depend on it", Value: runtime.GOMAXPROCS(0), DefaultText: "all",
				Action: between("threads", 1, mostWorkers)},
			formatFlag("table", "json"),
			outputFlag("write to `FILE`", "the terminal"),
		}, quantiserFlags()...),
		Action: action(fillAnySearch),
	}
}

// fillAnySearch finds out what is searched: among traces, of losses, or live.
func fillAnySearch(c *cli.Context) (command, error) {
	bound, err := parseLiveBound(c.String("bound"))
	if err != nil {
		return nil, err
	}
	if c.Bool("measure-losses") {
		return fillLiveSearch(c, nil)
	}
	if bound != nil {
		return fillLiveSearch(c, bound)
	}
	if c.IsSet("output") {
		return nil, fmt.Errorf("--output: nothing is measured; accepted: with a bound of %s, or --measure-losses", liveNames())
	}
	return fillSearch(c)
}

// searchOptions are what schedule search over recorded traces, or over a file of losses, was asked for.
type searchOptions struct {
	traces  string // directory
	losses  string // file of losses; empty: none
	model   string
	limit   calibrate.Limit // of what they say
	measure traces.Measure
	least   float64
	format  string
}

func fillSearch(c *cli.Context) (*searchOptions, error) {
	if (quantiserFrom(c) != quantiserOptions{}) {
		return nil, fmt.Errorf("%s: no model runs, and nothing is quantised; accepted: with a bound of %s, or --measure-losses", quantiserNames(),
			liveNames())
	}
	o := &searchOptions{traces: c.String("traces"), losses: c.String("losses"), model: c.String("model"), format: c.String("format")}
	if o.losses != "" {
		return o, o.fillLimit(c)
	}
	var err error
	if o.measure, o.least, err = parseBound(c.String("bound")); err != nil && c.IsSet("bound") {
		return nil, err
	}
	if o.traces == "" {
		return nil, fmt.Errorf("--traces is missing; accepted: a directory with NAME%s files", traces.Suffix)
	}
	return o, err
}

func (o *searchOptions) run(_ context.Context, s streams) error {
	if o.losses != "" {
		return o.assign(s)
	}
	prompts, err := promptsIn(o.traces, o.measure)
	if err != nil {
		return err
	}
	found, err := calibrate.Search(prompts, o.least)
	if err != nil {
		return flagged("traces", "", err)
	}
	row := struct {
		Measure traces.Measure `json:"measure"`
		*calibrate.Result
	}{o.measure, found}
	return printed(s, o.format, []any{row}, func(out io.Writer) error { return views.Calibration(out, o.measure, found) })
}

// parseBound reads quality>=0.99.
func parseBound(text string) (traces.Measure, float64, error) {
	name, value, ok := strings.Cut(text, ">=")
	least, err := strconv.ParseFloat(value, 64)
	if !ok || err != nil || !slices.Contains(traces.Measures(), traces.Measure(name)) || !(least > 0 && least <= 1e6) {
		var forms []string
		for _, m := range traces.Measures() {
			forms = append(forms, string(m)+">=X")
		}
		for _, m := range liveMeasures() {
			b := liveBound{liveMeasure: m}
			forms = append(forms, m.name+b.relation()+"X")
		}
		return "", 0, fmt.Errorf("--bound %s: not a bound; accepted: %s, with X above 0", text, strings.Join(forms, ", "))
	}
	return traces.Measure(name), least, nil
}
