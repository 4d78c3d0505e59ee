package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/plots"
)

// workloadKeys make results comparable: what else differs is a choice of the design.
func workloadKeys() []string { return []string{"model", "task", "prompt", "gen", "trace"} }

// workloadOf names what differs among the workloads of the outcomes.
func workloadOf(all []*outcome) func(*outcome) string {
	var differ []string
	for _, key := range workloadKeys() {
		if len(distinct(all, func(o *outcome) string { return o.value(key).value })) > 1 {
			differ = append(differ, key)
		}
	}
	return func(o *outcome) string { return settingOf(o, differ) }
}

// designOf names the rest of what differs, and the schedule.
func designOf(all []*outcome) func(*outcome) string {
	keys := slices.DeleteFunc(slices.Clone(all[0].differ), func(key string) bool { return slices.Contains(workloadKeys(), key) })
	return func(o *outcome) string {
		return strings.TrimPrefix(settingOf(o, keys)+", "+o.Schedule, ", ")
	}
}

// front are the outcomes that none beats: with more tokens/s at no more cost, or as many at less. They are sorted by cost.
func front(all []*outcome, cost func(*outcome) float64) (best []*outcome) {
	sorted := slices.SortedStableFunc(slices.Values(all), func(a, b *outcome) int {
		return cmp.Or(cmp.Compare(cost(a), cost(b)), cmp.Compare(b.TokensPerSecond, a.TokensPerSecond))
	})
	for _, o := range sorted {
		last := len(best) - 1
		switch {
		case last < 0 || o.TokensPerSecond > best[last].TokensPerSecond:
			best = append(best, o)
		case o.TokensPerSecond == best[last].TokensPerSecond && cost(o) == cost(best[last]):
			best = append(best, o) // neither beats the other
		}
	}
	return best
}

func pareto(c *cli.Context, all []*outcome, common string) (*painting, error) {
	workload, design := workloadOf(all), designOf(all)
	series := distinct(all, workload)
	if err := fewEnough(len(series), mostSeries, "workloads"); err != nil {
		return nil, err
	}
	joules := func(o *outcome) float64 { return o.EnergyPerToken * 1e3 }
	area := func(o *outcome) float64 { return o.AreaMM2 }
	d := &painting{title: "Throughput against its cost", heads: []string{"workload", "design", "tokens_per_second", "energy_joules_per_token",
		"area_mm2", "best_for_energy", "best_for_area"}}
	figure := &plots.Chart{Title: d.title, Subtitle: common, Series: series}
	costs := []struct {
		axis string
		of   func(*outcome) float64
	}{{"energy per token, mJ", joules}, {"area of the NPU, mm2", area}}
	onFront := make([]map[*outcome]bool, len(costs))
	for i, cost := range costs {
		panel := plots.ChartPanel{X: cost.axis, Y: "tokens/s", XLog: c.Bool("log"), YLog: c.Bool("log"), Points: make([][]plots.ChartPoint, len(series))}
		onFront[i] = map[*outcome]bool{}
		for s, name := range series {
			some := slices.DeleteFunc(slices.Clone(all), func(o *outcome) bool { return workload(o) != name })
			line := plots.ChartLine{Series: s}
			for _, o := range front(some, cost.of) {
				onFront[i][o] = true
				line.Points = append(line.Points, [2]float64{cost.of(o), o.TokensPerSecond})
			}
			panel.Lines = append(panel.Lines, line)
			for _, o := range some {
				p := plots.ChartPoint{X: cost.of(o), Y: o.TokensPerSecond}
				if onFront[i][o] {
					p.Label = design(o)
				}
				panel.Points[s] = append(panel.Points[s], p)
			}
		}
		if i == 0 || len(distinct(all, func(o *outcome) string { return real(o.AreaMM2) })) > 1 {
			figure.Panels = append(figure.Panels, panel)
		}
	}
	for _, o := range all {
		d.add(workload(o), design(o), real(o.TokensPerSecond), real(o.EnergyPerToken), real(o.AreaMM2),
			strconv.FormatBool(onFront[0][o]), strconv.FormatBool(onFront[1][o]))
	}
	d.figure = figure
	return d, nil
}

func overPrecision(c *cli.Context, all []*outcome, common string) (*painting, error) {
	series := distinct(all, func(o *outcome) string { return o.setting })
	if err := fewEnough(len(series), mostSeries, "lines"); err != nil {
		return nil, err
	}
	if len(distinct(all, func(o *outcome) string { return real(o.AvgWeightBits) })) < 2 {
		return nil, fmt.Errorf("%s: all results have %s weight bits on average; accepted: results of schedules with different precisions", all[0].place,
			real(all[0].AvgWeightBits))
	}
	d := &painting{title: "Throughput and energy over precision", heads: append([]string{"setting", "schedule"},
		spreadHeads(all, "avg_weight_bits", "tokens_per_second", "energy_joules_per_token")...)}
	figure := &plots.Chart{Title: d.title, Subtitle: common, Note: whiskersNote(all), Series: series}
	bits := func(o *outcome) float64 { return o.AvgWeightBits }
	rate := func(o *outcome) float64 { return o.TokensPerSecond }
	energy := func(o *outcome) float64 { return o.EnergyPerToken }
	for _, y := range []struct {
		axis string
		one  float64
		of   func(*outcome) float64
	}{{"tokens/s", 1, rate}, {"energy per token, mJ", 1e-3, energy}} {
		panel := plots.ChartPanel{X: "average weight bits in decode", Y: y.axis, YLog: c.Bool("log"), Points: make([][]plots.ChartPoint, len(series))}
		for s, name := range series {
			line := plots.ChartLine{Series: s}
			for _, o := range all {
				if o.setting != name {
					continue
				}
				across, up := o.spread(bits), o.spread(y.of)
				p := plots.ChartPoint{X: across.mean, Y: up.mean / y.one, XWhisker: across.whisker(1), YWhisker: up.whisker(y.one)}
				if len(series) == 1 {
					p.Label = o.Schedule
				}
				panel.Points[s] = append(panel.Points[s], p)
				line.Points = append(line.Points, [2]float64{p.X, p.Y})
			}
			panel.Lines = append(panel.Lines, line)
		}
		figure.Panels = append(figure.Panels, panel)
	}
	for _, o := range all {
		d.add(append([]string{o.setting, o.Schedule}, spreadCells(all, o, o.spread(bits), o.spread(rate), o.spread(energy))...)...)
	}
	d.figure = figure
	return d, nil
}
