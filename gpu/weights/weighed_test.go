package weights_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/x448/float16"

	"github.com/pmpdsim/pmpdsim/gpu/weights"
)

// weighed quantises rows with sensitivities.
func weighed(t *testing.T, rows, in, seed int, values []uint16, sensitivities []float32) *weights.Matrix {
	t.Helper()
	m := &weights.Matrix{Out: rows, In: in, Half: values}
	if err := m.Quantise(weights.QuantiseOptions{Seed: seed, Sensitivities: sensitivities}); err != nil {
		t.Fatal(err)
	}
	return m
}

// squares are like squared gradients: of chi-square distribution with one degree of freedom.
func squares(seed uint64, n int) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]float32, n)
	for i := range out {
		x := r.NormFloat64()
		out[i] = float32(x * x)
	}
	return out
}

func scaled(values []float32, by float32) []float32 {
	out := make([]float32, len(values))
	for i, v := range values {
		out[i] = v * by
	}
	return out
}

func TestOnlyRatiosOfSensitivitiesInARowMatter(t *testing.T) {
	const rows, in = 4, 512
	values, all := normal(3, rows*in, 0.02), squares(3, rows*in)
	plain := weighed(t, rows, in, 2, values, nil)
	for name, same := range map[string][]float32{"ones": scaled(make([]float32, rows*in), 1), "zeros": make([]float32, rows*in)} {
		if name == "ones" {
			for i := range same {
				same[i] = 0.3
			}
		}
		if got := weighed(t, rows, in, 2, values, same); !reflect.DeepEqual(got, plain) {
			t.Errorf("%s: other planes than without sensitivities", name)
		}
	}
	want := weighed(t, rows, in, 3, values, all)
	if reflect.DeepEqual(want, plain) {
		t.Error("sensitivities change nothing")
	}
	for _, by := range []float32{1 << 20, 0x1p-60, 0x1p100} {
		if got := weighed(t, rows, in, 3, values, scaled(all, by)); !reflect.DeepEqual(got, want) {
			t.Errorf("%g times the sensitivities yield other planes", by)
		}
	}
}

// Sensitivities of float32's whole range, and zeros among them: every entry lies among the values that it stands for.
func TestExtremeSensitivitiesYieldCodebooksWithinTheirClusters(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for range 60 {
		in := 32 * (1 + r.IntN(20))
		values, all := normal(r.Uint64(), in, 1), make([]float32, in)
		for i := range all {
			if r.IntN(3) > 0 {
				all[i] = float32(math.Exp2(200*r.Float64() - 100))
			}
		}
		for seed := weights.MinSeed; seed <= weights.MaxSeed; seed++ {
			m := weighed(t, 1, in, seed, values, all)
			for n := weights.MinBits; n <= weights.Planes; n++ {
				for c, of := range clusters(m, 0, n) {
					h := m.Tables[n][c]
					if v := float16.Frombits(h); v.IsNaN() || v.IsInf(0) {
						t.Fatalf("code %d of %d bits is not finite", c, n)
					}
					if len(of) > 0 && (value(h) < of[0]-1e-3*math.Abs(of[0]) || value(h) > of[len(of)-1]+1e-3*math.Abs(of[len(of)-1])) {
						t.Fatalf("code %d of %d bits is %g, of values from %g to %g", c, n, value(h), of[0], of[len(of)-1])
					}
				}
			}
		}
	}
}

// Weights that calibration never used are divided as others are: among themselves they count alike.
func TestWeightsOfNoSensitivityAreClusteredAmongThemselves(t *testing.T) {
	values, all := make([]uint16, 64), make([]float32, 64)
	for i := range values {
		values[i], all[i] = half(float64(i)), 1
		if i >= 32 {
			values[i], all[i] = half(1000+float64(i/8*100)), 0
		}
	}
	m := weighed(t, 1, 64, 2, values, all)
	codes := codesOf(m, 0, weights.Planes)
	for i := range values {
		if got := value(m.Tables[weights.Planes][codes[i]]); got != value(values[i]) {
			t.Errorf("%g became %g", value(values[i]), got)
		}
	}
}

// A seed of 3 bits is best at 3 bits, one of 2 at 2, in what each makes least.
func TestSeedsAreBestAtTheirWidth(t *testing.T) {
	for i := range uint64(8) {
		const in = 768
		values, all := normal(i, in, 0.02), squares(i, in)
		errorOf := func(seed, bits int) float64 {
			m := weighed(t, 1, in, seed, values, all)
			return (&quantisedRow{Row: values, Sensitivities: all}).weighed(m, bits)
		}
		if two, three := errorOf(2, 2), errorOf(3, 2); two >= three {
			t.Errorf("2 bits: seed of 2 has %g, of 3 %g", two, three)
		}
		if two, three := errorOf(2, 3), errorOf(3, 3); two <= three {
			t.Errorf("3 bits: seed of 2 has %g, of 3 %g", two, three)
		}
	}
}

func TestSensitivitiesThatAreRefused(t *testing.T) {
	values := normal(1, 2*64, 1)
	for _, bad := range []float32{-1, float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		all := squares(1, 2*64)
		all[64+7] = bad
		m := &weights.Matrix{Out: 2, In: 64, Half: values}
		err := m.Quantise(weights.QuantiseOptions{Sensitivities: all})
		if err == nil || !strings.HasPrefix(err.Error(), "row 1 has the sensitivity ") || !strings.HasSuffix(err.Error(), " in column 7; accepted: a finite number that is not negative") {
			t.Errorf("%g: %v", bad, err)
		}
	}
	m := &weights.Matrix{Out: 2, In: 64, Half: values}
	if err := m.Quantise(weights.QuantiseOptions{Sensitivities: make([]float32, 64)}); err == nil || err.Error() != "64 sensitivities of 128 weights; accepted: one for each" {
		t.Errorf("got %v", err)
	}
	for _, seed := range []int{1, 4, -1} {
		if err := m.Quantise(weights.QuantiseOptions{Seed: seed}); err == nil || !strings.HasSuffix(err.Error(), " bits; accepted: 2 to 3") {
			t.Errorf("seed of %d bits: %v", seed, err)
		}
	}
}
