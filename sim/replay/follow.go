package replay

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Pass is a decode pass of a run that is still going on.
type Pass struct {
	Bits  int
	Asked bool // the schedule had to work something out after it
}

// Follow simulates a job while its passes become known, which come in their order until the channel is closed. The job needs
// no evidence: it is not decided here. Passes are received as fast as they come; those that wait for a worker are few numbers.
// It returns the result, of fewer tokens than the job's where the passes end early, and what each step counted, prefill
// first. What is followed to its end counts what Run counts for the trace of it.
func Follow(ctx context.Context, j Job, passes <-chan Pass, o Options) (*result.Result, []stats.Counts, error) {
	if err := j.check(); err != nil {
		return nil, nil, err
	}
	p := j.begin()
	decided := &precision.Plan{}
	if p.Passes() > 1 && j.Schedule.Kind.Reads() { // after its last pass nothing is asked
		decided.Asked = 1 // what once costs
	}
	for _, b := range j.Schedule.Bits {
		p.used = append(p.used, unit.Bits(b))
	}
	if err := p.compile(decided); err != nil {
		return nil, nil, err
	}
	r := p.run(nil)
	if err := r.follow(ctx, passes, o); err != nil {
		return nil, nil, err
	}
	return r.result(o.Version), r.counts, nil
}

// follow hands the steps to the workers as they come.
func (r *run) follow(ctx context.Context, passes <-chan Pass, o Options) error {
	if o.Machines == nil {
		o.Machines = new(Machines)
	}
	workers := max(1, o.Workers)
	o.Machines.begin(workers, []*run{r})
	steps := make(chan task, r.Generated) // never full: who decodes does not wait
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
		err = ctx.Err() // between two passes there was nobody to notice
	}
	if err != nil {
		o.Machines.forget()
		return err
	}
	r.bits, r.counts = r.bits[:known], r.counts[:known+1]
	r.Job.Generated = known + 1
	return nil
}

// feed notes the passes and makes them steps; a step is handed out once all that its program depends on is known.
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
			r.bits[known], r.asked[known] = p.Bits, p.Asked
			known++
			steps <- task{step: known}
		}
	}
}
