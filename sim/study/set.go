package study

import (
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

// Set is results that are looked at together. Its methods leave it as it is and return another one.
type Set struct {
	Outcomes []*Outcome
	Inputs   []Input // that were read, in their order

	// Of an arranged set.
	Common string   // what all outcomes have in common, in words
	Differ []string // names of the keys by which they differ, beside the schedule
	Over   []string // names of the keys that are averaged over

	ranks map[string]map[string]int // of the values of axes, in the order of their sweeps' specs
}

// Input is a file or a folder that was read.
type Input struct {
	Path    string
	Results int
	Failed  int           // points that could not be simulated
	Missing int           // points that have not been simulated yet
	Notes   []string      // on lines of a folder that are not believed
	axes    []folder.Axis // of a sweep, with their values in the order of the spec
}

// Outcome is a result, with what tells it from others.
type Outcome struct {
	*result.Result // of a bundle: the first one in it, with the mean of the weight bits; it fits its DRAM if all do

	Place string            // where it was found: file and line, or folder and point
	Axes  map[string]string // of its sweep, with the values
	Trace string            // name of the file of its trace
	Line  []byte            // the JSON of the result, if ReadLines read it
	Keys  []Key             // what it depends on beside the schedule, in a fixed order

	Setting    string     // in an arranged set: the values of the keys that differ, in words
	Replicates []*Outcome // results that are averaged; nil: this one alone
	replica    []string   // the values that tell it from other replicates
	apart      bool       // its schedule is told without the rules of precision
}

// Key is one thing that a result depends on.
type Key struct {
	Name  string
	Value string
	Text  string // in words: "batch 4"
}

// Key is the outcome's key of a name, with an empty value where there is no such axis. The schedule counts as one, and so do its
// rules of precision.
func (o *Outcome) Key(name string) Key {
	if name == scheduleKey {
		return o.scheduleKey()
	}
	for _, k := range o.Keys {
		if k.Name == name {
			return k
		}
	}
	if name == precisionKey { // and no axis has that name
		return o.precisionKey()
	}
	return Key{Name: name}
}

// Text names the values of some keys, without those that the outcome does not have.
func (o *Outcome) Text(names []string) string {
	var texts []string
	for _, name := range names {
		if k := o.Key(name); k.Text != "" {
			texts = append(texts, k.Text)
		}
	}
	return strings.Join(texts, ", ")
}

// Label names an outcome in a legend: what differs, and the schedule.
func (o *Outcome) Label() string { return strings.TrimPrefix(o.Setting+", "+o.Schedule, ", ") }

// Misfits are the outcomes that do not fit their DRAM.
func (s *Set) Misfits() (n int) {
	for _, o := range s.Outcomes {
		if !o.Fits {
			n++
		}
	}
	return n
}

// KeyNames are the names of the keys that any outcome has, in the order in which they come.
func (s *Set) KeyNames() (names []string) {
	for _, o := range s.Outcomes {
		for _, k := range o.Keys {
			if !slices.Contains(names, k.Name) {
				names = append(names, k.Name)
			}
		}
	}
	return names
}

// Distinct are the values of something, in the order in which they come.
func (s *Set) Distinct(of func(*Outcome) string) []string { return distinct(s.Outcomes, of) }

func distinct(all []*Outcome, of func(*Outcome) string) (values []string) {
	for _, o := range all {
		if v := of(o); !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	return values
}

// WorkloadKeys are the names of the keys that say what is asked of a machine: results are comparable where they agree.
// What else differs is a choice of the design.
func WorkloadKeys() []string {
	return []string{"model", "shape", "task", "prompt", "gen", "experts", "trace"}
}

// Workload names what differs among the workloads of the set's outcomes.
func (s *Set) Workload() func(*Outcome) string {
	names := slices.DeleteFunc(WorkloadKeys(), func(name string) bool {
		return len(s.Distinct(func(o *Outcome) string { return o.Key(name).Value })) < 2
	})
	return func(o *Outcome) string { return o.Text(names) }
}

// Design names the rest of what differs in an arranged set, and the schedule.
func (s *Set) Design() func(*Outcome) string {
	names := slices.DeleteFunc(slices.Clone(s.Differ), func(name string) bool { return slices.Contains(WorkloadKeys(), name) })
	return func(o *Outcome) string { return strings.TrimPrefix(o.Text(names)+", "+o.Schedule, ", ") }
}
