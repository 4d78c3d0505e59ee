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
	if s.Misfits() > 0 {
		figure.Subtitle += "; " + plots.Hollow
	}
	lines, hollow, there := v.lines(s, grid, m)
	if !there {
		return nil, fmt.Errorf("%s: no result has %s; accepted: results of runs with its baseline beside others, or another --value", s.Outcomes[0].Place, m.Key)
	}
	if !study.AreNumbers(grid.YValues) { // names are read downwards
		slices.Reverse(lines)
		slices.Reverse(hollow)
		slices.Reverse(figure.YNames)
	}
	figure.Cells, figure.Hollow = [][][][]float64{{lines}}, [][][][]bool{{hollow}}
	v.Figure = figure
	return v, nil
}

// lines are the cells of each row, NaN where there is no result, hollow where one does not fit its DRAM; there reports
// whether any has the metric.
func (v *View) lines(s *study.Set, grid *study.Grid, m study.Metric) (lines [][]float64, hollow [][]bool, there bool) {
	for _, y := range grid.YValues {
		var line []float64
		var frames []bool
		for _, x := range grid.XValues {
			value, o := math.NaN(), grid.At(x, y)
			if o != nil {
				value = o.Spread(m).Mean * m.Scale
				there = there || !math.IsNaN(value)
				v.add(append([]string{y, x}, cells(s, o, m)...)...)
			}
			line = append(line, value)
			frames = append(frames, o != nil && !o.Fits)
		}
		lines, hollow = append(lines, line), append(hollow, frames)
	}
	return lines, hollow, there
}
