package cpu

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/viterin/vek/vek32"
	"github.com/x448/float16"

	"github.com/pmpdsim/pmpdsim/gpu/weights"
)

// numbers draws fp32 of many sizes, some of them small.
func numbers(r *rand.Rand, n int) []float32 {
	all := make([]float32, n)
	for i := range all {
		all[i] = float32(r.NormFloat64() * math.Exp2(float64(r.IntN(40)-30)))
	}
	return all
}

// TestPlainDotIsTheKernel: to the bit, at every length.
func TestPlainDotIsTheKernel(t *testing.T) {
	if !vek32.Info().Acceleration {
		t.Skip("no AVX2 here: products are plain ones")
	}
	r := rand.New(rand.NewPCG(1, 2))
	for n := 1; n < 400; n++ {
		for range 4 {
			a, b := numbers(r, n), numbers(r, n)
			if got, want := plainDot(a, b), vek32.Dot(a, b); math.Float32bits(got) != math.Float32bits(want) {
				t.Fatalf("%d values: %g, the kernel says %g", n, got, want)
			}
		}
	}
}

// TestFusedRoundsOnce holds both functions against exact sums: ordinary ones, and such as lie next to a tie of fp32.
func TestFusedRoundsOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	ties := 0
	for range 200_000 {
		x := numbers(r, 3)
		if r.IntN(2) == 0 { // a·b far below the half of c's last place, and c a number whose half follows
			x[0] = float32(1+r.IntN(1<<12)) * 0x1p-12
			x[1] = float32(1 + r.IntN(1<<12))
			x[2] = float32(math.Ldexp(float64(1<<23+r.IntN(1<<23)), r.IntN(40)-20))
		}
		a, b, c := x[0], x[1], x[2]
		exact := new(big.Float).SetPrec(500).Mul(big.NewFloat(float64(a)), big.NewFloat(float64(b)))
		want, _ := exact.Add(exact, big.NewFloat(float64(c))).Float32()
		for _, got := range []float32{fusedOdd(a, b, c), fused(a, b, c)} {
			if got != want {
				t.Fatalf("%g·%g + %g is %g, want %g", a, b, c, got, want)
			}
		}
		if twice := float32(float64(a)*float64(b) + float64(c)); twice != want {
			ties++
		}
	}
	t.Logf("rounded twice, %d would be wrong", ties)
}

// TestHalf: every binary16, what lies between two, next to that, and what is out of range, as float16 rounds it.
func TestHalf(t *testing.T) {
	check := func(x float32) {
		if got, want := half(x), float16.Fromfloat32(x).Float32(); math.Float32bits(got) != math.Float32bits(want) && want == want {
			t.Fatalf("%x is rounded to %x, want %x", x, got, want)
		}
	}
	for h := range 1 << 16 {
		x := float16.Frombits(uint16(h)).Float32()
		next := float16.Frombits(uint16(h) + 1).Float32()
		middle := x/2 + next/2
		for _, v := range []float32{x, middle, math.Nextafter32(middle, x), math.Nextafter32(middle, next), math.Nextafter32(x, next), 2 * x} {
			check(v)
		}
	}
	r := rand.New(rand.NewPCG(5, 6))
	for range 1_000_000 {
		check(math.Float32frombits(r.Uint32()))
	}
	if !math.IsNaN(float64(half(float32(math.NaN())))) {
		t.Error("no number becomes one")
	}
}

// TestOperands: rows of every binary16, in the order of operands, whether small weights are listed or many.
func TestOperands(t *testing.T) {
	b := &backend{value: make([]float32, 1<<16)}
	for h := range b.value {
		b.value[h] = float16.Frombits(uint16(h)).Float32()
	}
	r := rand.New(rand.NewPCG(7, 8))
	for _, c := range []struct {
		name  string
		small bool
		plain bool
	}{{"few", false, false}, {"many", true, true}} {
		m := &weights.Matrix{Out: 64, In: 1024, Half: make([]uint16, 1<<16)}
		for i, h := range r.Perm(1 << 16) {
			if m.Half[i] = uint16(h); c.small {
				m.Half[i] &^= 0x6000
			}
		}
		o := newOperand(m, m.Half)
		if !c.small && len(o.small) != 2048 || o.plain != c.plain {
			t.Errorf("%s: %d small weights, plain %t", c.name, len(o.small), o.plain)
		}
		rows := reader{backend: b, of: m, operands: map[int]*operand{16: o}}
		x := make([]float32, m.In)
		for row := range m.Out {
			got := rows.read(0, row, 16)
			for i, h := range m.Half[row*m.In : (row+1)*m.In] {
				x[i] = b.value[h]
			}
			want := make([]float32, m.In)
			arrange(want, x)
			for i := range want {
				if math.Abs(float64(want[i])) < 0x1p16 && math.Float32bits(got[i]) != math.Float32bits(want[i]) {
					t.Fatalf("%s: row %d, place %d is %g, want %g", c.name, row, i, got[i], want[i])
				}
			}
		}
	}
}
