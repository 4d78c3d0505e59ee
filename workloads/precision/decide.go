package precision

import (
	"fmt"
	"slices"
	"strings"
)

// Decision is the precision of one decode pass and why it has it.
type Decision struct {
	Pass   int    `json:"pass"`
	Bits   int    `json:"bits"`
	Reason string `json:"reason"`

	// Counterfactual: the decisions have left the recorded run, so the signals of its passes are those of another run. Only
	// kinds that read signals have such decisions.
	Counterfactual bool `json:"counterfactual,omitempty"`
}

// Plan is what a schedule decides over a whole generation, pass by pass.
type Plan struct {
	Decisions []Decision
	Asked     int // passes after which the scheduler had to work something out: what Cost is paid for
}

var _ Policy = (*Plan)(nil)

// Bits returns the weight bits of a pass.
func (p *Plan) Bits(pass int) int {
	mustCount(pass)
	if pass > len(p.Decisions) {
		panic(fmt.Sprintf("precision: pass %d of a plan of %d passes", pass, len(p.Decisions)))
	}
	return p.Decisions[pass-1].Bits
}

// Counterfactual is the number of passes whose decision rests on signals of another run.
func (p *Plan) Counterfactual() int {
	n := 0
	for _, d := range p.Decisions {
		if d.Counterfactual {
			n++
		}
	}
	return n
}

// Static is the static schedule that runs the same bits.
func (p *Plan) Static() (Schedule, bool) {
	s := Schedule{Kind: KindStatic}
	for i, d := range p.Decisions {
		switch last := len(s.Bits) - 1; {
		case last < 0:
		case d.Bits > s.Bits[last]:
			return Schedule{}, false // only a recording goes up
		case d.Bits == s.Bits[last]:
			continue
		default:
			s.Steps = append(s.Steps, i)
		}
		s.Bits = append(s.Bits, d.Bits)
	}
	if len(s.Bits) == 1 {
		s.Kind = KindUniform
	}
	s, err := Parse(s.String()) // uniform:16 is fp16
	return s, err == nil
}

// scheduler chooses the level (0: the first precision) of the pass after pass index. It sees the signals of passes
// 1 to index and nothing later.
type scheduler interface {
	next(index, level int, seen []Signals) (next int, reason string, err error)
	asked() int // passes after which it had work
}

var (
	_ scheduler = (*following)(nil)
	_ scheduler = (*choosing)(nil)
	_ scheduler = (*confident)(nil)
)

// Decide walks over the passes of a generation of gen tokens in their order. PMPD's loop (pmpd/modules/model.py) runs pass 1
// at the highest precision, whatever the scheduler, and asks it with index p after pass p.
func (s Schedule) Decide(gen int, e Evidence) (*Plan, error) {
	s, err := s.checked(gen)
	if err != nil {
		return nil, err
	}
	bits := s.Bits
	var of scheduler
	switch s.Kind {
	case KindRecorded, KindFP16, KindUniform, KindStatic:
		policy, err := s.Resolve(gen, e)
		if err != nil {
			return nil, err
		}
		return s.follow(policy, gen-1), nil
	case KindLearned, KindActivation:
		of = &choosing{kind: s.Kind, candidates: Candidates(s.horizon(gen, e)), source: e.Source,
			lowest: len(bits) - 1}
	case KindRandom:
		of = s.draw(gen, e)
	case KindConfidence:
		of = &confident{window: s.Window, k: s.K, bits: bits, source: e.Source}
	case KindOracle:
		if of, err = s.hindsight(e.Runs); err != nil {
			return nil, fmt.Errorf("schedule %q: %w", s, err)
		}
	}
	plan := &Plan{}
	level := 0
	astray := false
	reason := "the first decode pass is always at the first precision"
	for pass := 1; pass < gen; pass++ {
		if pass > 1 {
			seen := e.Signals[:min(pass-1, len(e.Signals))]
			if level, reason, err = of.next(pass-1, level, seen); err != nil {
				return nil, fmt.Errorf("schedule %q: %w", s, err)
			}
		}
		astray = astray || s.Kind.reads() && pass <= len(e.Recorded) && bits[level] != e.Recorded[pass-1]
		plan.Decisions = append(plan.Decisions, Decision{Pass: pass, Bits: bits[level], Reason: reason, Counterfactual: astray})
	}
	plan.Asked = of.asked()
	return plan, nil
}

// follow lists the decisions of a policy that needs no signals.
func (s Schedule) follow(policy Policy, passes int) *Plan {
	p := &Plan{}
	static, _ := policy.(Static)
	for pass := 1; pass <= passes; pass++ {
		reason := "one precision throughout"
		switch s.Kind {
		case KindRecorded:
			reason = "as recorded"
		case KindStatic:
			switch level := slices.Index(static.Precisions, static.Bits(pass)); {
			case pass == 1:
				reason = "the first decode pass is always at the first precision"
			case level < len(static.Steps):
				reason = fmt.Sprintf("index %d < switch step %d", pass-1, static.Steps[level])
			default:
				reason = fmt.Sprintf("index %d >= switch step %d", pass-1, static.Steps[level-1])
			}
		}
		p.Decisions = append(p.Decisions, Decision{Pass: pass, Bits: policy.Bits(pass), Reason: reason})
	}
	return p
}

// following goes down one level at a pass that is known before the first: random (drawn) and oracle (known afterwards).
type following struct {
	high int    // index from which on the pass after it is at the next precision; never: none
	why  string // where that number comes from
}

func (f *following) asked() int { return 0 }

func (f *following) next(index, level int, _ []Signals) (int, string, error) {
	return down(index, level, 1, f.high, f.why)
}

// never is no index.
const never = -1

// down applies PMPD's rule: from index h on, each decision goes one precision down until there is none. There is one h for
// all switches, so with three precisions the second switch follows on the step after the first.
func down(index, level, lowest, h int, why string) (int, string, error) {
	switch {
	case level == lowest:
		return level, "at the lowest precision", nil
	case h == never:
		return level, why, nil
	case index >= h:
		return level + 1, fmt.Sprintf("index %d >= %d, %s", index, h, why), nil
	default:
		return level, fmt.Sprintf("index %d < %d, %s", index, h, why), nil
	}
}

// need is the error of a record that a trace does not have.
func need(source, record, accepted string) error {
	if source == "" {
		return fmt.Errorf("there is no trace to decide on; accepted: --trace FILE with %s, or a schedule that needs none: fp16, uniform, "+
			"static, random", record)
	}
	return fmt.Errorf("%s lacks %s; accepted: a trace with %s, or recorded", source, record, accepted)
}

// scoresText writes scores short.
func scoresText(scores []float64) string {
	texts := make([]string, len(scores))
	for i, s := range scores {
		texts[i] = fmt.Sprintf("%.3g", s)
	}
	return strings.Join(texts, " ")
}
