// Package rows is what each pass of a run came to, as data: what run --per-pass writes, and figures are drawn of.
//
// Left out: operators and kinds of traffic of a pass; a result has those of all its passes together.
//
// To add a number: a field of Row with a JSON tag, which is also its column; its line in fields; and its value in
// replay.RunRows.
package rows

import (
	"fmt"
	"strings"
)

// Row is a pass of a run: 0 is the prefill of one sequence, n the nth decode pass, of all sequences of the batch.
type Row struct {
	NPU        string   `json:"npu"`
	Model      string   `json:"model"`
	Schedule   string   `json:"schedule"`
	Batch      int      `json:"batch"`
	Pass       int      `json:"pass"`
	Position   int      `json:"position"`      // of the first token that it reads: so many are in the cache
	WeightBits float64  `json:"weight_bits"`   // mean over the elements of the block linears
	Seconds    float64  `json:"seconds"`       //
	Bytes      int64    `json:"dram_bytes"`    // moved, whole bursts
	Joules     float64  `json:"energy_joules"` // NPU and DRAM
	RowHits    *float64 `json:"row_hit_rate"`  // of the column commands; 1 of an ideal memory; nil: none were sent
	BoundBy    string   `json:"bound_by"`      // as of a result
	Exact      bool     `json:"exact"`         // it was simulated; else it is interpolated between passes that were
}

// Measure is a number of a pass that figures show.
type Measure struct {
	Key, Name, Axis string // Axis has the unit
	Of              func(*Row) (float64, bool)
}

// Measures are what figures may show of passes, the default first.
func Measures() []Measure {
	always := func(of func(*Row) float64) func(*Row) (float64, bool) {
		return func(r *Row) (float64, bool) { return of(r), true }
	}
	return []Measure{
		{"seconds", "time of a pass", "time of a pass, ms", always(func(r *Row) float64 { return 1e3 * r.Seconds })},
		{"tokens_per_second", "tokens/s", "tokens/s", always(func(r *Row) float64 { return float64(r.Batch) / r.Seconds })},
		{"energy_joules", "energy of a pass", "energy of a pass, mJ", always(func(r *Row) float64 { return 1e3 * r.Joules })},
		{"dram_bytes", "DRAM traffic of a pass", "DRAM traffic of a pass, MB", always(func(r *Row) float64 { return float64(r.Bytes) / 1e6 })},
		{"row_hit_rate", "row hits", "row hits, % of column commands", func(r *Row) (float64, bool) {
			if r.RowHits == nil {
				return 0, false
			}
			return 100 * *r.RowHits, true
		}},
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
	return Measure{}, fmt.Errorf("%s: unknown number of a pass; accepted: %s", key, strings.Join(keys, ", "))
}
