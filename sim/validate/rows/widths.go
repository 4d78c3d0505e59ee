package rows

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/sim/unit/sample"
)

// Width is the measurements with weights of one width: medians of the share of the DRAM's peak that decode takes.
type Width struct {
	Bits, N             int
	Measured, Predicted float64 // 0 to 1
}

// Widths returns the widths of the measurements whose shares are known, in rising order.
func Widths(all []Row) []Width {
	measured, predicted := map[int][]float64{}, map[int][]float64{}
	var bits []int
	for i := range all {
		r := &all[i]
		if r.MeasuredShare() == 0 || r.PredictedShare() == 0 {
			continue
		}
		if !slices.Contains(bits, r.WeightBits) {
			bits = append(bits, r.WeightBits)
		}
		measured[r.WeightBits] = append(measured[r.WeightBits], r.MeasuredShare())
		predicted[r.WeightBits] = append(predicted[r.WeightBits], r.PredictedShare())
	}
	slices.Sort(bits)
	out := make([]Width, len(bits))
	for i, b := range bits {
		out[i] = Width{b, len(measured[b]), sample.Median(measured[b]), sample.Median(predicted[b])}
	}
	return out
}
