package validate

import (
	"context"
	"fmt"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/validate/rows"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Recorded simulates the timed passes of a recorded run on an NPU that stands for what it was recorded on, pass by pass
// and, where the trace has times of operators, operator by operator.
func Recorded(ctx context.Context, t *traces.Trace, cfg *config.Config, o replay.Options) (*rows.Recorded, error) {
	m, err := t.Model()
	if err != nil {
		return nil, err
	}
	s, err := precision.Parse("recorded")
	if err != nil {
		return nil, err
	}
	evidence, err := t.Evidence(s)
	if err != nil {
		return nil, err
	}
	steps, passes := timed(t)
	if len(steps) == 0 {
		return nil, fmt.Errorf("%s: no pass has a time (step_ns); accepted: a trace of record", t.Name)
	}
	p, err := replay.Prepare(replay.Job{Config: cfg, Model: m, Prompt: t.PromptTokens(), Generated: t.GeneratedTokens(), Schedule: s,
		Evidence: evidence, RecordedPrefill: t.PrefillAt(), TraceName: t.Name})
	if err != nil {
		return nil, err
	}
	counts, err := replay.Steps(ctx, []*replay.Prepared{p}, [][]int{steps}, o)
	if err != nil {
		return nil, err
	}
	r := &rows.Recorded{Name: t.Name, Model: m.Name, Source: string(t.Header.Source), NPU: cfg.Name}
	apart := map[string]*comparison{}
	for i := range passes {
		pass, c := &passes[i], &counts[0][i]
		pass.Predicted = c.Cycles.Seconds(cfg.Clock)
		pass.Error = rows.SpeedError(pass.Measured, pass.Predicted)
		if times := opTimes(t, pass.Step); times != nil {
			phase := "decode"
			if pass.Step == 0 {
				phase = "prefill"
			}
			if apart[phase] == nil {
				apart[phase] = &comparison{phase: phase, measured: map[string]float64{}, predicted: map[string]float64{}}
			}
			apart[phase].add(t.Ops.Ops, times, p.Operators(), c, cfg)
		}
	}
	r.Passes = passes
	for _, phase := range []string{"prefill", "decode"} {
		if c := apart[phase]; c != nil {
			r.Operators = append(r.Operators, c.rows()...)
		}
	}
	return r, nil
}

// timed returns the steps that have a time, and their measurements.
func timed(t *traces.Trace) (steps []int, passes []rows.Pass) {
	note := func(step, context, bits int, ns *int64) {
		if ns == nil || *ns <= 0 {
			return
		}
		steps = append(steps, step)
		passes = append(passes, rows.Pass{Kind: "pass", Step: step, Context: context, Bits: bits, Measured: float64(*ns) * 1e-9})
	}
	if t.Prefill != nil {
		note(0, t.PromptTokens(), t.PrefillAt().Max(), t.Prefill.StepNS)
	}
	for i, s := range t.Steps {
		note(i+1, s.KVLen+1, s.WBits, s.StepNS)
	}
	return steps, passes
}

// opTimes returns the times of a pass's operators; nil: it was not taken apart.
func opTimes(t *traces.Trace, step int) []int64 {
	if t.Ops == nil {
		return nil
	}
	times := t.Prefill.OpNS
	if step > 0 {
		times = t.Steps[step-1].OpNS
	}
	if len(times) != len(t.Ops.Ops) {
		return nil
	}
	return times
}

// comparison sums up the operators of the passes of a phase, by name, over layers and passes.
type comparison struct {
	phase               string
	left, right         []string // names, in the order in which they are met: of the NPU, and of the trace
	predicted, measured map[string]float64
}

func (c *comparison) add(table []traces.Op, times []int64, names []string, counts *stats.Counts, cfg *config.Config) {
	for i, op := range table {
		name := ops.InLayer(op.Name)
		if _, known := c.measured[name]; !known {
			c.right = append(c.right, name)
		}
		c.measured[name] += float64(float64(times[i]) * 1e-9)
	}
	for i, name := range names {
		n := &counts.Operators[i]
		if n.Cycles == 0 && n.ArrayBusy == 0 && n.VectorBusy == 0 && n.Bytes == 0 {
			continue
		}
		if _, known := c.predicted[name]; !known {
			c.left = append(c.left, name)
		}
		c.predicted[name] += n.Cycles.Seconds(cfg.Clock)
	}
}

// rows joins the operators of both sides.
func (c *comparison) rows() []rows.Operator {
	var all []rows.Operator
	for _, j := range ops.Join(c.left, c.right) {
		row := rows.Operator{Kind: "operator", Phase: c.phase, Name: strings.Join(j.Members, "+")}
		sum := func(places []int, names []string, of map[string]float64) *float64 {
			if len(places) == 0 {
				return nil
			}
			total := 0.0
			for _, i := range places {
				total += of[names[i]]
			}
			return &total
		}
		row.Predicted, row.Measured = sum(j.Left, c.left, c.predicted), sum(j.Right, c.right, c.measured)
		if row.Predicted != nil && row.Measured != nil && *row.Predicted > 0 {
			off := rows.SpeedError(*row.Measured, *row.Predicted)
			row.Error = &off
		}
		all = append(all, row)
	}
	return all
}
