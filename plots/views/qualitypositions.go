package views

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/pmpdsim/pmpdsim/gpu/eval/rows"
	"github.com/pmpdsim/pmpdsim/plots"
)

// QualityPositions draws a measure by position in the continuation: a line for each schedule.
func QualityPositions(all []rows.Row, opts QualityOptions) (*View, error) {
	y, err := rows.MeasureOf(opts.Y)
	if err != nil {
		return nil, fmt.Errorf("--y: %w", err)
	}
	if y.At == nil {
		return nil, fmt.Errorf("--y %s: it is of whole answers, not of positions; accepted: bits_per_token, kl_mean, agreement", y.Key)
	}
	some, err := arranged(all, false)
	if err != nil {
		return nil, err
	}
	v := &View{Title: capital(y.Name) + " by position", Heads: []string{"setting", "schedule", "kv_cache", "from", "to", y.Key}}
	figure := &plots.Chart{Title: v.Title, Subtitle: common(some), Note: "position 0 comes from prefill, the others from decode; marks: middles of blocks of positions"}
	for _, e := range some {
		if len(e.ByPosition) == 0 {
			return nil, fmt.Errorf("--by-position: schedule %s has no by_position; accepted: rows of quality --format json", e.Schedule)
		}
		shown := !opts.Log || slices.ContainsFunc(e.ByPosition, func(b rows.Block) bool { return y.At(&b) > 0 })
		if shown && !slices.Contains(figure.Series, e.label) {
			figure.Series = append(figure.Series, e.label)
		}
	}
	if len(figure.Series) == 0 {
		return nil, fmt.Errorf("--log: no row has %s above 0; accepted: no --log", y.Key)
	}
	if err := fewEnough(len(figure.Series), mostSeries, "schedules"); err != nil {
		return nil, err
	}
	for _, of := range settings(some) {
		figure.Panels = append(figure.Panels, positionsPanel(of, figure.Series, y, opts.Log))
	}
	for _, e := range some {
		for _, b := range e.ByPosition {
			v.add(e.setting, e.Schedule, e.KVCache, strconv.Itoa(b.From), strconv.Itoa(b.To), real(y.At(&b)))
		}
	}
	if err := fewEnough(len(figure.Panels), mostPanels, "panels"); err != nil {
		return nil, err
	}
	v.Figure = figure
	return v, nil
}

// positionsPanel is one panel. What a logarithmic axis cannot show is left out.
func positionsPanel(all []*evaluated, series []string, y rows.Measure, log bool) plots.ChartPanel {
	panel := plots.ChartPanel{Name: all[0].setting, X: "position behind the prompt, tokens", Y: y.Axis, YLog: log, YNear: true,
		Points: make([][]plots.ChartPoint, len(series))}
	for _, e := range all {
		i := slices.Index(series, e.label)
		if i < 0 {
			continue
		}
		line := plots.ChartLine{Series: i}
		for _, b := range e.ByPosition {
			at, up := float64(b.From+b.To)/2, y.At(&b)
			if !log || up > 0 {
				panel.Points[i] = append(panel.Points[i], plots.ChartPoint{X: at, Y: up})
				line.Points = append(line.Points, [2]float64{at, up})
			}
		}
		panel.Lines = append(panel.Lines, line)
	}
	return panel
}
