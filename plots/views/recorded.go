package views

import (
	"fmt"
	"io"
	"strconv"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/validate/rows"
)

// RecordedTable writes a recorded run beside its simulation: a row for each phase and precision, and one for each
// operator of the passes that were taken apart.
func RecordedTable(w io.Writer, r *rows.Recorded) error {
	t := &plots.Table{Columns: []plots.Column{{Name: "phase"}, {Name: "bits", Right: true}, {Name: "passes", Right: true},
		{Name: "measured ms", Right: true}, {Name: "predicted", Right: true}, {Name: "error %", Right: true}, {Name: "MAPE", Right: true},
		{Name: "worst", Right: true}}}
	for _, p := range r.Precisions() {
		t.Add(p.Phase, strconv.Itoa(p.Bits), strconv.Itoa(p.Of.N), milliseconds(p.Measured), milliseconds(p.Predicted), signed(p.Of.Signed),
			tenth(p.Of.MAPE), signed(p.Of.Worst))
	}
	if _, err := fmt.Fprintf(w, "%s: %s, recorded on %s, beside %s\n\n", r.Name, r.Model, r.Source, r.NPU); err != nil {
		return err
	}
	if err := t.Write(w); err != nil || len(r.Operators) == 0 {
		return err
	}
	t = &plots.Table{Columns: []plots.Column{{Name: "phase"}, {Name: "operator"}, {Name: "measured ms", Right: true}, {Name: "predicted", Right: true},
		{Name: "error %", Right: true}}}
	for _, o := range r.Operators {
		t.Add(o.Phase, o.Name, some(o.Measured, milliseconds), some(o.Predicted, milliseconds), some(o.Error, signed))
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return t.Write(w)
}

// RailsTable writes a row for each energy that was measured at a chip's own supply.
func RailsTable(w io.Writer, all []rows.Rail) error {
	t := &plots.Table{Columns: []plots.Column{{Name: "device"}, {Name: "model"}, {Name: "bits", Right: true}, {Name: "pass"}, {Name: "tokens", Right: true},
		{Name: "measured mJ", Right: true}, {Name: "predicted", Right: true}, {Name: "error %", Right: true}, {Name: "measured ms", Right: true},
		{Name: "predicted", Right: true}}}
	for _, r := range all {
		t.Add(r.Device, r.Model, strconv.Itoa(r.WeightBits), r.Phase, strconv.Itoa(r.Context), milliseconds(r.Measured), milliseconds(r.Predicted),
			signed(r.Error), milliseconds(r.Seconds), milliseconds(r.Simulated))
	}
	return t.Write(w)
}
