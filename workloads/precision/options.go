package precision

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
	"github.com/pmpdsim/pmpdsim/sim/unit/visible"
)

// What an option is where the text says nothing: PMPD's values (pmpd/modules/scheduler).
const (
	defaultWindow = 10
	defaultK      = 1
	defaultBound  = 0.99 // ours: PMPD has no oracle
)

// option is one key=value behind the bits of a schedule.
type option struct {
	key, form string // what is accepted behind the key: "N with N tokens, 1 or more"
	preset    func(*Schedule)
	read      func(p *parser, s *Schedule, value part)
	write     func(s Schedule) string // the value, or nothing where it is the default
}

// String returns the key with what is accepted.
func (o option) String() string { return o.key + "=" + o.form }

func prefill() option {
	return option{key: "prefill", form: "N with N one of " + acceptedBits(),
		read:  func(p *parser, s *Schedule, value part) { s.Prefill = p.bits(value) },
		write: func(s Schedule) string { return unless(0, s.Prefill) }}
}

func horizon() option {
	return option{key: "l", form: "N with N tokens, 1 or more",
		read: func(p *parser, s *Schedule, value part) {
			s.Horizon = p.atLeast(value, 1, "the tokens to generate at most")
		},
		write: func(s Schedule) string { return unless(0, s.Horizon) }}
}

func classifierFile() option {
	return option{key: "classifier", form: "FILE",
		read: func(p *parser, s *Schedule, value part) {
			if s.Classifier = value.text; value.text == "" {
				p.fail(value, "no file; accepted: the weights of a classifier, FILE.safetensors")
			}
			if what := visible.Hidden(value.text); what != "" {
				p.fail(value, "%s; accepted: the weights of a classifier, FILE.safetensors, in %s", what, visible.Accepted)
			}
		},
		write: func(s Schedule) string { return s.Classifier }}
}

func window() option {
	return option{key: "window", form: "N with N scores, 2 or more",
		preset: func(s *Schedule) { s.Window = defaultWindow },
		read: func(p *parser, s *Schedule, value part) {
			s.Window = p.atLeast(value, 2, "the scores that set a threshold")
		},
		write: func(s Schedule) string { return unless(defaultWindow, s.Window) }}
}

func deviations() option {
	return option{key: "k", form: "X with X standard deviations, 0 or more",
		preset: func(s *Schedule) { s.K = defaultK },
		read:   func(p *parser, s *Schedule, value part) { s.K = p.decimal(value, "standard deviations") },
		write:  func(s Schedule) string { return unless(defaultK, s.K) }}
}

func seed() option {
	return option{key: "seed", form: "N",
		read:  func(p *parser, s *Schedule, value part) { s.Seed = p.number(value, "the seed of the draw") },
		write: func(s Schedule) string { return unless(0, s.Seed) }}
}

func prior() option {
	return option{key: "p", form: "W/X/Y/Z with shares that add up to 1",
		read: func(p *parser, s *Schedule, value part) { p.prior(s, value) },
		write: func(s Schedule) string {
			shares := make([]string, len(s.Prior))
			for i, p := range s.Prior {
				shares[i] = decimal(p)
			}
			return strings.Join(shares, "/")
		}}
}

func bound() option {
	return option{key: "bound", form: "X with X above 0",
		preset: func(s *Schedule) { s.Bound = defaultBound },
		read: func(p *parser, s *Schedule, value part) {
			if s.Bound = p.decimal(value, "a share of the quality"); s.Bound == 0 {
				p.fail(value, "always held; accepted: a share above 0, such as 0.99")
			}
		},
		write: func(s Schedule) string { return unless(defaultBound, s.Bound) }}
}

// unless writes a number, or nothing where it is the default.
func unless[T int | float64](preset, x T) string {
	if x == preset {
		return ""
	}
	return decimal(float64(x))
}

// option reads one key=value.
func (p *parser) option(s *Schedule, o part, given map[string]bool) {
	key, text, has := strings.Cut(o.text, "=")
	options := append(s.Kind.row().options, prefill())
	i := slices.IndexFunc(options, func(o option) bool { return o.key == key })
	if i < 0 {
		var keys, forms []string
		for _, o := range options {
			keys, forms = append(keys, o.key), append(forms, o.String())
		}
		meant := suggest.Nearest(key, keys)
		p.fail(o, "unknown option; accepted: %s%s", strings.Join(forms, ", "), suggest.Question(meant))
		return
	}
	if !has {
		p.fail(o, "no value; accepted: %s", options[i])
		return
	}
	if given[key] {
		form, _, _ := strings.Cut(options[i].String(), " ")
		p.fail(o, "given twice; accepted: one %s", form)
		return
	}
	given[key] = true
	options[i].read(p, s, part{text, o.at + len(key) + 1})
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
