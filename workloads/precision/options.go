package precision

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// defaults sets what the options of a kind are when they are not given.
func (s *Schedule) defaults() {
	switch s.Kind {
	case KindConfidence:
		s.Window, s.K = defaultWindow, defaultK
	case KindOracle:
		s.Bound = defaultBound
	case KindFP16, KindUniform, KindStatic, KindLearned, KindActivation, KindRandom, KindRecorded:
	}
}

// optionsOf are the options of a kind with their accepted values.
func (k Kind) optionsOf() []string {
	const l = "l=N with N tokens, 1 or more"
	own := []string{}
	switch k {
	case KindLearned:
		own = []string{l, "classifier=FILE"}
	case KindActivation:
		own = []string{l}
	case KindConfidence:
		own = []string{"window=N with N scores, 2 or more", "k=X with X standard deviations, 0 or more"}
	case KindRandom:
		own = []string{l, "seed=N", "p=W/X/Y/Z with shares that add up to 1"}
	case KindOracle:
		own = []string{"bound=X with X above 0"}
	case KindFP16, KindUniform, KindStatic, KindRecorded:
	}
	return append(own, "prefill=N with N one of "+acceptedBits())
}

// option reads one key=value.
func (p *parser) option(s *Schedule, o part, given map[string]bool) {
	key, text, has := strings.Cut(o.text, "=")
	options := s.Kind.optionsOf()
	i := slices.IndexFunc(options, func(form string) bool { return strings.HasPrefix(form, key+"=") })
	if i < 0 || !has {
		p.fail(o, "unknown option; accepted: %s", strings.Join(options, ", "))
		return
	}
	if given[key] {
		form, _, _ := strings.Cut(options[i], " ")
		p.fail(o, "given twice; accepted: one %s", form)
		return
	}
	given[key] = true
	value := part{text, o.at + len(key) + 1}
	switch key {
	case "prefill":
		s.Prefill = p.bits(value)
	case "l":
		s.Horizon = p.atLeast(value, 1, "the tokens to generate at most")
	case "classifier":
		if s.Classifier = text; text == "" {
			p.fail(value, "no file; accepted: the weights of a classifier, FILE.safetensors")
		}
	case "window":
		s.Window = p.atLeast(value, 2, "the scores that set a threshold")
	case "k":
		s.K = p.decimal(value, "standard deviations")
	case "seed":
		s.Seed = p.number(value, "the seed of the draw")
	case "p":
		p.prior(s, value)
	case "bound":
		if s.Bound = p.decimal(value, "a share of the quality"); s.Bound == 0 {
			p.fail(value, "always held; accepted: a share above 0, such as 0.99")
		}
	}
}

// prior reads the shares of the four candidates.
func (p *parser) prior(s *Schedule, value part) {
	sum := 0.0
	for _, share := range p.split(value, "/") {
		s.Prior = append(s.Prior, p.decimal(share, "a share"))
		sum += s.Prior[len(s.Prior)-1]
	}
	// The priors of PMPD's scripts are rounded: MobileLLaMA's add up to 0.99995.
	if len(s.Prior) != CandidateCount || math.Abs(sum-1) > 1e-3 {
		p.fail(value, "%d shares that add up to %s; accepted: %d that add up to 1 (within 0.001), such as 0.3/0.34/0.22/0.14",
			len(s.Prior), strconv.FormatFloat(sum, 'g', 6, 64), CandidateCount)
	}
}

func (p *parser) atLeast(t part, least int, what string) int {
	n := p.number(t, what)
	if n < least {
		p.fail(t, "too few; accepted: %s, %d or more", what, least)
	}
	return n
}

// decimal reads digits with at most one point: no sign, no exponent.
func (p *parser) decimal(t part, what string) float64 {
	const most = 12 // characters
	x, err := strconv.ParseFloat(t.text, 64)
	if err != nil || len(t.text) > most || strings.Trim(t.text, "0123456789.") != "" {
		p.fail(t, "not a number; accepted: %s, 0 or more, in at most %d characters", what, most)
		return 0
	}
	return x
}
