// Package sample sums up samples: means, medians, quantiles and how two are correlated.
//
// # What it models
//
// Nothing. Means, quantiles and correlations have the bits of those of gonum's package stat, which the tests hold them against; gonum has no
// median that is the mean of both middles.
//
// # What it leaves out
//
// Weights of values. And gonum's stat itself: it imports gonum's matrices, whose init makes the linker keep all of LAPACK, 1.5 MB of
// the program.
//
// # Adding one more
//
// A function here, with gonum's as its oracle in the test.
package sample

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// Mean returns the mean of values; not a number if there are none.
func Mean(values []float64) float64 { return floats.Sum(values) / float64(len(values)) }

// Median returns the middle of values, of an even number the mean of both middles, and leaves them as they stand. There must be some.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// Quantile returns where the share p, 0 to 1, of sorted values lies below, between two values on a straight line, and at the first
// value for shares of less than one value. There must be values; with one that is no number, it is none either.
func Quantile(p float64, sorted []float64) float64 {
	if floats.HasNaN(sorted) {
		return math.NaN()
	}
	rank := p * float64(len(sorted))
	i := 0
	for float64(i+1) < rank {
		i++
	}
	if i == 0 {
		return sorted[0]
	}
	below := float64(i+1) - rank
	return float64(below*sorted[i-1]) + float64((1-below)*sorted[i])
}

// Correlation returns Pearson's coefficient of two samples of one length, in two passes, corrected by the sums of what is left
// (Chan, Golub, LeVeque 1983, "Algorithms for computing the sample variance", 1.7).
func Correlation(a, b []float64) float64 {
	n, meanA, meanB := float64(len(a)), Mean(a), Mean(b)
	var aa, bb, ab, restA, restB float64
	for i := range a {
		da, db := a[i]-meanA, b[i]-meanB
		aa += float64(da * da)
		bb += float64(db * db)
		ab += float64(da * db)
		restA += da
		restB += db
	}
	aa -= float64(restA*restA) / n
	bb -= float64(restB*restB) / n
	return (ab - float64(restA*restB)/n) / math.Sqrt(aa*bb)
}
