package cpu

import (
	"math"

	"github.com/viterin/vek/vek32"
)

// dot is a scalar product in fp32. Its order is that of vek's kernel for AVX2, also where the kernel does not run: lane l of
// accumulator j adds the products at 32i + 8j + l, each in one rounding; then the accumulators are added, then the lanes. So a
// product has the same bits on every machine, and for each vector of a batch those that it has alone (ADR 41).
type dot func(a, b []float32) float32

// newDot is the fastest for this machine.
func newDot() dot {
	if vek32.Info().Acceleration {
		return vek32.Dot
	}
	return plainDot
}

const (
	dotLanes = 8
	dotParts = 4
)

// plainDot is what the kernel computes.
func plainDot(a, b []float32) float32 {
	var p [dotParts][dotLanes]float32
	b = b[:len(a)]
	for ; len(a) >= dotParts*dotLanes; a, b = a[dotParts*dotLanes:], b[dotParts*dotLanes:] {
		for j := range p {
			x, y := a[j*dotLanes:(j+1)*dotLanes], b[j*dotLanes:(j+1)*dotLanes]
			for l := range p[j] {
				p[j][l] = fused(x[l], y[l], p[j][l])
			}
		}
	}
	var lanes [dotLanes]float32
	for l := range lanes {
		lanes[l] = p[0][l] + p[1][l] + p[2][l] + p[3][l]
	}
	for n := dotLanes / 2; n > 0; n /= 2 {
		for l := range n {
			lanes[l] += lanes[l+n]
		}
	}
	total := lanes[0]
	for i, x := range a {
		total = fused(x, b[i], total)
	}
	return total
}

// fusedOdd is a·b + c in one rounding, by way of float64, which holds the product exactly. Its sum is rounded to odd: the bit
// that is lost is kept in the last place, so that rounding again to fp32 sees which side of a tie it is on (Boldo and
// Melquiond, Emulation of FMA and correctly rounded sums, IEEE Trans. Computers 57(4), 2008).
func fusedOdd(a, b, c float32) float32 {
	product, add := float64(a)*float64(b), float64(c)
	sum := product + add
	if math.IsInf(sum, 0) || math.IsNaN(sum) {
		return float32(sum)
	}
	part := sum - product // Knuth's TwoSum: what the sum has lost
	lost := (product - (sum - part)) + (add - part)
	if bits := math.Float64bits(sum); lost != 0 && bits&1 == 0 {
		if (lost > 0) == (sum > 0) {
			bits++
		} else {
			bits--
		}
		sum = math.Float64frombits(bits)
	}
	return float32(sum)
}
