package validate

import (
	"context"
	"math"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// line is the problem's straight line at x: ratios there, and their slopes by each key.
type line struct {
	at     []float64
	ratios []float64
	slopes [][]float64 // key, measurement
	others [][]float64 // slopes by the keys that are given, once a model is left out

	simulated []outcome
}

// lineAt simulates the measurements at x, and beside it in the keys whose slopes the simulation at x does not tell.
func (f *problem) lineAt(ctx context.Context, x []float64, of []Measurement) (*line, error) {
	simulated, err := f.simulated(ctx, f.assign(x), of)
	if err != nil {
		return nil, err
	}
	l := &line{at: x, ratios: f.ratios(simulated, of), simulated: simulated}
	for j, n := range f.free {
		beside := slices.Clone(x)
		step := stepOf(n, x[j], f.hi[j])
		beside[j] += step
		slopes, err := f.slopes(ctx, l, key{n, x[j], step, f.assign(beside)}, of)
		if err != nil {
			return nil, err
		}
		l.slopes = append(l.slopes, slopes)
	}
	return l, nil
}

// besideGiven adds the slopes by the keys that are given to a line of all measurements.
func (f *problem) besideGiven(ctx context.Context, l *line) error {
	for j, g := range f.given {
		set := f.assign(l.at)
		step := stepOf(g.Number, g.x, math.Inf(1))
		set[j] = assignment(g.Number, g.x+step)
		slopes, err := f.slopes(ctx, l, key{g.Number, g.x, step, set}, f.all)
		if err != nil {
			return err
		}
		l.others = append(l.others, slopes)
	}
	return nil
}

// key is a key at x, and the assignments of all keys with this one a step further.
type key struct {
	config.Number
	x, step float64
	beside  []string
}

// stepOf is how far beside x a slope is measured; most is where x may be at most.
func stepOf(n config.Number, x, most float64) float64 {
	step := 0.1 * x
	if !n.Rate {
		step = max(step, n.High/1e6)
	}
	if x+step > most {
		return -step
	}
	return step
}

// slopes returns the slopes of the ratios by a key: those that the counts of the simulation at the line's point tell, or
// the differences to a simulation beside it.
func (f *problem) slopes(ctx context.Context, l *line, k key, of []Measurement) ([]float64, error) {
	if slopes, known := f.counted(k, l.simulated, of); known {
		return slopes, nil
	}
	beside, err := f.simulated(ctx, k.beside, of)
	if err != nil {
		return nil, err
	}
	ratios := f.ratios(beside, of)
	for i := range ratios {
		ratios[i] = (ratios[i] - l.ratios[i]) / k.step
	}
	return ratios, nil
}

// counted returns the slopes by a key of the runtime from what was counted: pieces follow one another, and each waits
// for its dispatch, so that a pass is longer by what its dispatches are. It is no more than a slope: what is longer meets
// DRAM's refreshes elsewhere, so that the times themselves, and errors, are always those of simulations. known is false
// where something may hide a dispatch, and for other keys.
func (f *problem) counted(k key, simulated []outcome, of []Measurement) (slopes []float64, known bool) {
	slopes = make([]float64, len(of))
	for i, o := range simulated {
		if slopes[i] = math.NaN(); o.seconds == 0 {
			continue
		}
		if o.hides {
			return nil, false
		}
		var seconds float64 // by x
		switch {
		case k.Path == "runtime.dispatch" && (o.decode || !o.apart), k.Path == "runtime.prefill_dispatch" && !o.decode && o.apart:
			seconds = o.dispatches * unit.Femtoseconds(1).Seconds()
		case k.Path == "runtime.dispatch", k.Path == "runtime.prefill_dispatch" && o.decode: // the other kind of passes
		case k.Path == "runtime.conversion" && o.converting > 0 && k.x > 0:
			seconds = o.converting / k.x
		default:
			return nil, false
		}
		slopes[i] = seconds / f.measured(&of[i])
	}
	return slopes, true
}
