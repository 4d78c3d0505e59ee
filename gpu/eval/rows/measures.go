package rows

import (
	"fmt"
	"strings"
)

// Measure is a way to say how good a schedule is. Everything that shows one of several takes it from here.
type Measure struct {
	Key    string                            // of a row
	Name   string                            // in a sentence
	Axis   string                            // along an axis, with the unit
	Most   float64                           // no value is larger
	Better int                               // 1: more is better; -1: less
	Of     func(*Row) (v, low, high float64) // of a row, with its interval
	At     func(*Block) float64              // at positions; nil: nobody measures it there
}

// largest is more than any measure or cost comes to: -log2 of a probability that an fp32 logit can give, tokens, tokens/s. Axes
// have room for it.
const largest = 1e9

// Measures are all of them. docs/quality.md defines them.
func Measures() []Measure {
	return []Measure{
		{"bits_per_token", "bits per token", "bits per token (fewer are better)", largest, -1,
			func(r *Row) (v, low, high float64) { return r.BitsPerToken, r.BitsPerTokenLow, r.BitsPerTokenHigh },
			func(b *Block) float64 { return b.BitsPerToken }},
		{"kl_mean", "KL from fp16", "KL from fp16, nats (less is better)", largest, -1,
			func(r *Row) (v, low, high float64) { return r.KLMean, r.KLLow, r.KLHigh }, func(b *Block) float64 { return b.KL }},
		{"agreement", "agreement with fp16", "agreement with fp16 (more is better)", 1, 1,
			func(r *Row) (v, low, high float64) { return r.Agreement, r.AgreementLow, r.AgreementHigh },
			func(b *Block) float64 { return b.Agreement }},
		{"rouge_l", "ROUGE-L", "ROUGE-L against fp16 (more is better)", 1, 1,
			func(r *Row) (v, low, high float64) { return r.RougeL, r.RougeLLow, r.RougeLHigh }, nil},
		{"prefix_mean", "exact prefix", "exact prefix of fp16's answer, tokens (more is better)", largest, 1,
			func(r *Row) (v, low, high float64) { return r.Prefix, r.PrefixLow, r.PrefixHigh }, nil},
	}
}

// accepted says which values there can be.
func (m Measure) accepted() string {
	if m.Most == 1 {
		return "0 to 1"
	}
	return "0 to 1e+09"
}

// Cost is what quality is set against.
type Cost struct {
	Key    string // of a row
	Name   string
	Axis   string
	Scale  float64 // of the axis: what a row's number is multiplied by
	Better int     // 1: more is better; -1: less
	OfNPU  bool    // it is of an NPU, not of the schedule alone
	raw    func(*Row) *float64
}

// Raw is the cost as a row has it, if it does.
func (c Cost) Raw(r *Row) (v float64, ok bool) {
	if p := c.raw(r); p != nil {
		return *p, true
	}
	return 0, false
}

// Of is Raw in the unit of the axis.
func (c Cost) Of(r *Row) (v float64, ok bool) {
	v, ok = c.Raw(r)
	return v * c.Scale, ok
}

// Costs are all of them, those of an NPU first.
func Costs() []Cost {
	return []Cost{
		{"tokens_per_second", "throughput", "tokens/s in decode (more is better)", 1, 1, true, func(r *Row) *float64 { return r.TokensPerSecond }},
		{"energy_joules_per_token", "energy per token", "mJ per token in decode (less is better)", 1e3, -1, true, func(r *Row) *float64 { return r.EnergyPerToken }},
		{"avg_weight_bits", "average weight bits", "average weight bits in decode (fewer are better)", 1, -1, false, func(r *Row) *float64 { return &r.AvgWeightBits }},
	}
}

// MeasureOf returns the measure of a key.
func MeasureOf(key string) (Measure, error) {
	var keys []string
	for _, m := range Measures() {
		if m.Key == key {
			return m, nil
		}
		keys = append(keys, m.Key)
	}
	return Measure{}, fmt.Errorf("%s is no measure of quality; accepted: %s", key, strings.Join(keys, ", "))
}

// CostOf returns the cost of a key.
func CostOf(key string) (Cost, error) {
	var keys []string
	for _, c := range Costs() {
		if c.Key == key {
			return c, nil
		}
		keys = append(keys, c.Key)
	}
	return Cost{}, fmt.Errorf("%s is nothing to set quality against; accepted: %s", key, strings.Join(keys, ", "))
}
