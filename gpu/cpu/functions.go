package cpu

import (
	"math"
	"math/bits"

	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// activation is the function between a model's MLP matrices (transformers' activations.py).
func activation(m *weights.Model) func(float64) float64 {
	switch {
	case m.Activation == workloads.Silu:
		return func(v float64) float64 { return v / (1 + math.Exp(-v)) }
	case m.Activation == workloads.Relu:
		return func(v float64) float64 { return max(v, 0) }
	case m.Activation == workloads.Relu2:
		return func(v float64) float64 { return max(v, 0) * max(v, 0) }
	case m.Erf:
		return func(v float64) float64 { return 0.5 * v * (1 + math.Erf(v/math.Sqrt2)) }
	}
	return func(v float64) float64 { return 0.5 * v * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v))) }
}

// capped is cap·tanh(x/cap): about x where it is small, never more than cap.
func capped(x float32, most float64) float32 { return float32(most * math.Tanh(float64(x)/most)) }

// slopes are ALiBi's, by head: what the score of a position loses for each position that it lies back (arXiv 2108.12409).
// Where heads are no power of two, those of the next power are taken by twos: mpt takes the second of each pair first, the
// others begin with the slopes of the power below (transformers' build_mpt_alibi_tensor and build_alibi_tensor). falcon
// scales them as it does scores.
func slopes(m *weights.Model) []float32 {
	if !m.ALiBi {
		return nil
	}
	of := func(heads int) (all []float64) {
		for i := range heads {
			all = append(all, math.Exp2(-8*float64(i+1)/float64(heads)))
		}
		return all
	}
	odd := func(all []float64, from int) (some []float64) {
		for i := from; i < len(all); i += 2 {
			some = append(some, all[i])
		}
		return some
	}
	below := 1 << (bits.Len(uint(m.Heads)) - 1)
	all := of(below)
	if below < m.Heads {
		above := of(2 * below)
		if m.Family == "mpt" {
			all = odd(above, 1)
		}
		all = append(all, odd(above, 0)...)
	}
	scale := 1.0
	if m.Family == "falcon" {
		scale = 1 / math.Sqrt(float64(m.HeadDim))
	}
	out := make([]float32, m.Heads)
	for i := range out {
		out[i] = float32(scale * all[i])
	}
	return out
}
