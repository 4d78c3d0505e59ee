package replay

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/workloads/routing"
)

// routing returns what says which experts the tokens of a job take; nil if the model has none.
func (j Job) routing() (routing.Router, error) {
	switch {
	case j.Model.Experts == nil:
		if j.Experts != (routing.Spec{}) {
			return nil, fmt.Errorf("experts %s: %s has none; accepted: a model that has some, or nothing", j.Experts, j.Model.Name)
		}
		return nil, nil
	case j.Experts.Kind != routing.Trace:
		return routing.New(j.Experts, j.Model)
	case j.RecordedExperts == nil:
		return nil, fmt.Errorf("experts trace: no trace says which experts the tokens take; accepted: a trace that was recorded with them, or uniform, zipf")
	case j.Batch > 1:
		return nil, fmt.Errorf("experts trace: the trace has one sequence, the batch %d; accepted: a batch of 1, or uniform, zipf", j.Batch)
	}
	return j.RecordedExperts, nil
}

// checkExperts returns an error if the trace says too little of the experts that a job takes.
func (j Job) checkExperts() error {
	if j.Experts.Kind != routing.Trace || j.RecordedExperts == nil {
		return nil
	}
	if have, need := j.RecordedExperts.Known(), j.positions(); have < need {
		return fmt.Errorf("experts trace: the trace has those of %d positions, a prompt of %d tokens and %d decode passes take %d; accepted: the "+
			"lengths of the trace, or uniform, zipf", have, j.Prompt, j.Passes(), need)
	}
	return nil
}

// positions are those whose tokens are read: the last generated one is not.
func (j Job) positions() int { return j.Prompt + j.Passes() }

// experts is what a run touched of the experts; nil of a model that has none.
func (r *run) experts() *result.Experts {
	if r.router == nil {
		return nil
	}
	e := r.Model.Experts
	out := &result.Experts{Routing: r.Job.Experts.String(), Count: e.Count, PerToken: e.PerToken, Prefill: result.TouchedOf(r.touched[0])}
	var decode isa.Touched
	for _, t := range r.touched[1:] {
		decode.Merge(t)
	}
	out.Decode = result.TouchedOf(decode)
	return out
}
