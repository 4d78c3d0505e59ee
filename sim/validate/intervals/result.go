package intervals

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/pmpdsim/pmpdsim/sim/result"
)

// Result is a result with intervals beside its speeds: Share of what is measured is expected within.
type Result struct {
	*result.Result
	TokensLow  *float64 `json:"tokens_per_second_low,omitempty"` // nil: nothing is decoded
	TokensHigh *float64 `json:"tokens_per_second_high,omitempty"`
	TTFTLow    float64  `json:"ttft_seconds_low"`
	TTFTHigh   float64  `json:"ttft_seconds_high"`
}

// Around puts the intervals around a result of the NPU.
func (b *Basis) Around(r *result.Result) *Result {
	out := &Result{Result: r, TTFTLow: r.TTFTSeconds / b.Prefill.High, TTFTHigh: r.TTFTSeconds / b.Prefill.Low}
	if !r.PrefillAlone() {
		low, high := r.TokensPerSecond*b.Decode.Low, r.TokensPerSecond*b.Decode.High
		out.TokensLow, out.TokensHigh = &low, &high
	}
	return out
}

// WriteJSON writes results with their intervals as result.WriteJSON writes results: one a line.
func (b *Basis) WriteJSON(w io.Writer, rs []*result.Result) error {
	for _, r := range rs {
		line, err := result.Encode(b.Around(r))
		if err == nil {
			_, err = w.Write(line)
		}
		if err != nil {
			return fmt.Errorf("result of %s: %w", r.Schedule, err)
		}
	}
	return nil
}

// In reports whether a line of a result has intervals.
func In(line []byte) bool {
	var keys map[string]json.RawMessage
	return json.Unmarshal(line, &keys) == nil && keys["ttft_seconds_low"] != nil
}
