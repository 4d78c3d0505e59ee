package eval

import (
	"math/rand/v2"
	"slices"

	"github.com/pmpdsim/pmpdsim/sim/unit/sample"
)

const (
	// Confidence is the share of resamples whose mean an interval holds.
	Confidence = 0.95

	// Resamples is how often the prompts are drawn again: the ends of a 95 % interval then vary by some 1 % of its width
	// from seed to seed.
	Resamples = 10_000
)

// Interval is a mean over prompts with what it may be off by because other prompts could have been chosen.
type Interval struct{ Mean, Low, High float64 }

// Bootstrap returns the mean of values, one a prompt, and the percentile interval of it (Efron 1979, "Bootstrap Methods: Another
// Look at the Jackknife"): as many prompts are drawn with replacement, Resamples times. Equal seeds draw the same prompts, so
// that schedules which ran on the same prompts are resampled alike. No values: zeros.
func Bootstrap(values []float64, seed uint64) Interval {
	if len(values) == 0 {
		return Interval{}
	}
	r := rand.New(rand.NewPCG(seed, 0x626f6f74)) //nolint:gosec // "boot": no secret
	means := make([]float64, Resamples)
	for i := range means {
		sum := 0.0
		for range values {
			sum += values[r.IntN(len(values))]
		}
		means[i] = sum / float64(len(values))
	}
	slices.Sort(means)
	at := func(p float64) float64 { return sample.Quantile(p, means) }
	return Interval{Mean: sample.Mean(values), Low: at((1 - Confidence) / 2), High: at((1 + Confidence) / 2)}
}
