package controller

import (
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

// Issued is a command of one channel as a trace that was written and read back has it. Bank is numbered as in spec.Place;
// of a command to a rank it is the rank's first.
type Issued struct {
	Name  string // Command.String
	Bank  int
	Clock int64
}

// BreachesOf returns what commands break: gates that are kept, and the law.
func BreachesOf(s *spec.Standard, refresh spec.Refresh, issued []Issued) (found []string) {
	o := &observer{s: s, refresh: refresh}
	var trace []issue
	for _, i := range issued {
		trace = append(trace, issue{Command(slices.Index(commandNames, i.Name)), i.Bank, i.Clock})
	}
	o.traces = [][]issue{trace}
	for _, g := range gates(s, refresh) {
		sum := clocks(s, g.sum)
		if got := o.tightest(&g, sum); g.missing == "" && sum > 0 && got < sum {
			found = append(found, fmt.Sprintf("%v: came after %d clocks, not %d", &g, got, sum))
		}
	}
	l := newLaw(o)
	for i := range trace {
		if problem := l.breach(&trace[i]); problem != "" {
			return append(found, problem)
		}
	}
	return found
}

// Policies are the refresh policies that a standard's controller has.
func Policies(s *spec.Standard) []spec.Refresh { return policies(s) }
