package routing

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

// Kind is where the experts of tokens come from.
type Kind string

// The kinds.
const (
	Uniform Kind = "uniform"
	Zipf    Kind = "zipf"
	Trace   Kind = "trace" // what a trace recorded
)

// Spec says where the experts of tokens come from. The zero Spec is uniform with seed 0.
type Spec struct {
	Kind Kind
	S    float64 // Zipf's exponent
	Seed uint64
}

// MostS is the largest exponent: with it three quarters of the first choices go to one expert of many.
const MostS = 3

// accepted is what Parse takes.
const accepted = "accepted: uniform, zipf or trace, of the first two with options behind commas: seed=N, and of zipf s=X, a number above 0 and up to 3"

// Parse reads a spec as the command line has it: "uniform", "uniform,seed=7", "zipf,s=1.2,seed=7", "trace".
func Parse(text string) (Spec, error) {
	kind, options, more := strings.Cut(text, ",")
	spec := Spec{Kind: Kind(kind)}
	switch spec.Kind {
	case Uniform, Trace:
	case Zipf:
		spec.S = 1
	default:
		return Spec{}, fmt.Errorf("%q: no such routing; %s", kind, suggest.Accepted(kind, []Kind{Uniform, Zipf, Trace}))
	}
	seen := map[string]bool{}
	for option := range strings.SplitSeq(options, ",") {
		if !more {
			break
		}
		key, value, _ := strings.Cut(option, "=")
		if seen[key] {
			return Spec{}, fmt.Errorf("%q: %s stands twice; %s", text, key, accepted)
		}
		seen[key] = true
		if !spec.set(key, value) {
			return Spec{}, fmt.Errorf("%q: %q is not usable; %s", text, option, accepted)
		}
	}
	return spec, nil
}

// set sets an option, if the kind has it and the value is one.
func (s *Spec) set(key, value string) bool {
	var err error
	switch {
	case key == "seed" && s.Kind != Trace:
		s.Seed, err = strconv.ParseUint(value, 10, 63)
	case key == "s" && s.Kind == Zipf:
		s.S, err = strconv.ParseFloat(value, 64)
		return err == nil && s.S > 0 && s.S <= MostS
	default:
		return false
	}
	return err == nil
}

// String writes the spec in its one form, which Parse reads: options that differ from their defaults, and Zipf's exponent.
func (s Spec) String() string {
	text := string(s.Kind)
	if s.Kind == "" {
		text = string(Uniform)
	}
	if s.Kind == Zipf {
		text += ",s=" + strconv.FormatFloat(s.S, 'g', -1, 64)
	}
	if s.Seed != 0 {
		text += ",seed=" + strconv.FormatUint(s.Seed, 10)
	}
	return text
}
