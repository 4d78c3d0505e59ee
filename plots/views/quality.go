package views

import (
	"fmt"
	"io"

	"github.com/pmpdsim/pmpdsim/gpu/eval/rows"
	"github.com/pmpdsim/pmpdsim/plots"
)

// Qualities writes what schedules cost in quality, with intervals, beside their speed.
func Qualities(out io.Writer, all []rows.Row) error {
	t := &plots.Table{Columns: []plots.Column{{Name: "schedule"}, {Name: "NPU"}, {Name: "cache"}, {Name: "avg bits", Right: true}, {Name: "bits/token", Right: true}, {Name: "KL (nats)", Right: true},
		{Name: "agreement", Right: true}, {Name: "ROUGE-L", Right: true}, {Name: "prefix", Right: true}, {Name: "tokens/s", Right: true}, {Name: "mJ/token", Right: true}}}
	for i := range all {
		r := &all[i]
		t.Add(r.Schedule, r.NPU, r.KVCache, fmt.Sprintf("%.2f", r.AvgWeightBits), within("%.3f", r.BitsPerToken, r.BitsPerTokenLow, r.BitsPerTokenHigh),
			within("%.4f", r.KLMean, r.KLLow, r.KLHigh), within("%.3f", r.Agreement, r.AgreementLow, r.AgreementHigh),
			within("%.3f", r.RougeL, r.RougeLLow, r.RougeLHigh), within("%.1f", r.Prefix, r.PrefixLow, r.PrefixHigh),
			known("%.2f", r.TokensPerSecond, 1), known("%.3f", r.EnergyPerToken, 1e3))
	}
	if err := t.Write(out); err != nil {
		return err
	}
	r := &all[0]
	_, err := fmt.Fprintf(out, "\nmodel    %s: %d prompts of %d tokens, %d behind each\n± reaches to the farther end of the interval of 95 %% over prompts; KL, agreement, ROUGE-L and prefix are against fp16\n",
		r.Model, r.Prompts, r.Prompt, r.Generated)
	return err
}

// within writes a value and how far the interval around it reaches.
func within(format string, value, low, high float64) string {
	return fmt.Sprintf(format+" ±"+format, value, max(value-low, high-value))
}

// known writes what there may be none of.
func known(format string, value *float64, times float64) string {
	if value == nil {
		return ""
	}
	return fmt.Sprintf(format, *value*times)
}

// Positions writes the measures by position in the continuation.
func Positions(out io.Writer, all []rows.Row) error {
	t := &plots.Table{Columns: []plots.Column{{Name: "schedule"}, {Name: "cache"}, {Name: "positions", Right: true}, {Name: "weight bits", Right: true}, {Name: "bits/token", Right: true},
		{Name: "KL (nats)", Right: true}, {Name: "agreement", Right: true}}}
	seen := map[string]bool{}
	for i := range all {
		of := all[i].Schedule + " " + all[i].KVCache
		if seen[of] {
			continue // on another NPU
		}
		seen[of] = true
		for _, b := range all[i].ByPosition {
			t.Add(all[i].Schedule, all[i].KVCache, fmt.Sprintf("%d-%d", b.From, b.To), fmt.Sprintf("%.2f", b.WeightBits), fmt.Sprintf("%.3f", b.BitsPerToken),
				fmt.Sprintf("%.4f", b.KL), fmt.Sprintf("%.3f", b.Agreement))
		}
	}
	return t.Write(out)
}
