package traces

import (
	"cmp"
	"slices"

	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// SchedulerOf returns what a header says of a schedule that generates gen tokens at most.
func SchedulerOf(s precision.Schedule, gen int) Scheduler {
	p := &SchedulerParams{Bits: slices.Clone(s.Bits)}
	if !s.Kind.Decides() {
		p.SwitchAt = s.SwitchSteps(gen)
	}
	if s.Kind.Takes("l") {
		horizon := cmp.Or(s.Horizon, gen)
		p.Horizon = &horizon
	}
	if s.Kind.Takes("window") {
		p.Window, p.K = &s.Window, &s.K
	}
	if s.Kind.Takes("seed") {
		seed := int64(s.Seed)
		p.Seed, p.Prior = &seed, s.Prior
	}
	return Scheduler{Kind: s.Kind, Spec: s.String(), Params: p}
}
