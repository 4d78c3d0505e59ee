package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/routing"
)

// Pass is a pass of a run that is still in progress.
type Pass struct {
	At      precision.Assignment // of a decode pass; that of prefill is known beforehand
	Asked   bool                 // after the decode pass the schedule computed a decision
	Experts []int                // that the pass's tokens took, as routing.Recorded.Add has them; of a model with experts
}

// Follow simulates a job while its passes become known: they arrive in order, prefill first, on a channel that is closed
// after the last. The job needs no evidence, because nothing is decided here. Of a model with experts, the passes say
// which ones their tokens took; prefill of others is simulated before it arrives. Passes are received as fast as they arrive.
// Follow returns the result and the counts of each step, prefill first. If the passes end early, the result has fewer tokens
// than the job. The counts equal those of Run on a trace of the same passes.
func Follow(ctx context.Context, j Job, passes <-chan Pass, o Options) (*result.Result, []stats.Counts, error) {
	if err := j.check(); err != nil {
		return nil, nil, err
	}
	if !j.Sampling.All() {
		return nil, nil, fmt.Errorf("passes %s: which passes are alike is not known while they become known; accepted: passes all", j.Sampling)
	}
	if j.Model.Experts != nil {
		j.Experts, j.RecordedExperts = routing.Spec{Kind: routing.Trace}, routing.NewRecorded(j.Model, j.positions())
	}
	p, err := j.begin()
	if err != nil {
		return nil, nil, err
	}
	decided := &precision.Plan{}
	if p.Passes() > 1 && j.Schedule.Kind.Reads() { // after the last pass nothing is decided
		decided.Asked = 1 // compile the cost of one decision
	}
	over, err := j.Schedule.Over(j.Model, j.Generated)
	if err != nil {
		return nil, nil, err
	}
	p.used = over.All(j.Schedule.Bases())
	if err := p.compile(decided); err != nil {
		return nil, nil, err
	}
	r := p.run(nil)
	if err := r.follow(ctx, passes, o); err != nil {
		return nil, nil, err
	}
	out, err := r.result(o.Version)
	return out, r.counts, err
}

// follow gives the steps to the workers as they arrive.
func (r *run) follow(ctx context.Context, passes <-chan Pass, o Options) error {
	if o.Machines == nil {
		o.Machines = new(MachinePool)
	}
	workers := o.workers(r.Generated)
	o.Machines.begin(workers, []*run{r})
	steps := make(chan task, r.Generated) // never full: the decoder does not wait
	g, within := errgroup.WithContext(ctx)
	meter := newMeter(nil, nil)
	for _, machines := range o.Machines.workers[:workers] {
		g.Go(func() error {
			for t := range steps {
				if err := t.simulate(within, r, machines, meter, &o); err != nil {
					return err
				}
			}
			return nil
		})
	}
	known, unfit := r.feed(within, passes, steps)
	close(steps)
	err := cmp.Or(g.Wait(), ctx.Err(), unfit) // no step may have been running when ctx ended
	if err != nil {
		o.Machines.forget()
		return err
	}
	r.bits, r.counts, r.touched = r.bits[:known], r.counts[:known+1], r.touched[:known+1]
	r.Job.Generated = known + 1
	return nil
}

// feed turns passes into steps. It sends a step once everything is known that its program depends on, and returns the last
// one that is.
func (r *run) feed(ctx context.Context, passes <-chan Pass, steps chan<- task) (known int, err error) {
	taken := r.RecordedExperts
	if taken == nil {
		steps <- task{step: 0} // depends on nothing
	}
	for step := 0; step <= len(r.bits); step++ {
		select {
		case <-ctx.Done():
			return known, nil
		case p, ok := <-passes:
			switch {
			case !ok && step == 0 && taken != nil:
				return 0, errors.New("the run that is followed ended before its prefill did, of which the experts are not known")
			case !ok:
				return known, nil
			}
			if err := r.take(taken, step, p.Experts); err != nil {
				return known, err
			}
			if known = step; step > 0 {
				r.bits[step-1], r.asked[step-1] = p.At, p.Asked
			}
			if step > 0 || taken != nil {
				steps <- task{step: step}
			}
		}
	}
	return known, nil
}

// take keeps the experts of a step.
func (r *run) take(taken *routing.Recorded, step int, ids []int) error {
	if taken == nil {
		return nil
	}
	tokens := 1
	if step == 0 {
		tokens = r.Prompt
	}
	if err := taken.Add(tokens, ids); err != nil {
		return fmt.Errorf("pass %d: %w", step, err)
	}
	return nil
}
