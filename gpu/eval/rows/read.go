package rows

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// Read reads JSON lines as quality writes them.
func Read(data []byte) ([]Row, error) {
	var all []Row
	number := 0
	for line := range bytes.Lines(data) {
		number++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var r Row
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&r); err != nil {
			return nil, fmt.Errorf("line %d: %w; accepted: lines that pmpdsim quality --format json wrote", number, err)
		}
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		all = append(all, r)
	}
	if len(all) == 0 {
		return nil, errors.New("there are no rows; accepted: lines that pmpdsim quality --format json wrote")
	}
	return all, nil
}

// check refuses what no evaluation comes to.
func (r *Row) check() error {
	if r.Schedule == "" || r.Prompts < 1 || r.Generated < 2 {
		return fmt.Errorf("a schedule %q of %d prompts with %d tokens; accepted: a name, 1 or more, 2 or more", r.Schedule, r.Prompts, r.Generated)
	}
	for _, x := range []struct {
		key   string
		value float64
		most  float64
	}{
		{"avg_weight_bits", r.AvgWeightBits, 16}, {"bits_per_token", r.BitsPerToken, math.MaxFloat64}, {"kl_mean", r.KLMean, math.MaxFloat64},
		{"agreement", r.Agreement, 1}, {"rouge_l", r.RougeL, 1},
	} {
		if !(x.value >= 0 && x.value <= x.most) {
			return fmt.Errorf("%s %v; accepted: 0 to %g", x.key, x.value, x.most)
		}
	}
	if t := r.TokensPerSecond; t != nil && !(*t > 0) {
		return fmt.Errorf("tokens_per_second %v; accepted: more than 0, or null", *t)
	}
	return nil
}
