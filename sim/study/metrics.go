package study

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/result"
)

// Metric is a number of a result. Everything that shows or compares one takes it from here.
type Metric struct {
	Key    string  // in the JSON of results
	Title  string  // of a figure: "Tokens per second"
	Name   string  // in a table or a sentence: "throughput"
	Axis   string  // along an axis, with the unit: "tokens/s in decode"
	Unit   string  // "tokens/s"
	Scale  float64 // of Unit: what the result's number is multiplied by
	Better Better
	of     func(*result.Result) *float64
}

// Better is which way a metric is better.
type Better int

// The ways.
const (
	Less    Better = -1
	Neither Better = 0
	More    Better = 1
)

// Of returns the metric of a result in the result's unit, and whether the result has it.
func (m Metric) Of(r *result.Result) (v float64, ok bool) {
	if p := m.of(r); p != nil {
		return *p, true
	}
	return 0, false
}

// Scaled is Of in the metric's Unit.
func (m Metric) Scaled(r *result.Result) (v float64, ok bool) {
	v, ok = m.Of(r)
	return v * m.Scale, ok
}

// The metrics that rules of this project name.

// TokensPerSecond is the throughput of decode, which designs are compared by.
func TokensPerSecond() Metric {
	return Metric{"tokens_per_second", "Tokens per second", "throughput", "tokens/s in decode", "tokens/s", 1, More,
		func(r *result.Result) *float64 { return &r.TokensPerSecond }}
}

// EnergyPerToken is the energy of decode, NPU and DRAM together.
func EnergyPerToken() Metric {
	return Metric{"energy_joules_per_token", "Energy per token", "energy per token", "mJ per token in decode", "mJ", 1e3, Less,
		func(r *result.Result) *float64 { return &r.EnergyPerToken }}
}

// Area is that of the NPU.
func Area() Metric {
	return Metric{"area_mm2", "Area of the NPU", "area of the NPU", "mm2", "mm²", 1, Less, func(r *result.Result) *float64 { return &r.AreaMM2 }}
}

// AvgWeightBits is the mean over the decode passes.
func AvgWeightBits() Metric {
	return Metric{"avg_weight_bits", "Average weight bits", "average weight bits", "bits in decode", "bits", 1, Neither,
		func(r *result.Result) *float64 { return &r.AvgWeightBits }}
}

// SpeedupFP16 is the speed-up of decode over fp16. Results have it where fp16 was run beside them.
func SpeedupFP16() Metric {
	return Metric{"speedup_vs_fp16", "Speed-up over fp16", "speed-up over fp16", "times as fast as fp16 in decode", "×", 1, More,
		func(r *result.Result) *float64 { return r.SpeedupFP16 }}
}

// SpeedupUniform is the speed-up of decode over uniform at the schedule's highest precision, where that was run.
func SpeedupUniform() Metric {
	return Metric{"speedup_vs_uniform", "Speed-up over uniform at the highest precision", "speed-up over uniform",
		"times as fast as uniform in decode", "×", 1, More, func(r *result.Result) *float64 { return r.SpeedupUniform }}
}

// Metrics are all metrics, in the order in which lists name them.
func Metrics() []Metric {
	return []Metric{
		TokensPerSecond(),
		{"tokens_per_joule", "Tokens per joule", "tokens per joule", "tokens/J in decode", "tokens/J", 1, More,
			func(r *result.Result) *float64 { return &r.TokensPerJoule }},
		EnergyPerToken(),
		SpeedupFP16(),
		SpeedupUniform(),
		{"ttft_seconds", "Time to first token", "time to first token", "ms to the first token", "ms", 1e3, Less,
			func(r *result.Result) *float64 { return &r.TTFTSeconds }},
		{"tpot_seconds", "Time per output token", "time per output token", "ms per output token", "ms", 1e3, Less,
			func(r *result.Result) *float64 { return &r.TPOTSeconds }},
		{"dram_bytes_per_token", "DRAM traffic per token", "DRAM traffic per pass", "MB per token in decode", "MB", 1e-6, Neither,
			func(r *result.Result) *float64 { return &r.DRAMBytesPerToken }},
		{"dram_efficiency", "DRAM bandwidth reached", "DRAM bandwidth used", "% of the peak in decode", "%", 100, Neither,
			func(r *result.Result) *float64 { return &r.DRAMEfficiency }},
		{"row_hit_rate", "DRAM commands that find their row open", "row hits", "% of decode's reads and writes", "%", 100, Neither,
			func(r *result.Result) *float64 { return r.RowHitRate }},
		{"array_utilisation", "How busy the array is", "array used", "% of its PEs' cycles in decode", "%", 100, Neither,
			func(r *result.Result) *float64 { return &r.ArrayUtilisation }},
		AvgWeightBits(),
		Area(),
	}
}

// MetricKeys are the keys of all metrics.
func MetricKeys() (keys []string) {
	for _, m := range Metrics() {
		keys = append(keys, m.Key)
	}
	return keys
}

// MetricOf returns the metric of a key.
func MetricOf(key string) (Metric, error) {
	for _, m := range Metrics() {
		if m.Key == key {
			return m, nil
		}
	}
	return Metric{}, fmt.Errorf("--value %s: no number of a result; accepted: %s", key, strings.Join(MetricKeys(), ", "))
}

// Pick returns the metrics of some keys, in the order of the keys. A key that is none is a mistake of the program.
func Pick(keys ...string) (some []Metric) {
	for _, key := range keys {
		i := slices.Index(MetricKeys(), key)
		if i < 0 {
			panic("study: no metric " + key)
		}
		some = append(some, Metrics()[i])
	}
	return some
}
