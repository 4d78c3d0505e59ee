package precision

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Kind is the sort of a schedule, spelt as on the command line and in traces.
type Kind string

// The kinds.
const (
	KindFP16     Kind = "fp16"
	KindUniform  Kind = "uniform"
	KindStatic   Kind = "static"
	KindRecorded Kind = "recorded"
)

// KindInfo describes a kind for users.
type KindInfo struct {
	Kind        Kind   `json:"kind"`
	Syntax      string `json:"syntax"`
	Example     string `json:"example"`
	Description string `json:"description"`
}

// Kinds describes the kinds in the order in which they are explained.
func Kinds() []KindInfo {
	return []KindInfo{
		{KindFP16, "fp16", "fp16", "every pass at 16 bits"},
		{KindUniform, "uniform:N", "uniform:3", "every pass at N bits"},
		{KindStatic, "static:A>B[>C…][@s1[,s2…]]", "static:4>3>2@85,170",
			"A bits up to decode pass max(s1,1), then B, and so on; without @ the switches are evenly spread"},
		{KindRecorded, "recorded", "recorded", "as the trace says, pass by pass"},
	}
}

// Accepted is one line that names every accepted form.
func Accepted() string {
	forms := []string{}
	for _, k := range Kinds() {
		forms = append(forms, k.Syntax)
	}
	return strings.Join(forms, " ") + ", each with ,prefill=N if wanted; bits are " + acceptedBits()
}

// WeightBits returns the widths that weights can have.
func WeightBits() []int { return []int{2, 3, 4, 5, 6, 7, 8, 16} }

func acceptedBits() string {
	return strings.Trim(fmt.Sprint(WeightBits()), "[]")
}

// Schedule is a parsed schedule.
type Schedule struct {
	Kind    Kind
	Bits    []int // uniform and fp16: one; static: two or more, strictly decreasing; recorded: none
	Steps   []int // static: one less than Bits, strictly increasing; none when they are to be spread evenly
	Prefill int   // bits of prefill; 0: what PrefillBits says
}

// String is the canonical text: Parse gives back the same schedule.
func (s Schedule) String() string {
	text := string(s.Kind)
	switch s.Kind {
	case KindUniform, KindStatic:
		text += ":" + join(s.Bits, ">")
		if len(s.Steps) > 0 {
			text += "@" + join(s.Steps, ",")
		}
	case KindFP16, KindRecorded:
	}
	if s.Prefill != 0 {
		text += ",prefill=" + strconv.Itoa(s.Prefill)
	}
	return text
}

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

// PrefillBits is the precision of prefill: the one given with prefill=, or else the first of decode, as in PMPD, whose
// prefill runs at the highest. A recorded schedule's is recorded too.
func (s Schedule) PrefillBits(recorded int) int {
	switch {
	case s.Prefill != 0:
		return s.Prefill
	case s.Kind == KindRecorded:
		return recorded
	default:
		return s.Bits[0]
	}
}

// HighestDecodeBits is the highest precision of any decode pass: uniform at this many bits is the baseline. Recorded
// schedules take it from the recorded bits; it is 0 when there are none.
func (s Schedule) HighestDecodeBits(recorded []int) int {
	switch {
	case s.Kind != KindRecorded:
		return s.Bits[0]
	case len(recorded) == 0:
		return 0
	default:
		return slices.Max(recorded)
	}
}

// Resolve turns the schedule into a policy for the generation of gen tokens. Recorded are the bits of each decode pass
// of the trace; other kinds than recorded ignore it.
func (s Schedule) Resolve(gen int, recorded []int) (Policy, error) {
	if gen < 1 {
		return nil, fmt.Errorf("schedule %q: %d tokens to generate; want at least 1", s, gen)
	}
	s, err := Parse(s.String()) // a schedule may have been put together by hand
	if err != nil {
		return nil, err
	}
	if s.Kind == KindRecorded {
		return s.resolveRecorded(gen, recorded)
	}
	steps := slices.Clone(s.Steps)
	if len(steps) == 0 {
		for i := 1; i < len(s.Bits); i++ {
			steps = append(steps, i*gen/len(s.Bits))
		}
	}
	return Static{Precisions: slices.Clone(s.Bits), Steps: steps}, nil
}

func (s Schedule) resolveRecorded(gen int, recorded []int) (Policy, error) {
	passes := gen - 1
	if len(recorded) < passes {
		return nil, fmt.Errorf("schedule %q: the trace has the bits of %d decode passes, and %d tokens take %d; want a trace "+
			"of that many (--trace), or fewer tokens", s, len(recorded), gen, passes)
	}
	for i, bits := range recorded {
		if !slices.Contains(WeightBits(), bits) {
			return nil, fmt.Errorf("schedule %q: decode pass %d of the trace has %d bits; accepted: %s", s, i+1, bits,
				acceptedBits())
		}
	}
	return Recorded(slices.Clone(recorded)), nil
}
