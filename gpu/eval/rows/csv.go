package rows

import (
	"io"
	"strconv"

	"github.com/pmpdsim/pmpdsim/sim/unit/sheet"
)

// WriteCSV writes rows with a head; what there is none of is empty. Positions and prompts are left out.
func WriteCSV(w io.Writer, all []Row) error {
	records := [][]string{{"schedule", "model", "npu", "avg_weight_bits", "bits_per_token", "bits_per_token_low", "bits_per_token_high", "kl_mean", "kl_low",
		"kl_high", "agreement", "agreement_low", "agreement_high", "rouge_l", "rouge_l_low", "rouge_l_high", "prefix_mean", "prefix_low", "prefix_high",
		"tokens_per_second", "energy_joules_per_token", "avg_weight_bits_answers", "prefill_weight_bits", "prompts", "prompt", "generated", "kv_bits", "kv_cache",
		"quantiser", "seed"}}
	for i := range all {
		r := &all[i]
		record := []string{r.Schedule, r.Model, r.NPU}
		for _, v := range []float64{r.AvgWeightBits, r.BitsPerToken, r.BitsPerTokenLow, r.BitsPerTokenHigh, r.KLMean, r.KLLow, r.KLHigh, r.Agreement,
			r.AgreementLow, r.AgreementHigh, r.RougeL, r.RougeLLow, r.RougeLHigh, r.Prefix, r.PrefixLow, r.PrefixHigh} {
			record = append(record, number(&v))
		}
		record = append(record, number(r.TokensPerSecond), number(r.EnergyPerToken), number(&r.AnswerBits), number(&r.PrefillBits),
			strconv.Itoa(r.Prompts), strconv.Itoa(r.Prompt), strconv.Itoa(r.Generated), strconv.Itoa(r.KVBits), r.KVCache, r.Quantiser, strconv.FormatInt(r.Seed, 10))
		records = append(records, record)
	}
	return sheet.Write(w, records)
}

// WritePositionsCSV writes a record for each block of positions of each row.
func WritePositionsCSV(w io.Writer, all []Row) error {
	records := [][]string{{"schedule", "model", "npu", "kv_cache", "from", "to", "weight_bits", "bits_per_token", "kl", "agreement"}}
	for i := range all {
		r := &all[i]
		for _, b := range r.ByPosition {
			records = append(records, []string{r.Schedule, r.Model, r.NPU, r.KVCache, strconv.Itoa(b.From), strconv.Itoa(b.To), number(&b.WeightBits),
				number(&b.BitsPerToken), number(&b.KL), number(&b.Agreement)})
		}
	}
	return sheet.Write(w, records)
}

func number(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'g', -1, 64)
}
