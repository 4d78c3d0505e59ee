package sample

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"
)

// TestTheBitsAreGonums holds random samples against gonum's functions.
func TestTheBitsAreGonums(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // no secret
	for n := 1; n < 200; n++ {
		a, b := make([]float64, n), make([]float64, n)
		for i := range a {
			a[i], b[i] = r.NormFloat64(), math.Round(3*r.NormFloat64())
		}
		same(t, n, "mean", Mean(a), stat.Mean(a, nil))
		same(t, n, "correlation", Correlation(a, b), stat.Correlation(a, b, nil))
		slices.Sort(a)
		slices.Sort(b)
		for _, p := range []float64{0, 1e-9, 0.025, 0.5, r.Float64(), 0.975, 1} {
			same(t, n, "quantile", Quantile(p, a), stat.Quantile(p, stat.LinInterp, a, nil))
			same(t, n, "quantile with ties", Quantile(p, b), stat.Quantile(p, stat.LinInterp, b, nil))
		}
	}
	if q := Quantile(0.5, []float64{math.NaN(), 1}); !math.IsNaN(q) {
		t.Errorf("a quantile of what is no number is %v", q)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{4}, 4}, {[]float64{3, 1}, 2}, {[]float64{9, 1, 2}, 2}, {[]float64{8, 1, 4, 2}, 3}} {
		before := slices.Clone(c.values)
		if got := Median(c.values); got != c.want || !slices.Equal(c.values, before) {
			t.Errorf("the median of %v is %v, want %v; it leaves %v", before, got, c.want, c.values)
		}
	}
}

func same(t *testing.T, n int, what string, got, want float64) {
	t.Helper()
	if got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
		t.Errorf("%s of %d values is %v; gonum's is %v", what, n, got, want)
	}
}
