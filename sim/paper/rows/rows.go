// Package rows holds the results of repeating the paper's figure, as data, so that showing them needs no simulator.
// Package paper fills the rows.
package rows

import (
	"math"
	"slices"
)

// Scheme is how a bar's weights are quantised over a sequence.
type Scheme string

// The schemes, in the order of the figure.
const (
	FP16    Scheme = "fp16"
	Uniform Scheme = "uniform" // at the high precision of the model's pair
	Static  Scheme = "static"  // a switch at a fixed step
	Learned Scheme = "learned" // a switch at one of four steps, which a classifier chooses for each sequence
)

// Schemes returns the schemes in the order of the figure.
func Schemes() []Scheme { return []Scheme{FP16, Uniform, Static, Learned} }

// Bar is a bar with its simulated result. Throughputs are in tokens per second, as the paper counts them.
type Bar struct {
	Panel     string  `json:"panel"`
	Model     string  `json:"model"`
	Scheme    Scheme  `json:"scheme"`
	Published float64 `json:"published"`
	Simulated float64 `json:"simulated"`

	Residual *float64 `json:"residual_percent,omitempty"` // simulated over published; nil on other NPUs than the paper's
	AvgBits  float64  `json:"avg_bits"`                   // mean over the passes that the bar counts
	Step     *int     `json:"switch_step,omitempty"`      // static
	Inferred bool     `json:"inferred"`                   // the schedule follows from the published bar: no evidence

	PublishedFP16    float64 `json:"published_vs_fp16"`
	SimulatedFP16    float64 `json:"simulated_vs_fp16"`
	PublishedUniform float64 `json:"published_vs_uniform"`
	SimulatedUniform float64 `json:"simulated_vs_uniform"`
	Label            string  `json:"label,omitempty"` // speed-up over fp16, as printed in the figure

	Schedules string `json:"schedules"`
	Prompt    int    `json:"prompt_tokens"`
	Generated int    `json:"generated_tokens"`
	Counted   int    `json:"passes_counted"` // decode passes in the bar's time
	NPU       string `json:"npu"`
	Config    string `json:"config_fingerprint"`
	Fits      bool   `json:"fits"` // its schedules fit the NPU's DRAM
}

// Waterfall is a bar at a stage.
type Waterfall struct {
	Panel    string   `json:"panel"`
	Model    string   `json:"model"`
	Scheme   Scheme   `json:"scheme"`
	Inferred bool     `json:"inferred"`
	Stage    int      `json:"stage"` // from 0
	Name     string   `json:"name"`
	Set      []string `json:"set"`

	Throughput     float64 `json:"tokens_per_second"`
	FP16           float64 `json:"fp16_tokens_per_second"`
	Uniform        float64 `json:"uniform_tokens_per_second"`
	SpeedupFP16    float64 `json:"speedup_vs_fp16"`
	SpeedupUniform float64 `json:"speedup_vs_uniform"`
	Config         string  `json:"config_fingerprint"`
}

// Remains is the speed-ups of the static bars that remain on an NPU: of those that fit its DRAM.
type Remains struct {
	NPU    string   `json:"npu"`
	Bars   int      `json:"bars"`
	Fit    int      `json:"bars_that_fit"`
	Decode Headline `json:"decode"`       // as the paper counts
	Whole  Headline `json:"with_prefill"` // prefill and every decode pass
	Config string   `json:"config_fingerprint"`
}

// Target is the preset at which the waterfall ends, except for its 8-bit cache, which is also the paper's assumption.
const Target = "edge-lpddr4x"

// Summary is the residuals of rows against the published bars. Inferred rows do not count.
type Summary struct {
	Bars         int
	RMS, Largest float64 // percent
}

// Summarise sums up the residuals of the rows of some schemes.
func Summarise(rows []Bar, schemes ...Scheme) Summary {
	var s Summary
	for i := range rows {
		r := &rows[i]
		if r.Inferred || r.Residual == nil || !slices.Contains(schemes, r.Scheme) {
			continue
		}
		s.Bars++
		s.RMS += float64(*r.Residual * *r.Residual)
		s.Largest = math.Max(s.Largest, math.Abs(*r.Residual))
	}
	if s.Bars > 0 {
		s.RMS = math.Sqrt(s.RMS / float64(s.Bars))
	}
	return s
}

// Headline is the range of speed-ups of the static bars: that of the paper's abstract.
type Headline struct {
	LeastFP16   float64 `json:"least_vs_fp16"`
	MostFP16    float64 `json:"most_vs_fp16"`
	MostUniform float64 `json:"most_vs_uniform"`
}

// Headlines returns the published and the simulated headline. Learned bars do not count: they follow from published
// ones. Nor do simulated ones that do not fit their DRAM.
func Headlines(rows []Bar) (published, simulated Headline) {
	for i := range rows {
		r := &rows[i]
		if r.Scheme != Static {
			continue
		}
		published.Add(r.PublishedFP16, r.PublishedUniform)
		if r.Fits {
			simulated.Add(r.SimulatedFP16, r.SimulatedUniform)
		}
	}
	return published, simulated
}

// Add widens the range by a bar.
func (h *Headline) Add(fp16, uniform float64) {
	if h.LeastFP16 == 0 || fp16 < h.LeastFP16 {
		h.LeastFP16 = fp16
	}
	h.MostFP16, h.MostUniform = math.Max(h.MostFP16, fp16), math.Max(h.MostUniform, uniform)
}
