package validate

import (
	"context"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// outcome is a simulated pass: its time, the DRAM traffic, and what of the time the runtime took. Nothing was simulated if its
// time is 0.
type outcome struct {
	seconds, bytes float64
	dispatches     float64 // pieces that were dispatched
	decode, apart  bool    // of a decode pass; dispatches of prefill have a time of their own
	converting     float64 // seconds of runtime.conversion in their dispatches
	hides          bool    // other work may go on during a dispatch
}

func outcomeOf(c *config.Config, n *stats.Counts, decode bool) outcome {
	o := outcome{seconds: n.Cycles.Seconds(c.Clock), bytes: float64(n.DRAMBytes()), dispatches: float64(n.Dispatches),
		decode: decode, apart: c.Runtime.PrefillDispatch > 0, hides: c.Runtime.Prefetch == config.PrefetchProgram}
	if c.Runtime.Conversion > 0 {
		o.converting = n.DispatchBusy.Seconds(c.Clock) - float64(o.dispatches*c.Runtime.OfPiece(decode).Seconds())
	}
	return o
}

// add adds a share of another outcome.
func (o *outcome) add(share float64, other outcome) {
	o.seconds += float64(share * other.seconds)
	o.bytes += float64(share * other.bytes)
	o.dispatches += float64(share * other.dispatches)
	o.converting += float64(share * other.converting)
	o.apart, o.hides = other.apart, o.hides || other.hides
}

// outcomes simulates a target of measurements with a configuration that is changed, as a fit does.
func (p *Predictor) outcomes(ctx context.Context, all []Measurement, change []string, of Target) ([]outcome, error) {
	tasks, err := p.tasks(all, change)
	if err != nil {
		return nil, err
	}
	if err := p.simulate(ctx, tasks, of == Decode, of == Prefill); err != nil {
		return nil, err
	}
	out := make([]outcome, len(all))
	for i, t := range tasks {
		if of == Decode {
			out[i] = p.steps[t.decode.key]
		} else {
			out[i] = p.prefilled(t)
		}
	}
	return out, nil
}

// prefilled returns a prefill, if all of its steps could be simulated.
func (p *Predictor) prefilled(t *task) (sum outcome) {
	for i, s := range t.prefill {
		o, known := p.steps[s.key]
		if !known {
			return outcome{}
		}
		sum.add(t.shares[i], o)
	}
	return sum
}

// tasks resolves measurements.
func (p *Predictor) tasks(all []Measurement, change []string) ([]*task, error) {
	tasks := make([]*task, len(all))
	for i := range all {
		var err error
		if tasks[i], err = p.task(&all[i], change); err != nil {
			return nil, err
		}
	}
	return tasks, nil
}
