package views

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/replay/rows"
)

// mostNamed is how many changes of precision of a run have their names beside them.
const mostNamed = 6

// passLine is the decode passes of a run, in their order.
type passLine struct {
	label  string
	passes []rows.Row
}

// Passes draws a number of each decode pass over the position: a line for each run, a mark where its weight bits change.
// Below are the weight bits.
func Passes(all []rows.Row, y rows.Measure, log bool) (*View, error) {
	lines, common, err := passLines(all)
	if err != nil {
		return nil, err
	}
	v := &View{Title: capital(y.Name) + " by position", Heads: []string{"npu", "model", "schedule", "pass", "position", "weight_bits", y.Key, "exact"}}
	figure := &plots.Chart{Title: v.Title, Subtitle: common}
	number := plots.ChartPanel{X: "position, tokens", Y: y.Axis, YLog: log, XNear: true, YNear: true, Points: make([][]plots.ChartPoint, len(lines))}
	bits := plots.ChartPanel{X: "position, tokens", Y: "weight bits, mean", XNear: true, Points: make([][]plots.ChartPoint, len(lines))}
	sampled := false
	for i, l := range lines {
		figure.Series = append(figure.Series, l.label)
		if err := l.draw(i, y, log, &number, &bits); err != nil {
			return nil, err
		}
		sampled = sampled || l.partly()
		for _, r := range l.passes {
			value, _ := y.Of(&r)
			v.add(r.NPU, r.Model, r.Schedule, strconv.Itoa(r.Pass), strconv.Itoa(r.Position), real(r.WeightBits), real(value), strconv.FormatBool(r.Exact))
		}
	}
	if figure.Panels = []plots.ChartPanel{number, bits}; sampled {
		figure.Note = "hollow marks: passes that were simulated; between them it is interpolated"
	}
	v.Figure = figure
	return v, nil
}

// partly reports whether some of the passes are interpolated.
func (l *passLine) partly() bool {
	return slices.ContainsFunc(l.passes, func(r rows.Row) bool { return !r.Exact })
}

// changes reports whether pass k has other weight bits than the one before.
func (l *passLine) changes(k int) bool {
	return k > 0 && l.passes[k-1].WeightBits != l.passes[k].WeightBits
}

// draw adds series i to both panels. Lines of the number end where the weight bits change.
func (l *passLine) draw(i int, y rows.Measure, log bool, number, bits *plots.ChartPanel) error {
	changes := 0
	for k := range l.passes {
		if l.changes(k) {
			changes++
		}
	}
	partly, widths := l.partly(), plots.ChartLine{Series: i}
	for k := range l.passes {
		r := &l.passes[k]
		value, ok := y.Of(r)
		if !ok || log && value <= 0 {
			return fmt.Errorf("--y %s: pass %d of %s has none, or 0 on a logarithmic axis; accepted: another number", y.Key, r.Pass, r.Schedule)
		}
		mark := plots.ChartPoint{X: float64(r.Position), Y: value}
		switch {
		case l.changes(k):
			before := l.passes[k-1].WeightBits
			if changes <= mostNamed {
				mark.Label = fmt.Sprintf("%.3g > %.3g bits", before, r.WeightBits)
			}
			number.Points[i] = append(number.Points[i], mark)
			widths.Points = append(widths.Points, [2]float64{mark.X, before})
		case partly && r.Exact:
			mark.Hollow = true
			number.Points[i] = append(number.Points[i], mark)
		case k == 0 && (len(l.passes) == 1 || l.changes(1)): // a line of one pass cannot be seen
			number.Points[i] = append(number.Points[i], mark)
		}
		if k == 0 || l.changes(k) {
			number.Lines = append(number.Lines, plots.ChartLine{Series: i})
		}
		line := &number.Lines[len(number.Lines)-1]
		line.Points = append(line.Points, [2]float64{mark.X, value})
		widths.Points = append(widths.Points, [2]float64{mark.X, r.WeightBits})
	}
	if len(l.passes) == 1 {
		bits.Points[i] = append(bits.Points[i], plots.ChartPoint{X: widths.Points[0][0], Y: widths.Points[0][1]})
	}
	bits.Lines = append(bits.Lines, widths)
	return nil
}

// passLines are the runs that rows belong to, with what all of them have in common.
func passLines(all []rows.Row) (lines []*passLine, common string, err error) {
	type run struct{ npu, model, schedule string }
	at, differ := map[run]*passLine{}, [3]bool{}
	first := all[0]
	for _, r := range all {
		differ[0], differ[1], differ[2] = differ[0] || r.NPU != first.NPU, differ[1] || r.Model != first.Model, differ[2] || r.Schedule != first.Schedule
	}
	names := func(r *rows.Row, which bool) string {
		var some []string
		for i, name := range []string{r.NPU, r.Model, r.Schedule} {
			if differ[i] == which {
				some = append(some, name)
			}
		}
		return strings.Join(some, ", ")
	}
	for _, r := range all {
		if r.Pass == 0 {
			continue
		}
		key := run{r.NPU, r.Model, r.Schedule}
		if at[key] == nil {
			at[key] = &passLine{label: names(&r, true)}
			lines = append(lines, at[key])
		}
		at[key].passes = append(at[key].passes, r)
	}
	if len(lines) == 0 {
		return nil, "", fmt.Errorf("there are no decode passes; accepted: rows of runs with more than one token")
	}
	for _, l := range lines {
		slices.SortStableFunc(l.passes, func(a, b rows.Row) int { return cmp.Compare(a.Pass, b.Pass) })
		for k := 1; k < len(l.passes); k++ {
			if r := l.passes[k]; r.Pass == l.passes[k-1].Pass {
				return nil, "", fmt.Errorf("pass %d of %s stands twice; accepted: the passes of one run each (choose with --only KEY=VALUE)", r.Pass, r.Schedule)
			}
		}
	}
	return lines, names(&first, false), fewEnough(len(lines), mostSeries, "runs")
}
