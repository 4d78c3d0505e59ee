package precision

import (
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// Nested planes give these widths: what a rule by bits more or less stays within.
const lowestPlanes, highestPlanes = 2, 8

// Overlay is the rules of a schedule over one model. It is not safe for concurrent use.
type Overlay struct {
	rules []over
	grid  *grid
	known map[state]Assignment
	notes []string
}

// over is a rule with the cells that it is about.
type over struct {
	Rule
	cells []int
	steps Static // of Over
}

// state is what an assignment depends on.
type state struct {
	base   Assignment
	levels string
}

// Over returns the rules of a schedule over a model that generates gen tokens; nil if it has none.
func (s Schedule) Over(m *workloads.Model, gen int) (*Overlay, error) {
	if len(s.Rules) == 0 {
		return nil, nil
	}
	if m == nil {
		panic("precision: rules over no model")
	}
	o := &Overlay{grid: gridOf(m), known: map[state]Assignment{}}
	for _, r := range s.Rules {
		x := over{Rule: r}
		if r.By == 0 {
			x.steps = r.Over.static(gen)
		}
		for _, name := range r.Matrices {
			if !slices.Contains(o.grid.names, name) {
				return nil, fmt.Errorf("rule %s: %s has no matrix %s whose bits change; %s%s", r, m.Name, name,
					suggest.Accepted("", o.grid.names), suggest.Question(suggest.Nearest(name, o.grid.names)))
			}
		}
		for _, span := range r.Layers {
			if span.Last >= m.Layers {
				return nil, fmt.Errorf("rule %s: %s has no layer %d; accepted: 0 to %d", r, m.Name, span.Last, m.Layers-1)
			}
		}
		for _, x1 := range o.grid.matrices {
			if r.selects(x1.layer, x1.name) {
				x.cells = append(x.cells, o.grid.at(x1.layer, x1.name))
			}
		}
		if len(x.cells) == 0 {
			return nil, fmt.Errorf("rule %s: there are no such matrices in these layers of %s; accepted: layers that have them", r, m.Name)
		}
		o.rules = append(o.rules, x)
	}
	return o, nil
}

// At returns the bits of a pass for which the schedule says base; pass 0 is prefill.
func (o *Overlay) At(base Assignment, pass int) Assignment {
	if o == nil || base == (Assignment{}) {
		return base
	}
	at := state{base: base}
	for i := range o.rules {
		at.levels += fmt.Sprintf("%d ", o.rules[i].steps.level(pass))
	}
	if a, ok := o.known[at]; ok {
		return a
	}
	for _, x := range o.grid.matrices {
		o.grid.cells[o.grid.at(x.layer, x.name)] = byte(base.At(x.layer, x.name))
	}
	for i := range o.rules {
		o.rules[i].apply(o, pass)
	}
	a := o.grid.assignment()
	o.known[at] = a
	return a
}

// apply changes the cells that a rule is about. Weights of 16 bits are no planes, which could be more or fewer.
func (r *over) apply(o *Overlay, pass int) {
	for _, cell := range r.cells {
		bits := int(o.grid.cells[cell])
		switch {
		case r.By == 0:
			bits = r.steps.Precisions[r.steps.level(pass)]
		case bits != 16:
			want := bits + r.By
			bits = min(max(want, lowestPlanes), highestPlanes)
			if note := fmt.Sprintf("rule %s: %d bits where %d were asked for; %d to %d can be", r.Rule, bits, want, lowestPlanes, highestPlanes); bits != want &&
				!slices.Contains(o.notes, note) {
				o.notes = append(o.notes, note)
			}
		}
		o.grid.cells[cell] = byte(bits)
	}
}

// All returns what At returns over passes for which the schedule says one of the bases, in any of them, without repetition: of
// the first base first.
func (o *Overlay) All(bases []Assignment) []Assignment {
	passes := []int{1}
	if o != nil {
		for i := range o.rules {
			for _, s := range o.rules[i].steps.Steps {
				passes = append(passes, max(s, 1)+1)
			}
		}
	}
	var all []Assignment
	for _, base := range bases {
		for _, pass := range passes {
			if a := o.At(base, pass); !slices.Contains(all, a) {
				all = append(all, a)
			}
		}
	}
	return all
}

// Notes says where bits are others than a rule asks for, among the passes that At was asked about.
func (o *Overlay) Notes() []string {
	if o == nil {
		return nil
	}
	return slices.Clone(o.notes)
}

// Plain returns the schedule without its rules.
func (s Schedule) Plain() Schedule {
	s.Rules = nil
	return s
}

// WithRules returns the schedule with more rules behind its own.
func (s Schedule) WithRules(rules []Rule) Schedule {
	s.Rules = slices.Concat(s.Rules, rules)
	return s
}

// Ruled returns some widths, with those that the rules of a schedule make of them.
func (s Schedule) Ruled(widths []int) []int {
	all := slices.Clone(widths)
	for _, r := range s.Rules {
		if r.By == 0 {
			all = append(all, r.Over.Bits...)
			continue
		}
		for _, bits := range slices.Clone(all) {
			if bits != 16 {
				all = append(all, min(max(bits+r.By, lowestPlanes), highestPlanes))
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Bases returns what a schedule with bits of its own says of decode passes, before its rules.
func (s Schedule) Bases() []Assignment {
	if s.Kind == KindFile {
		return []Assignment{s.Stored}
	}
	return Uniforms(s.Bits...)
}

// Possible returns the assignments that a run under a schedule with bits of its own may use: prefill's, and those of decode.
func (s Schedule) Possible(m *workloads.Model, gen int) ([]Assignment, error) {
	over, err := s.Over(m, gen)
	if err != nil {
		return nil, err
	}
	return append([]Assignment{over.At(s.PrefillAt(Assignment{}), 0)}, over.All(s.Bases())...), nil
}

// ScheduleOf returns a schedule whose passes all have an assignment: the bits that most weights have, and rules for the others.
func ScheduleOf(m *workloads.Model, at Assignment) Schedule {
	g := gridOf(m)
	held := map[int]int64{}
	for _, x := range g.matrices {
		held[at.At(x.layer, x.name)] += x.elements
	}
	base := at.Max()
	for _, b := range at.Widths() {
		if held[b] > held[base] {
			base = b
		}
	}
	s := UniformSchedule(base)
	for _, name := range g.names {
		for _, b := range at.Widths() {
			r := Rule{Matrices: []string{name}, Over: UniformSchedule(b)}
			all := true
			for _, x := range g.matrices {
				if x.name != name {
					continue
				}
				if at.At(x.layer, name) != b {
					all = false
					continue
				}
				if last := len(r.Layers) - 1; last >= 0 && r.Layers[last].Last == x.layer-1 {
					r.Layers[last].Last = x.layer
				} else {
					r.Layers = append(r.Layers, Span{x.layer, x.layer})
				}
			}
			if b == base || len(r.Layers) == 0 {
				continue
			}
			if all {
				r.Layers = nil
			}
			s.Rules = append(s.Rules, r)
		}
	}
	return s
}
