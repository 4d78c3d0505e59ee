package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/workloads/routing"
)

// expertsFlag says which experts tokens take.
func expertsFlag() cli.Flag {
	return &cli.StringFlag{Name: "experts", Usage: "of a model with experts, which ones tokens take: `uniform|zipf|trace`, with s=X,seed=N behind a comma",
		DefaultText: "what the trace recorded, or uniform"}
}

// loadExperts finds which experts tokens take: what was asked for, or else what the trace recorded, or else uniform draws.
func (w *workload) loadExperts(text *string) error {
	if w.model.Experts == nil {
		if text != nil {
			return flagged("experts", *text, errors.New(w.model.Name+" has no experts; accepted: a model that has some, or no --experts"))
		}
		return nil
	}
	w.experts = routing.Spec{Kind: routing.Uniform}
	if text != nil {
		var err error
		if w.experts, err = routing.Parse(*text); err != nil {
			return flagged("experts", "", err)
		}
	}
	if w.trace != nil && (text == nil || w.experts.Kind == routing.Trace) {
		recorded, err := w.trace.Router(w.model)
		if err != nil {
			return flagged("trace", w.trace.Name, err)
		}
		if recorded != nil && w.batch > 1 {
			return fmt.Errorf("--batch %d: the trace %s says which experts one sequence takes; accepted: 1, or --experts uniform, zipf", w.batch, w.trace.Name)
		}
		if recorded != nil {
			w.experts, w.recorded = routing.Spec{Kind: routing.Trace}, recorded
		}
	}
	if w.experts.Kind == routing.Trace && w.recorded == nil {
		return errors.New("--experts: trace: no trace says which experts the tokens take; accepted: --trace FILE that was recorded with them, or uniform, zipf")
	}
	return nil
}
