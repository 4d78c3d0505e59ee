// Package rows holds predictions of measured devices, as data, so that showing them needs no simulator. Package
// validate fills the rows.
package rows

// Row is a measurement and its prediction. What was not measured, or could not be predicted, is nil.
type Row struct {
	Device     string `json:"device"`
	Model      string `json:"model"`
	WeightBits int    `json:"weight_bits"`
	GroupSize  string `json:"group_size"` // channel, codebook, 32, 64, 128; empty: none, or not known
	Prompt     int    `json:"prompt"`     // tokens
	Generated  int    `json:"generated"`

	MeasuredDecode  float64  `json:"measured_decode_tps"` // tokens a second
	PredictedDecode *float64 `json:"predicted_decode_tps,omitempty"`
	DecodeError     *float64 `json:"decode_error_percent,omitempty"` // 100·(predicted / measured − 1), of speeds
	MeasuredTTFT    *float64 `json:"measured_ttft_seconds,omitempty"`
	PredictedTTFT   *float64 `json:"predicted_ttft_seconds,omitempty"`
	PrefillError    *float64 `json:"prefill_error_percent,omitempty"` // of speeds, too

	Fitted   bool   `json:"fitted"`   // keys of the machine were fitted to measurements of the device
	HeldOut  bool   `json:"held_out"` // none of them was of this model
	Citation string `json:"citation"`

	Excluded       string  `json:"-"` // why nothing is fitted to it; empty: it is not excluded
	NPU            string  `json:"-"` // whose configuration was simulated
	Config         string  `json:"-"` // its fingerprint
	BytesPerToken  float64 `json:"-"` // of DRAM traffic of the decode pass that was simulated; 0: none was
	PeakBytes      float64 `json:"-"` // a second, of the device's DRAM; 0: not known
	SimulatedBytes float64 `json:"-"` // a second, of the simulated DRAM at its peak
}

// MeasuredShare returns the share of the device's peak bandwidth that the measured decode takes, if it moves the bytes
// that were simulated; 0: not known.
func (r *Row) MeasuredShare() float64 {
	if r.PeakBytes == 0 {
		return 0
	}
	return r.BytesPerToken * r.MeasuredDecode / r.PeakBytes
}

// PredictedShare is MeasuredShare of the prediction.
func (r *Row) PredictedShare() float64 {
	if r.PeakBytes == 0 || r.PredictedDecode == nil {
		return 0
	}
	return r.BytesPerToken * *r.PredictedDecode / r.PeakBytes
}
