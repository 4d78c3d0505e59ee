package main

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/result"
)

// stackRows names the bars, one for each outcome.
func stackRows(all []*outcome) (rows []plots.StackRow, err error) {
	for _, o := range all {
		rows = append(rows, plots.StackRow{Group: o.setting, Name: o.Schedule})
	}
	return rows, fewEnough(len(rows), mostBars, "bars")
}

func throughput(c *cli.Context, all []*outcome, common string) (*painting, error) {
	rows, err := stackRows(all)
	if err != nil {
		return nil, err
	}
	panel := plots.StackPanel{X: "tokens/s in decode", Log: c.Bool("log"), Parts: []string{""}, Text: plots.Significant}
	d := &painting{title: "Tokens per second", heads: append([]string{"setting", "schedule", "avg_weight_bits"},
		spreadHeads(all, "tokens_per_second")...)}
	for _, o := range all {
		s := o.spread(func(o *outcome) float64 { return o.TokensPerSecond })
		panel.Values, panel.Whiskers = append(panel.Values, []float64{s.mean}), append(panel.Whiskers, s.whisker(1))
		d.add(append([]string{o.setting, o.Schedule, real(o.AvgWeightBits)}, spreadCells(all, o, s)...)...)
	}
	d.figure = &plots.Stacks{Title: d.title, Subtitle: common, Note: whiskersNote(all), Rows: rows, Panels: []plots.StackPanel{panel}}
	return d, nil
}

// overFP16 and overUniform are the speed-ups of a result, not numbers where the baseline was not run.
func overFP16(o *outcome) float64    { return orNaN(o.SpeedupFP16) }
func overUniform(o *outcome) float64 { return orNaN(o.SpeedupUniform) }

func orNaN(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

func speedups(_ *cli.Context, all []*outcome, common string) (*painting, error) {
	rows, err := stackRows(all)
	if err != nil {
		return nil, err
	}
	panel := func(over string) plots.StackPanel {
		return plots.StackPanel{X: "speed-up of decode over " + over, Mark: 1, Parts: []string{""},
			Text: func(v float64) string { return plots.Significant(v) + "x" }}
	}
	overs := []plots.StackPanel{panel("fp16"), panel("uniform at the highest precision")}
	there := make([]bool, len(overs))
	d := &painting{title: "Speed-up of decode", heads: append([]string{"setting", "schedule", "avg_weight_bits"},
		spreadHeads(all, "speedup_vs_fp16", "speedup_vs_uniform")...)}
	for _, o := range all {
		both := []spread{o.spread(overFP16), o.spread(overUniform)}
		for i, s := range both {
			there[i] = there[i] || s.n > 0
			overs[i].Values, overs[i].Whiskers = append(overs[i].Values, []float64{s.mean}), append(overs[i].Whiskers, s.whisker(1))
		}
		d.add(append([]string{o.setting, o.Schedule, real(o.AvgWeightBits)}, spreadCells(all, o, both...)...)...)
	}
	figure := &plots.Stacks{Title: d.title, Subtitle: common, Note: whiskersNote(all), Rows: rows}
	for i, p := range overs {
		if there[i] {
			figure.Panels = append(figure.Panels, p)
		}
	}
	if len(figure.Panels) == 0 {
		return nil, fmt.Errorf("%s: no result has a speed-up; accepted: results of runs with the schedule fp16, or uniform at the highest precision, beside others",
			all[0].place)
	}
	d.figure = figure
	return d, nil
}

// stackOf is one quantity to be broken down.
type stackOf struct {
	name  string // in the table
	unit  string
	scale float64 // of a unit
	axis  string
	parts []string
	of    func(*result.Phase) map[string]float64
	per   func(*outcome) float64 // what it is divided by
}

// breakdownOf is what is drawn of a phase.
func breakdownOf(phase string) []stackOf {
	var kinds []string
	for k := range isa.KindCount {
		kinds = append(kinds, k.String())
	}
	time := stackOf{"time", "seconds", 1e-3, "ms", kinds, func(p *result.Phase) map[string]float64 { return p.Seconds }, nil}
	energy := stackOf{"energy", "joules", 1e-3, "mJ", result.EnergyParts(), func(p *result.Phase) map[string]float64 { return p.Energy }, nil}
	time.axis, energy.axis = "time of prefill, ms", "energy of prefill, mJ"
	time.per = func(*outcome) float64 { return 1 }
	energy.per = time.per
	if phase == "decode" {
		time.axis, energy.axis = "time per output token, ms", "energy per token, mJ"
		time.per = func(o *outcome) float64 { return float64(o.GeneratedTokens - 1) }
		energy.per = func(o *outcome) float64 { return float64((o.GeneratedTokens - 1) * o.Batch) }
	}
	return []stackOf{time, energy}
}

func breakdown(c *cli.Context, all []*outcome, common string) (*painting, error) {
	rows, err := stackRows(all)
	if err != nil {
		return nil, err
	}
	phase := c.String("phase")
	d := &painting{title: "Where time and energy of " + phase + " go", heads: []string{"setting", "schedule", "quantity", "part", "unit", "value"}}
	figure := &plots.Stacks{Title: d.title, Subtitle: common, Rows: rows}
	for _, q := range breakdownOf(phase) {
		panel := plots.StackPanel{X: q.axis, Text: plots.Significant}
		var values [][]float64 // outcome, part
		for _, o := range all {
			p := o.Decode
			if phase == "prefill" {
				p = o.Prefill
			}
			if p == nil {
				return nil, fmt.Errorf("%s: the result has no breakdown; accepted: results of run --breakdown --format json", o.place)
			}
			there := q.of(p)
			for _, name := range slices.Sorted(maps.Keys(there)) {
				if !slices.Contains(q.parts, name) {
					return nil, fmt.Errorf("%s: %s of %q is not known", o.place, q.name, name)
				}
			}
			var bar []float64
			for _, name := range q.parts {
				v, ok := there[name]
				bar = append(bar, v/q.per(o)/q.scale)
				if ok {
					d.add(o.setting, o.Schedule, q.name, name, q.unit, real(v/q.per(o)))
				}
			}
			values = append(values, bar)
		}
		panel.Parts, panel.Values = foldSmall(q.parts, values)
		figure.Panels = append(figure.Panels, panel)
	}
	d.figure = figure
	return d, nil
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
