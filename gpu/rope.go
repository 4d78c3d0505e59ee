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
	return RopeRows(m, false, 0, positions, positions)
}

// RopeRows are some rows of the table, for a pass behind which the cache has so many positions: two kinds of stretching go
// by that. Layers with a window may have a table of their own.
func RopeRows(m *weights.Model, windowed bool, from, to, positions int) []float32 {
	frequencies, scale := frequencies(m, windowed, positions)
	table := make([]float32, 0, 2*len(frequencies)*(to-from))
	for position := from; position < to; position++ {
		for _, f := range frequencies {
			sin, cos := math.Sincos(float64(position) * f)
			table = append(table, float32(scale*cos), float32(scale*sin))
		}
	}
	return table
}

// frequencies are those of the pairs, and what sines and cosines are multiplied by (transformers' modeling_rope_utils.py).
func frequencies(m *weights.Model, windowed bool, positions int) (all []float64, scale float64) {
	theta, s, dim := m.RopeTheta, m.RopeScale, float64(m.RotaryDim)
	if windowed && m.WindowTheta > 0 {
		theta, s = m.WindowTheta, nil
	}
	if s != nil && s.Kind == workloads.RopeDynamic {
		theta *= math.Pow(s.Factor*max(float64(positions), s.Original)/s.Original-(s.Factor-1), dim/(dim-2))
	}
	for j := range m.RotaryDim / 2 {
		all = append(all, math.Pow(theta, -2*float64(j)/dim))
	}
	if s == nil {
		return all, 1
	}
	low, high := turns(s, theta, dim)
	for j, f := range all {
		switch s.Kind {
		case workloads.RopeLinear:
			all[j] = f / s.Factor
		case workloads.RopeLlama3:
			all[j] = llama3(s, f)
		case workloads.RopeYarn:
			kept := 1 - min(max((float64(j)-low)/(high-low), 0), 1)
			all[j] = f*kept + f/s.Factor*(1-kept)
		case workloads.RopeLong:
			by := s.Short
			if float64(positions) > s.Original {
				by = s.Long
			}
			all[j] = f / by[j]
		case workloads.RopeDynamic:
		}
	}
	if s.Attention > 0 {
		return all, s.Attention
	}
	return all, 1
}

// llama3 divides the frequency of waves longer than the old context over Low by Factor, keeps waves shorter than the old
// context over High, and interpolates between.
func llama3(s *workloads.RopeScale, frequency float64) float64 {
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

// turns are the pairs between which yarn interpolates: those that turn High times and Low times within the old context.
func turns(s *workloads.RopeScale, theta, dim float64) (low, high float64) {
	if s.Kind != workloads.RopeYarn {
		return 0, 1
	}
	pair := func(times float64) float64 {
		return dim * math.Log(s.Original/(times*2*math.Pi)) / (2 * math.Log(theta))
	}
	low, high = pair(s.High), pair(s.Low)
	if !s.Exact {
		low, high = math.Floor(low), math.Ceil(high)
	}
	low, high = max(low, 0), min(high, dim-1)
	if low == high {
		high += 0.001
	}
	return low, high
}
