package study

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

// Grid is a set over two keys: a cell holds the one outcome that has a value of each.
type Grid struct {
	X, Y             string   // names of the keys
	XValues, YValues []string // in their order
	cells            map[[2]string]*Outcome
}

// At is the outcome of a pair of values; nil where there is none.
func (g *Grid) At(x, y string) *Outcome { return g.cells[[2]string{x, y}] }

// Grid puts an arranged set over two keys. A key that is not given is one of the two that differ. What the cells differ in
// besides is an error, which says how to choose.
//
// Rules of precision are a key, too. Where they make one of the axes, schedules count without them.
func (s *Set) Grid(x, y string) (*Grid, error) {
	if x == precisionKey || y == precisionKey || x == "" && y == "" && s.ruledAlone() {
		s = s.RulesApart()
	}
	x, y, err := s.axes(x, y)
	if err != nil {
		return nil, err
	}
	cells, err := s.cells(x, y)
	if err != nil {
		return nil, err
	}
	return &Grid{X: x, Y: y, XValues: s.Values(x), YValues: s.Values(y), cells: cells}, nil
}

// AreNumbers reports whether all of some values are numbers or quantities, which have a scale; names have none.
func AreNumbers(values []string) bool {
	return !slices.ContainsFunc(values, func(v string) bool { _, ok := amount(v); return !ok })
}

// follows reports whether a key may follow from one of others: lengths from task, model and trace, the trace from task and
// model, and what an NPU is from its name and the axes.
func follows(key string, others ...string) bool {
	return slices.ContainsFunc(others, func(from string) bool {
		switch key {
		case "prompt", "gen":
			return from == "model" || from == "task" || from == overTrace
		case overTrace:
			return from == "model" || from == "task"
		case kvBits, "config":
			return ofNPU(from) && from != kvBits && from != "config"
		default:
			return false
		}
	})
}

// gridKeys are the names of the keys that can make axes.
func (s *Set) gridKeys() []string {
	if s.Outcomes[0].apart {
		return append(s.KeyNames(), precisionKey, scheduleKey)
	}
	return append(s.KeyNames(), scheduleKey)
}

// ruledAlone reports whether outcomes differ in nothing but schedules and their rules.
func (s *Set) ruledAlone() bool { return len(s.Differ) == 0 && s.Ruled() }

// axes are the two keys to draw over: those asked for, and else the two that differ.
func (s *Set) axes(x, y string) (string, string, error) {
	known := s.gridKeys()
	for _, f := range []struct{ flag, key string }{{"x", x}, {"y", y}} {
		if f.key != "" && !slices.Contains(known, f.key) {
			return "", "", fmt.Errorf("--%s %s: unknown key; %s", f.flag, f.key, suggest.Accepted(f.key, known))
		}
	}
	if x != "" && x == y {
		return "", "", fmt.Errorf("--x %s --y %s: the same key twice; accepted: two keys of %s", x, y, strings.Join(known, ", "))
	}
	var open []string
	for _, key := range known {
		if key != x && key != y && len(s.Values(key)) > 1 {
			open = append(open, key)
		}
	}
	choice := open
	if len(choice) > 2 {
		choice = slices.DeleteFunc(slices.Clone(open), func(key string) bool { return follows(key, append(open, x, y)...) })
	}
	switch {
	case x != "" && y != "":
	case x != "" && len(choice) == 1:
		y = choice[0]
	case y != "" && len(choice) == 1:
		x = choice[0]
	case x == "" && y == "" && len(choice) == 2:
		x, y = choice[1], choice[0]
		if AreNumbers(s.Values(y)) && !AreNumbers(s.Values(x)) { // long names belong to the side
			x, y = y, x
		}
	case len(open) == 0:
		return "", "", fmt.Errorf("nothing else differs among the results; accepted: --x KEY --y KEY with keys of %s", strings.Join(known, ", "))
	default:
		return "", "", fmt.Errorf("two keys make the axes, and these differ: %s; accepted: --x KEY --y KEY", s.varying(s.Outcomes, open))
	}
	return x, y, nil
}

// cells finds the one result of each cell. Neighbours must not differ in more than the axes say.
func (s *Set) cells(x, y string) (map[[2]string]*Outcome, error) {
	place := func(o *Outcome) [2]string { return [2]string{o.Key(x).Value, o.Key(y).Value} }
	cells := map[[2]string][]*Outcome{}
	for _, o := range s.Outcomes {
		cells[place(o)] = append(cells[place(o)], o)
	}
	var others []string
	for _, key := range s.gridKeys() {
		if key != x && key != y {
			others = append(others, key)
		}
	}
	for _, o := range s.Outcomes {
		if some := cells[place(o)]; len(some) > 1 {
			differ := slices.DeleteFunc(slices.Clone(others), func(key string) bool { return len(s.valuesOf(some, key)) < 2 })
			return nil, fmt.Errorf("%s %s, %s %s: %d results for one cell, such as %s and %s, which differ in %s; accepted: one for each cell (choose with %s)",
				x, o.Key(x).Value, y, o.Key(y).Value, len(some), some[0].Place, some[1].Place, s.varying(some, differ), s.howToChoose(some, differ))
		}
	}
	more := slices.DeleteFunc(slices.Clone(others), func(key string) bool { return follows(key, x, y) || len(s.Values(key)) < 2 })
	if len(more) > 0 {
		return nil, fmt.Errorf("cells differ in %s, too; accepted: results that differ in %s and %s alone (choose with %s)", s.varying(s.Outcomes, more), x, y,
			s.howToChoose(s.Outcomes, more))
	}
	one := map[[2]string]*Outcome{}
	for at, some := range cells {
		one[at] = some[0]
	}
	return one, nil
}

// varying lists keys with their values, of many the first.
func (s *Set) varying(all []*Outcome, keys []string) string {
	var texts []string
	for _, key := range keys {
		values := s.valuesOf(all, key)
		if len(values) > 4 {
			values = append(values[:3:3], "…")
		}
		texts = append(texts, key+" ("+strings.Join(values, ", ")+")")
	}
	return strings.Join(texts, ", ")
}

// howToChoose gives an example of flags.
func (s *Set) howToChoose(some []*Outcome, keys []string) string {
	var flags []string
	for _, key := range keys {
		if follows(key, keys...) {
			continue
		}
		flags = append(flags, "--only "+Quoted(key+"="+s.valuesOf(some, key)[0]))
	}
	return strings.Join(flags, " ")
}
