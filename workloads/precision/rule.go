package precision

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Rule changes what a schedule says for some of the matrices: those of some layers, by some names, or both.
type Rule struct {
	Layers   []Span   // none: all
	Matrices []string // none: all

	By   int      // so many bits more or less than the schedule; 0: what Over says
	Over Schedule // uniform, fp16 or static: bits that do not depend on the schedule
}

// Span is layers from the first to the last, both included.
type Span struct{ First, Last int }

func (s Span) String() string {
	if s.First == s.Last {
		return strconv.Itoa(s.First)
	}
	return fmt.Sprintf("%d-%d", s.First, s.Last)
}

// RuleForms are what an error about a rule accepts.
const RuleForms = "SELECTOR=BITS with matrices, layers=A-B,C or both in front, and +N, -N, N or A>B@STEP behind, as in down_proj=+1, " +
	"layers=0-1,30-31:4, layers=0-3,down_proj=8, layers=0-3:4>3@100"

// ruleForm takes a rule apart: ranges of layers, names of matrices, the bits.
var ruleForm = regexp.MustCompile(`^(?:layers=([0-9]+(?:-[0-9]+)?(?:,[0-9]+(?:-[0-9]+)?)*))?(?:(^|,)([A-Za-z_][A-Za-z0-9_.]*(?:,[A-Za-z_][A-Za-z0-9_.]*)*))?[=:](.+)$`)

// ParseRules reads rules with semicolons between.
func ParseRules(text string) ([]Rule, error) {
	if len(text) > longestRules {
		return nil, fmt.Errorf("%.60q…: %d characters; accepted: at most %d", text, len(text), longestRules)
	}
	var all []Rule
	for one := range strings.SplitSeq(text, RuleSeparator) {
		r, err := parseRule(one)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", one, err)
		}
		all = append(all, r)
	}
	return all, nil
}

// RuleSeparator stands between a schedule and its rules, and between rules.
const RuleSeparator = ";"

// parseRule reads
//
//	rule     = selector ( "=" | ":" ) value
//	selector = [ "layers=" span *( "," span ) ] [ "," ] [ matrix *( "," matrix ) ], not empty
//	span     = layer [ "-" layer ]
//	value    = ( "+" | "-" ) number | bits | falling "@" step *( "," step )
func parseRule(text string) (r Rule, err error) {
	parts := ruleForm.FindStringSubmatch(text)
	if parts == nil || parts[1] == "" && (parts[3] == "" || strings.HasPrefix(text, "layers=")) || (parts[1] == "") != (parts[2] == "") && parts[3] != "" {
		return r, fmt.Errorf("no rule of precision; accepted: %s", RuleForms)
	}
	if r.Layers, err = parseSpans(parts[1]); err != nil {
		return r, err
	}
	if parts[3] != "" {
		r.Matrices = strings.Split(parts[3], ",")
	}
	for i, name := range r.Matrices {
		if slices.Contains(r.Matrices[:i], name) {
			return r, fmt.Errorf("%s stands there twice; accepted: each matrix once", name)
		}
	}
	return r, r.parseBits(parts[4])
}

func parseSpans(text string) (all []Span, err error) {
	if text == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		first, last, more := strings.Cut(part, "-")
		if !more {
			last = first
		}
		var s Span
		if s.First, err = layerOf(first); err != nil {
			return nil, err
		}
		if s.Last, err = layerOf(last); err != nil {
			return nil, err
		}
		if s.Last < s.First {
			return nil, fmt.Errorf("layers %s: the last is before the first; accepted: A-B from the lower to the higher, from 0", part)
		}
		all = append(all, s)
	}
	return all, nil
}

func layerOf(text string) (int, error) {
	const most = 1 << 12 // layers of a model (workloads.Model.Validate)
	n, err := strconv.Atoi(text)
	if err != nil || n >= most {
		return 0, fmt.Errorf("layer %s: accepted: 0 to %d", text, most-1)
	}
	return n, nil
}

// parseBits reads what stands behind the selector.
func (r *Rule) parseBits(text string) error {
	sign := text[0]
	switch {
	case sign == '+' || sign == '-':
		n, err := strconv.Atoi(text[1:])
		if most := highestPlanes - lowestPlanes; err != nil || n < 1 || n > most || text[1] == '+' || text[1] == '-' {
			return fmt.Errorf("%s is no number of bits more or less; accepted: +1 to +%d, -1 to -%d", text, most, most)
		}
		if r.By = n; sign == '-' {
			r.By = -n
		}
		return nil
	case strings.ContainsAny(text, ">-@"):
		s, err := Parse(string(KindStatic) + ":" + text)
		if err != nil || s.Prefill != 0 || len(s.Rules) > 0 || len(s.Steps) == 0 {
			return fmt.Errorf("%s are no bits with steps of their own; accepted: A>B@STEP, as in 4>3@100 or 4>3>2@85,170, the steps as those of static "+
				"schedules", text)
		}
		r.Over = s
		return nil
	}
	bits, err := width(text)
	if err != nil {
		return fmt.Errorf("%w, +N, -N or A>B@STEP", err)
	}
	r.Over = UniformSchedule(bits)
	return nil
}

// String returns the canonical text.
func (r Rule) String() string {
	var selector []string
	if len(r.Layers) > 0 {
		spans := make([]string, len(r.Layers))
		for i, s := range r.Layers {
			spans[i] = s.String()
		}
		selector = append(selector, "layers="+strings.Join(spans, ","))
	}
	text := strings.Join(append(selector, r.Matrices...), ",")
	if len(r.Matrices) > 0 {
		text += "="
	} else {
		text += ":"
	}
	switch {
	case r.By > 0:
		return text + "+" + strconv.Itoa(r.By)
	case r.By < 0:
		return text + strconv.Itoa(r.By)
	case r.Over.Kind == KindStatic:
		return text + strings.TrimPrefix(r.Over.String(), string(KindStatic)+":")
	}
	return text + strconv.Itoa(r.Over.Bits[0])
}

// RulesText returns the canonical text of rules, as they stand behind a schedule.
func RulesText(rules []Rule) string {
	texts := make([]string, len(rules))
	for i, r := range rules {
		texts[i] = r.String()
	}
	return strings.Join(texts, RuleSeparator)
}

// selects reports whether a rule is about a matrix.
func (r *Rule) selects(layer int, name string) bool {
	return (len(r.Matrices) == 0 || slices.Contains(r.Matrices, name)) &&
		(len(r.Layers) == 0 || slices.ContainsFunc(r.Layers, func(s Span) bool { return s.First <= layer && layer <= s.Last }))
}
