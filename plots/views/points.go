package views

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/study"
)

// axis names a metric along an axis, in its unit.
func axis(m study.Metric) string { return m.Name + ", " + strings.ReplaceAll(m.Unit, "²", "2") }

// Pareto draws throughput over energy and over area, and joins the outcomes that no other one of their workload beats in
// both: of those that fit their DRAM.
func Pareto(s *study.Set, opts Options) (*View, error) {
	workload, design := s.Workload(), s.Design()
	series := s.Distinct(workload)
	if err := fewEnough(len(series), mostSeries, "workloads"); err != nil {
		return nil, err
	}
	rate, energy, area := study.TokensPerSecond(), study.EnergyPerToken(), study.Area()
	v := &View{Title: "Throughput against its cost", Heads: []string{"workload", "design", rate.Key, energy.Key, area.Key, "best_for_energy", "best_for_area", fitsHead}}
	figure := &plots.Chart{Title: v.Title, Subtitle: s.Common, Note: noteOf(s), Series: series}
	var fronts [][]*study.Outcome
	for _, cost := range []study.Metric{energy, area} {
		front := s.Front(rate, cost)
		fronts = append(fronts, front)
		panel := plots.ChartPanel{X: axis(cost), Y: rate.Unit, XLog: opts.Log, YLog: opts.Log, Points: make([][]plots.ChartPoint, len(series)),
			Lines: frontLines(front, series, workload, cost)}
		for _, o := range s.Outcomes {
			x, _ := cost.Scaled(o.Result)
			p := plots.ChartPoint{X: x, Y: o.TokensPerSecond, Hollow: !o.Fits}
			if slices.Contains(front, o) {
				p.Label = design(o)
			}
			i := slices.Index(series, workload(o))
			panel.Points[i] = append(panel.Points[i], p)
		}
		if cost.Key == energy.Key || len(s.Distinct(func(o *study.Outcome) string { return real(o.AreaMM2) })) > 1 {
			figure.Panels = append(figure.Panels, panel)
		}
	}
	for _, o := range s.Outcomes {
		v.add(workload(o), design(o), real(o.TokensPerSecond), real(o.EnergyPerToken), real(o.AreaMM2),
			strconv.FormatBool(slices.Contains(fronts[0], o)), strconv.FormatBool(slices.Contains(fronts[1], o)), fits(o))
	}
	v.Figure = figure
	return v, nil
}

// frontLines join the outcomes on the front of each series, from the cheapest on.
func frontLines(front []*study.Outcome, series []string, workload func(*study.Outcome) string, cost study.Metric) (lines []plots.ChartLine) {
	for i, name := range series {
		line := plots.ChartLine{Series: i}
		for _, o := range front {
			if workload(o) == name {
				x, _ := cost.Scaled(o.Result)
				line.Points = append(line.Points, [2]float64{x, o.TokensPerSecond})
			}
		}
		slices.SortStableFunc(line.Points, func(a, b [2]float64) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(b[1], a[1])) })
		lines = append(lines, line)
	}
	return lines
}

// OverPrecision draws throughput and energy over the average weight bits: a line for each setting, a point for each schedule.
func OverPrecision(s *study.Set, opts Options) (*View, error) {
	setting := func(o *study.Outcome) string { return o.Setting }
	series := s.Distinct(setting)
	if err := fewEnough(len(series), mostSeries, "lines"); err != nil {
		return nil, err
	}
	bits, rate, energy := study.AvgWeightBits(), study.TokensPerSecond(), study.EnergyPerToken()
	if widths := s.Distinct(func(o *study.Outcome) string { return real(o.AvgWeightBits) }); len(widths) < 2 {
		return nil, fmt.Errorf("%s: all results have %s weight bits on average; accepted: results of schedules with different precisions", s.Outcomes[0].Place,
			widths[0])
	}
	v := &View{Title: "Throughput and energy over precision", Heads: append([]string{"setting", "schedule"}, heads(s, bits, rate, energy)...)}
	figure := &plots.Chart{Title: v.Title, Subtitle: s.Common, Note: noteOf(s), Series: series}
	for _, y := range []struct {
		name string
		study.Metric
	}{{rate.Unit, rate}, {axis(energy), energy}} {
		panel := plots.ChartPanel{X: bits.Name + " in decode", Y: y.name, YLog: opts.Log}
		for i, name := range series {
			line, points := plots.ChartLine{Series: i}, []plots.ChartPoint(nil)
			for _, o := range s.Outcomes {
				if setting(o) != name {
					continue
				}
				across, up := o.Spread(bits), o.Spread(y.Metric)
				p := plots.ChartPoint{X: across.Mean, Y: up.Mean * y.Scale, XWhisker: whisker(across, 1), YWhisker: whisker(up, y.Scale), Hollow: !o.Fits}
				if len(series) == 1 {
					p.Label = o.Schedule
				}
				points = append(points, p)
				line.Points = append(line.Points, [2]float64{p.X, p.Y})
			}
			panel.Points, panel.Lines = append(panel.Points, points), append(panel.Lines, line)
		}
		figure.Panels = append(figure.Panels, panel)
	}
	for _, o := range s.Outcomes {
		v.add(append([]string{o.Setting, o.Schedule}, cells(s, o, bits, rate, energy)...)...)
	}
	v.Figure = figure
	return v, nil
}
