package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/gpu/eval"
	"github.com/pmpdsim/pmpdsim/gpu/eval/rows"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/precision/calibrate"
)

// liveMeasure is what a bound may be of if a model runs under each candidate.
type liveMeasure struct {
	rows.Measure
	name string
}

func liveMeasures() (all []liveMeasure) {
	for _, key := range []string{"kl_mean", "bits_per_token", "agreement", "rouge_l"} {
		m, err := rows.MeasureOf(key)
		if err != nil {
			panic("pmpdsim: " + err.Error())
		}
		all = append(all, liveMeasure{m, strings.TrimSuffix(key, "_mean")})
	}
	return all
}

// ofAnswers reports whether it is of the model's own answers.
func (m *liveMeasure) ofAnswers() bool { return m.At == nil }

func liveNames() string {
	var names []string
	for _, m := range liveMeasures() {
		names = append(names, m.name)
	}
	return strings.Join(names, ", ")
}

// liveBound is a bound of one of them.
type liveBound struct {
	liveMeasure
	limit float64
}

func (b *liveBound) String() string {
	return b.name + b.relation() + strconv.FormatFloat(b.limit, 'g', -1, 64)
}

func (b *liveBound) relation() string {
	if b.Better < 0 {
		return "<="
	}
	return ">="
}

// holds reports whether the mean of a candidate does.
func (b *liveBound) holds(r *rows.Row) bool {
	mean, _, _ := b.Of(r)
	return float64(b.Better)*mean >= float64(b.Better)*b.limit
}

// parseLiveBound reads kl<=0.02; nil: it is a bound of another kind.
func parseLiveBound(text string) (*liveBound, error) {
	for _, m := range liveMeasures() {
		rest, ok := strings.CutPrefix(text, m.name)
		if !ok {
			continue
		}
		b := &liveBound{liveMeasure: m}
		value, ok := strings.CutPrefix(rest, b.relation())
		x, err := strconv.ParseFloat(value, 64)
		if !ok || err != nil || !(x > 0) || x > m.Most {
			return nil, fmt.Errorf("--bound %s: not a bound; accepted: %s%sX, with X above 0, up to %g", text, m.name, b.relation(), m.Most)
		}
		b.limit = x
		return b, nil
	}
	return nil, nil
}

// liveSearch is a search in which a model runs under each candidate.
type liveSearch struct {
	text   promptsOptions
	bits   []int
	bound  *liveBound // nil: losses are measured
	losses string     // file of losses, of which an assignment is made; empty: static schedules are tried
	format string
	output string
}

func fillLiveSearch(c *cli.Context, bound *liveBound) (*liveSearch, error) {
	o := &liveSearch{text: promptsFrom(c), bound: bound, losses: c.String("losses"), format: c.String("format"),
		output: c.String("output")}
	o.text.between = true // to judge what is chosen, quality reads others
	switch {
	case c.String("traces") != "":
		return nil, errors.New("--traces is given, and the model is to run; accepted: a bound of traces, quality>=X or likelihood>=X, or no --traces")
	case c.String("model") == "":
		return nil, errors.New("--model is missing; accepted: a model that runs under each candidate, such as tiny")
	case o.text.check() != nil:
		return nil, o.text.check()
	case bound == nil && o.losses != "":
		return nil, errors.New("--measure-losses and --losses are given; accepted: one of them")
	case o.losses != "" && bound.name != "kl":
		return nil, fmt.Errorf("--bound %s: losses are of KL; accepted: kl<=X, loss<=X, bits<=X", bound)
	}
	var err error
	o.bits, err = weightBits(c)
	return o, err
}

func (o *liveSearch) run(ctx context.Context, s streams) error {
	p, err := o.text.open(ctx, s, nil)
	if err != nil {
		return err
	}
	defer p.close()
	defer s.files.Hold()() // an interruption ends with what has been measured
	switch {
	case o.bound == nil:
		return o.ofMatrices(ctx, s, p)
	case o.losses != "":
		return o.assigned(ctx, s, p)
	}
	return o.static(ctx, s, p)
}

// measure runs the model under schedules. Rows are of the prompts that all of them have finished, or of the schedules that the first
// prompts have.
func (o *liveSearch) measure(ctx context.Context, p *prompted, schedules []precision.Schedule, done func(int64)) ([]rows.Row, error) {
	j := o.job(p, schedules)
	j.Done = done
	outcomes, err := eval.Run(ctx, j)
	if len(outcomes[0]) == 0 {
		return nil, err
	}
	var all []rows.Row
	for i, s := range schedules {
		if len(outcomes[i+1]) == 0 {
			break // it was not finished, and so were none behind it
		}
		row := p.row(eval.Schedule{Schedule: s}, outcomes[i+1], outcomes[0])
		row.ByPrompt = nil
		all = append(all, row)
	}
	return all, err
}

// job evaluates schedules behind fp16.
func (o *liveSearch) job(p *prompted, schedules []precision.Schedule) *eval.Job {
	j := &eval.Job{Backend: p.scorer, Model: p.model, Texts: p.texts, Prompt: o.text.prompt, Generate: o.text.gen, Forced: true,
		Greedy: o.bound != nil && o.bound.ofAnswers()}
	for _, s := range append([]precision.Schedule{precision.UniformSchedule(16)}, schedules...) {
		j.Schedules = append(j.Schedules, eval.Schedule{Schedule: s})
	}
	return j
}

// searched is a candidate as JSON.
type searched struct {
	Bound  string `json:"bound"`
	Holds  bool   `json:"holds"`
	Chosen bool   `json:"chosen"`
	*rows.Row

	// What is of the model's own answers: left out where the bound does not ask for them, because nobody has measured it.
	RougeL     *float64 `json:"rouge_l,omitempty"`
	RougeLLow  *float64 `json:"rouge_l_low,omitempty"`
	RougeLHigh *float64 `json:"rouge_l_high,omitempty"`
	Prefix     *float64 `json:"prefix_mean,omitempty"`
	PrefixLow  *float64 `json:"prefix_low,omitempty"`
	PrefixHigh *float64 `json:"prefix_high,omitempty"`
	AnswerBits *float64 `json:"avg_weight_bits_answers,omitempty"`
}

// found is a candidate that a model has run under.
func (o *liveSearch) found(r *rows.Row, chosen bool) searched {
	x := searched{Bound: o.bound.String(), Holds: o.bound.holds(r), Chosen: chosen, Row: r}
	if o.bound.ofAnswers() {
		x.RougeL, x.RougeLLow, x.RougeLHigh, x.AnswerBits = &r.RougeL, &r.RougeLLow, &r.RougeLHigh, &r.AnswerBits
		x.Prefix, x.PrefixLow, x.PrefixHigh = &r.Prefix, &r.PrefixLow, &r.PrefixHigh
	}
	return x
}

// static tries the schedules of the grid.
func (o *liveSearch) static(ctx context.Context, s streams, p *prompted) error {
	grid := calibrate.Grid(o.bits, o.text.gen)
	bar := newProgress(s.err, o.job(p, grid).Work(), "tokens")
	defer bar.end()
	all, err := o.measure(ctx, p, grid, bar.add)
	bar.end()
	return o.show(ctx, s, all, err)
}

// show writes the candidates, and picks the one with the fewest bits that holds the bound.
func (o *liveSearch) show(ctx context.Context, s streams, all []rows.Row, failed error) error {
	if len(all) == 0 {
		return stopped(ctx, failed)
	}
	best := calibrate.Fewest(len(all), func(i int) bool { return o.bound.holds(&all[i]) },
		func(i int) (decode, prefill float64) { return all[i].AvgWeightBits, all[i].PrefillBits })
	found := make([]searched, len(all))
	for i := range all {
		found[i] = o.found(&all[i], i == best)
	}
	err := s.deliver(o.output, func(out io.Writer) error {
		if o.format == "json" {
			return jsonLines(out, found)
		}
		return o.table(out, found)
	})
	failed = partly(ctx, failed, fmt.Sprintf("what was written is of %d candidates and %d of %d prompts", len(all), all[0].Prompts, o.text.prompts))
	return errors.Join(failed, err)
}

// table writes the candidates.
func (o *liveSearch) table(out io.Writer, found []searched) error {
	t := &plots.Table{Columns: []plots.Column{{Name: "schedule", Width: 96}, {Name: "avg bits", Right: true}, {Name: "prefill", Right: true},
		{Name: "mean " + o.bound.name, Right: true}, {Name: "95 % interval", Right: true}, {Name: "holds"}, {Name: ""}}}
	best := "none holds the bound"
	for _, x := range found {
		mean, low, high := o.bound.Of(x.Row)
		holds, mark := "", ""
		if x.Holds {
			holds = "yes"
		}
		if x.Chosen {
			mark, best = "best", x.Schedule
		}
		t.Add(x.Schedule, fmt.Sprintf("%.3f", x.AvgWeightBits), fmt.Sprintf("%.2f", x.PrefillBits), fmt.Sprintf("%.4f", mean),
			fmt.Sprintf("%.4f to %.4f", low, high), holds, mark)
	}
	if err := t.Write(out); err != nil {
		return err
	}
	r := found[0].Row
	_, err := fmt.Fprintf(out, "\nmodel    %s: %d prompts of %d tokens, %d behind each\nbound    %s\nbest     %s\n", r.Model, r.Prompts, r.Prompt, r.Generated,
		o.bound, best)
	return err
}
