package validate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/validate/rows"
)

// Keys are the free parameters of a fit, as keys of the configuration.
type Keys struct {
	Decode  []string // fitted to decode
	Prefill []string // then fitted to the time to the first token
}

// Check refuses too many keys, and a key twice.
func (k Keys) Check() error {
	if err := checkKeys(k.Decode, mostFree); err != nil {
		return fmt.Errorf("--fit: %w", err)
	}
	if err := checkKeys(k.Prefill, mostFreePrefill); err != nil {
		return fmt.Errorf("--fit-prefill: %w", err)
	}
	if err := checkKeys(slices.Concat(k.Decode, k.Prefill), mostFree+mostFreePrefill); err != nil {
		return fmt.Errorf("--fit, --fit-prefill: %w", err)
	}
	return nil
}

func (k Keys) none() bool { return len(k.Decode)+len(k.Prefill) == 0 }

// Result is predictions, with what was fitted.
type Result struct {
	Rows     []rows.Row
	Fits     []rows.Fit
	Machines []*config.Config // that were fitted, in the order of their first measurement
}

// FitAndPredict fits keys of each machine to its measurements, and predicts them with the fitted values. With leaveOut
// a measurement is predicted with the values that are fitted to all other models of the machine, whatever their
// formats. keysOf says what is free, by the name of the machine; a machine without keys, or with too few measurements,
// is not fitted.
func (p *Predictor) FitAndPredict(ctx context.Context, all []Measurement, keysOf func(machine string) Keys, leaveOut bool) (*Result, error) {
	out := &Result{Rows: make([]rows.Row, len(all))}
	if err := p.checkNumbers(all, keysOf); err != nil {
		return nil, err
	}
	for _, group := range p.groups(all) {
		some := make([]Measurement, len(group))
		for i, at := range group {
			some[i] = all[at]
		}
		c, err := p.machine(&some[0])
		if err != nil {
			return nil, err
		}
		if leaveOut && keysOf(c.Name).none() {
			p.note("%s: no model is left out, because it has no keys of its own to fit; accepted: --fit KEYS", c.Name)
		}
		f := &fitting{p: p, machine: c.Name, all: some, keys: keysOf(c.Name)}
		predicted, err := f.run(ctx, leaveOut)
		if err != nil {
			return nil, err
		}
		for i, at := range group {
			out.Rows[at] = predicted[i]
		}
		if len(f.fits) == 0 {
			continue
		}
		out.Fits = append(out.Fits, f.fits...)
		if err := f.describe(c); err != nil {
			return nil, err
		}
		out.Machines = append(out.Machines, c)
	}
	return out, nil
}

// checkNumbers refuses keys that are no numbers of a machine, before anything is simulated.
func (p *Predictor) checkNumbers(all []Measurement, keysOf func(machine string) Keys) error {
	for _, group := range p.groups(all) {
		c, err := p.machine(&all[group[0]])
		if err != nil {
			return err
		}
		k := keysOf(c.Name)
		for _, key := range slices.Concat(k.Decode, k.Prefill) {
			if _, err := c.Number(key); err != nil {
				return fmt.Errorf("%s: %w", c.Name, err)
			}
		}
	}
	return nil
}

// describe makes c the fitted machine, and lets its texts say what it was fitted to.
func (f *fitting) describe(c *config.Config) error {
	source := strings.TrimSpace(c.Source)
	if err := c.Set(f.assigned()); err != nil {
		return err
	}
	c.Name = f.machine + "-fitted"
	c.Description = f.machine + ", fitted to measurements"
	var texts []string
	for _, s := range f.fits {
		texts = append(texts, s.Text())
	}
	c.Source = strings.Join(texts, "; ") + "; before: " + source
	return nil
}

// groups returns the indices of the measurements of each machine, in the order of its first.
func (p *Predictor) groups(all []Measurement) (groups [][]int) {
	at := map[string]int{}
	for i, m := range all {
		name := ""
		if p.NPU == nil {
			name = Slug(m.Device)
		}
		k, seen := at[name]
		if !seen {
			k = len(groups)
			at[name], groups = k, append(groups, nil)
		}
		groups[k] = append(groups[k], i)
	}
	return groups
}

// fitting is the fit of one machine.
type fitting struct {
	p       *Predictor
	machine string
	all     []Measurement
	keys    Keys
	solved  []*solution
	fits    []rows.Fit
}

// solution is what keys were fitted to a target.
type solution struct {
	*problem
	*line
	fit rows.Fit
}

// run fits, and predicts the measurements.
func (f *fitting) run(ctx context.Context, leaveOut bool) ([]rows.Row, error) {
	before, err := f.p.Predict(ctx, f.all, nil)
	if err != nil || f.keys.none() {
		return before, err
	}
	for _, t := range []struct {
		of   Target
		keys []string
	}{{Decode, f.keys.Decode}, {Prefill, f.keys.Prefill}} {
		if err := f.solve(ctx, t.of, t.keys, before); err != nil {
			return nil, err
		}
	}
	if len(f.solved) == 0 {
		return before, nil
	}
	after, err := f.p.Predict(ctx, f.all, f.assigned())
	if err != nil {
		return nil, err
	}
	for i := range after {
		after[i].Fitted = true
	}
	for _, s := range f.solved {
		s.fit.After = s.mape(after)
	}
	if leaveOut {
		if after, err = f.leaveOut(ctx, after); err != nil {
			return nil, err
		}
	}
	for _, s := range f.solved {
		f.fits = append(f.fits, s.fit)
	}
	return after, nil
}

// assigned returns the assignments of all that is fitted.
func (f *fitting) assigned() (set []string) {
	for _, s := range f.solved {
		for j, n := range s.free {
			set = append(set, assignment(n, s.at[j]))
		}
	}
	return set
}

// solve fits keys to a target, if there is enough that was measured.
func (f *fitting) solve(ctx context.Context, of Target, keys []string, before []rows.Row) error {
	var some []Measurement
	counted := len(rows.Counted(before))
	for i, m := range f.all {
		if r := before[i]; of == Decode && r.PredictedDecode == nil || of == Prefill && r.PrefillError == nil ||
			r.Excluded != "" && counted < len(before) {
			continue
		}
		some = append(some, m)
	}
	models := modelsOf(some)
	if len(keys) == 0 {
		return nil
	}
	if len(models) <= len(keys) {
		f.p.note("%s: %s is not fitted: %d models for %d free keys", f.machine, strings.Join(keys, ", "), len(models), len(keys))
		return nil
	}
	problem, start, err := f.p.newProblem(of, some, nil, keys)
	if err != nil {
		return fmt.Errorf("%s: %w", f.machine, err)
	}
	for _, s := range f.solved {
		for j, n := range s.free {
			problem.given = append(problem.given, given{n, s.at[j]})
		}
	}
	l, err := problem.best(ctx, start, some)
	if err != nil {
		return err
	}
	s := &solution{problem: problem, line: l, fit: rows.Fit{NPU: f.machine, Prefill: of == Prefill, N: len(some), Models: models}}
	s.fit.Before = s.mape(before)
	for j, n := range problem.free {
		_, value, _ := strings.Cut(assignment(n, l.at[j]), "=")
		s.fit.Keys = append(s.fit.Keys, rows.FittedKey{Key: n.Path, Value: value})
	}
	f.solved = append(f.solved, s)
	return nil
}

// modelsOf returns the models of measurements, each once, in their order.
func modelsOf(all []Measurement) (models []string) {
	for _, m := range all {
		if !slices.Contains(models, m.Model) {
			models = append(models, m.Model)
		}
	}
	return models
}

// mape returns the mean absolute error of the target, of rows of the machine.
func (s *solution) mape(all []rows.Row) float64 {
	all = rows.Counted(all)
	if s.of == Prefill {
		return rows.Summarise(rows.PrefillErrors(all)).MAPE
	}
	return rows.Summarise(rows.DecodeErrors(all)).MAPE
}

// leaveOut predicts the measurements of each model with keys that are fitted to the others.
func (f *fitting) leaveOut(ctx context.Context, after []rows.Row) ([]rows.Row, error) {
	for _, s := range f.solved {
		if err := s.besideGiven(ctx, s.line); err != nil {
			return nil, err
		}
	}
	for _, model := range modelsOf(f.all) {
		set, err := f.without(ctx, model)
		if err != nil {
			return nil, err
		}
		var some []Measurement
		for _, m := range f.all {
			if m.Model == model {
				some = append(some, m)
			}
		}
		predicted, err := f.p.Predict(ctx, some, set)
		if err != nil {
			return nil, err
		}
		for i, m := range f.all {
			if m.Model == model {
				after[i], predicted = predicted[0], predicted[1:]
				after[i].Fitted, after[i].HeldOut = true, true
			}
		}
	}
	for _, s := range f.solved {
		left := s.mape(after)
		s.fit.LeftOut = &left
	}
	return after, nil
}

// far is how far a key may be moved by leaving a model out before the others are simulated anew.
const far = 0.2

// without returns the assignments of the keys that are fitted to all models but one.
func (f *fitting) without(ctx context.Context, model string) (set []string, err error) {
	var moved []float64 // of the keys of the targets before
	for _, s := range f.solved {
		chosen := func(i int) bool { return s.all[i].Model != model }
		x := s.minimum(s.line, moved, chosen)
		if s.moves(x) && len(s.given) == 0 {
			var others []Measurement
			for i, m := range s.all {
				if chosen(i) {
					others = append(others, m)
				}
			}
			l, err := s.solve(ctx, x, others)
			if err != nil {
				return nil, err
			}
			x = l.at
		}
		for j, n := range s.free {
			moved = append(moved, x[j]-s.at[j])
			one := assignment(n, x[j])
			set = append(set, one)
			_, value, _ := strings.Cut(one, "=")
			s.fit.Keys[j].WithoutOne = append(s.fit.Keys[j].WithoutOne, value)
		}
	}
	return set, nil
}

// moves reports whether x is far from where the line is.
func (s *solution) moves(x []float64) bool {
	for j := range x {
		if d := x[j] - s.at[j]; d > far*s.at[j] || d < -far*s.at[j] {
			return true
		}
	}
	return false
}
