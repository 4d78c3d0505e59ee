package views

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/study"
)

// stackRows names the bars, one for each outcome.
func stackRows(s *study.Set) (rows []plots.StackRow, err error) {
	for _, o := range s.Outcomes {
		rows = append(rows, plots.StackRow{Group: o.Setting, Name: o.Schedule, Hollow: !o.Fits})
	}
	return rows, fewEnough(len(rows), mostBars, "bars")
}

// Throughput draws a bar of tokens per second for each outcome.
func Throughput(s *study.Set, opts Options) (*View, error) {
	rows, err := stackRows(s)
	if err != nil {
		return nil, err
	}
	rate := study.TokensPerSecond()
	panel := plots.StackPanel{X: rate.Axis, Log: opts.Log, Parts: []string{""}, Text: plots.Significant}
	v := &View{Title: rate.Title, Heads: append([]string{"setting", "schedule", "avg_weight_bits"}, heads(s, rate)...)}
	for _, o := range s.Outcomes {
		x := o.Spread(rate)
		panel.Values, panel.Whiskers = append(panel.Values, []float64{x.Mean}), append(panel.Whiskers, whisker(x, 1))
		v.add(append([]string{o.Setting, o.Schedule, real(o.AvgWeightBits)}, cells(s, o, rate)...)...)
	}
	v.Figure = &plots.Stacks{Title: v.Title, Subtitle: s.Common, Note: noteOf(s), Rows: rows, Panels: []plots.StackPanel{panel}}
	return v, nil
}

// Speedups draws the speed-ups of decode over fp16 and over uniform, as far as these were run.
func Speedups(s *study.Set, _ Options) (*View, error) {
	rows, err := stackRows(s)
	if err != nil {
		return nil, err
	}
	panel := func(over string) plots.StackPanel {
		return plots.StackPanel{X: "speed-up of decode over " + over, Mark: 1, Parts: []string{""},
			Text: func(v float64) string { return plots.Significant(v) + "x" }}
	}
	metrics := []study.Metric{study.SpeedupFP16(), study.SpeedupUniform()}
	overs := []plots.StackPanel{panel("fp16"), panel("uniform at the highest precision")}
	there := make([]bool, len(overs))
	v := &View{Title: "Speed-up of decode", Heads: append([]string{"setting", "schedule", "avg_weight_bits"},
		heads(s, metrics...)...)}
	for _, o := range s.Outcomes {
		for i, m := range metrics {
			x := o.Spread(m)
			there[i] = there[i] || x.N > 0
			overs[i].Values, overs[i].Whiskers = append(overs[i].Values, []float64{x.Mean}), append(overs[i].Whiskers, whisker(x, 1))
		}
		v.add(append([]string{o.Setting, o.Schedule, real(o.AvgWeightBits)}, cells(s, o, metrics...)...)...)
	}
	figure := &plots.Stacks{Title: v.Title, Subtitle: s.Common, Note: noteOf(s), Rows: rows}
	for i, p := range overs {
		if there[i] {
			figure.Panels = append(figure.Panels, p)
		}
	}
	if len(figure.Panels) == 0 {
		return nil, fmt.Errorf("%s: no result has a speed-up; accepted: results of runs with the schedule fp16, or uniform at the highest precision, beside others",
			s.Outcomes[0].Place)
	}
	v.Figure = figure
	return v, nil
}

// stackOf is one quantity to be broken down.
type stackOf struct {
	name  string  // in the table
	unit  string  // there
	scale float64 // of the unit along the axis, in that of the table
	axis  string
	parts []string
	of    func(*result.Phase) map[string]float64
	per   func(*study.Outcome) float64 // what it is divided by
}

// stacksOf are the quantities that are drawn of a phase.
func stacksOf(phase string) []stackOf {
	var kinds []string
	for k := range isa.KindCount {
		kinds = append(kinds, k.String())
	}
	all := func(*study.Outcome) float64 { return 1 }
	time := stackOf{"time", "seconds", 1e-3, "time of prefill, ms", kinds, func(p *result.Phase) map[string]float64 { return p.Seconds }, all}
	energy := stackOf{"energy", "joules", 1e-3, "energy of prefill, mJ", result.EnergyParts(), func(p *result.Phase) map[string]float64 { return p.Energy }, all}
	if phase == "decode" {
		time.axis, energy.axis = "time per output token, ms", "energy per token, mJ"
		time.per = func(o *study.Outcome) float64 { return float64(o.Passes()) }
		energy.per = func(o *study.Outcome) float64 { return float64(o.Passes() * o.Batch) }
	}
	return []stackOf{time, energy}
}

// Breakdown draws where time and energy of a phase go. The results must have their breakdown.
func Breakdown(s *study.Set, opts Options) (*View, error) {
	rows, err := stackRows(s)
	if err != nil {
		return nil, err
	}
	phase := opts.Phase
	v := &View{Title: "Where time and energy of " + phase + " go", Heads: []string{"setting", "schedule", "quantity", "part", "unit", "value", fitsHead}}
	figure := &plots.Stacks{Title: v.Title, Subtitle: s.Common, Note: noteOf(s), Rows: rows}
	for _, q := range stacksOf(phase) {
		panel := plots.StackPanel{X: q.axis, Text: plots.Significant}
		var values [][]float64 // outcome, part
		for _, o := range s.Outcomes {
			p := o.Decode
			if phase == "prefill" {
				p = o.Prefill
			}
			if p == nil {
				return nil, fmt.Errorf("%s: the result has no breakdown; accepted: results of run --breakdown --format json", o.Place)
			}
			there := q.of(p)
			for _, name := range slices.Sorted(maps.Keys(there)) {
				if !slices.Contains(q.parts, name) {
					return nil, fmt.Errorf("%s: %s of %q is not known", o.Place, q.name, name)
				}
			}
			var bar []float64
			for _, name := range q.parts {
				x, ok := there[name]
				bar = append(bar, x/q.per(o)/q.scale)
				if ok {
					v.add(o.Setting, o.Schedule, q.name, name, q.unit, real(x/q.per(o)), fits(o))
				}
			}
			values = append(values, bar)
		}
		panel.Parts, panel.Values = foldSmall(q.parts, values)
		figure.Panels = append(figure.Panels, panel)
	}
	v.Figure = figure
	return v, nil
}

// foldSmall joins parts that could not be seen: less than a hundredth of every bar.
func foldSmall(parts []string, values [][]float64) (names []string, bars [][]float64) {
	bars = make([][]float64, len(values))
	rest := make([]float64, len(values))
	some := false
	for i, name := range parts {
		seen := false
		for _, bar := range values {
			total := 0.0
			for _, v := range bar {
				total += v
			}
			seen = seen || bar[i] > 0 && bar[i] >= total/100
		}
		if seen {
			names = append(names, name)
		}
		for row, bar := range values {
			if seen {
				bars[row] = append(bars[row], bar[i])
			} else {
				rest[row], some = rest[row]+bar[i], some || bar[i] > 0
			}
		}
	}
	if some {
		names = append(names, "other")
		for row := range bars {
			bars[row] = append(bars[row], rest[row])
		}
	}
	return names, bars
}
