package views

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/study"
	"github.com/pmpdsim/pmpdsim/sim/unit/sheet"
)

// View is a figure of results, with the numbers in it.
type View struct {
	Figure plots.Figure
	Title  string
	Heads  []string   // of the columns of numbers
	Rows   [][]string //
}

// Options say how to draw. Each kind of figure takes those that it names.
type Options struct {
	Log     bool           // logarithmic axes, or colours
	Phase   string         // decode or prefill
	X, Y    string         // keys of a heat map; empty: those that differ
	Value   string         // key of a heat map's metric
	Machine *study.Machine // that the operators of a roofline ran on
}

// Draw draws a figure of an arranged set.
type Draw func(*study.Set, Options) (*View, error)

func (v *View) add(cells ...string) { v.Rows = append(v.Rows, cells) }

// Write writes the numbers, as csv or as a table.
func (v *View) Write(w io.Writer, format string) error {
	if format == "csv" {
		return sheet.Write(w, append([][]string{v.Heads}, v.Rows...))
	}
	t := &plots.Table{}
	for i, head := range v.Heads {
		number := slices.ContainsFunc(v.Rows, func(r []string) bool {
			_, err := strconv.ParseFloat(r[i], 64)
			return err == nil
		})
		t.Columns = append(t.Columns, plots.Column{Name: head, Right: number})
	}
	for _, r := range v.Rows {
		t.Add(r...)
	}
	return t.Write(w)
}

// real writes a number with more digits than a figure shows, and fewer than differ between processors.
func real(v float64) string { return strconv.FormatFloat(v, 'g', 9, 64) }

// Most bars, and most series, that can be told apart on one page.
const (
	mostBars   = 80
	mostSeries = 8
)

// fewEnough refuses figures that could not be read.
func fewEnough(n, most int, what string) error {
	if n > most {
		return fmt.Errorf("%d %s in one figure; accepted: up to %d (choose with --only KEY=VALUE)", n, what, most)
	}
	return nil
}

// heads are the heads of columns of metrics: where there are means, the range of each behind it, and how many results it
// is of behind all of them; then whether the result fits its DRAM.
func heads(s *study.Set, metrics ...study.Metric) (heads []string) {
	for _, m := range metrics {
		heads = append(heads, m.Key)
		if s.Bundled() {
			heads = append(heads, m.Key+"_least", m.Key+"_most")
		}
	}
	if s.Bundled() {
		heads = append(heads, "results")
	}
	return append(heads, fitsHead)
}

// cells are the columns below heads.
func cells(s *study.Set, o *study.Outcome, metrics ...study.Metric) (cells []string) {
	text := func(v float64) string {
		if math.IsNaN(v) {
			return ""
		}
		return real(v)
	}
	for _, m := range metrics {
		x := o.Spread(m)
		cells = append(cells, text(x.Mean))
		if s.Bundled() {
			cells = append(cells, text(x.Least), text(x.Most))
		}
	}
	if s.Bundled() {
		cells = append(cells, strconv.Itoa(max(len(o.Replicates), 1)))
	}
	return append(cells, fits(o))
}

// whisker are the ends of what is drawn across the end of a bar: not numbers where there is a single result.
func whisker(x study.Spread, scale float64) [2]float64 {
	if x.N < 2 {
		return [2]float64{math.NaN(), math.NaN()}
	}
	return [2]float64{x.Least * scale, x.Most * scale}
}

// fitsHead is the head of the column that says whether a result fits its DRAM.
const fitsHead = "fits"

func fits(o *study.Outcome) string { return strconv.FormatBool(o.Fits) }

// noteOf says what whiskers and hollow marks are, where there are any.
func noteOf(s *study.Set) string {
	var notes []string
	if text := s.MeanOf(); text != "" {
		notes = append(notes, text, "whiskers: from the least to the most")
	}
	if s.Misfits() > 0 {
		notes = append(notes, plots.Hollow)
	}
	return strings.Join(notes, "; ")
}
