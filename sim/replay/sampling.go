package replay

import (
	"fmt"
	"strconv"
	"strings"
)

// Sampling says which decode passes of a job are simulated. The others are interpolated between them.
type Sampling struct {
	Tolerance float64 // of the time and the traffic of a pass, relative; 0: Even says
	Even      int     // so many passes of each group of like passes, evenly spaced; 0 with Tolerance 0: every pass
}

// Bounds of a Sampling.
const (
	DefaultTolerance = 0.001
	leastTolerance   = 1e-5
	mostTolerance    = 0.1
)

const (
	allPasses     = "all"
	sampledPasses = "sampled"
)

// ParseSampling reads "all", "sampled", "sampled:0.1%", or a number of passes.
func ParseSampling(text string) (Sampling, error) {
	fault := fmt.Errorf("%q is no choice of passes; accepted: all, sampled, sampled:PERCENT%% from %s to %s, or 2 or more passes of each group",
		text, percent(leastTolerance), percent(mostTolerance))
	switch kind, tolerance, given := strings.Cut(text, ":"); {
	case text == allPasses:
		return Sampling{}, nil
	case text == sampledPasses:
		return Sampling{Tolerance: DefaultTolerance}, nil
	case kind == sampledPasses && given:
		number, ok := strings.CutSuffix(tolerance, "%")
		v, err := strconv.ParseFloat(number, 64)
		if v /= 100; !ok || err != nil || !(v >= leastTolerance && v <= mostTolerance) {
			return Sampling{}, fault
		}
		return Sampling{Tolerance: v}, nil
	}
	if n, err := strconv.Atoi(text); err == nil && n >= 2 && n <= MostTokens {
		return Sampling{Even: n}, nil
	}
	return Sampling{}, fault
}

// String writes a sampling as ParseSampling reads it.
func (s Sampling) String() string {
	switch {
	case s.All():
		return allPasses
	case s.Tolerance == 0:
		return strconv.Itoa(s.Even)
	default:
		return sampledPasses + ":" + percent(s.Tolerance)
	}
}

// All reports whether every pass is simulated.
func (s Sampling) All() bool { return s == Sampling{} }

func percent(share float64) string { return strconv.FormatFloat(100*share, 'g', 6, 64) + "%" }
