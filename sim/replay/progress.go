package replay

import (
	"slices"
	"sync/atomic"
)

// Progress is how far Run has come.
type Progress struct {
	Passes, Total int     // complete passes, and passes of all runs; prefill counts as one
	Share         float64 // of the work, 0 to 1; includes the finished part of current passes
}

// longPrompt is the longest prompt, in tokens, that is compiled just to estimate its work. The work of longer ones is
// extrapolated with the square of the length, because attention dominates.
const longPrompt = 4096

// weigh estimates the work of prefill. Work is counted in DRAM transfers, because they dominate simulation time.
func (r *run) weigh() error {
	if !slices.Contains(r.steps, 0) {
		return nil
	}
	prompt := min(r.Prompt, longPrompt)
	p, err := r.compiler.Prefill(prompt, r.prefill)
	if err != nil {
		return err
	}
	times := float64(r.Prompt) / float64(prompt)
	r.prefillWork = int64(float64(p.Transfers()+1) * times * times)
	return nil
}

// weight returns the estimated work of a step. A decode pass is assumed to take as long as the last one at its
// precision.
func (r *run) weight(step int) int64 {
	if step == 0 {
		return r.prefillWork
	}
	return r.transfers[r.bits[step-1]] + 1
}

// meter adds up the work of all workers.
type meter struct {
	report       func(Progress)
	passes, work atomic.Int64
	total        int
	all          int64
}

func newMeter(runs []*run, report func(Progress)) *meter {
	m := &meter{report: report}
	for _, r := range runs {
		m.total += len(r.steps)
		for _, s := range r.steps {
			m.all += r.weight(s)
		}
	}
	return m
}

func (m *meter) add(passes, work int64) {
	if m.report != nil {
		p, w := m.passes.Add(passes), m.work.Add(work)
		m.report(Progress{Passes: int(p), Total: m.total, Share: float64(w) / float64(m.all)})
	}
}

// step is a step that is being simulated; added is the part of its work that the meter already has.
type step struct {
	*meter
	weight, transfers, added int64
}

func (m *meter) step(weight, transfers int64) *step {
	return &step{meter: m, weight: weight, transfers: max(transfers, 1)}
}

// at reports how many of the step's transfers are complete, to a hundredth of the step.
func (s *step) at(transfers int64) {
	if now := s.weight * transfers / s.transfers; now > s.added+s.weight/100 {
		s.add(0, now-s.added)
		s.added = now
	}
}

func (s *step) end() { s.add(1, s.weight-s.added) }
