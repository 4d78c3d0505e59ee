package main

import (
	"fmt"
	"strconv"

	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// defaultSchedules are the paper's comparison for a model: fp16, the higher precision of its pair throughout, and from that
// one down to the lower.
func (w *workload) defaultSchedules() []string {
	high, low := w.model.PaperHigh, w.model.PaperLow
	return []string{"fp16", fmt.Sprintf("uniform:%d", high), fmt.Sprintf("static:%d>%d", high, low)}
}

// loadSchedules parses schedules, or the model's three if there are none, and gives those the bits of prefill that say nothing
// about it. What is given twice is run once; notes say so.
func (w *workload) loadSchedules(texts []string, prefill *int) (all []precision.Schedule, notes []string, err error) {
	if len(texts) == 0 {
		texts = w.defaultSchedules()
	}
	seen := map[string]bool{}
	for _, text := range texts {
		s, err := precision.ParseFor(text, w.model)
		if err != nil {
			return nil, nil, flagged("schedule", "", err)
		}
		if s, err = withPrefill(s, prefill); err != nil {
			return nil, nil, err
		}
		if s.Kind == precision.KindRecorded && w.trace == nil {
			return nil, nil, fmt.Errorf("--schedule %s: there is no trace to follow; accepted: --trace FILE, or neither --model, "+
				"--task, --prompt nor --gen for the trace embedded in the program", text)
		}
		policy, err := w.resolve(s)
		if err != nil {
			return nil, nil, flagged("schedule", "", err)
		}
		if seen[s.String()] {
			notes = append(notes, fmt.Sprintf("schedule %s is given twice and run once", s))
			continue
		}
		seen[s.String()] = true
		if plan, ok := policy.(*precision.Plan); ok && plan.Counterfactual() > 0 {
			notes = append(notes, fmt.Sprintf("schedule %s leaves the recorded run at decode pass %d: what it decides on from there on are "+
				"signals of another run", s, w.generated-plan.Counterfactual()))
		}
		all = append(all, s)
	}
	return all, notes, nil
}

// withPrefill applies --prefill to a schedule that says nothing about prefill.
func withPrefill(s precision.Schedule, bits *int) (precision.Schedule, error) {
	if bits == nil || s.Prefill != 0 {
		return s, nil
	}
	with, err := precision.Parse(s.String() + ",prefill=" + strconv.Itoa(*bits))
	if err != nil {
		return with, fmt.Errorf("--prefill %d: %w", *bits, err)
	}
	return with, nil
}

// evidence is what the trace lets a schedule decide on; nothing without a trace.
func (w *workload) evidence(s precision.Schedule) (precision.Evidence, error) {
	if w.trace == nil {
		return precision.Evidence{}, nil
	}
	return w.trace.Evidence(s)
}

// resolve decides a schedule on what is known.
func (w *workload) resolve(s precision.Schedule) (precision.Policy, error) {
	e, err := w.evidence(s)
	if err != nil {
		return nil, err
	}
	return s.Resolve(w.generated, e)
}
