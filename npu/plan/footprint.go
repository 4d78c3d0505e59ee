package plan

import "github.com/pmpdsim/pmpdsim/sim/unit"

// Footprint is what a deployment occupies in DRAM, by part.
type Footprint struct {
	// Planes are the quantised weights of the blocks: bit-planes up to the highest precision, or a packed copy of each.
	Planes    unit.Bytes `json:"planes"`
	Codebooks unit.Bytes `json:"codebooks"` // one set per precision in use
	// FP16 is lm_head, embedding, norms, biases, the blocks' weights if a precision is 16, and the fp32 weights of a scheduler.
	FP16        unit.Bytes `json:"fp16"`
	KV          unit.Bytes `json:"kv"`          // cache of every position of the run
	Activations unit.Bytes `json:"activations"` // those that a pass keeps in DRAM
}

// Total returns the sum of the parts.
func (f Footprint) Total() unit.Bytes {
	return f.Planes + f.Codebooks + f.FP16 + f.KV + f.Activations
}
