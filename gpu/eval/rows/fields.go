package rows

import (
	"errors"
	"fmt"
)

// field is a key of a row, as it is read.
type field struct {
	key      string
	to       any
	optional bool
	lists    bool // it is no single value
}

// errKind says that a value is of another kind than its key's.
var errKind = errors.New("another kind of value")

// fields are the keys that are read, all those that something is drawn of.
func (r *Row) fields() []field {
	return []field{
		{key: "schedule", to: &r.Schedule}, {key: "model", to: &r.Model}, {key: "npu", to: &r.NPU, optional: true}, {key: "avg_weight_bits", to: &r.AvgWeightBits},
		{key: "bits_per_token", to: &r.BitsPerToken}, {key: "bits_per_token_low", to: &r.BitsPerTokenLow}, {key: "bits_per_token_high", to: &r.BitsPerTokenHigh},
		{key: "kl_mean", to: &r.KLMean}, {key: "kl_low", to: &r.KLLow}, {key: "kl_high", to: &r.KLHigh},
		{key: "agreement", to: &r.Agreement}, {key: "agreement_low", to: &r.AgreementLow}, {key: "agreement_high", to: &r.AgreementHigh},
		{key: "rouge_l", to: &r.RougeL}, {key: "rouge_l_low", to: &r.RougeLLow}, {key: "rouge_l_high", to: &r.RougeLHigh},
		{key: "prefix_mean", to: &r.Prefix}, {key: "prefix_low", to: &r.PrefixLow}, {key: "prefix_high", to: &r.PrefixHigh},
		{key: "tokens_per_second", to: &r.TokensPerSecond, optional: true}, {key: "energy_joules_per_token", to: &r.EnergyPerToken, optional: true},
		{key: "avg_weight_bits_answers", to: &r.AnswerBits, optional: true}, {key: "prefill_weight_bits", to: &r.PrefillBits, optional: true},
		{key: "prompts", to: &r.Prompts}, {key: "prompt", to: &r.Prompt}, {key: "generated", to: &r.Generated}, {key: "text", to: &r.Text, optional: true},
		{key: "kv_bits", to: &r.KVBits, optional: true}, {key: "kv_cache", to: &r.KVCache, optional: true}, {key: "quantiser", to: &r.Quantiser, optional: true},
		{key: "seed", to: &r.Seed, optional: true}, {key: "weights_sha256", to: &r.Weights, optional: true}, {key: "config_fingerprint", to: &r.Config, optional: true},
		{key: "model_fingerprint", to: &r.Shape, optional: true}, {key: "version", to: &r.Version, optional: true},
		{key: "machine", to: &r.Machine, optional: true},
		{key: "by_position", to: &r.ByPosition, optional: true, lists: true}, {key: "by_prompt", to: &r.ByPrompt, optional: true, lists: true},
	}
}

// filled makes a row of the texts of its keys, and checks it.
func filled(values map[string]string, parse func(string, field) error) (*Row, error) {
	r := &Row{}
	for _, f := range r.fields() {
		text, there := values[f.key]
		if !there && f.optional {
			continue
		}
		if !there {
			return nil, fmt.Errorf("%s is missing; accepted: rows as %s writes them", f.key, wrote)
		}
		if err := parse(text, f); err != nil {
			return nil, fmt.Errorf("%s: %.40s is no %s; accepted: %s", f.key, text, f.what(), f.accepted())
		}
	}
	return r, r.check()
}

// what a field holds.
func (f field) what() string {
	switch f.to.(type) {
	case *string:
		return "text"
	case *int, *int64:
		return "whole number"
	case *float64, **float64:
		return "number"
	default:
		return "list"
	}
}

func (f field) accepted() string {
	switch {
	case f.lists:
		return "what " + wrote + " writes there"
	case f.optional:
		return "a " + f.what() + ", or nothing"
	default:
		return "a " + f.what()
	}
}

// check refuses what no evaluation comes to.
func (r *Row) check() error {
	if r.Schedule == "" || r.Model == "" {
		return errors.New("schedule, model: a name is empty; accepted: names")
	}
	for _, x := range []struct {
		key         string
		value, from float64
	}{{"prompts", float64(r.Prompts), 1}, {"prompt", float64(r.Prompt), 1}, {"generated", float64(r.Generated), 2}} {
		if x.value < x.from {
			return fmt.Errorf("%s: %g is out of range; accepted: %g or more", x.key, x.value, x.from)
		}
	}
	if !(r.AvgWeightBits > 0 && r.AvgWeightBits <= 16) {
		return fmt.Errorf("avg_weight_bits: %g is out of range; accepted: more than 0, up to 16", r.AvgWeightBits)
	}
	for _, m := range Measures() {
		v, low, high := m.Of(r)
		if !(v >= 0 && v <= m.Most) {
			return fmt.Errorf("%s: %g is out of range; accepted: %s", m.Key, v, m.accepted())
		}
		if !(low <= high && low >= 0 && high <= m.Most) {
			return fmt.Errorf("%s: its interval goes from %g to %g; accepted: upwards, in %s", m.Key, low, high, m.accepted())
		}
	}
	for _, x := range []struct {
		key   string
		value *float64
	}{{"tokens_per_second", r.TokensPerSecond}, {"energy_joules_per_token", r.EnergyPerToken}} {
		if x.value != nil && !(*x.value > 0 && *x.value <= largest) {
			return fmt.Errorf("%s: %g is out of range; accepted: more than 0, up to %g, or nothing", x.key, *x.value, largest)
		}
	}
	for i, b := range r.ByPosition {
		if b.From < 0 || b.To < b.From || i > 0 && b.From <= r.ByPosition[i-1].To || !(b.BitsPerToken >= 0 && b.BitsPerToken <= largest) ||
			!(b.KL >= 0 && b.KL <= largest) || !(b.Agreement >= 0 && b.Agreement <= 1) {
			return fmt.Errorf("by_position[%d]: no block of positions with its measures; accepted: blocks that rise, of values as %s writes them", i, wrote)
		}
	}
	return nil
}
