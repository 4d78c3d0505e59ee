package rows

// Rail is the measured energy of a chip's own supply in a pass, and its prediction: of the NPU, without DRAM.
type Rail struct {
	Device     string  `json:"device"`
	Model      string  `json:"model"`
	WeightBits int     `json:"weight_bits"`
	Phase      string  `json:"phase"`   // decode, prefill
	Context    int     `json:"context"` // tokens: in the cache, or of the prompt
	Measured   float64 `json:"measured_joules"`
	Predicted  float64 `json:"predicted_joules"`
	Error      float64 `json:"energy_error_percent"` // 100·(predicted / measured − 1)
	Seconds    float64 `json:"measured_seconds"`     // of the pass
	Simulated  float64 `json:"predicted_seconds"`
	Citation   string  `json:"citation"`
}
