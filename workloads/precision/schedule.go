package precision

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/workloads"
)

// Schedule is a parsed schedule.
type Schedule struct {
	Kind    Kind
	Bits    []int      // uniform and fp16: one; recorded: none; others: two or more, strictly decreasing, of static ones each another than the one before
	Steps   []int      // static: one less than Bits, strictly increasing; none when they are to be spread evenly
	Stored  Assignment // file: bits of the model's file, if the model is known (Of); Bits then is the most of them
	Prefill int        // bits of prefill; 0: what PrefillBits says

	Horizon    int       // learned, activation, random: l, the tokens at most; 0: what the run says
	Classifier string    // learned: file of the classifier; empty: recorded scores
	Window     int       // confidence: scores per precision that set the threshold
	K          float64   // confidence: standard deviations above their mean
	Seed       int       // random
	Prior      []float64 // random: shares of the four candidates; none: equal ones
	Bound      float64   // oracle: quality in relation to that of the first precision throughout

	Rules []Rule // for some of the matrices, each over what those before it say
}

// UniformSchedule returns the schedule with so many bits in every pass, which is fp16 for 16.
func UniformSchedule(bits int) Schedule {
	if bits == 16 {
		return Schedule{Kind: KindFP16, Bits: []int{bits}}
	}
	return Schedule{Kind: KindUniform, Bits: []int{bits}}
}

// String returns the canonical text: Parse gives back the same schedule.
func (s Schedule) String() string {
	text := string(s.Kind)
	r := s.Kind.row()
	if r.form != noBits {
		text += ":" + changing(s.Bits)
	}
	if r.form == fallingAtStep && len(s.Steps) > 0 {
		text += "@" + join(s.Steps, ",")
	}
	for _, o := range append(r.options, prefill()) {
		if value := o.write(s); value != "" {
			text += "," + o.key + "=" + value
		}
	}
	if len(s.Rules) > 0 {
		text += RuleSeparator + RulesText(s.Rules)
	}
	return text
}

// Canonical returns the text of a schedule as String writes it, and any other text as it is: what is compared with the
// schedule of a result may be written either way.
func Canonical(text string) string {
	s, err := Parse(text)
	if err != nil {
		return text
	}
	return s.String()
}

// changing writes bits with the sign of what becomes of them.
func changing(bits []int) string {
	var b strings.Builder
	for i, n := range bits {
		switch {
		case i > 0 && n > bits[i-1]:
			b.WriteByte('<')
		case i > 0:
			b.WriteByte('>')
		}
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}

// decimal writes a number without an exponent.
func decimal(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

func join(numbers []int, separator string) string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.Itoa(n)
	}
	return strings.Join(texts, separator)
}

// MarshalText writes the canonical text.
func (s Schedule) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText parses.
func (s *Schedule) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err == nil {
		*s = parsed
	}
	return err
}

// PrefillAt returns the precision of prefill, its rules aside: the one given with prefill=, or else the highest of decode, as in PMPD.
// A recorded schedule's is recorded too.
func (s Schedule) PrefillAt(recorded Assignment) Assignment {
	switch {
	case s.Prefill != 0:
		return Uniform(s.Prefill)
	case s.Kind == KindRecorded:
		return recorded
	case s.Kind == KindFile:
		return s.Stored
	default:
		return Uniform(slices.Max(s.Bits))
	}
}

// HighestDecodeBits returns the highest precision of any decode pass: uniform at this many bits is the baseline.
// Recorded schedules take it from the recorded bits; it is 0 when there are none.
func (s Schedule) HighestDecodeBits(recorded []Assignment) int {
	switch {
	case s.Kind == KindFile:
		return s.Stored.Max()
	case s.Kind != KindRecorded:
		return slices.Max(s.Bits)
	case len(recorded) == 0:
		return 0
	default:
		most := 0
		for _, a := range recorded {
			most = max(most, a.Max())
		}
		return most
	}
}

// Resolve turns the schedule into a policy for the generation of gen tokens by a model. Kinds that neither follow a recording nor
// decide while they run need no evidence.
func (s Schedule) Resolve(m *workloads.Model, gen int, e Evidence) (Policy, error) {
	s, err := s.checked(gen)
	if err != nil {
		return nil, err
	}
	if s.Kind.Decides() {
		return s.Decide(m, gen, e)
	}
	policy, err := s.fixed(m, gen, e)
	if err != nil || len(s.Rules) == 0 {
		return policy, err
	}
	over, err := s.Over(m, gen)
	if err != nil {
		return nil, err
	}
	passes := make(Passes, gen-1)
	for i := range passes {
		passes[i] = over.At(policy.At(i+1), i+1)
	}
	return passes, nil
}

// fixed is the policy of a kind that decides nothing, its rules aside.
func (s Schedule) fixed(m *workloads.Model, gen int, e Evidence) (Policy, error) {
	switch s.Kind {
	case KindRecorded:
		return s.resolveRecorded(gen, e.Recorded)
	case KindFile:
		s, err := s.Of(m)
		return throughout(s.Stored), err
	}
	return s.static(gen), nil
}

// checked returns the schedule as it would be parsed: it may have been put together by hand.
func (s Schedule) checked(gen int) (Schedule, error) {
	if gen < 1 {
		return s, fmt.Errorf("schedule %q: %d tokens to generate; accepted: 1 or more", s, gen)
	}
	return Parse(s.String())
}

// SwitchSteps returns the switch steps of a static schedule over gen tokens, spread evenly where its text names none.
func (s Schedule) SwitchSteps(gen int) []int {
	steps := slices.Clone(s.Steps)
	if len(steps) == 0 {
		for i := 1; i < len(s.Bits); i++ {
			steps = append(steps, i*gen/len(s.Bits))
		}
	}
	return steps
}

// static returns the policy of a kind whose switches are known from the start.
func (s Schedule) static(gen int) Static {
	return Static{Precisions: slices.Clone(s.Bits), Steps: s.SwitchSteps(gen)}
}

func (s Schedule) resolveRecorded(gen int, recorded []Assignment) (Policy, error) {
	passes := gen - 1
	if len(recorded) < passes {
		return nil, fmt.Errorf("schedule %q: the trace has the bits of %d decode passes, and %d tokens take %d; accepted: a trace "+
			"of that many (--trace), or fewer tokens", s, len(recorded), gen, passes)
	}
	for i, a := range recorded {
		for _, bits := range a.Widths() {
			if !slices.Contains(WeightBits(), bits) {
				return nil, fmt.Errorf("schedule %q: decode pass %d of the trace has %d bits; accepted: %s", s, i+1, bits, acceptedBits())
			}
		}
	}
	return Passes(slices.Clone(recorded)), nil
}
