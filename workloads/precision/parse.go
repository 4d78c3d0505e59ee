package precision

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// Parse reads a schedule as it stands on the command line:
//
//	schedule  = kind *( "," option ) *( ";" rule )
//	kind      = "fp16" | "uniform:" bits | "static:" changing [ "@" step *( "," step ) ] | "recorded" | "file"
//	          | ( "learned:" | "activation:" | "confidence:" | "random:" | "oracle:" ) falling
//	falling   = bits 1*( ( "-" | ">" ) bits )
//	changing  = bits 1*( ( "-" | ">" | "<" ) bits )
//	option    = "prefill=" bits | an option of the kind (Kinds)
//	bits      = "2" … "8" | "16"
//
// - and > say the same: - needs no quotes in a shell, and > is what String writes. Falling bits strictly decrease; random and oracle take two of them. Behind < bits are more than
// those before it. A static schedule's steps strictly increase and
// are one less. What says the same becomes the same schedule: uniform:16 is fp16, and an option that repeats its
// default is dropped.
func Parse(text string) (Schedule, error) {
	schedule, rules, ruled := strings.Cut(text, RuleSeparator)
	if len(schedule) > longest || len(rules) > longestRules {
		return Schedule{}, fmt.Errorf("schedule %.60q…: %d characters; accepted: at most %d, and %d of rules", text, len(text), longest, longestRules)
	}
	p := parser{text: text}
	parts := p.split(part{schedule, 0}, ",")
	body, options := 1, 1
	given := map[string]bool{}
	if kind, _, _ := strings.Cut(parts[0].text, ":"); Kind(kind).row().form == fallingAtStep {
		for body < len(parts) && !strings.Contains(parts[body].text, "=") {
			body++
		}
		options = body
	}
	s := p.kind(parts[:body])
	for _, o := range parts[options:] {
		p.option(&s, o, given)
	}
	if ruled {
		p.rules(&s, part{rules, len(schedule) + len(RuleSeparator)})
	}
	if p.err != nil {
		return Schedule{}, p.err
	}
	if s.Kind == KindUniform && s.Bits[0] == 16 {
		s.Kind = KindFP16
	}
	if len(s.Bits) > 0 && s.Prefill == slices.Max(s.Bits) {
		s.Prefill = 0
	}
	return s, nil
}

// longest is how long the text of a schedule may be: that of a file's path, and more than any schedule needs. Rules may name
// each matrix of a large model.
const (
	longest      = 4 << 10
	longestRules = 64 << 10
)

// ParseFor does what Parse does, and takes bits that are left out from the model's pair of precisions: static,
// confidence,window=5, uniform, which is the higher one.
func ParseFor(text string, m *workloads.Model) (Schedule, error) {
	end := strings.IndexAny(text, ":,@"+RuleSeparator)
	if end < 0 {
		end = len(text)
	}
	if end < len(text) && text[end] == ':' {
		return Parse(text)
	}
	switch kind := text[:end]; Kind(kind).row().form {
	case noBits: // and names of no kind
		s, err := Parse(text)
		if err != nil || s.Kind != KindFile {
			return s, err
		}
		if m.Stored == nil && m.Values == "" {
			return s, fmt.Errorf("schedule %q: nothing says how the weights of %s are stored; accepted: a model with quantization_config, a GGUF file, "+
				"a config.json with dtype float16, bfloat16 or float32; or another schedule: %s", s, m.Name, List(KindsThatNeed(NeedsNothing)))
		}
		return s.Of(m)
	case oneWidth:
		return Parse(fmt.Sprintf("%s:%d%s", kind, m.PaperHigh, text[end:]))
	default:
		return Parse(fmt.Sprintf("%s:%d>%d%s", kind, m.PaperHigh, m.PaperLow, text[end:]))
	}
}

// parser keeps the first error; after it, what is parsed does not matter.
type parser struct {
	text string
	err  error
}

// part is a piece of the text and where it starts.
type part struct {
	text string
	at   int
}

// fail says what is wrong with a part, counting characters from 1.
func (p *parser) fail(at part, format string, args ...any) {
	if p.err == nil {
		where := utf8.RuneCountInString(p.text[:at.at]) + 1
		p.err = fmt.Errorf("schedule %q: at character %d (%q): %s", p.text, where, at.text, fmt.Sprintf(format, args...))
	}
}

func (p *parser) split(whole part, separator string) []part {
	parts := []part{}
	at := whole.at
	for _, text := range strings.Split(whole.text, separator) {
		parts = append(parts, part{text, at})
		at += len(text) + len(separator)
	}
	return parts
}

// kind reads everything but the options: the first part, and where switch steps may follow the parts with further ones.
func (p *parser) kind(parts []part) Schedule {
	name, argument, has := strings.Cut(parts[0].text, ":")
	kind := part{name, 0}
	value := part{argument, len(parts[0].text) - len(argument)}
	s := Schedule{Kind: Kind(name)}
	r := s.Kind.row()
	switch {
	case r.Kind == "":
		p.fail(kind, "unknown kind of schedule; accepted: %s%s", accepted(), suggest.Question(nearestKind(name)))
	case r.form == noBits && has:
		p.fail(value, "%s takes nothing after a colon; accepted: %s", name, accepted())
	case r.form == oneWidth && !has:
		p.fail(kind, "the bits are missing; accepted: %s with N one of %s", r.Syntax, acceptedBits())
	case r.form != noBits && !has:
		p.fail(kind, "the bits are missing; accepted: %s", r.Syntax)
	}
	switch r.form {
	case noBits:
		if s.Kind == KindFP16 {
			s.Bits = []int{16}
		}
	case oneWidth:
		s.Bits = []int{p.bits(value)}
	case fallingAtStep:
		p.static(&s, value, parts[1:])
	case falling, pair:
		p.falling(&s, value)
	}
	for _, o := range r.options {
		if o.preset != nil {
			o.preset(&s)
		}
	}
	return s
}

// rules reads what stands behind the schedule.
func (p *parser) rules(s *Schedule, all part) {
	for _, one := range p.split(all, RuleSeparator) {
		r, err := parseRule(one.text)
		if err != nil {
			p.fail(one, "%v", err)
		}
		s.Rules = append(s.Rules, r)
	}
}

// falling reads A-B-C and A>B>C, and of a static schedule A<B, too.
func (p *parser) falling(s *Schedule, value part) {
	text, rises := strings.ReplaceAll(value.text, "-", ">"), s.Kind.row().form == fallingAtStep
	for at, sign := 0, byte('>'); at <= len(text); {
		end := len(text)
		if i := strings.IndexByte(text[at:], '>'); i >= 0 {
			end = at + i
		}
		if i := strings.IndexByte(text[at:end], '<'); i >= 0 && rises {
			end = at + i
		}
		b := part{text[at:end], value.at + at}
		n := p.bits(b)
		if last := len(s.Bits) - 1; last >= 0 && sign == '>' && n >= s.Bits[last] {
			p.fail(b, "not less than the %d before it; accepted: bits that strictly decrease", s.Bits[last])
		} else if last >= 0 && sign == '<' && n <= s.Bits[last] {
			p.fail(b, "not more than the %d before it; accepted: more behind <", s.Bits[last])
		}
		s.Bits = append(s.Bits, n)
		if at = end + 1; end < len(text) {
			sign = text[end]
		}
	}
	if len(s.Bits) < 2 {
		p.fail(value, "one precision only; accepted: two or more, as in %[1]s:4-3 or %[1]s:4>3; uniform:N for one", s.Kind)
	}
	if len(s.Bits) > 2 && s.Kind.row().form == pair {
		p.fail(value, "more than one switch; accepted: two precisions, as in %[1]s:4-3 or %[1]s:4>3", s.Kind)
	}
}

// static reads A>B@s1, and the further steps that commas have split off.
func (p *parser) static(s *Schedule, value part, more []part) {
	precisions, first, hasSteps := strings.Cut(value.text, "@")
	p.falling(s, part{precisions, value.at})
	if !hasSteps {
		if len(more) > 0 {
			p.fail(more[0], "neither an option nor after an @; accepted: switch steps after @, then prefill=N")
		}
		return
	}
	steps := append([]part{{first, value.at + len(precisions) + 1}}, more...)
	for _, t := range steps {
		n := p.number(t, "a switch step: the number of the last decode pass before the switch")
		if last := len(s.Steps) - 1; last >= 0 && n <= s.Steps[last] {
			p.fail(t, "not more than the %d before it; accepted: switch steps that strictly increase", s.Steps[last])
		}
		s.Steps = append(s.Steps, n)
	}
	if len(s.Steps) != len(s.Bits)-1 {
		p.fail(part{p.text[steps[0].at:end(steps)], steps[0].at}, "number of switch steps %d for %d precisions; "+
			"accepted: %d", len(s.Steps), len(s.Bits), len(s.Bits)-1)
	}
}

// end is where the last part ends.
func end(parts []part) int {
	last := parts[len(parts)-1]
	return last.at + len(last.text)
}

func (p *parser) bits(t part) int {
	n := p.number(t, "weight bits")
	if !slices.Contains(WeightBits(), n) {
		p.fail(t, "weights cannot have these bits; accepted: %s", acceptedBits())
	}
	return n
}

// number reads digits only: no sign, no space, and few enough to mean a number of passes.
func (p *parser) number(t part, what string) int {
	const most = 9 // digits
	n, err := strconv.Atoi(t.text)
	if err != nil || len(t.text) > most || strings.Trim(t.text, "0123456789") != "" {
		p.fail(t, "not a number; accepted: %s, in at most %d digits", what, most)
		return 0
	}
	return n
}
