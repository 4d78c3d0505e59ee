package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/study"
)

// mostBest are the designs that are printed; the page has all.
const mostBest = 10

// Summary writes what a reader would look for first.
func (r *Report) Summary(w io.Writer) error {
	best := Front(r.Points)
	slices.SortStableFunc(best, func(a, b Point) int {
		if c := strings.Compare(workloadText(&a), workloadText(&b)); c != 0 {
			return c
		}
		return study.CompareValues(rounded(b.TokensPerSecond), rounded(a.TokensPerSecond))
	})
	more := ""
	if len(best) > mostBest {
		more = fmt.Sprintf(", the first %d", mostBest)
	}
	misfits := ""
	if n := r.Misfits(); n > 0 {
		misfits = fmt.Sprintf(", %d of which do not fit their DRAM and do not count here", n)
	}
	if _, err := fmt.Fprintf(w, "%d results%s; %d that no other beats in throughput, energy and area%s\n", len(r.Points), misfits, len(best), more); err != nil {
		return err
	}
	if len(best) == 0 {
		return nil
	}
	if err := bestTable(best[:min(len(best), mostBest)]).Write(w); err != nil {
		return err
	}
	knobs := Sensitivities(r.Points, Metrics()[0])
	if len(knobs) == 0 {
		return nil
	}
	if _, err := fmt.Fprintln(w, "\nwhat one knob does to tokens/s while all else stays: highest over lowest of its values"); err != nil {
		return err
	}
	return knobTable(knobs).Write(w)
}

func bestTable(best []Point) *plots.Table {
	t := &plots.Table{Columns: []plots.Column{{Name: "design", Width: 80}, {Name: "tokens/s", Right: true}, {Name: "mJ/token", Right: true}, {Name: "mm2", Right: true}}}
	for _, p := range best {
		design := designText(&p)
		if w := workloadText(&p); w != "" {
			design = w + ": " + design
		}
		t.Add(design, plots.Significant(p.TokensPerSecond), plots.Significant(p.EnergyPerToken*1e3), plots.Significant(p.AreaMM2))
	}
	return t
}

func knobTable(knobs []Knob) *plots.Table {
	t := &plots.Table{Columns: []plots.Column{{Name: "knob"}, {Name: "median", Right: true}, {Name: "least", Right: true}, {Name: "most", Right: true},
		{Name: "groups", Right: true}, {Name: "from lowest to highest", Width: 60}}}
	for _, k := range knobs {
		order := slices.SortedStableFunc(slices.Values(k.Effects), func(a, b Effect) int { return study.CompareValues(rounded(a.Median), rounded(b.Median)) })
		var values []string
		for _, e := range order {
			values = append(values, e.Value)
		}
		name := strings.Join(k.Names, ", ")
		if k.Role == Workload {
			name += " (workload)"
		}
		t.Add(name, plots.Significant(k.Swing), plots.Significant(k.Least), plots.Significant(k.Most), fmt.Sprint(k.Groups), strings.Join(values, " < "))
	}
	return t
}

// rounded has the digits in which processors agree.
func rounded(v float64) string { return strconv.FormatFloat(v, 'g', 9, 64) }
