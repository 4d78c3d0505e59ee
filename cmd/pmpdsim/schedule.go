package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/plots"
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
   pmpdsim schedule 'learned:4>3,l=60' --trace some.trace.jsonl.zst
   pmpdsim schedule 'confidence:4>3,window=10,k=1' --trace some.trace.jsonl.zst --format json
   pmpdsim schedule 'oracle:4>3,bound=0.99' --trace runs/a.trace.jsonl.zst --traces runs
   pmpdsim schedule 'random:4>3,seed=7'
   pmpdsim schedule search --traces runs --bound 'quality>=0.99'`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "trace", Usage: "decode trace in `FILE` to decide on", DefaultText: "the embedded one"},
			tracesFlag("`DIR` with traces of the same prompt, for an oracle", "none"),
			formatFlag("table", "json"),
		},
		Subcommands: []*cli.Command{searchCommand()},
		Action:      action(fillSchedule, "SCHEDULE"),
	}
}

// decided is a schedule over a trace, as JSON.
type decided struct {
	Schedule       string               `json:"schedule"`
	Trace          string               `json:"trace"`
	TraceSHA256    string               `json:"trace_sha256"`
	TraceSource    string               `json:"trace_source"`
	Model          string               `json:"model"`
	AvgWeightBits  float64              `json:"avg_weight_bits"`
	PrefillBits    int                  `json:"prefill_weight_bits"`
	Static         string               `json:"static,omitempty"` // the same bits, as a static schedule
	Counterfactual int                  `json:"counterfactual_passes"`
	Cost           precision.Cost       `json:"cost"`
	Decisions      []precision.Decision `json:"decisions"`
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
	return printed(s, o.format, []*decided{d}, func(out io.Writer) error { return d.show(out, w) })
}

func (o *scheduleOptions) decide(s precision.Schedule, w *workload) (*decided, error) {
	evidence, err := w.evidence(s)
	if err != nil {
		return nil, err
	}
	if evidence.Runs, err = o.otherRuns(w.trace, s); err != nil {
		return nil, err
	}
	plan, err := s.Decide(w.generated, evidence)
	if err != nil {
		return nil, err
	}
	d := &decided{Schedule: s.String(), Trace: w.trace.Name, TraceSHA256: w.trace.SHA256, TraceSource: string(w.trace.Header.Source),
		Model: w.model.Name, AvgWeightBits: precision.AverageBits(plan, len(plan.Decisions)), PrefillBits: s.PrefillBits(w.trace.PrefillBits()),
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

// show writes what was decided as text.
func (d *decided) show(out io.Writer, w *workload) error {
	passes := &plots.Table{Columns: []plots.Column{{Name: "pass"}, {Name: "bits", Right: true}, {Name: "why", Width: 84},
		{Name: "counterfactual"}}}
	for _, r := range rangesOf(d.Decisions) {
		last := d.Decisions[r.to-1]
		pass, mark := strconv.Itoa(r.from), ""
		if r.to > r.from {
			pass += "-" + strconv.Itoa(r.to)
		}
		if last.Counterfactual {
			mark = "yes"
		}
		passes.Add(pass, strconv.Itoa(last.Bits), last.Reason, mark)
	}
	about := &plots.Table{Columns: []plots.Column{{Name: "schedule"}, {Name: d.Schedule, Width: 96}}}
	about.Add("trace", w.provenance())
	about.Add("average", fmt.Sprintf("%.3f bits over %d decode passes, prefill at %d", d.AvgWeightBits, len(d.Decisions), d.PrefillBits))
	if d.Static != "" && d.Static != d.Schedule {
		about.Add("the same as", d.Static)
	}
	if n := d.Counterfactual; n > 0 {
		about.Add("counterfactual", fmt.Sprintf("%d passes: the trace went another way from pass %d on", n, len(d.Decisions)-n+1))
	}
	about.Add("deciding costs", costText(d.Cost))
	if err := about.Write(out); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out); err != nil {
		return err
	}
	return passes.Write(out)
}

// costText is a cost in words.
func costText(c precision.Cost) string {
	if c == (precision.Cost{}) {
		return "nothing"
	}
	text := fmt.Sprintf("%d vector values", c.VectorElements)
	if c.MACs > 0 {
		text = fmt.Sprintf("%.3g M MACs, %s of fp32 weights, ", float64(c.MACs)/1e6, plots.Memory.Text(float64(c.WeightBytes))) + text
	}
	if c.Passes == 1 {
		return text + fmt.Sprintf(", once after decode pass %d", c.Pass)
	}
	return text + fmt.Sprintf(" after each of decode passes %d-%d", c.Pass, c.Pass+c.Passes-1)
}

// span is a range of passes.
type span struct{ from, to int }

// rangesOf draws passes together that go on as the one before: the first pass, and the first after a switch or after
// the recorded run was left, stand alone.
func rangesOf(all []precision.Decision) []span {
	var spans []span
	for i, d := range all {
		pass := i + 1
		changed := i == 0 || d.Bits != all[i-1].Bits || d.Counterfactual != all[i-1].Counterfactual
		if last := len(spans) - 1; !changed && spans[last].from > 1 && !opens(all, spans[last].from) {
			spans[last].to = pass
			continue
		}
		spans = append(spans, span{pass, pass})
	}
	return spans
}

// opens tells that a pass differs from the one before.
func opens(all []precision.Decision, pass int) bool {
	return pass == 1 || all[pass-1].Bits != all[pass-2].Bits || all[pass-1].Counterfactual != all[pass-2].Counterfactual
}

func searchCommand() *cli.Command {
	return &cli.Command{
		Name: "search", Usage: "find the static schedule with the fewest bits whose quality holds",
		Description: `PMPD's offline calibration: every candidate schedule was run on every prompt of a validation set and recorded.
For each candidate it prints the mean of the quality relative to the run at the highest precision
throughout, the lowest, the share of prompts that hold the bound, and average bits; it picks the
fewest bits among the candidates whose mean holds the bound.

Traces belong together if they have the same prompt (prompt.sha256, or prompt.ids). Each prompt needs one trace
under each schedule: fp16 or uniform at the highest precision, and static or uniform candidates.

Measures: quality is the share of tokens on which the fp16 reference agrees (footer.agree), likelihood the mean
probability of a token under it (footer.nll).

EXAMPLES:
   pmpdsim schedule search --traces runs
   pmpdsim schedule search --traces runs --bound 'likelihood>=0.95' --format json`,
		Flags: []cli.Flag{
			tracesFlag("`DIR` with the traces", ""),
			&cli.StringFlag{Name: "bound", Usage: "`MEASURE>=X`, in relation to the highest precision", Value: "quality>=0.99"},
			formatFlag("table", "json"),
		},
		Action: action(fillSearch),
	}
}

// searchOptions are what schedule search was asked for.
type searchOptions struct {
	traces  string // directory
	measure traces.Measure
	least   float64
	format  string
}

func fillSearch(c *cli.Context) (*searchOptions, error) {
	o := &searchOptions{traces: c.String("traces"), format: c.String("format")}
	if o.traces == "" {
		return nil, fmt.Errorf("--traces is missing; accepted: a directory with NAME%s files", traces.Suffix)
	}
	var err error
	o.measure, o.least, err = parseBound(c.String("bound"))
	return o, err
}

func (o *searchOptions) run(_ context.Context, s streams) error {
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
	return printed(s, o.format, []any{row}, func(out io.Writer) error { return showCalibration(out, o.measure, found) })
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
		return "", 0, fmt.Errorf("--bound %s: not a bound; accepted: %s, with X above 0", text, strings.Join(forms, ", "))
	}
	return traces.Measure(name), least, nil
}

func showCalibration(out io.Writer, measure traces.Measure, found *calibrate.Result) error {
	t := &plots.Table{Columns: []plots.Column{{Name: "schedule"}, {Name: "avg bits", Right: true}, {Name: "mean " + string(measure), Right: true},
		{Name: "lowest", Right: true}, {Name: "prompts that hold", Right: true}, {Name: ""}}}
	best := "none holds the bound"
	for _, x := range found.Candidates {
		mark := ""
		if x.Chosen {
			mark, best = "best", x.Schedule.String()
		}
		t.Add(x.Schedule.String(), fmt.Sprintf("%.3f", x.AverageBits), fmt.Sprintf("%.4f", x.Quality), fmt.Sprintf("%.4f", x.Lowest),
			fmt.Sprintf("%.1f %%", 100*x.Holding), mark)
	}
	if err := t.Write(out); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nprompts  %d; %s in relation to %s, bound %g\nbest     %s\n", found.Prompts, measure, found.Reference,
		found.Bound, best)
	return err
}
