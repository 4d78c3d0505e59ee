package precision

import "github.com/pmpdsim/pmpdsim/workloads"

// Cost is what a scheduler has to compute, as plain numbers for whoever prices them. It is spent after each of Passes
// decode passes from pass Pass on, beside what the passes themselves do.
type Cost struct {
	Pass           int   `json:"pass"`
	Passes         int   `json:"passes"`
	MACs           int64 `json:"macs"`            // fp32
	WeightBytes    int64 `json:"weight_bytes"`    // fp32, read once each time
	VectorElements int64 `json:"vector_elements"` // values through the vector unit
	KVElements     int64 `json:"kv_elements"`     // of the cache, read once more
}

// Product is a matrix product of a scheduler: M rows of activations times the transpose of an N×K matrix, which is made
// of fp32 weights or was computed.
type Product struct {
	M, N, K int
	Weights bool
}

// work is what one decision computes.
type work struct {
	products     []Product
	otherWeights int64 // fp32 weights that are in no product: biases, norms
	vector       int64 // values through the vector unit
	cache        int64 // values of the cache, read once more
}

const fp32Bytes = 4

// Cost returns what the plan takes to decide about a model after a prompt of so many tokens; the zero Cost if that is
// nothing.
func (p *Plan) Cost(s Schedule, m *workloads.Model, prompt int) Cost {
	if p.Asked == 0 {
		return Cost{}
	}
	w := s.work(m, prompt)
	c := Cost{Pass: 1, Passes: p.Asked, WeightBytes: fp32Bytes * w.otherWeights, VectorElements: w.vector, KVElements: w.cache}
	for _, x := range w.products {
		c.MACs += int64(x.M) * int64(x.N) * int64(x.K)
		if x.Weights {
			c.WeightBytes += fp32Bytes * int64(x.N) * int64(x.K)
		}
	}
	return c
}

// Products returns the matrix products of a decision, in their order.
func (p *Plan) Products(s Schedule, m *workloads.Model, prompt int) []Product {
	if p.Asked == 0 {
		return nil
	}
	return s.work(m, prompt).products
}

func (s Schedule) work(m *workloads.Model, prompt int) work {
	if of := s.Kind.row().work; of != nil {
		return of(m, prompt)
	}
	return work{}
}
