package rows

import (
	"io"
	"strconv"

	"github.com/pmpdsim/pmpdsim/sim/unit/sheet"
)

// WriteCSV writes rows with a head; what there is none of is empty. Decimals are fixed, so that every platform writes
// the same.
func WriteCSV(w io.Writer, all []Row) error {
	records := [][]string{{"device", "model", "weight_bits", "group_size", "prompt", "generated", "measured_decode_tps", "predicted_decode_tps",
		"decode_error_percent", "measured_ttft_seconds", "predicted_ttft_seconds", "prefill_error_percent", "fitted", "held_out", "citation"}}
	for i := range all {
		r := &all[i]
		records = append(records, []string{r.Device, r.Model, strconv.Itoa(r.WeightBits), r.GroupSize, strconv.Itoa(r.Prompt),
			strconv.Itoa(r.Generated), strconv.FormatFloat(r.MeasuredDecode, 'f', -1, 64), fixed(r.PredictedDecode, 4), fixed(r.DecodeError, 3),
			fixed(r.MeasuredTTFT, 6), fixed(r.PredictedTTFT, 6), fixed(r.PrefillError, 3), strconv.FormatBool(r.Fitted),
			strconv.FormatBool(r.HeldOut), r.Citation})
	}
	return sheet.Write(w, records)
}

// WriteRecordedCSV writes passes and operators with a head. What only operators have is empty in passes, and the other way round.
func WriteRecordedCSV(w io.Writer, r *Recorded) error {
	records := [][]string{{"kind", "phase", "name", "step", "context", "weight_bits", "measured_seconds", "predicted_seconds", "error_percent"}}
	for i := range r.Passes {
		p := &r.Passes[i]
		records = append(records, []string{p.Kind, "", "", strconv.Itoa(p.Step), strconv.Itoa(p.Context), strconv.Itoa(p.Bits),
			fixed(&p.Measured, 9), fixed(&p.Predicted, 9), fixed(&p.Error, 3)})
	}
	for _, o := range r.Operators {
		records = append(records, []string{o.Kind, o.Phase, o.Name, "", "", "", fixed(o.Measured, 9), fixed(o.Predicted, 9), fixed(o.Error, 3)})
	}
	return sheet.Write(w, records)
}

func fixed(v *float64, decimals int) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'f', decimals, 64)
}
