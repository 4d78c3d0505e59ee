package traces

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Precisions are those that a schedule with bits of its own may use, prefill's too, from the highest down.
func Precisions(s precision.Schedule) []int {
	widths := append([]int{s.PrefillBits(0)}, s.Bits...)
	slices.SortFunc(widths, func(a, b int) int { return b - a })
	return slices.Compact(widths)
}

// SchedulerOf is what a header says of a schedule that generates gen tokens at most.
func SchedulerOf(s precision.Schedule, gen int) Scheduler {
	p := &SchedulerParams{Bits: slices.Clone(s.Bits)}
	horizon := gen
	if s.Horizon > 0 {
		horizon = s.Horizon
	}
	switch s.Kind {
	case precision.KindStatic:
		p.SwitchAt = s.SwitchSteps(gen)
	case precision.KindLearned, precision.KindActivation:
		p.Horizon = &horizon
	case precision.KindConfidence:
		window, k := s.Window, s.K
		p.Window, p.K = &window, &k
	case precision.KindRandom:
		seed := int64(s.Seed)
		p.Horizon, p.Seed, p.Prior = &horizon, &seed, s.Prior
	case precision.KindFP16, precision.KindUniform, precision.KindOracle, precision.KindRecorded:
	}
	return Scheduler{Kind: SchedulerKind(s.Kind), Spec: s.String(), Params: p}
}
