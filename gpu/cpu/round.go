package cpu

import (
	"math"

	"github.com/x448/float16"
)

// half rounds to binary16, nearest even.
func half(x float32) float32 {
	const (
		lost     = 13 // bits of the mantissa of fp32 that binary16 does not have
		exponent = 0x7f800000
		smallest = (127 - 14) << 23 // 2^-14: below, binary16 has fewer bits
		largest  = (127 + 15) << 23 // 2^15: above, rounding may leave its range
	)
	if b := math.Float32bits(x); b&exponent-smallest < largest-smallest {
		return math.Float32frombits((b + (1<<(lost-1) - 1) + b>>lost&1) &^ (1<<lost - 1))
	}
	if x == 0 {
		return x
	}
	return float16.Fromfloat32(x).Float32()
}
