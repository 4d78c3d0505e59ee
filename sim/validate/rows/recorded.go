package rows

// Recorded is a recorded run beside its simulation: passes, then operators.
type Recorded struct {
	Name      string // of the trace's file
	Model     string
	Source    string // what it ran on, as the trace says
	NPU       string
	Passes    []Pass
	Operators []Operator
}

// Pass is a recorded pass and its prediction.
type Pass struct {
	Kind      string  `json:"kind"`        // pass
	Step      int     `json:"step"`        // 0: prefill; n: the nth decode pass
	Context   int     `json:"context"`     // positions in the cache behind the pass
	Bits      int     `json:"weight_bits"` // of the pass
	Measured  float64 `json:"measured_seconds"`
	Predicted float64 `json:"predicted_seconds"`
	Error     float64 `json:"error_percent"` // 100·(measured / predicted − 1): of speed, as everywhere
}

// Operator is an operator, or a few that one side computes as one, over all layers of the passes that were taken apart.
// What one side does not have is nil.
type Operator struct {
	Kind      string   `json:"kind"`  // operator
	Phase     string   `json:"phase"` // prefill, decode
	Name      string   `json:"name"`  // members with "+" between
	Measured  *float64 `json:"measured_seconds,omitempty"`
	Predicted *float64 `json:"predicted_seconds,omitempty"`
	Error     *float64 `json:"error_percent,omitempty"`
}

// SpeedError returns the error of a predicted time, as that of speed, in percent.
func SpeedError(measured, predicted float64) float64 { return 100 * (measured/predicted - 1) }

// Precision is the passes of a run at one precision: prefill (Phase) apart from decode.
type Precision struct {
	Phase               string
	Bits                int
	Measured, Predicted float64 // seconds of a pass, the mean
	Of                  Errors  // of the passes
}

// Precisions sums a run up by phase and precision, in the order in which they are met.
func (r *Recorded) Precisions() []Precision {
	var all []Precision
	var errors [][]float64
	for _, p := range r.Passes {
		phase := "decode"
		if p.Step == 0 {
			phase = "prefill"
		}
		at := 0
		for at < len(all) && (all[at].Phase != phase || all[at].Bits != p.Bits) {
			at++
		}
		if at == len(all) {
			all, errors = append(all, Precision{Phase: phase, Bits: p.Bits}), append(errors, nil)
		}
		all[at].Measured += p.Measured
		all[at].Predicted += p.Predicted
		errors[at] = append(errors[at], p.Error)
	}
	for i := range all {
		n := float64(len(errors[i]))
		all[i].Measured, all[i].Predicted, all[i].Of = all[i].Measured/n, all[i].Predicted/n, Summarise(errors[i])
	}
	return all
}
