package views

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/validate/rows"
)

// DevicesTable writes a row for each measured device, and one for all of them together.
func DevicesTable(w io.Writer, all []rows.Row) error {
	t := &plots.Table{Columns: []plots.Column{{Name: "device"}, {Name: "n", Right: true}, {Name: "decode %", Right: true}, {Name: "MAPE", Right: true},
		{Name: "worst", Right: true}, {Name: "Spearman", Right: true}, {Name: "share of peak %"}, {Name: "predicted %"}, {Name: "prefill n", Right: true},
		{Name: "prefill %", Right: true}, {Name: "MAPE", Right: true}}}
	devices := rows.Devices(all)
	counted := rows.Counted(all)
	if len(devices) > 1 {
		devices = append(devices, rows.Total("all", all))
	}
	if len(counted) < len(all) {
		devices = append(devices, rows.Total("without *", counted))
	}
	for _, d := range devices {
		decode, off, worst := "-", "-", "-"
		if d.Decode.N > 0 {
			decode, off, worst = signed(d.Decode.Signed), tenth(d.Decode.MAPE), signed(d.Decode.Worst)
		}
		prefill, mape := "-", "-"
		if d.Prefill.N > 0 {
			prefill, mape = signed(d.Prefill.Signed), tenth(d.Prefill.MAPE)
		}
		n := strconv.Itoa(d.Decode.N)
		if some := excluded(rows.Of(all, d.Name)); some > 0 {
			n = fmt.Sprintf("%d* %s", some, n)
		}
		t.Add(d.Name, n, decode, off, worst, rank(d.Spearman),
			shares(d.MeasuredShare), shares(d.PredictedShare), strconv.Itoa(d.Prefill.N), prefill, mape)
	}
	if err := t.Write(w); err != nil {
		return err
	}
	return reasons(w, all)
}

// excluded counts the rows that are.
func excluded(all []rows.Row) (n int) {
	for i := range all {
		if all[i].Excluded != "" {
			n++
		}
	}
	return n
}

// reasons writes why rows are excluded, a line for each reason.
func reasons(w io.Writer, all []rows.Row) error {
	var lines []string
	for i := range all {
		if r := &all[i]; r.Excluded != "" {
			line := fmt.Sprintf("* %s: excluded from fits: %s", r.Device, r.Excluded)
			if !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
	}
	if len(lines) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "\n%s\n", strings.Join(lines, "\n"))
	return err
}

// MeasuredTable writes a row for each measurement.
func MeasuredTable(w io.Writer, all []rows.Row) error {
	t := &plots.Table{Columns: []plots.Column{{Name: "device"}, {Name: "model"}, {Name: "bits", Right: true}, {Name: "group"}, {Name: "prompt", Right: true},
		{Name: "measured tok/s", Right: true}, {Name: "predicted", Right: true}, {Name: "error %", Right: true}, {Name: "measured TTFT ms", Right: true},
		{Name: "predicted", Right: true}, {Name: "error %", Right: true}}}
	for i := range all {
		r := &all[i]
		t.Add(r.Device, r.Model, strconv.Itoa(r.WeightBits), r.GroupSize, strconv.Itoa(r.Prompt), plots.Significant(r.MeasuredDecode),
			some(r.PredictedDecode, plots.Significant), some(r.DecodeError, signed), some(r.MeasuredTTFT, milliseconds),
			some(r.PredictedTTFT, milliseconds), some(r.PrefillError, signed))
	}
	return t.Write(w)
}

// some writes a number, or a dash where there is none.
func some(v *float64, write func(float64) string) string {
	if v == nil {
		return "-"
	}
	return write(*v)
}

func signed(v float64) string       { return fmt.Sprintf("%+.1f", v) }
func tenth(v float64) string        { return fmt.Sprintf("%.1f", v) }
func milliseconds(v float64) string { return plots.Significant(1e3 * v) }

func rank(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return fmt.Sprintf("%.2f", v)
}

// shares writes the least and the most of shares, in percent.
func shares(v [2]float64) string {
	if v[0] == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f-%.0f", 100*v[0], 100*v[1])
}

// MeasuredFigure shows predicted against measured decode, and the same of prefill: a mark for each measurement, on the
// diagonal where the prediction is right.
func MeasuredFigure(all []rows.Row) *plots.Chart {
	names := rows.Names(all)
	c := &plots.Chart{Title: "Predicted against measured", Series: names}
	decode := plots.ChartPanel{X: "measured, tokens/s", Y: "predicted, tokens/s", XLog: true, YLog: true}
	prefill := plots.ChartPanel{X: "measured prefill, tokens/s", Y: "predicted, tokens/s", XLog: true, YLog: true}
	for _, name := range names {
		var d, p []plots.ChartPoint
		for _, r := range rows.Of(all, name) {
			if r.PredictedDecode != nil {
				d = append(d, plots.ChartPoint{X: r.MeasuredDecode, Y: *r.PredictedDecode, Hollow: r.HeldOut})
			}
			if r.MeasuredTTFT != nil && r.PredictedTTFT != nil {
				p = append(p, plots.ChartPoint{X: float64(r.Prompt) / *r.MeasuredTTFT, Y: float64(r.Prompt) / *r.PredictedTTFT, Hollow: r.HeldOut})
			}
		}
		decode.Points, prefill.Points = append(decode.Points, d), append(prefill.Points, p)
	}
	for _, p := range []*plots.ChartPanel{&decode, &prefill} {
		if diagonal(p) {
			c.Panels = append(c.Panels, *p)
		}
	}
	c.Panels = append(c.Panels, sharePanels(all, names)...)
	e := rows.Summarise(rows.DecodeErrors(all))
	c.Subtitle = fmt.Sprintf("decode: %d points, mean error %s %%, MAPE %s %%", e.N, signed(e.Signed), tenth(e.MAPE))
	if e := rows.Summarise(rows.PrefillErrors(all)); e.N > 0 {
		c.Subtitle += fmt.Sprintf("; prefill: %d points, mean error %s %%, MAPE %s %%", e.N, signed(e.Signed), tenth(e.MAPE))
	}
	return c
}

// sharePanels shows the share of the DRAM's peak that decode takes by the width of the weights, measured and predicted, with a line
// through the medians; nothing where all have one width.
func sharePanels(all []rows.Row, names []string) []plots.ChartPanel {
	widths := rows.Widths(all)
	if len(widths) < 2 {
		return nil
	}
	measured := plots.ChartPanel{X: "bits of a weight", Y: "measured share of DRAM's peak, %"}
	predicted := plots.ChartPanel{X: "bits of a weight", Y: "predicted share of DRAM's peak, %"}
	for _, name := range names {
		var m, p []plots.ChartPoint
		for _, r := range rows.Of(all, name) {
			if r.MeasuredShare() == 0 || r.PredictedShare() == 0 {
				continue
			}
			m = append(m, plots.ChartPoint{X: float64(r.WeightBits), Y: 100 * r.MeasuredShare(), Hollow: r.HeldOut})
			p = append(p, plots.ChartPoint{X: float64(r.WeightBits), Y: 100 * r.PredictedShare(), Hollow: r.HeldOut})
		}
		measured.Points, predicted.Points = append(measured.Points, m), append(predicted.Points, p)
	}
	line := func(of func(*rows.Width) float64) plots.ChartLine {
		l := plots.ChartLine{Series: -1}
		for i := range widths {
			l.Points = append(l.Points, [2]float64{float64(widths[i].Bits), 100 * of(&widths[i])})
		}
		return l
	}
	measured.Lines = []plots.ChartLine{line(func(w *rows.Width) float64 { return w.Measured })}
	predicted.Lines = []plots.ChartLine{line(func(w *rows.Width) float64 { return w.Predicted })}
	return []plots.ChartPanel{measured, predicted}
}

// WidthsTable writes the medians of the share of the DRAM's peak by the width of the weights.
func WidthsTable(w io.Writer, widths []rows.Width) error {
	t := &plots.Table{Columns: []plots.Column{{Name: "bits", Right: true}, {Name: "n", Right: true}, {Name: "share of peak %, median", Right: true},
		{Name: "predicted %", Right: true}}}
	for _, x := range widths {
		t.Add(strconv.Itoa(x.Bits), strconv.Itoa(x.N), tenth(100*x.Measured), tenth(100*x.Predicted))
	}
	return t.Write(w)
}

// diagonal draws the line of right predictions through the points of a panel, and reports whether there are any.
func diagonal(p *plots.ChartPanel) bool {
	least, most := math.Inf(1), 0.0
	for _, series := range p.Points {
		for _, q := range series {
			least, most = min(least, q.X, q.Y), max(most, q.X, q.Y)
		}
	}
	if most == 0 {
		return false
	}
	p.Lines = append(p.Lines, plots.ChartLine{Series: -1, Points: [][2]float64{{least, least}, {most, most}}})
	return true
}

// Fits writes what was fitted: a line for each, and below it its keys with the values that fit all models but one.
func Fits(w io.Writer, all []rows.Fit) error {
	for _, f := range all {
		if _, err := fmt.Fprintf(w, "\n%s\n", f.Text()); err != nil {
			return err
		}
		t := &plots.Table{Columns: []plots.Column{{Name: "key"}, {Name: "value", Right: true}, {Name: "without one model"}, {Name: "meaning"}}}
		for _, k := range f.Keys {
			t.Add(k.Key, k.Value, k.Range(), rows.Meaning(k.Key))
		}
		if err := t.Write(w); err != nil {
			return err
		}
	}
	return nil
}
