package replay

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Pass is a decode pass of a run that is still in progress.
type Pass struct {
	At    precision.Assignment
	Asked bool // after the pass the schedule computed a decision
}

// Follow simulates a job while its passes become known: they arrive in order on a channel that is closed after the
// last. The job needs no evidence, because nothing is decided here. Passes are received as fast as they arrive. Follow
// returns the result and the counts of each step, prefill first. If the passes end early, the result has fewer tokens
// than the job. The counts equal those of Run on a trace of the same passes.
func Follow(ctx context.Context, j Job, passes <-chan Pass, o Options) (*result.Result, []stats.Counts, error) {
	if err := j.check(); err != nil {
		return nil, nil, err
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
				if err := t.simulate(within, r, machines, meter, o.Built); err != nil {
					return err
				}
			}
			return nil
		})
	}
	known := r.feed(within, passes, steps)
	close(steps)
	err := g.Wait()
	if err == nil {
		err = ctx.Err() // no step was running when ctx ended
	}
	if err != nil {
		o.Machines.forget()
		return err
	}
	r.bits, r.counts, r.touched = r.bits[:known], r.counts[:known+1], r.touched[:known+1]
	r.Job.Generated = known + 1
	return nil
}

// feed turns passes into steps. It sends a step once everything is known that its program depends on.
func (r *run) feed(ctx context.Context, passes <-chan Pass, steps chan<- task) (known int) {
	steps <- task{step: 0}
	for {
		select {
		case <-ctx.Done():
			return known
		case p, ok := <-passes:
			if !ok || known == len(r.bits) {
				return known
			}
			r.bits[known], r.asked[known] = p.At, p.Asked
			known++
			steps <- task{step: known}
		}
	}
}
