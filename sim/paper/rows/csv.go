package rows

import (
	"io"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/sheet"
)

// WriteBars writes rows of the figure with a head; what there is none of is empty. Decimals are fixed, so that every
// platform writes the same.
func WriteBars(w io.Writer, rows []Bar) error {
	records := [][]string{{"panel", "model", "scheme", "published", "simulated", "residual_percent", "avg_bits", "switch_step", "inferred",
		"published_vs_fp16", "simulated_vs_fp16", "published_vs_uniform", "simulated_vs_uniform", "schedules", "prompt_tokens",
		"generated_tokens", "passes_counted", "npu", "config_fingerprint", "fits"}}
	for i := range rows {
		r := &rows[i]
		residual, step := "", ""
		if r.Residual != nil {
			residual = fixed(*r.Residual, 4)
		}
		if r.Step != nil {
			step = strconv.Itoa(*r.Step)
		}
		records = append(records, []string{r.Panel, r.Model, string(r.Scheme), fixed(r.Published, 2), fixed(r.Simulated, 6), residual, fixed(r.AvgBits, 6),
			step, strconv.FormatBool(r.Inferred), fixed(r.PublishedFP16, 6), fixed(r.SimulatedFP16, 6), fixed(r.PublishedUniform, 6),
			fixed(r.SimulatedUniform, 6), r.Schedules, strconv.Itoa(r.Prompt), strconv.Itoa(r.Generated), strconv.Itoa(r.Counted), r.NPU, r.Config,
			strconv.FormatBool(r.Fits)})
	}
	return sheet.Write(w, records)
}

// WriteWaterfall writes the rows of waterfalls with a head, in the form of WriteBars.
func WriteWaterfall(w io.Writer, rows []Waterfall) error {
	records := [][]string{{"panel", "model", "scheme", "inferred", "stage", "name", "set", "tokens_per_second", "fp16_tokens_per_second",
		"uniform_tokens_per_second", "speedup_vs_fp16", "speedup_vs_uniform", "config_fingerprint"}}
	for i := range rows {
		r := &rows[i]
		records = append(records, []string{r.Panel, r.Model, string(r.Scheme), strconv.FormatBool(r.Inferred), strconv.Itoa(r.Stage), r.Name,
			strings.Join(r.Set, " "), fixed(r.Throughput, 6), fixed(r.FP16, 6), fixed(r.Uniform, 6),
			fixed(r.SpeedupFP16, 6), fixed(r.SpeedupUniform, 6), r.Config})
	}
	return sheet.Write(w, records)
}

// WriteRemains writes what remains on each preset with a head, in the form of WriteBars.
func WriteRemains(w io.Writer, rows []Remains) error {
	records := [][]string{{"npu", "bars", "bars_that_fit", "decode_least_vs_fp16", "decode_most_vs_fp16", "decode_most_vs_uniform", "with_prefill_least_vs_fp16",
		"with_prefill_most_vs_fp16", "with_prefill_most_vs_uniform", "config_fingerprint"}}
	for _, r := range rows {
		records = append(records, []string{r.NPU, strconv.Itoa(r.Bars), strconv.Itoa(r.Fit), fixed(r.Decode.LeastFP16, 6), fixed(r.Decode.MostFP16, 6),
			fixed(r.Decode.MostUniform, 6), fixed(r.Whole.LeastFP16, 6), fixed(r.Whole.MostFP16, 6), fixed(r.Whole.MostUniform, 6), r.Config})
	}
	return sheet.Write(w, records)
}

func fixed(v float64, decimals int) string { return strconv.FormatFloat(v, 'f', decimals, 64) }
