package workloads

import (
	"math"
	"slices"
)

// Softmax replaces scores, of which there is at least one, by their probabilities: a router's of experts, a classifier's of classes.
func Softmax(x []float64) {
	most, sum := slices.Max(x), 0.0
	for i, v := range x {
		x[i] = math.Exp(v - most)
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
}
