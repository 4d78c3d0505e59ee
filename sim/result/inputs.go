package result

import (
	"cmp"
	"encoding/json"
	"fmt"
)

// Inputs are what a run depends on besides what Result names, in full, so that it can be run again (package rerun). Rows of a
// sweep go without: the folder has each text once, by its fingerprint.
type Inputs struct {
	NPU   json.RawMessage `json:"npu"`             // config.Config
	Model json.RawMessage `json:"model"`           // workloads.Model, its Shape
	Trace string          `json:"trace,omitempty"` // the name of its file, without folders; empty: none, or the program's own

	// What the speed-ups refer to, where that is not plain fp16 and uniform:N, as with run --prefill.
	FP16    string `json:"fp16_baseline,omitempty"`
	Uniform string `json:"uniform_baseline,omitempty"`
}

// FP16 is the plain baseline.
const FP16 = "fp16"

// Uniform is the plain baseline at some bits.
func Uniform(bits int) string { return fmt.Sprintf("uniform:%d", bits) }

// Against are the names of the schedules that the speed-ups of r refer to, highest being the highest precision of its decode.
func (r *Result) Against(highest int) (fp16, uniform string) {
	fp16, uniform = FP16, Uniform(highest)
	if r.Inputs != nil {
		fp16, uniform = cmp.Or(r.Inputs.FP16, fp16), cmp.Or(r.Inputs.Uniform, uniform)
	}
	return fp16, uniform
}

// against notes the baselines of r that are not plain.
func (r *Result) against(b Baselines, highest int) {
	if r.Inputs == nil {
		return
	}
	if r.Inputs.FP16 = ""; b.FP16 != nil && b.FP16.Schedule != FP16 {
		r.Inputs.FP16 = b.FP16.Schedule
	}
	if r.Inputs.Uniform = ""; b.Uniform(highest) != nil && b.Uniform(highest).Schedule != Uniform(highest) {
		r.Inputs.Uniform = b.Uniform(highest).Schedule
	}
}
