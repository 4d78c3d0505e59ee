package precision

import "github.com/pmpdsim/pmpdsim/workloads"

// Cost is what a scheduler has to compute, as plain numbers for whoever prices them. It is spent after each of Passes decode
// passes from pass Pass on, beside what the passes themselves do.
type Cost struct {
	Pass           int   `json:"pass"`
	Passes         int   `json:"passes"`
	MACs           int64 `json:"macs"`            // fp32
	WeightBytes    int64 `json:"weight_bytes"`    // fp32, read once each time
	VectorElements int64 `json:"vector_elements"` // values through the vector unit
	KVElements     int64 `json:"kv_elements"`     // of the cache, read once more
}

// Product is a matrix product of a scheduler: M rows of activations times the transpose of an N×K matrix, which is made of
// fp32 weights or was computed.
type Product struct {
	M, N, K int
	Weights bool
}

const fp32Bytes = 4

// Cost is what the plan takes to decide about a model after a prompt of so many tokens.
//
// With H key/value heads of D values and T = prompt + 1 positions, PMPD's KV classifier (kv_cache_scheduler.py) multiplies a
// query H×H×D with T keys and the result with T values (2·H²·D·T), then H·D values with a square matrix and one of four
// rows ((HD)² + 4HD). It holds H²D + (HD)² + 7HD + 4 fp32 weights: the query, two linears with biases, a layer norm. Its
// vector work: the mean of K and V over the heads (2·H·T·D), softmax of H²·T scores, the mean over H of H·H·D values, norm
// and ReLU of HD, softmax of 4.
//
// The classifier of the last hidden state (act_scheduler.py) has d → (d+4)/2 → 4 linears with biases for d = hidden.
// Confidence takes the softmax of the logits after each pass until the last precision is reached.
func (p *Plan) Cost(s Schedule, m *workloads.Model, prompt int) Cost {
	c := Cost{Pass: 1, Passes: p.Asked}
	if p.Asked == 0 {
		return Cost{}
	}
	for _, x := range p.Products(s, m, prompt) {
		c.MACs += int64(x.M) * int64(x.N) * int64(x.K)
		if x.Weights {
			c.WeightBytes += fp32Bytes * int64(x.N) * int64(x.K)
		}
	}
	h, d, t := int64(m.KVHeads), int64(m.HeadDim), int64(prompt)+1
	switch s.Kind {
	case KindLearned:
		c.WeightBytes += fp32Bytes * (3*h*d + CandidateCount) // biases, layer norm
		c.VectorElements = 2*h*t*d + h*h*t + h*h*d + 2*h*d + CandidateCount
		c.KVElements = 2 * h * t * d
	case KindActivation:
		mid := int64(m.Hidden+CandidateCount) / 2
		c.WeightBytes += fp32Bytes * (mid + CandidateCount) // biases
		c.VectorElements = mid + CandidateCount
	case KindConfidence:
		c.VectorElements = int64(m.Vocab)
	case KindFP16, KindUniform, KindStatic, KindRandom, KindOracle, KindRecorded:
	}
	return c
}

// Products are the matrix products of a decision, in their order.
func (p *Plan) Products(s Schedule, m *workloads.Model, prompt int) []Product {
	h, d, t := m.KVHeads, m.HeadDim, prompt+1
	switch {
	case p.Asked == 0:
	case s.Kind == KindLearned:
		return []Product{
			{M: t, N: h * h, K: d, Weights: true}, // keys times the query
			{M: h * h, N: d, K: t},                // attention times the values
			{M: 1, N: h * d, K: h * d, Weights: true},
			{M: 1, N: CandidateCount, K: h * d, Weights: true},
		}
	case s.Kind == KindActivation:
		mid := (m.Hidden + CandidateCount) / 2
		return []Product{{M: 1, N: mid, K: m.Hidden, Weights: true}, {M: 1, N: CandidateCount, K: mid, Weights: true}}
	}
	return nil
}
