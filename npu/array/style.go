package array

import (
	"fmt"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Style is how a PE turns operand widths into cycles.
type Style interface {
	// Rate returns the throughput of a PE with weights of this width.
	Rate(weight unit.Bits) Rate
	// Feed returns the work beside the PEs for a tile whose weights each enter the array that many times.
	Feed(w isa.Work, times int64) Feed
	// Switch returns the time of a change of precision.
	Switch() unit.Cycles
}

// Rate is Lanes multiply-accumulates along the reduction in Cycles cycles of one PE.
type Rate struct{ Cycles, Lanes int64 }

// Feed is the work of a tile beside the PEs, at the same time as theirs: Cycles is a lower bound on the tile's time.
type Feed struct {
	Cycles       int64
	Lookups      int64 // codes that go through a codebook
	Scalings     int64 // multiplications by a scale
	TableEntries int64 // entries computed of tables of activation sums
}

// Description is a style in words.
type Description struct {
	Style   config.Style
	Meaning string
	Paper   string
	MAC     string // cycles per multiply-accumulate of one PE
	Tile    string // lower bound on a tile beside the PEs; empty: none
	Switch  string // cost of a change of precision
	Omitted string // what the model of the style leaves out
}

// Geometry is how the PEs' cycles of a tile follow from a style's rate, in words.
const Geometry = `A tile is an M x K block of activations times an N x K block of weights. A PE does L multiply-accumulates in c cycles.
weight-stationary: folds = ceil(K / L / rows) * ceil(N / cols), stream = M * c
output-stationary: folds = ceil(M / rows) * ceil(N / cols), stream = ceil(K / L) * c
input-stationary: folds = ceil(K / L / rows) * ceil(M / cols), stream = N * c
double_buffer: true: folds * max(stream, rows), and rows + cols - 2 once per operator to fill and drain.
double_buffer: false: folds * (2 * rows + cols + stream - 2).
gemv: columns and k-split: M * ceil(K / L / rows) * ceil(N / cols) * c where that is faster; k-split divides K by the
floor(cols / N) slices that idle columns take.
weights.group of 32 to 128, in all styles but dequant-fp16 with array.group_scales: weights:
M * N * ceil(K / group) / dequant_lanes; twice that with zero_points. kv.group: the same for scores; for the context,
and for scores of keys by channel, whose scales lie across the reduction, M * K * ceil(N / group) / dequant_lanes.
A tile takes no less than its bound, or than its reads from the scratchpad at scratchpad.bytes_per_cycle.
array.unpack: N * K codes at array.unpack.bitsB a cycle, and the scales of groups at array.unpack.scales, beside that
(overlap: products) or before it (overlap: loads).`

// New returns the style that a.Style names.
func New(a config.Array) (Style, error) {
	s, _, err := styleOf(a)
	return s, err
}

// Describe returns a style in words.
func Describe(s config.Style) (Description, error) {
	_, d, err := styleOf(config.Array{Style: s})
	d.Style = s
	return d, err
}

// styleOf returns the style that a.Style names, and its description.
func styleOf(a config.Array) (Style, Description, error) {
	switch a.Style {
	case config.BitSerialWeight:
		return bitSerialWeight{a}, bitSerialWeightInWords(), nil
	case config.BitSerialBoth:
		return bitSerialBoth{a}, bitSerialBothInWords(), nil
	case config.BitParallelFused:
		return bitParallelFused{a}, bitParallelFusedInWords(), nil
	case config.LUT:
		return lut{a}, lutInWords(), nil
	case config.DequantFP16:
		return dequantFP16{a}, dequantFP16InWords(), nil
	case config.PlainINT8:
		return plainINT8{a}, plainINT8InWords(), nil
	}
	return nil, Description{}, unknown("array.style", "a style", a.Style, config.Styles())
}

var (
	_ Style = bitSerialWeight{}
	_ Style = bitSerialBoth{}
	_ Style = bitParallelFused{}
	_ Style = lut{}
	_ Style = dequantFP16{}
	_ Style = plainINT8{}
)

// unknown returns the error of a value that is none of the accepted ones.
func unknown[T ~string](path, what string, got T, accepted []T) error {
	var names []string
	for _, n := range accepted {
		names = append(names, string(n))
	}
	return fmt.Errorf("%s: %q is not %s; accepted: %s", path, got, what, strings.Join(names, ", "))
}

// significand returns the width of an activation in an integer PE. Floating-point activations enter as significands
// aligned to the largest exponent of their vector, in two's complement (FIGNA, HPCA 2024): fp16 has 10 stored bits, the
// implicit one and the sign; bf16 7, 1 and 1. Left out: the bits that alignment shifts out, for which FIGNA widens the
// significand, and the time of the aligning unit, which is pipelined.
func significand(a config.Activations) int64 {
	switch a {
	case config.FP16:
		return 10 + 1 + 1
	case config.BF16:
		return 7 + 1 + 1
	case config.INT8:
		return 8
	}
	panic("array: no width of activations of the format " + string(a))
}
