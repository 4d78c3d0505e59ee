// Package result is the outcome of a simulated run: counts turned into seconds, rates and ratios, with everything that
// the numbers depend on beside them. Results are written to JSON and read back without loss, but for the counts
// themselves.
//
// Left out: which result is the better one, and against what it is compared; Compare takes its baselines from the
// caller.
//
// What only some results have is left out of tables, too, if its tag says omitzero.
//
// To add a number: a field of Result or Phase with a JSON tag, and its computation in Fill or NewPhase. Tests fail if a
// field is not filled or is lost in JSON.
package result

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/pmpdsim/pmpdsim/npu/plan"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Result is one schedule on one NPU. Times are in seconds, traffic in bytes. Decode excludes prefill; the first token
// comes from prefill, so N generated tokens take N-1 decode passes. A result of one generated token is prefill alone:
// what is said of decode is absent.
type Result struct {
	NPU             string  `json:"npu"`
	Model           string  `json:"model"`
	Task            string  `json:"task"`
	Schedule        string  `json:"schedule"`
	Rules           string  `json:"precision_rules,omitzero"`         // of the schedule, by layer and matrix; they end its text
	Format          string  `json:"weight_format,omitzero"`           // in which the model's file holds its weights, of a quantised model
	AvgWeightBits   float64 `json:"avg_weight_bits,omitempty"`        // mean over the decode passes and the elements of the block linears
	PrefillBits     int     `json:"prefill_weight_bits"`              // that the schedule says
	AvgPrefillBits  float64 `json:"avg_prefill_weight_bits,omitzero"` // where matrices differ
	KVBits          int     `json:"kv_bits"`
	KeyBits         int     `json:"key_bits,omitzero"`   // of the cache, where keys and values differ; kv_bits is then what neither may have
	ValueBits       int     `json:"value_bits,omitzero"` // likewise
	PromptTokens    int     `json:"prompt_tokens"`
	GeneratedTokens int     `json:"generated_tokens"` // of each sequence
	Batch           int     `json:"batch"`            // sequences that decode together

	// Where not every decode pass was simulated: which were to be, as run --passes has it, how many were, and the largest relative
	// deviation that an exact pass between two others had from the line between them, in time or traffic.
	Sampling        string   `json:"passes,omitzero"`
	PassesSimulated int      `json:"passes_simulated,omitzero"`
	MidpointError   *float64 `json:"largest_midpoint_error,omitempty"`

	PrefillSeconds  float64  `json:"prefill_seconds"`
	DecodeSeconds   float64  `json:"decode_seconds,omitempty"`
	TokensPerSecond float64  `json:"tokens_per_second,omitempty"` // batch * (generated_tokens-1) / decode_seconds
	TTFTSeconds     float64  `json:"ttft_seconds"`                // time to first token
	TPOTSeconds     float64  `json:"tpot_seconds,omitempty"`      // time per output token after the first
	SpeedupFP16     *float64 `json:"speedup_vs_fp16,omitempty"`
	SpeedupUniform  *float64 `json:"speedup_vs_uniform,omitempty"` // against uniform at the highest decode precision

	Cycles            int64    `json:"cycles"`                         // NPU clock, prefill and decode
	DRAMBytes         int64    `json:"dram_bytes"`                     // prefill and decode
	DRAMBytesPerToken float64  `json:"dram_bytes_per_token,omitempty"` // of a decode pass
	DRAMEfficiency    float64  `json:"dram_efficiency,omitempty"`      // bandwidth achieved in decode / peak
	ArrayUtilisation  float64  `json:"array_utilisation,omitempty"`    // processing-element cycles used in decode / available
	BoundBy           string   `json:"bound_by,omitempty"`             // what decode waits for: memory, network, compute, unpack, vector, launch, dispatch, host
	Footprint         Memory   `json:"footprint_bytes"`                //
	Fits              bool     `json:"fits"`                           // the footprint fits the DRAM; else it was simulated as if it did
	RowHitRate        *float64 `json:"row_hit_rate,omitempty"`         // of decode's column commands

	EnergyJoules   float64 `json:"energy_joules"`                     // NPU and DRAM, prefill and decode
	EnergyPerToken float64 `json:"energy_joules_per_token,omitempty"` // of decode
	TokensPerJoule float64 `json:"tokens_per_joule,omitempty"`        // of decode
	AreaMM2        float64 `json:"area_mm2"`                          // of the NPU (docs/energy.md)

	Experts *Experts `json:"experts,omitempty"` // of a model that has some

	Operators Operators `json:"operators"`

	Tilings []Tiling `json:"tilings,omitempty"` // with an explanation

	Prefill *Phase `json:"prefill,omitempty"` // with a breakdown
	Decode  *Phase `json:"decode,omitempty"`

	TraceSHA256 string `json:"trace_sha256,omitempty"`
	TraceSource string `json:"trace_source,omitempty"`
	Classifier  string `json:"classifier_sha256,omitempty"` // of the file that the schedule names

	// Passes whose precision was decided on signals of a run that had gone another way (docs/schedules.md).
	Counterfactual int `json:"counterfactual_passes,omitempty"`

	Config  string  `json:"config_fingerprint"` // of the NPU
	Shape   string  `json:"model_fingerprint"`
	Version string  `json:"version"` // of the code that simulated it: other code has another one
	Inputs  *Inputs `json:"inputs,omitempty"`

	Counts Phases `json:"-"`
}

// Tiling is how the operators of a pass are cut.
type Tiling struct {
	Pass      string        `json:"pass"`
	Bits      int           `json:"weight_bits"`
	Operators []plan.Choice `json:"operators"`
}

// Memory is the DRAM that the run occupies.
type Memory struct {
	plan.Footprint
	Total    unit.Bytes `json:"total"`
	Capacity unit.Bytes `json:"capacity"`
}

// Fits reports whether the DRAM holds all of it. Nothing else decides that.
func (m Memory) Fits() bool { return m.Total <= m.Capacity }

// MarshalJSON writes bytes as numbers.
func (m Memory) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]int64{
		"planes": int64(m.Planes), "codebooks": int64(m.Codebooks), "fp16": int64(m.FP16), "kv": int64(m.KV),
		"activations": int64(m.Activations), "total": int64(m.Total), "capacity": int64(m.Capacity),
	})
}

// Phases are the counts of prefill and of all decode passes together.
type Phases struct{ Prefill, Decode stats.Counts }

// ratio is a/b, 0 where there is no b.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// WriteJSON writes one object per result, one a line.
func WriteJSON(w io.Writer, rs []*Result) error {
	for _, r := range rs {
		line, err := Encode(r)
		if err == nil {
			_, err = w.Write(line)
		}
		if err != nil {
			return fmt.Errorf("result of %s: %w", r.Schedule, err)
		}
	}
	return nil
}
