package report

import (
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/study"
)

// Report is what a page shows, and where it comes from.
type Report struct {
	Command  string          // that made the page
	Program  string          // with its version
	Common   string          // what all results have in common
	Inputs   []study.Input   // in the order of the command
	Points   []Point         // in the order of tables
	Machines []study.Machine // that are known
	Values   [][]string      // of the keys of the points, in their order; nil: that in which they come
}

// New returns a report of an arranged set. It leaves to the caller what made it, and which machines are known.
func New(s *study.Set) *Report {
	r := &Report{Common: s.Common, Inputs: s.Inputs}
	s = s.RulesApart()
	names := append(slices.Clone(s.Differ), "schedule")
	if s.Ruled() {
		names = slices.Insert(names, len(names)-1, "precision")
	}
	for _, o := range s.Outcomes {
		r.Points = append(r.Points, pointOf(o, names))
	}
	if len(r.Points) == 0 {
		return r // which cannot be written
	}
	for _, k := range r.Points[0].Keys {
		r.Values = append(r.Values, s.Values(k.Name))
	}
	return r
}

// Point is a result, with all that tells it from others.
type Point struct {
	*result.Result
	Place string // where it stands: file and line, or folder and fingerprint
	Keys  []Key  // by which the points of the report differ, the same ones for each; schedule, before it its rules, are the last
}

// Key is one thing that a result depends on, and who decides on it.
type Key struct {
	study.Key
	Role Role
}

// Role is who decides on a key.
type Role uint8

// The roles.
const (
	Design   Role = iota // of who builds the machine, or runs it
	Workload             // a question, not an answer
)

// pointOf has the keys of some names.
func pointOf(o *study.Outcome, names []string) Point {
	p := Point{Result: o.Result, Place: o.Place}
	for _, name := range names {
		k := Key{Key: o.Key(name)}
		if slices.Contains(study.WorkloadKeys(), name) {
			k.Role = Workload
		}
		p.Keys = append(p.Keys, k)
	}
	return p
}

// Misfits are the points that do not fit their DRAM.
func (r *Report) Misfits() (n int) {
	for _, p := range r.Points {
		if !p.Fits {
			n++
		}
	}
	return n
}

// machine returns that of a point, which may be known by nothing but its fingerprint.
func (r *Report) machine(p *Point) study.Machine {
	for _, m := range r.Machines {
		if m.Fingerprint == p.Config {
			return m
		}
	}
	return study.Machine{Fingerprint: p.Config, Name: p.NPU}
}

// check refuses what would be shown wrongly.
func (r *Report) check() error {
	if len(r.Points) == 0 {
		return fmt.Errorf("report: no results; accepted: one or more")
	}
	name := func(k Key) string { return k.Name }
	first := names(r.Points[0].Keys, name)
	for _, p := range r.Points {
		if !slices.Equal(names(p.Keys, name), first) {
			return fmt.Errorf("%s: keys %v; accepted: those of %s, %v", p.Place, names(p.Keys, name), r.Points[0].Place, first)
		}
	}
	return nil
}

func names[T any](all []T, of func(T) string) (texts []string) {
	for _, x := range all {
		texts = append(texts, of(x))
	}
	return texts
}
