package precision

import (
	"fmt"
	"strings"

	"github.com/pmpdsim/pmpdsim/workloads"
)

// firstPass is why pass 1 has its bits, whatever the scheduler.
const firstPass = "the first decode pass is always at the first precision"

// Decision is the precision of one decode pass and why it has it.
type Decision struct {
	Pass   int        `json:"pass"`
	Bits   int        `json:"bits"` // of the schedule: of a recording, the most of any matrix
	At     Assignment `json:"-"`
	Reason string     `json:"reason"`

	// Counterfactual: the decisions have left the recorded run, so the signals of its passes are those of another run.
	// Only kinds that read signals have such decisions.
	Counterfactual bool `json:"counterfactual,omitempty"`
}

// Plan is what a schedule decides over a whole generation, pass by pass.
type Plan struct {
	Decisions []Decision
	Asked     int // passes after which the scheduler had to work something out: what Cost is paid for
}

var _ Policy = (*Plan)(nil)

// At returns the weight bits of a pass.
func (p *Plan) At(pass int) Assignment {
	mustCount(pass)
	if pass > len(p.Decisions) {
		panic(fmt.Sprintf("precision: pass %d of a plan of %d passes", pass, len(p.Decisions)))
	}
	return p.Decisions[pass-1].At
}

// Counterfactual returns the number of passes whose decision rests on signals of another run.
func (p *Plan) Counterfactual() int {
	n := 0
	for _, d := range p.Decisions {
		if d.Counterfactual {
			n++
		}
	}
	return n
}

// Static returns the static schedule that runs the same bits, and whether there is one.
func (p *Plan) Static() (Schedule, bool) {
	s := Schedule{Kind: KindStatic}
	for i, d := range p.Decisions {
		switch last := len(s.Bits) - 1; {
		case last < 0:
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
	next(index, level int, seen []Signals) (verdict, error)
	asked() int // passes after which it had work
}

var (
	_ scheduler = (*following)(nil)
	_ scheduler = (*choosing)(nil)
	_ scheduler = (*confident)(nil)
)

// verdict is what a scheduler says after a pass.
type verdict struct {
	level            int
	reason           string
	score, threshold *float64 // what was compared, if anything was
}

// Deciding is a schedule at work: it gives the precision of each pass once the pass before it is done.
type Deciding struct {
	bits   []int
	of     scheduler // nil: the decisions are in fixed
	fixed  []Decision
	over   *Overlay
	record []Assignment // of the run that the signals come from; nil: of this one
	reads  bool

	seen []Signals
	last verdict
	done Plan
}

// Start begins a generation of gen tokens by a model. From the evidence it takes what is known before the first pass, and the
// recorded bits, to mark decisions that differ from them. Signals come pass by pass (Next).
func (s Schedule) Start(m *workloads.Model, gen int, e Evidence) (*Deciding, error) {
	s, err := s.checked(gen)
	if err != nil {
		return nil, err
	}
	d := &Deciding{bits: s.Bits, record: e.Recorded, reads: s.Kind.Reads()}
	if d.over, err = s.Over(m, gen); err != nil {
		return nil, fmt.Errorf("schedule %q: %w", s, err)
	}
	start := s.Kind.row().start
	if start == nil {
		policy, err := s.fixed(m, gen, e)
		if err != nil {
			return nil, err
		}
		d.fixed = follow(policy, gen-1)
		return d, nil
	}
	if d.of, err = start(s, gen, e); err != nil {
		return nil, fmt.Errorf("schedule %q: %w", s, err)
	}
	return d, nil
}

// Next decides the next pass from the signals of the one before it; before the first pass there are none to see. PMPD's
// loop (pmpd/modules/model.py) runs pass 1 at the highest precision, whatever the scheduler, and asks it with index p
// after pass p.
func (d *Deciding) Next(before Signals) (Decision, error) {
	pass := len(d.done.Decisions) + 1
	next := Decision{Pass: pass, Reason: firstPass}
	switch {
	case d.of == nil:
		if pass > len(d.fixed) {
			return next, fmt.Errorf("precision: pass %d of a generation of %d passes", pass, len(d.fixed))
		}
		next = d.fixed[pass-1]
	case pass == 1:
		next.Bits = d.bits[0]
	default:
		d.seen = append(d.seen, before)
		v, err := d.of.next(pass-1, d.last.level, d.seen)
		if err != nil {
			return next, err
		}
		d.last = v
		next.Bits, next.Reason = d.bits[v.level], v.reason
		d.done.Asked = d.of.asked()
	}
	if d.of != nil {
		next.At = Uniform(next.Bits)
	}
	next.At = d.over.At(next.At, pass)
	if last := len(d.done.Decisions); last > 0 {
		next.Counterfactual = d.done.Decisions[last-1].Counterfactual
	}
	if d.reads && pass <= len(d.record) && next.At != d.record[pass-1] {
		next.Counterfactual = true
	}
	d.done.Decisions = append(d.done.Decisions, next)
	return next, nil
}

// Compared returns what the latest decision compared: confidence and its threshold; nil where it compared nothing.
func (d *Deciding) Compared() (score, threshold *float64) { return d.last.score, d.last.threshold }

// Plan returns what was decided so far.
func (d *Deciding) Plan() *Plan { return &d.done }

// Decide decides every pass of a generation of gen tokens by a model, in order.
func (s Schedule) Decide(m *workloads.Model, gen int, e Evidence) (*Plan, error) {
	d, err := s.Start(m, gen, e)
	if err != nil {
		return nil, err
	}
	for pass := 1; pass < gen; pass++ {
		var before Signals
		if pass > 1 && pass-2 < len(e.Signals) {
			before = e.Signals[pass-2]
		}
		if _, err := d.Next(before); err != nil {
			return nil, fmt.Errorf("schedule %q: %w", s, err)
		}
	}
	return d.Plan(), nil
}

// following goes down one level at a pass that is known before the first: random (drawn) and oracle (known afterwards).
type following struct {
	high int    // index from which on the pass after it is at the next precision; never: none
	why  string // where that number comes from
}

func (f *following) asked() int { return 0 }

func (f *following) next(index, level int, _ []Signals) (verdict, error) {
	return down(index, level, 1, f.high, f.why), nil
}

// never is the index of a switch that does not come.
const never = -1

// down applies PMPD's rule: from index h on, each decision goes one precision down until there is none. There is one h
// for all switches, so with three precisions the second switch follows on the step after the first.
func down(index, level, lowest, h int, why string) verdict {
	switch {
	case level == lowest:
		return verdict{level: level, reason: "at the lowest precision"}
	case h == never:
		return verdict{level: level, reason: why}
	case index >= h:
		return verdict{level: level + 1, reason: fmt.Sprintf("index %d >= %d, %s", index, h, why)}
	default:
		return verdict{level: level, reason: fmt.Sprintf("index %d < %d, %s", index, h, why)}
	}
}

// need returns the error of a record that a trace does not have.
func need(source, record, accepted string) error {
	if source == "" {
		return fmt.Errorf("there is no trace to decide on; accepted: --trace FILE with %s, or a schedule that needs none: %s", record,
			List(KindsThatNeed(NeedsNothing)))
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
