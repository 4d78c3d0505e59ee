package report

import "github.com/pmpdsim/pmpdsim/sim/result"

// Metric is a number of a result, as the page shows it.
type Metric struct {
	ID     string  `json:"id"` // in JSON of results
	Name   string  `json:"name"`
	Unit   string  `json:"unit"`
	Scale  float64 `json:"scale"`  // of the unit: what the result's number is multiplied by
	Better int     `json:"better"` // 1: more is, -1: less is, 0: neither
	of     func(*result.Result) (v float64, ok bool)
}

// Of returns the number in the metric's unit, and whether the result has it.
func (m Metric) Of(r *result.Result) (v float64, ok bool) {
	v, ok = m.of(r)
	return v * m.Scale, ok
}

// Metrics are all of them, in the order of tables. The first is what designs are compared by.
func Metrics() []Metric {
	always := func(of func(*result.Result) float64) func(*result.Result) (float64, bool) {
		return func(r *result.Result) (float64, bool) { return of(r), true }
	}
	maybe := func(of func(*result.Result) *float64) func(*result.Result) (float64, bool) {
		return func(r *result.Result) (float64, bool) {
			if v := of(r); v != nil {
				return *v, true
			}
			return 0, false
		}
	}
	return []Metric{
		{"tokens_per_second", "throughput", "tokens/s", 1, 1, always(func(r *result.Result) float64 { return r.TokensPerSecond })},
		{"speedup_vs_fp16", "speed-up over fp16", "×", 1, 1, maybe(func(r *result.Result) *float64 { return r.SpeedupFP16 })},
		{"speedup_vs_uniform", "speed-up over uniform", "×", 1, 1, maybe(func(r *result.Result) *float64 { return r.SpeedupUniform })},
		{"energy_joules_per_token", "energy per token", "mJ", 1e3, -1, always(func(r *result.Result) float64 { return r.EnergyPerToken })},
		{"area_mm2", "area of the NPU", "mm²", 1, -1, always(func(r *result.Result) float64 { return r.AreaMM2 })},
		{"ttft_seconds", "time to first token", "ms", 1e3, -1, always(func(r *result.Result) float64 { return r.TTFTSeconds })},
		{"tpot_seconds", "time per output token", "ms", 1e3, -1, always(func(r *result.Result) float64 { return r.TPOTSeconds })},
		{"avg_weight_bits", "average weight bits", "bits", 1, 0, always(func(r *result.Result) float64 { return r.AvgWeightBits })},
		{"dram_bytes_per_token", "DRAM traffic per pass", "MB", 1e-6, 0, always(func(r *result.Result) float64 { return r.DRAMBytesPerToken })},
		{"dram_efficiency", "DRAM bandwidth used", "%", 100, 0, always(func(r *result.Result) float64 { return r.DRAMEfficiency })},
		{"array_utilisation", "array used", "%", 100, 0, always(func(r *result.Result) float64 { return r.ArrayUtilisation })},
	}
}
