package views

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/gpu/eval/rows"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/study"
)

// mostPanels are as many as a page has room for.
const mostPanels = 6

// QualityOptions say how to draw what schedules cost in quality.
type QualityOptions struct {
	X   string // key of a cost; empty: tokens/s where there are any, else bits
	Y   string // key of a measure
	Log bool   // logarithmic axis of the measure
}

// QualityFront draws quality against throughput, or another cost, with intervals, and joins the schedules that no other one of
// the same model and NPU beats in both.
func QualityFront(all []rows.Row, opts QualityOptions) (*View, error) {
	y, err := rows.MeasureOf(opts.Y)
	if err != nil {
		return nil, fmt.Errorf("--y: %w", err)
	}
	x, err := costOf(all, opts.X)
	if err != nil {
		return nil, err
	}
	some, err := arranged(all, x.OfNPU)
	if err != nil {
		return nil, err
	}
	front := study.Unbeaten(some, func(e *evaluated) string { return e.setting }, func(e *evaluated) ([]float64, bool) {
		across, ok := x.Of(e.Row)
		up, _, _ := y.Of(e.Row)
		return []float64{float64(x.Better) * across, float64(y.Better) * up}, ok
	})
	var drawn []*evaluated
	for _, e := range some {
		_, ok := x.Of(e.Row)
		if up, _, _ := y.Of(e.Row); ok && (up > 0 || !opts.Log) {
			drawn = append(drawn, e)
		}
	}
	if len(drawn) == 0 {
		return nil, fmt.Errorf("--log: no row has %s above 0; accepted: no --log", y.Key)
	}
	v := &View{Title: capital(y.Name) + " against " + x.Name, Heads: []string{"setting", "schedule", "kv_cache", x.Key, y.Key, y.Key + "_low", y.Key + "_high", "best"}}
	figure := &plots.Chart{Title: v.Title, Subtitle: common(some), Series: kindsOf(drawn)}
	if err := fewEnough(len(figure.Series), mostSeries, "kinds of schedules"); err != nil {
		return nil, err
	}
	for _, panel := range settings(drawn) {
		figure.Panels = append(figure.Panels, frontPanel(panel, front, figure.Series, x, y, opts.Log))
	}
	if err := fewEnough(len(figure.Panels), mostPanels, "panels"); err != nil {
		return nil, err
	}
	figure.Note = frontNote(drawn, len(some)-len(drawn))
	for _, e := range some {
		across, ok := x.Raw(e.Row)
		up, low, high := y.Of(e.Row)
		at := ""
		if ok {
			at = real(across)
		}
		v.add(e.setting, e.Schedule, e.KVCache, at, real(up), real(low), real(high), strconv.FormatBool(slices.Contains(front, e)))
	}
	v.Figure = figure
	return v, nil
}

// costOf is what quality is set against.
func costOf(all []rows.Row, key string) (x rows.Cost, err error) {
	has := func(c rows.Cost) bool {
		return slices.ContainsFunc(all, func(r rows.Row) bool { _, ok := c.Of(&r); return ok })
	}
	if key == "" {
		for _, c := range rows.Costs() {
			if has(c) {
				return c, nil
			}
		}
	}
	if x, err = rows.CostOf(key); err != nil {
		return x, fmt.Errorf("--x: %w", err)
	}
	if !has(x) {
		return x, fmt.Errorf("--x %s: no row has it; accepted: rows of quality with an NPU, or --x avg_weight_bits", x.Key)
	}
	return x, nil
}

// kindsOf are the kinds of schedules, in the order in which all are explained.
func kindsOf(all []*evaluated) (kinds []string) {
	for _, e := range all {
		kinds = append(kinds, e.kind())
	}
	slices.SortFunc(kinds, func(a, b string) int { return cmp.Or(cmp.Compare(kindPlace(a), kindPlace(b)), strings.Compare(a, b)) })
	return slices.Compact(kinds)
}

// settings are the rows of each panel.
func settings(all []*evaluated) (panels [][]*evaluated) {
	for i, e := range all {
		if i == 0 || e.setting != all[i-1].setting {
			panels = append(panels, nil)
		}
		panels[len(panels)-1] = append(panels[len(panels)-1], e)
	}
	return panels
}

// frontPanel is one panel.
func frontPanel(all, front []*evaluated, kinds []string, x rows.Cost, y rows.Measure, log bool) plots.ChartPanel {
	panel := plots.ChartPanel{Name: all[0].setting, X: x.Axis, Y: y.Axis, YLog: log, XNear: true, YNear: true,
		Points: make([][]plots.ChartPoint, len(kinds))}
	var best [][2]float64
	for _, e := range all {
		across, _ := x.Of(e.Row)
		up, low, high := y.Of(e.Row)
		if log && low <= 0 {
			low = up
		}
		i := slices.Index(kinds, e.kind())
		panel.Points[i] = append(panel.Points[i], plots.ChartPoint{X: across, Y: up, Label: e.label, YWhisker: [2]float64{low, high}})
		if slices.Contains(front, e) {
			best = append(best, [2]float64{across, up})
		}
		if e.reference() {
			panel.Lines = append(panel.Lines, plots.ChartLine{Series: -1, Across: true, Points: [][2]float64{{across, up}}})
		}
	}
	panel.Lines = append(panel.Lines, plots.ChartLine{Series: -1, Points: stepped(best, x.Better > 0)})
	return panel
}

// stepped joins the points of a front along the best that can be had at each cost: up to the next one where more is better, from
// the one before where less is.
func stepped(best [][2]float64, more bool) (line [][2]float64) {
	slices.SortFunc(best, func(a, b [2]float64) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	for i, p := range best {
		if i > 0 && more {
			line = append(line, [2]float64{best[i-1][0], p[1]})
		} else if i > 0 {
			line = append(line, [2]float64{p[0], best[i-1][1]})
		}
		line = append(line, p)
	}
	return line
}

// frontNote says what the lines are.
func frontNote(all []*evaluated, left int) string {
	notes := []string{"steps: what no other beats in both"}
	if slices.ContainsFunc(all, (*evaluated).reference) {
		notes = append(notes, "dashes: fp16")
	}
	notes = append(notes, "whiskers: 95 % over prompts")
	if left > 0 {
		notes = append(notes, fmt.Sprintf("%d off the axes", left))
	}
	return strings.Join(notes, "; ")
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
