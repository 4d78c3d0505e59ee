package views

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/study"
)

// Most columns and rows of cells on one page.
const (
	mostColumns = 40
	mostRows    = 60
)

// HeatMap draws one metric over two keys.
func HeatMap(s *study.Set, opts Options) (*View, error) {
	m, err := study.MetricOf(opts.Value)
	if err != nil {
		return nil, err
	}
	grid, err := s.Grid(opts.X, opts.Y)
	if err != nil {
		return nil, err
	}
	if err := fewEnough(len(grid.XValues), mostColumns, "columns"); err != nil {
		return nil, err
	}
	if err := fewEnough(len(grid.YValues), mostRows, "rows"); err != nil {
		return nil, err
	}
	v := &View{Title: m.Title, Heads: append([]string{grid.Y, grid.X}, heads(s, m)...)}
	figure := &plots.HeatMap{Title: m.Title, Subtitle: s.Common, X: grid.X, XNames: grid.XValues, YNames: slices.Clone(grid.YValues), Down: []string{grid.Y},
		Across: [][]string{nil}, Scale: m.Axis, Colours: &plots.Colours{Log: opts.Log, Text: plots.Significant}}
	if all := s.Values("schedule"); len(all) == 1 && grid.X != "schedule" && grid.Y != "schedule" {
		figure.Subtitle = strings.TrimPrefix(s.Common+", "+all[0], ", ")
	}
	if text := s.MeanOf(); text != "" {
		figure.Subtitle += ", " + text
	}
	lines, there := v.lines(s, grid, m)
	if !there {
		return nil, fmt.Errorf("%s: no result has %s; accepted: results of runs with its baseline beside others, or another --value", s.Outcomes[0].Place, m.Key)
	}
	if !study.AreNumbers(grid.YValues) { // names are read downwards
		slices.Reverse(lines)
		slices.Reverse(figure.YNames)
	}
	figure.Cells = [][][][]float64{{lines}}
	v.Figure = figure
	return v, nil
}

// lines are the cells of each row, NaN where there is no result; there reports whether any has the metric.
func (v *View) lines(s *study.Set, grid *study.Grid, m study.Metric) (lines [][]float64, there bool) {
	for _, y := range grid.YValues {
		var line []float64
		for _, x := range grid.XValues {
			value := math.NaN()
			if o := grid.At(x, y); o != nil {
				value = o.Spread(m).Mean * m.Scale
				there = there || !math.IsNaN(value)
				v.add(append([]string{y, x}, cells(s, o, m)...)...)
			}
			line = append(line, value)
		}
		lines = append(lines, line)
	}
	return lines, there
}
