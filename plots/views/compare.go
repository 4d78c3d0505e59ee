package views

import (
	"fmt"
	"io"
	"strconv"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/study"
)

// Comparison writes which inputs of two sides differ, and what became of the outcome.
func Comparison(w io.Writer, x *study.Comparison) error {
	if _, err := fmt.Fprintf(w, "%d compared, %d only in A, %d only in B\n\n", x.Pairs, x.OnlyA, x.OnlyB); err != nil {
		return err
	}
	inputs := &plots.Table{Columns: []plots.Column{{Name: "input"}, {Name: "A", Width: 40}, {Name: "B", Width: 40}, {Name: "points"}}}
	for _, c := range append(x.Inputs, x.Bound...) {
		inputs.Add(c.Key, c.A, c.B, strconv.Itoa(c.Pairs))
	}
	if len(x.Inputs)+len(x.Bound) == 0 {
		inputs.Add("no difference", "", "", "")
	}
	if err := inputs.Write(w); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	if x.MisfitsA+x.MisfitsB > 0 {
		of := "the outcome is that of the others"
		if x.Counted == x.Pairs {
			of = "the outcome is that of all, simulated as if they fitted"
		}
		if _, err := fmt.Fprintf(w, "%d of A and %d of B do not fit their DRAM: %s\n\n", x.MisfitsA, x.MisfitsB, of); err != nil {
			return err
		}
	}
	outcome := &plots.Table{Columns: []plots.Column{{Name: "outcome"}, {Name: "A"}, {Name: "B"}, {Name: "B/A"}, {Name: "least"}, {Name: "most"}}}
	number := func(v float64, digits int) string { return strconv.FormatFloat(v, 'g', digits, 64) }
	for _, m := range x.Outcome {
		outcome.Add(m.Key, number(m.A, 5), number(m.B, 5), number(m.Ratio, 4), number(m.Least, 4), number(m.Most, 4))
	}
	return outcome.Write(w)
}
