package report

import "github.com/pmpdsim/pmpdsim/sim/study"

// Metrics are those that the page shows, in the order of its tables. The first is what designs are compared by.
func Metrics() []study.Metric {
	return study.Pick("tokens_per_second", "speedup_vs_fp16", "speedup_vs_uniform", "energy_joules_per_token", "area_mm2", "ttft_seconds", "tpot_seconds",
		"avg_weight_bits", "dram_bytes_per_token", "dram_efficiency", "array_utilisation")
}

// metric is what the script knows of one.
type metric struct {
	ID     string       `json:"id"`
	Name   string       `json:"name"`
	Unit   string       `json:"unit"`
	Scale  float64      `json:"scale"`
	Better study.Better `json:"better"`
}
