package learn

import (
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/gpu/eval"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Runs are the schedules under which each prompt is continued for a learned schedule: fp16, then a switch at each of the
// candidates, the last of which is not reached.
func Runs(s precision.Schedule, tokens int) ([]precision.Schedule, error) {
	if s.Kind != precision.KindLearned || len(s.Bits) != 2 {
		return nil, fmt.Errorf("schedule %s: it does not ask a classifier for one switch; accepted: %s:A>B", s, precision.KindLearned)
	}
	if s.Horizon > 0 {
		tokens = s.Horizon
	}
	if tokens < Classes {
		return nil, fmt.Errorf("schedule %s: %d tokens have no %d switch points; accepted: %d or more", s, tokens, Classes, Classes)
	}
	all := []precision.Schedule{precision.UniformSchedule(16)}
	for _, step := range precision.Candidates(tokens)[:Classes-1] {
		all = append(all, precision.Schedule{Kind: precision.KindStatic, Bits: slices.Clone(s.Bits), Steps: []int{step}, Prefill: s.Prefill, Rules: s.Rules})
	}
	never := precision.UniformSchedule(s.Bits[0])
	never.Prefill, never.Rules = s.Prefill, s.Rules
	all = append(all, never)
	for i := range all {
		canonical, err := precision.Parse(all[i].String())
		if err != nil {
			return nil, err
		}
		all[i] = canonical
	}
	return all, nil
}

// rouge returns ROUGE-L of the continuations of Runs but the first, against the first.
func rouge(continuations [][]int) (r [Classes]float64) {
	for class := range r {
		r[class] = eval.RougeL(continuations[0], continuations[1+class])
	}
	return r
}
