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
		if s := (Sampling{Tolerance: v / 100}); ok && err == nil && v != 0 && s.valid() {
			return s, nil
		}
	default:
		if n, err := strconv.Atoi(text); err == nil && n != 0 && (Sampling{Even: n}).valid() {
			return Sampling{Even: n}, nil
		}
	}
	return Sampling{}, fault
}

// valid reports whether s is one that ParseSampling returns.
func (s Sampling) valid() bool {
	switch {
	case s.All():
		return true
	case s.Tolerance == 0:
		return s.Even >= 2 && s.Even <= MostTokens
	default:
		return s.Even == 0 && s.Tolerance >= leastTolerance && s.Tolerance <= mostTolerance
	}
}

// check returns an error if a sampling, of a caller in Go, is none.
func (s Sampling) check() error {
	if s.valid() {
		return nil
	}
	return fmt.Errorf("passes: a tolerance of %v and %d passes of each group; accepted: a tolerance from %v to %v, or 2 passes or more, or 0 of both, which is all",
		s.Tolerance, s.Even, leastTolerance, mostTolerance)
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

// percent writes a share with as many digits as tell it from others; 15 are what a float64 keeps of any number.
func percent(share float64) string {
	for digits := 6; ; digits++ {
		text := strconv.FormatFloat(100*share, 'g', digits, 64)
		if v, err := strconv.ParseFloat(text, 64); digits == 17 || err == nil && v/100 == share {
			return text + "%"
		}
	}
}
