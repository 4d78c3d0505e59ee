package cpu

import (
	"math"

	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// activation is the function between a model's MLP matrices (transformers' activations.py).
func activation(m *weights.Model) func(float64) float64 {
	switch {
	case m.Activation == workloads.Silu:
		return func(v float64) float64 { return v / (1 + math.Exp(-v)) }
	case m.Erf:
		return func(v float64) float64 { return 0.5 * v * (1 + math.Erf(v/math.Sqrt2)) }
	}
	return func(v float64) float64 { return 0.5 * v * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v))) }
}

// capped is cap·tanh(x/cap): about x where it is small, never more than cap.
func capped(x float32, most float64) float32 { return float32(most * math.Tanh(float64(x)/most)) }
