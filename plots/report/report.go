package report

import (
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/sim/result"
)

// Report is what a page shows, and where it comes from.
type Report struct {
	Command  string  // that made the page
	Program  string  // with its version
	Common   string  // what all results have in common
	Inputs   []Input // in the order of the command
	Points   []Point // in the order of tables
	Machines []Machine
}

// Input is a file or a folder that results come from.
type Input struct {
	Path    string
	Results int
	Failed  int // points that could not be simulated
	Missing int // points that have not been simulated yet
}

// Point is a result, with all that tells it from others.
type Point struct {
	*result.Result
	Place string // where it stands: file and line, or folder and fingerprint
	Keys  []Key  // by which the points of the report differ, the same ones for each; the schedule is the last
}

// Key is one thing that a result depends on.
type Key struct {
	Name  string
	Value string
	Text  string // of both: "batch 4"
	Role  Role
}

// Role is who decides on a key.
type Role uint8

// The roles.
const (
	Design   Role = iota // of who builds the machine, or runs it
	Workload             // a question, not an answer
)

// Machine is an NPU that results come from. What is known of it besides depends on who calls: a result names its fingerprint only.
type Machine struct {
	Fingerprint string
	Name        string
	Bandwidth   float64     // bytes per second at the DRAM's peak; 0: not known
	Roofs       []Roof      // of the array, from the narrowest weights
	Keys        [][2]string // of the configuration, with their values, in the order of its files
}

// Roof is what the full array does with weights of so many bits.
type Roof struct {
	Bits          int
	MACsPerSecond float64
}

// machine returns that of a point, which may be known by nothing but its fingerprint.
func (r *Report) machine(p *Point) Machine {
	for _, m := range r.Machines {
		if m.Fingerprint == p.Config {
			return m
		}
	}
	return Machine{Fingerprint: p.Config, Name: p.NPU}
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
