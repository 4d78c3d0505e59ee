package sweep

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/unit/strict"
	"github.com/pmpdsim/pmpdsim/workloads/routing"
)

// Axis is what varies about the NPU: one key, or a named choice between changes of several keys. The axis experts varies which
// experts tokens take.
type Axis struct {
	Name   string
	Values []Value
	at     strict.Place
}

// Value is a value of an axis.
type Value struct {
	Label   string
	set     []assignment
	routing *routing.Spec // of the axis experts
}

// identity returns the names that identify a point beside its axes. Filters accept them.
func identity() []string {
	return []string{"npu", "model", "format", "task", "schedule", "precision", "batch", "prompt", "gen"}
}

func (s *Spec) readAxes(r *reader, n *yaml.Node) {
	const accepted = "a list of {KEY: [VALUES]} and of {NAME: {LABEL: {KEY: VALUE, …}, …}}"
	if n.Kind != yaml.SequenceNode {
		r.add(strict.PlaceOf(n), "axes", "got %s; accepted: %s", strict.Describe(n), accepted)
		return
	}
	for _, x := range n.Content {
		if x.Kind != yaml.MappingNode || len(x.Content) != 2 {
			r.add(strict.PlaceOf(x), "axes", "got %s; accepted: %s, one key each", describeAxis(x), accepted)
			continue
		}
		e := r.entries(x, "axes")
		if len(e) == 0 {
			continue
		}
		a := Axis{Name: e[0].key.value, at: e[0].key.Place}
		if e[0].value.Kind == yaml.MappingNode && a.Name != expertsAxis {
			a.Values = r.fragments(e[0])
		} else {
			a.Values = r.values(e[0])
		}
		for _, v := range a.Values {
			s.readParts(r, v.set)
		}
		s.addAxis(r, a)
	}
}

func describeAxis(n *yaml.Node) string {
	if n.Kind == yaml.MappingNode {
		return "a mapping of several keys, or of none"
	}
	return strict.Describe(n)
}

// addAxis adds an axis, unless it changes a key that another axis or set changes.
func (s *Spec) addAxis(r *reader, a Axis) {
	for _, other := range s.axes {
		if other.Name == a.Name {
			r.add(a.at, "axes."+a.Name, "given a second time, first in line %d; accepted: each axis once", other.at.Line)
			return
		}
	}
	if err := s.checkName(a.Name); err != nil && a.Name != expertsAxis { // results have what is below it
		r.add(a.at, "axes."+a.Name, "%v", err)
		return
	}
	for _, key := range pathsOf(a) {
		for _, fixed := range s.set {
			if fixed.path == key {
				r.add(a.at, "axes."+a.Name, "%s varies here and is fixed in line %d by set; accepted: one of them", key, fixed.Line)
			}
		}
		for _, other := range s.axes {
			if slices.Contains(pathsOf(other), key) {
				r.add(a.at, "axes."+a.Name, "%s varies in line %d, too; accepted: each key in one axis", key, other.at.Line)
			}
		}
	}
	s.axes = append(s.axes, a)
}

// pathsOf returns the keys that an axis changes.
func pathsOf(a Axis) []string {
	var all []string
	for _, v := range a.Values {
		for _, x := range v.set {
			if !slices.Contains(all, x.path) {
				all = append(all, x.path)
			}
		}
	}
	return all
}

// values reads {array.rows: [16, 32]}.
func (r *reader) values(e entry) []Value {
	path := e.key.value
	if path == expertsAxis {
		return r.routings(e)
	}
	key, ok := config.Lookup(path)
	if !ok {
		err := config.Check(path, "", "or a choice of your own, {NAME: {LABEL: {KEY: VALUE}}}")
		r.add(e.key.Place, "axes."+path, "%v", err)
		return nil
	}
	var all []Value
	for _, t := range r.texts(e.value, "axes."+path, key.Type) {
		if err := config.Check(path, t.value); err != nil {
			r.add(t.Place, "axes."+path, "%v", err)
			continue
		}
		all = append(all, Value{Label: t.value, set: []assignment{{t, path}}})
	}
	return all
}

// fragments reads {memory: {slow: {dram.channels: 1}, fast: {dram: {channels: 4}}}}.
func (r *reader) fragments(e entry) []Value {
	name := e.key.value
	if err := config.Check(name, ""); err == nil || !strings.Contains(err.Error(), "unknown key") {
		r.add(e.key.Place, "axes."+name, "the name is taken; accepted: a name that is no key, or {KEY: [VALUES]}")
	}
	if len(e.value.Content) == 0 {
		r.add(strict.PlaceOf(e.value), "axes."+name, "no choices leave nothing to run; accepted: {LABEL: {KEY: VALUE, …}, …}")
	}
	var all []Value
	for _, choice := range r.entries(e.value, "axes."+name) {
		under := "axes." + name + "." + choice.key.value
		if choice.value.Kind != yaml.MappingNode {
			r.add(strict.PlaceOf(choice.value), under, "got %s; accepted: a mapping of keys of the NPU, as in {array.rows: 64}", strict.Describe(choice.value))
			continue
		}
		all = append(all, Value{Label: choice.key.value, set: r.assignments(choice.value, under, "")})
	}
	return all
}

// assignments reads changes of an NPU: nested as in a file for --npu, or with dots as in --set.
func (r *reader) assignments(n *yaml.Node, under, prefix string) []assignment {
	var all []assignment
	for _, e := range r.entries(n, under) {
		path := joined(prefix, e.key.value)
		if e.value.Kind == yaml.MappingNode {
			for _, a := range r.assignments(e.value, under, path) {
				all = r.once(all, a, under)
			}
			continue
		}
		key, ok := config.Lookup(path)
		if !ok {
			r.add(e.key.Place, under+"."+path, "%v", config.Check(path, ""))
			continue
		}
		t, ok := r.scalar(e.value, under+"."+path, key.Type)
		if !ok {
			continue
		}
		if err := config.Check(path, t.value); err != nil {
			r.add(t.Place, under+"."+path, "%v", err)
			continue
		}
		all = r.once(all, assignment{t, path}, under)
	}
	return all
}

// once adds an assignment to those before it, unless one of them is of the same key.
func (r *reader) once(all []assignment, a assignment, under string) []assignment {
	if i := slices.IndexFunc(all, func(b assignment) bool { return b.path == a.path }); i >= 0 {
		r.add(a.Place, under+"."+a.path, "given a second time, first in line %d; accepted: each key once", all[i].Line)
		return all
	}
	return append(all, a)
}
