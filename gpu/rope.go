package gpu

import (
	"math"

	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// RopeTable is cosine and sine of each position's angles, [positions][RotaryDim/2][2]: angle position·θ^(-2j/RotaryDim)
// for pair j of the rotated values, which are j and j+RotaryDim/2 (RoFormer, arXiv 2104.09864, in the half-split order
// of transformers). It is computed in float64 and rounded once, so every backend rotates by the same angles.
func RopeTable(m *weights.Model, positions int) []float32 {
	half := m.RotaryDim / 2
	table := make([]float32, 0, positions*half*2)
	frequencies := make([]float64, half)
	for j := range frequencies {
		frequencies[j] = stretched(m.RopeScale, math.Pow(m.RopeTheta, -2*float64(j)/float64(m.RotaryDim)))
	}
	for position := range positions {
		for _, f := range frequencies {
			sin, cos := math.Sincos(float64(position) * f)
			table = append(table, float32(cos), float32(sin))
		}
	}
	return table
}

// stretched applies Llama 3.1's scaling: it divides the frequency of waves longer than the old context over Low by
// Factor, keeps waves shorter than the old context over High, and interpolates between (transformers'
// modeling_rope_utils, "llama3").
func stretched(s *workloads.RopeScale, frequency float64) float64 {
	if s == nil {
		return frequency
	}
	wave := 2 * math.Pi / frequency
	switch {
	case wave > s.Original/s.Low:
		return frequency / s.Factor
	case wave < s.Original/s.High:
		return frequency
	}
	smooth := (s.Original/wave - s.Low) / (s.High - s.Low)
	return (1-smooth)*frequency/s.Factor + smooth*frequency
}
