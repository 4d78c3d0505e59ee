package rerun

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/study"
	"github.com/pmpdsim/pmpdsim/sim/validate/intervals"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/routing"
)

// Plan is results whose jobs have been rebuilt.
type Plan struct {
	outcomes []*study.Outcome
	groups   []*group
}

// group is results on one NPU with one model, lengths and batch: as many as are simulated together. Speed-ups are
// within a group.
type group struct {
	members []int // among the outcomes
	jobs    []replay.Job
}

// Prepare rebuilds the jobs of all outcomes of a set that was read with study.ReadLines.
func Prepare(s *study.Set, find Traces) (*Plan, error) {
	type key struct {
		npu, shape, model        string
		experts                  routing.Spec
		prompt, generated, batch int
	}
	p, index := &Plan{outcomes: s.Outcomes}, map[key]*group{}
	known := inputs{}
	for i, o := range s.Outcomes {
		j, err := known.job(o, find)
		if err != nil {
			return nil, err
		}
		k := key{o.Config, o.Shape, o.Model, j.Experts, o.PromptTokens, o.GeneratedTokens, o.Batch}
		if g := index[k]; g == nil || (len(g.jobs)+1)*j.Generated > replay.MostTogether {
			index[k] = &group{}
			p.groups = append(p.groups, index[k])
		}
		index[k].members, index[k].jobs = append(index[k].members, i), append(index[k].jobs, j)
	}
	return p, nil
}

// Run runs the jobs again, and compares their results with what the outcomes say, in their order. Progress is called
// with the number of outcomes that are done.
func (p *Plan) Run(ctx context.Context, o replay.Options, progress func(done int)) ([]study.Verdict, error) {
	all := make([]study.Verdict, len(p.outcomes))
	done := 0
	o.Machines = new(replay.MachinePool)
	for _, g := range p.groups {
		verdicts, err := p.run(ctx, g, o)
		if err != nil {
			return nil, err
		}
		for i, m := range g.members {
			all[m] = verdicts[i]
		}
		done += len(g.members)
		progress(done)
	}
	return all, nil
}

func (p *Plan) run(ctx context.Context, g *group, o replay.Options) (all []study.Verdict, err error) {
	jobs := g.jobs
	for i, m := range g.members {
		was := p.outcomes[m]
		fp16, uniform := was.Against(highest(&g.jobs[i]))
		for _, base := range []struct {
			speedup *float64
			name    string
		}{{was.SpeedupFP16, fp16}, {was.SpeedupUniform, uniform}} {
			if base.speedup == nil {
				continue
			}
			if jobs, err = with(jobs, g.jobs[i], base.name); err != nil {
				return nil, fmt.Errorf("%s: %w", was.Place, err)
			}
		}
	}
	prepared, err := replay.PrepareAll(jobs)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.outcomes[g.members[0]].Place, err)
	}
	rs, err := replay.Run(ctx, prepared, o)
	if err != nil {
		return nil, err
	}
	for i, m := range g.members {
		was := p.outcomes[m]
		compare(was, jobs, rs, i)
		text, err := as(was, prepared[i], rs[i])
		if err != nil {
			return nil, err
		}
		v := study.Verdict{Place: was.Place, Label: fmt.Sprintf("%s, %s, %s", was.NPU, was.Model, was.Schedule), MadeBy: was.Version}
		old := bytes.TrimSpace(was.Line)
		if v.Bytes = bytes.Equal(old, text); !v.Bytes {
			if v.Differences, err = study.Differences(old, text); err != nil {
				return nil, fmt.Errorf("%s: %w", was.Place, err)
			}
		}
		v.Equal = len(v.Differences) == 0
		all = append(all, v)
	}
	return all, nil
}

func highest(j *replay.Job) int { return j.Schedule.HighestDecodeBits(j.Evidence.Recorded) }

// with adds a baseline beside a job, if it is not there.
func with(jobs []replay.Job, beside replay.Job, name string) ([]replay.Job, error) {
	if named(jobs, name) >= 0 {
		return jobs, nil
	}
	s, err := precision.Parse(name)
	if err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	beside.Schedule = s
	return append(jobs[:len(jobs):len(jobs)], beside), nil
}

func named(jobs []replay.Job, name string) int {
	return slices.IndexFunc(jobs, func(j replay.Job) bool { return j.Schedule.String() == name })
}

// compare sets the speed-ups that a result had, against what they had referred to: what else has run beside it does not
// count.
func compare(was *study.Outcome, jobs []replay.Job, rs []*result.Result, i int) {
	fp16, uniform := was.Against(highest(&jobs[i]))
	var base result.Baselines
	if was.SpeedupFP16 != nil {
		base.FP16 = rs[named(jobs, fp16)]
	}
	base.Uniform = func(int) *result.Result {
		if was.SpeedupUniform == nil {
			return nil
		}
		return rs[named(jobs, uniform)]
	}
	r := rs[i]
	r.SpeedupFP16, r.SpeedupUniform = nil, nil
	r.Compare(base, highest(&jobs[i]))
}

// as writes a new result with what was asked for in the old one, and under its version.
func as(was *study.Outcome, p *replay.Prepared, r *result.Result) (text []byte, err error) {
	if was.Result.Prefill != nil {
		r.Breakdown(p.Config)
	}
	if was.Tilings != nil {
		if r.Tilings, err = p.Tilings(); err != nil {
			return nil, err
		}
	}
	if was.Axes != nil { // a row of a sweep, whose inputs stand beside it
		r.Inputs = nil
	}
	r.Version = was.Version
	var b bytes.Buffer
	write := result.WriteJSON
	if intervals.In(was.Line) {
		around, err := intervals.Of(p.Config)
		if err != nil {
			return nil, fmt.Errorf("%s: ttft_seconds_low: %w", was.Place, err)
		}
		write = around.WriteJSON
	}
	err = write(&b, []*result.Result{r})
	return bytes.TrimSpace(b.Bytes()), err
}
