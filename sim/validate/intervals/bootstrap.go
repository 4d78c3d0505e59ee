package intervals

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/pmpdsim/pmpdsim/sim/unit/sample"
)

const (
	// Share is the part of what is measured that an interval is to hold.
	Share = 0.8

	// Draws is how often errors are drawn for an interval.
	Draws = 10_000
)

// Interval is what a predicted speed is multiplied by: measured over predicted speed.
type Interval struct{ Low, High float64 }

// holds reports whether a measured over predicted speed is within.
func (i Interval) holds(ratio float64) bool { return i.Low <= ratio && ratio <= i.High }

// cluster is the errors of a device, or of a model on a device: logarithms of measured over predicted speeds.
type cluster struct {
	name  string
	class string
	logs  []float64
}

// source is the generator of a kind of draws: always the same, so that an interval is.
func source(kind uint64) *rand.Rand { return rand.New(rand.NewPCG(16, kind)) } //nolint:gosec // no secret

// bootstrap returns the interval of a further point of a further cluster. A draw is the error of a point of a cluster, both
// chosen at random, moved by how far the mean of a resample (clusters with replacement, then points within each) lies from
// the mean of all: so far may the mean be off that so few clusters give. Distances from the mean are widened by the root of
// k / (k - 1), as those of k values from their own mean are narrower by that (Stine 1985, "Bootstrap prediction intervals
// for regression").
func bootstrap(all []cluster) Interval {
	r := source(1)
	mean := 0.0
	for _, c := range all {
		mean += sample.Mean(c.logs)
	}
	k := float64(len(all))
	mean /= k
	wider := math.Sqrt(k / (k - 1))
	draws := make([]float64, Draws)
	for d := range draws {
		again := 0.0
		for range all {
			logs, sum := pick(r, all).logs, 0.0
			for range logs {
				sum += pick(r, logs)
			}
			again += sum / float64(len(logs))
		}
		off := pick(r, pick(r, all).logs) - again/k
		draws[d] = mean + float64(wider*off)
	}
	return quantiles(draws)
}

// quantiles returns the interval that leaves out as many draws below as above. The factors are rounded to thousandths:
// exponentials differ in their last bit from processor to processor.
func quantiles(logs []float64) Interval {
	slices.Sort(logs)
	at := func(p float64) float64 {
		return math.Round(1000*math.Exp(sample.Quantile(p, logs))) / 1000
	}
	return Interval{at((1 - Share) / 2), at((1 + Share) / 2)}
}

func pick[T any](r *rand.Rand, all []T) T { return all[r.IntN(len(all))] }

// Pair says what two machines have in common.
type Pair int

// The pairs.
const (
	SameMachine Pair = iota // they differ in DRAM's bandwidth or in the bits of the weights only: errors of one device
	SameClass               // of one class of runtimes, other designs: errors of two devices of a class
	Others                  // of any two devices
)

// differences draws by how much the errors of two machines differ: of two points of a device, or of points of two
// devices. They are sorted.
func differences(all []cluster, p Pair) []float64 {
	r := source(2 + uint64(p))
	var pairs [][2]int
	for i := range all {
		for j := range all {
			if same := i == j; same == (p == SameMachine) && (p != SameClass || all[i].class == all[j].class) && (!same || len(all[i].logs) > 1) {
				pairs = append(pairs, [2]int{i, j})
			}
		}
	}
	draws := make([]float64, 0, Draws)
	for len(draws) < Draws && len(pairs) > 0 {
		at := pick(r, pairs)
		a, b := all[at[0]].logs, all[at[1]].logs
		i, j := r.IntN(len(a)), r.IntN(len(b))
		if at[0] == at[1] && i == j {
			continue // a machine beside itself
		}
		draws = append(draws, a[i]-b[j])
	}
	slices.Sort(draws)
	return draws
}

// faster returns the share of differences with which a machine is really faster than another one that is predicted ratio
// times as slow.
func faster(draws []float64, ratio float64) float64 {
	at, _ := slices.BinarySearch(draws, -math.Log(ratio))
	return 1 - float64(at)/float64(len(draws))
}

// needed returns the predicted ratio from which on a machine is really faster in a share of the draws, in hundredths.
func needed(draws []float64, share float64) float64 {
	return math.Ceil(100*math.Exp(-sample.Quantile(1-share, draws))) / 100
}
