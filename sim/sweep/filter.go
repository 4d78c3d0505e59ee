package sweep

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/sim/unit/strict"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/routing"
)

// filter skips the points for which all its conditions hold.
type filter struct {
	text
	all []condition
}

// condition is KEY OP VALUE.
type condition struct{ key, op, value string }

// operators lists the operators in the order in which they are tried: <= before <, because it starts with it.
func operators() []string { return []string{"==", "!=", "<=", ">=", "<", ">"} }

const filterForm = `KEY OP VALUE, as in "array.rows > 32", joined by "and"; OP is one of == != < <= > >=`

func (s *Spec) readFilters(r *reader, n *yaml.Node) {
	for _, t := range r.texts(n, "filters", filterForm) {
		f := filter{text: t}
		for part := range strings.SplitSeq(t.value, " and ") {
			c, ok := parseCondition(part)
			if !ok {
				r.add(t.Place, "filters", "%q is no condition; accepted: %s", strings.TrimSpace(part), filterForm)
				continue
			}
			f.all = append(f.all, c)
		}
		s.filters = append(s.filters, f)
	}
}

func parseCondition(part string) (condition, bool) {
	for _, op := range operators() {
		key, value, ok := strings.Cut(part, op)
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		equality := op == "==" || op == "!=" // whose value may be a schedule: static:4>3
		if ok && key != "" && value != "" && (equality || !strings.ContainsAny(value, "<>=!")) {
			return condition{key, op, canonical(key, value)}, true
		}
	}
	return condition{}, false
}

// canonical writes the value of a key as points have it.
func canonical(key, value string) string {
	switch key {
	case "schedule":
		return precision.Canonical(value)
	case "precision":
		if rules, err := precision.ParseRules(value); err == nil {
			return precision.RulesText(rules)
		}
	case expertsAxis:
		if s, err := routing.Parse(value); err == nil {
			return s.String()
		}
	}
	return value
}

// labels are the values of an axis.
func (s *Spec) labels(a *Axis) (all []string) {
	for _, v := range a.Values {
		all = append(all, v.Label)
	}
	if a.Name == expertsAxis && (len(s.models) == 0 || slices.ContainsFunc(s.models, func(m model) bool { return m.Experts == nil })) {
		all = append(all, none)
	}
	return all
}

// named are the values of a key that names something: the rules of schedules, the formats of models' files; nothing of other keys.
func (s *Spec) named(key string) (all []string) {
	switch key {
	case "precision":
		for _, x := range s.schedules {
			all = append(all, cmp.Or(precision.RulesText(x.Rules), none))
		}
	case "format":
		for _, m := range s.models {
			all = append(all, formatOf(m.Model))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// checkFilters checks that keys exist and that values can be compared. The axes must be known.
func (s *Spec) checkFilters(r *reader) {
	for _, f := range s.filters {
		for _, c := range f.all {
			if slices.Contains(identity(), c.key) {
				if all := s.named(c.key); all != nil && !slices.Contains(all, c.value) {
					r.add(f.Place, "filters", "%s is never %q; accepted: %s", c.key, c.value, strings.Join(all, ", "))
				}
				s.checkOrder(r, f.Place, c, slices.Contains([]string{"batch", "prompt", "gen"}, c.key))
				continue
			}
			if i := slices.IndexFunc(s.axes, func(a Axis) bool { return a.Name == c.key }); i >= 0 && !isKey(c.key) {
				labels := s.labels(&s.axes[i])
				if !slices.Contains(labels, c.value) {
					r.add(f.Place, "filters", "%s is never %q; accepted: %s", c.key, c.value, strings.Join(labels, ", "))
				}
				s.checkOrder(r, f.Place, c, false)
				continue
			}
			if err := config.Check(c.key, c.value); err != nil {
				if !isKey(c.key) {
					err = fmt.Errorf("unknown key; accepted: %s, the name of an axis, or a key of the NPU (pmpdsim config keys)", strings.Join(identity(), ", "))
				}
				r.add(f.Place, "filters", "%s: %v", c.key, err)
				continue
			}
			m, number := unit.Quantity(c.value)
			s.checkOrder(r, f.Place, c, number)
			if other, differs := s.otherUnit(c.key, m); number && differs && c.op != "==" && c.op != "!=" {
				r.add(f.Place, "filters", "%s: %s has no order with the %s that points have; accepted: one unit for both", c.key, c.value, other)
			}
		}
	}
}

func (s *Spec) checkOrder(r *reader, at strict.Place, c condition, ordered bool) {
	_, isNumber := unit.Quantity(c.value)
	switch {
	case ordered && !isNumber:
		r.add(at, "filters", "%s: %q is not a number; accepted: a whole number", c.key, c.value)
	case !ordered && c.op != "==" && c.op != "!=":
		r.add(at, "filters", "%s has no order; accepted: == and !=", c.key)
	}
}

// otherUnit returns a value that points have of a key and that is no number of m's unit: of timings, which are given in clocks
// or as times, or not at all, as the standard has them.
func (s *Spec) otherUnit(key string, m unit.Measure) (string, bool) {
	var all []string
	given := false // to every point
	for _, a := range s.set {
		if a.path == key {
			all, given = append(all, a.value), true
		}
	}
	for _, a := range s.axes {
		before := len(all)
		for _, v := range a.Values {
			for _, one := range v.set {
				if one.path == key {
					all = append(all, one.value)
				}
			}
		}
		given = given || len(all)-before == len(a.Values)
	}
	for _, n := range s.npus {
		if v, ok := n.Get(key); ok && !given {
			all = append(all, v)
		}
	}
	for _, text := range all {
		switch got, ok := unit.Quantity(text); {
		case text == "":
			return "value of the standard", true
		case !ok || got.Of != m.Of:
			return text, true
		}
	}
	return "", false
}

func isKey(path string) bool {
	_, ok := config.Lookup(path)
	return ok
}

// skips reports whether a point is skipped; value returns the point's value of a key.
func (f filter) skips(value func(key string) string) bool {
	for _, c := range f.all {
		if !c.holds(value(c.key)) {
			return false
		}
	}
	return true
}

func (c condition) holds(got string) bool {
	order := strings.Compare(got, c.value)
	if a, ok := unit.Quantity(got); ok {
		if b, ok := unit.Quantity(c.value); ok {
			if order = cmp.Compare(a.Value, b.Value); order == 0 {
				order = strings.Compare(a.Of, b.Of)
			}
		}
	}
	switch c.op {
	case "==":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}
