package result

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/sim/unit/visible"
)

// Parse reads a line of WriteJSON, and refuses what is JSON but cannot have come out of a run: numbers that are missing,
// negative, null or out of their range, and numbers that contradict each other. Keys that it does not know it skips, and
// what version 0.1.0 did not write it derives.
func Parse(line []byte) (*Result, error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(line, &keys); err != nil {
		return nil, err
	}
	for _, key := range tags(reflect.TypeFor[Result]()) {
		if string(keys[key]) == "null" {
			return nil, fmt.Errorf("%s is null", key)
		}
	}
	r := new(Result)
	if err := files.ExactKeys(line, r); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(line, r); err != nil {
		if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
			return nil, fmt.Errorf("%s is a %s, which it cannot be", wrong.Field, wrong.Value)
		}
		return nil, err
	}
	if keys["fits"] == nil {
		r.Fits = r.Footprint.Fits()
	}
	return r, r.check(func(key string) bool { return keys[key] != nil })
}

// tags are the keys of a struct.
func tags(t reflect.Type) (all []string) {
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		all = append(all, name)
	}
	return all
}

// needed are keys without which nothing can be said of a result, and of its decode where it has any.
var (
	needed       = []string{"npu", "model", "schedule", "generated_tokens", "batch"}
	neededDecode = []string{"tokens_per_second", "energy_joules_per_token"}
)

// ofDecode are keys that a result of prefill alone does not have.
var ofDecode = []string{"tokens_per_second", "tpot_seconds", "decode_seconds", "avg_weight_bits", "dram_bytes_per_token", "dram_efficiency",
	"array_utilisation", "row_hit_rate", "bound_by", "energy_joules_per_token", "tokens_per_joule", "speedup_vs_fp16", "speedup_vs_uniform", "decode"}

// mayBeZero are the numbers that can be 0 in a result. All others are above it.
var mayBeZero = []string{"prefill_seconds", "ttft_seconds", "dram_efficiency", "array_utilisation", "row_hit_rate", "counterfactual_passes", "largest_midpoint_error"}

// shares are at most 1.
var shares = []string{"dram_efficiency", "array_utilisation", "row_hit_rate"}

// check returns the first thing that is wrong with r; there tells which keys its line has.
func (r *Result) check(there func(string) bool) error {
	all := needed
	if !r.PrefillAlone() {
		all = slices.Concat(needed, neededDecode)
	}
	for _, key := range all {
		if !there(key) {
			return fmt.Errorf("%s is missing", key)
		}
	}
	if i := slices.IndexFunc(ofDecode, there); r.PrefillAlone() && i >= 0 {
		return fmt.Errorf("%s is there, and generated_tokens is 1, which leaves nothing to decode", ofDecode[i])
	}
	for _, text := range [][2]string{{"npu", r.NPU}, {"model", r.Model}, {"schedule", r.Schedule}} {
		if text[1] == "" {
			return fmt.Errorf("%s is empty", text[0])
		}
	}
	for _, text := range [][2]string{{"npu", r.NPU}, {"model", r.Model}, {"schedule", r.Schedule}, {"task", r.Task}, {"version", r.Version},
		{"precision_rules", r.Rules}, {"weight_format", r.Format}, {"passes", r.Sampling}} {
		if what := visible.Hidden(text[1]); what != "" {
			return fmt.Errorf("%s %s", text[0], what)
		}
	}
	v := reflect.ValueOf(r).Elem()
	for i, key := range tags(v.Type()) {
		if key == "-" || !there(key) {
			continue
		}
		if err := inRange(key, v.Field(i)); err != nil {
			return err
		}
		n, number := amount(v.Field(i))
		switch {
		case !number:
		case n == 0 && !slices.Contains(mayBeZero, key):
			return fmt.Errorf("%s is 0, and has to be above it", key)
		case n > 1+1e-6 && slices.Contains(shares, key):
			return fmt.Errorf("%s is %v, more than the whole", key, n)
		}
	}
	return r.agree(there)
}

// agree refuses numbers that contradict each other.
func (r *Result) agree(there func(string) bool) error {
	passes, batch := float64(r.Passes()), float64(r.Batch)
	for _, x := range []struct {
		key, other string
		a, b       float64
	}{
		{"tokens_per_second", "tpot_seconds", r.TokensPerSecond * r.TPOTSeconds, batch},
		{"decode_seconds", "tpot_seconds", r.TPOTSeconds * passes, r.DecodeSeconds},
		{"tokens_per_second", "decode_seconds", r.TokensPerSecond * r.DecodeSeconds, passes * batch},
		{"energy_joules_per_token", "tokens_per_joule", r.EnergyPerToken * r.TokensPerJoule, 1},
	} {
		if there(x.key) && there(x.other) && math.Abs(x.a-x.b) > 1e-6*math.Abs(x.b) {
			return fmt.Errorf("%s contradicts %s, with %d generated tokens and batch %d", x.key, x.other, r.GeneratedTokens, r.Batch)
		}
	}
	if r.Sampling == "" && r.PassesSimulated != 0 || r.Sampling != "" && (r.PassesSimulated == 0) != (r.Passes() == 0) || r.PassesSimulated > r.Passes() {
		return fmt.Errorf("passes is %q, and passes_simulated %d of %d decode passes", r.Sampling, r.PassesSimulated, r.Passes())
	}
	if there("footprint_bytes") && r.Fits != r.Footprint.Fits() {
		return fmt.Errorf("fits is %v, and footprint_bytes has %d of %d", r.Fits, int64(r.Footprint.Total), int64(r.Footprint.Capacity))
	}
	return nil
}

// amount is a number of a result, of whatever type.
func amount(v reflect.Value) (n float64, ok bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return 0, false
		}
		return amount(v.Elem())
	case reflect.Int, reflect.Int64:
		return float64(v.Int()), true
	case reflect.Float64:
		return v.Float(), true
	}
	return 0, false
}

// most is more than any number that a run comes to, in whatever unit.
const most = 1e30

// inRange refuses numbers, at whatever depth, that count nothing and measure nothing.
func inRange(path string, v reflect.Value) error {
	if v.Type() == reflect.TypeFor[*Inputs]() {
		return nil // whoever runs them again reads them
	}
	if n, ok := amount(v); ok {
		if n < 0 || n > most || n > 0 && n < 1/most { // so that a quotient of any two is a number
			return fmt.Errorf("%s is %v, and no run comes to that", path, n)
		}
		return nil
	}
	switch v.Kind() {
	case reflect.Struct:
		for i, key := range tags(v.Type()) {
			at := path + "." + key
			if key == "" { // embedded, or written by hand
				at = path
			}
			if err := inRange(at, v.Field(i)); err != nil {
				return err
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if err := inRange(fmt.Sprintf("%s[%d]", path, i), v.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			if err := inRange(path+"."+key.String(), v.MapIndex(key)); err != nil {
				return err
			}
		}
	case reflect.Pointer:
		if !v.IsNil() {
			return inRange(path, v.Elem())
		}
	}
	return nil
}
