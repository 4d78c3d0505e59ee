//go:build cuda

package check

import (
	"math"
	"math/rand/v2"

	"github.com/x448/float16"
)

func half(v float64) uint16 { return float16.Fromfloat32(float32(v)).Bits() }
func wide(h uint16) float64 { return float64(float16.Frombits(h).Float32()) }

func wides(h []uint16) []float64 {
	out := make([]float64, len(h))
	for i := range h {
		out[i] = wide(h[i])
	}
	return out
}

// source is a seeded stream of numbers.
func source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

// normal makes n binary16 numbers of a normal distribution.
func normal(r *rand.Rand, n int, mean, deviation float64) []uint16 {
	out := make([]uint16, n)
	for i := range out {
		out[i] = half(mean + deviation*r.NormFloat64())
	}
	return out
}

// near fails where the error of got, relative to the length of want, is above most, or where a value is far off by
// itself.
func near(t reporter, what string, got []uint16, want []float64, most float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	var off, all float64
	for i := range got {
		g := wide(got[i])
		if math.IsNaN(g) {
			t.Fatalf("%s: value %d is NaN, want %g", what, i, want[i])
		}
		off += (g - want[i]) * (g - want[i])
		all += want[i] * want[i]
	}
	scale := math.Sqrt(all / float64(len(want)))
	for i := range got {
		if g := wide(got[i]); math.Abs(g-want[i]) > 30*most*max(scale, math.Abs(want[i])) {
			t.Fatalf("%s: value %d is %g, want %g", what, i, g, want[i])
		}
	}
	if e := math.Sqrt(off / all); !(e <= most) {
		t.Errorf("%s: relative error %.2e, accepted: up to %.1e", what, e, most)
	}
}

// close1 fails where two numbers differ by more than a share of the wanted one or, near 0, by that much.
func close1(t reporter, what string, got float32, want, most float64) {
	t.Helper()
	if d := math.Abs(float64(got) - want); !(d <= most*max(1, math.Abs(want))) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
