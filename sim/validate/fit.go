package validate

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/config"
)

// Most free parameters of a device: more would follow the measurements, not explain them.
const (
	mostFree        = 3 // of decode
	mostFreePrefill = 1
)

// Target is the time that a fit approaches.
type Target int

// The targets.
const (
	Decode  Target = iota // a decode pass
	Prefill               // the time to the first token
)

// problem is a fit: times of measurements as a function of a few keys.
//
// A key that is a time enters as it is, a rate as its inverse: times of passes are then nearly linear. A fit starts
// where each key costs something, simulates the measurements there and beside it in each key, solves the problem of the
// straight lines by least squares (Nelder and Mead), simulates again where that is, and goes on from there
// until it gets no better.
type problem struct {
	p      *Predictor
	of     Target
	fixed  []string // assignments that stay
	all    []Measurement
	free   []config.Number
	lo, hi []float64 // of the x of each key
	given  []given   // keys that other fits have chosen: their values differ when a model is left out
}

// given is a key that stays where it is.
type given struct {
	config.Number
	x float64
}

// times simulates the measurements with the keys at x and returns their predicted times over the measured ones; not a
// number where there is none.
func (f *problem) times(ctx context.Context, x []float64, of []Measurement) ([]float64, error) {
	simulated, err := f.simulated(ctx, f.assign(x), of)
	if err != nil {
		return nil, err
	}
	return f.ratios(simulated, of), nil
}

// simulated simulates the target of measurements with assignments beside the fixed ones.
func (f *problem) simulated(ctx context.Context, set []string, of []Measurement) ([]outcome, error) {
	return f.p.outcomes(ctx, of, slices.Concat(f.fixed, set), f.of)
}

// ratios returns simulated times over measured ones; not a number where one is missing.
func (f *problem) ratios(simulated []outcome, of []Measurement) []float64 {
	ratios := make([]float64, len(of))
	for i, o := range simulated {
		ratios[i] = math.NaN()
		if measured := f.measured(&of[i]); measured > 0 && o.seconds > 0 {
			ratios[i] = o.seconds / measured
		}
	}
	return ratios
}

// measured is the time of the target that was measured, in seconds; 0: none.
func (f *problem) measured(m *Measurement) float64 {
	if f.of == Prefill {
		return m.TTFT
	}
	return 1 / m.Decode
}

// assign returns the assignments of the keys at x, and of those that are given.
func (f *problem) assign(x []float64) (set []string) {
	for _, g := range f.given {
		set = append(set, assignment(g.Number, g.x))
	}
	for j, n := range f.free {
		set = append(set, assignment(n, x[j]))
	}
	return set
}

func assignment(n config.Number, x float64) string {
	if n.Rate {
		x = 1 / x
	}
	return n.Assign(x)
}

// newProblem finds the keys and where to start.
func (p *Predictor) newProblem(of Target, all []Measurement, fixed, keys []string) (*problem, []float64, error) {
	f := &problem{p: p, of: of, fixed: fixed, all: all}
	c, err := p.configured(&all[0], fixed)
	if err != nil {
		return nil, nil, err
	}
	var start []float64
	for _, key := range keys {
		n, err := c.Number(key)
		if err != nil {
			return nil, nil, err
		}
		x, lo, hi := n.Value, n.Low, n.High
		if n.Rate {
			if x == 0 { // not limited: what keeps up with memory, in bytes, or in codes of 4 bits a cycle
				if x = c.PeakBandwidth(); n.High < x {
					x *= 2 / float64(c.Clock)
				}
			}
			x, lo, hi = 1/(slow*x), 1/n.High, 1/n.Low
			x = min(max(x, lo), hi)
			lo, hi = max(lo, x/100), min(hi, x*1000)
		}
		f.free, f.lo, f.hi = append(f.free, n), append(f.lo, lo), append(f.hi, hi)
		start = append(start, x)
	}
	return f, start, nil
}

// minimum returns where the squares of the relative errors of the straight lines are least, of the measurements that
// are chosen, with the given keys moved from where they are.
func (f *problem) minimum(l *line, moved []float64, chosen func(int) bool) []float64 {
	within := func(y []float64) ([]float64, float64) { // y counts in tenths of what is there, or of the range of a time
		x, beyond := make([]float64, len(y)), 0.0
		for j := range y {
			x[j] = l.at[j] + float64(y[j]*f.scale(l, j))
			lo, hi := f.trust(l, j)
			inside := min(max(x[j], lo), hi)
			beyond += math.Abs(x[j]-inside) / f.scale(l, j)
			x[j] = inside
		}
		return x, beyond
	}
	cost := func(y []float64) float64 {
		x, beyond := within(y)
		sum := beyond
		for i, r := range l.ratios {
			if math.IsNaN(r) || !chosen(i) {
				continue
			}
			for j := range x {
				r += float64(l.slopes[j][i] * (x[j] - l.at[j]))
			}
			for j := range moved {
				r += float64(l.others[j][i] * moved[j])
			}
			sum += float64((r - 1) * (r - 1))
		}
		return sum
	}
	x, _ := within(minimise(cost, make([]float64, len(f.free))))
	return x
}

// trust returns how far the straight line is followed in a key: a rate to a third and three times of what it is, and a
// key that changes nothing nowhere.
func (f *problem) trust(l *line, j int) (lo, hi float64) {
	if !f.counts(l, j) {
		return l.at[j], l.at[j]
	}
	if f.free[j].Rate {
		return max(f.lo[j], l.at[j]/3), min(f.hi[j], l.at[j]*3)
	}
	return f.lo[j], f.hi[j]
}

// counts reports whether a key changes any of the times: by a thousandth, where it is twice what it is.
func (f *problem) counts(l *line, j int) bool {
	for _, s := range l.slopes[j] {
		if math.Abs(s)*max(l.at[j], f.scale(l, j)) >= 1e-3 { // not a number is not more
			return true
		}
	}
	return false
}

// scale is the step in which a key is looked for.
func (f *problem) scale(l *line, j int) float64 {
	if x := l.at[j]; x > 0 {
		return x / 10
	}
	return f.hi[j] / 1e4
}

// squares returns the sum of squared relative errors of ratios, and how many there are.
func squares(ratios []float64) (sum float64, n int) {
	for _, r := range ratios {
		if !math.IsNaN(r) {
			sum += float64((r - 1) * (r - 1))
			n++
		}
	}
	return sum, n
}

// mostRounds bounds how often a fit simulates around a point.
const mostRounds = 8

// slow and fast are where a fit starts, as parts of what a rate is, or of what keeps up with memory: where it is sure
// to cost something, and where it hardly does. Of the two minima that are reached the lower counts.
const slow, fast = 0.6, 2.4

// best fits the keys to the measurements from both starts.
func (f *problem) best(ctx context.Context, start []float64, of []Measurement) (*line, error) {
	l, err := f.solve(ctx, start, of)
	if err != nil {
		return nil, err
	}
	second := slices.Clone(start)
	for j, n := range f.free {
		if n.Rate {
			second[j] = max(f.lo[j], start[j]*slow/fast)
		} else {
			second[j] = l.at[j]
		}
	}
	other, err := f.solve(ctx, second, of)
	if err != nil {
		return nil, err
	}
	a, _ := squares(l.ratios)
	if b, _ := squares(other.ratios); b < 0.999*a {
		return other, nil
	}
	return l, nil
}

// noticed returns the line at x, or where rates that cost nothing there are so low that they do.
func (f *problem) noticed(ctx context.Context, x []float64, of []Measurement) (*line, error) {
	for tries := 0; ; tries++ {
		l, err := f.lineAt(ctx, x, of)
		if err != nil {
			return nil, err
		}
		moved := false
		x = slices.Clone(x)
		for j, n := range f.free {
			if lower := min(2*x[j], f.hi[j]); n.Rate && !f.counts(l, j) && lower > x[j] {
				x[j], moved = lower, true
			}
		}
		if !moved || tries == 16 {
			return l, nil
		}
	}
}

// solve fits the keys to the measurements, from x on, and returns the line at the best point.
func (f *problem) solve(ctx context.Context, x []float64, of []Measurement) (*line, error) {
	l, err := f.noticed(ctx, x, of)
	if err != nil {
		return nil, err
	}
	best, n := squares(l.ratios)
	if n <= len(f.free) {
		return nil, fmt.Errorf("%d measurements for %d free keys; accepted: more measurements than keys", n, len(f.free))
	}
	for range mostRounds {
		next := f.minimum(l, nil, func(int) bool { return true })
		better := false
		for range 4 { // the line may lead too far: then half of the way
			ratios, err := f.times(ctx, next, of)
			if err != nil {
				return nil, err
			}
			if sum, _ := squares(ratios); sum < 0.999*best {
				best, better = sum, true
				break
			}
			for j := range next {
				next[j] = (next[j] + l.at[j]) / 2
			}
		}
		if !better {
			break
		}
		if l, err = f.lineAt(ctx, next, of); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// checkKeys refuses keys that are given twice, and more than there may be.
func checkKeys(keys []string, most int) error {
	for i, k := range keys {
		if strings.TrimSpace(k) == "" {
			return fmt.Errorf("key %d of %d is empty; accepted: keys with commas between them, as in runtime.dispatch,noc.bandwidth", i+1, len(keys))
		}
		if slices.Contains(keys[:i], k) {
			return fmt.Errorf("%s is given twice; accepted: each key once", k)
		}
	}
	if len(keys) > most {
		return fmt.Errorf("%d keys (%s); accepted: at most %d, because more follow the measurements instead of explaining them", len(keys),
			strings.Join(keys, ", "), most)
	}
	return nil
}
