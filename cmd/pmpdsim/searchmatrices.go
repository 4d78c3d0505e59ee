package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/pmpdsim/pmpdsim/gpu/eval/rows"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/precision/calibrate"
)

// ofMatrices measures what each matrix costs at each width, all others in fp16: the KL from fp16. Layers that are done stay.
func (o *liveSearch) ofMatrices(ctx context.Context, s streams, p *prompted) error {
	known := calibrate.NewLosses(p.model.Model)
	text := calibrate.LossHeader + "\n"
	work := int64(0)
	for l := range p.model.Layers {
		work += o.job(p, schedulesOf(known.EachAlone(l, o.bits))).Work()
	}
	bar := newProgress(s.err, work, "tokens")
	defer bar.end()
	layers := 0
	var failed error
	for ; layers < p.model.Layers && failed == nil; layers++ {
		alone := known.EachAlone(layers, o.bits)
		var all []rows.Row
		if all, failed = o.measure(ctx, p, schedulesOf(alone), bar.add); failed != nil {
			break
		}
		for i, a := range alone {
			text += fmt.Sprintf("%d,%s,%d,%g\n", a.Layer, a.Matrix, a.Bits, all[i].KLMean)
		}
	}
	bar.end()
	if layers == 0 {
		return stopped(ctx, failed)
	}
	err := s.deliver(o.output, func(out io.Writer) error { _, err := io.WriteString(out, text); return err })
	failed = partly(ctx, failed, fmt.Sprintf("what was written is of %d of %d layers", layers, p.model.Layers))
	return errors.Join(failed, err)
}

func schedulesOf(alone []calibrate.Alone) (all []precision.Schedule) {
	for _, a := range alone {
		all = append(all, a.Schedule)
	}
	return all
}

// mostTries is how often the limit of the losses is drawn in.
const mostTries = 6

// assigned makes an assignment of losses and runs the model under it. Losses are of a matrix alone, and need not add up:
// while the assignment does not hold the bound, the limit of the sum is drawn in by as much as it was off.
func (o *liveSearch) assigned(ctx context.Context, s streams, p *prompted) error {
	losses, err := calibrate.ReadLosses(o.losses, p.model.Model)
	if err != nil {
		return flagged("losses", "", err)
	}
	bar := newProgress(s.err, mostTries*o.job(p, make([]precision.Schedule, 1)).Work(), "tokens at most")
	defer bar.end()
	var all []rows.Row
	for limit := o.bound.limit; len(all) < mostTries; {
		found, err := losses.Assign(calibrate.Limit{Loss: limit, Bits: math.Inf(1)})
		if err != nil && len(all) == 0 {
			return fmt.Errorf("--bound: %w", err)
		}
		if err != nil || len(all) > 0 && all[len(all)-1].Schedule == found.Schedule.String() {
			break // nothing is left to raise
		}
		measured, err := o.measure(ctx, p, []precision.Schedule{found.Schedule}, bar.add)
		if err != nil {
			return o.show(ctx, s, all, err)
		}
		all = append(all, measured...)
		if o.bound.holds(&measured[0]) {
			break
		}
		limit = min(limit*o.bound.limit/measured[0].KLMean, limit*0.95)
	}
	bar.end()
	return o.show(ctx, s, all, nil)
}
