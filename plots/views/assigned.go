package views

import (
	"fmt"
	"io"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision/calibrate"
)

// Assigned writes an assignment that a search has found: the schedule that has it, and what it comes to.
func Assigned(out io.Writer, m *workloads.Model, found *calibrate.Assigned) error {
	t := &plots.Table{Columns: []plots.Column{{Name: "avg bits", Right: true}, {Name: "weights GB", Right: true}, {Name: "loss", Right: true},
		{Name: "raised", Right: true}, {Name: "schedule"}}}
	t.Add(fmt.Sprintf("%.3f", found.AverageBits), fmt.Sprintf("%.3f", float64(found.Bytes)/1e9), fmt.Sprintf("%.4g", found.Loss),
		fmt.Sprint(found.Raised), found.Schedule.String())
	if err := t.Write(out); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nmodel  %s: matrices of the blocks, without scales and codebooks\n", m.Name)
	return err
}
