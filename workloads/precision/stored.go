package precision

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/workloads"
)

func file() row {
	return row{KindInfo: KindInfo{Kind: KindFile, Syntax: "file", Example: "file",
		Description: "every pass as the model's file stores its weights, matrix by matrix, lm_head and embedding too", Needs: NeedsStoredBits}}
}

// Of returns the schedule for a model: one that follows a model's file takes the bits of its matrices.
func (s Schedule) Of(m *workloads.Model) (Schedule, error) {
	if s.Kind != KindFile {
		return s, nil
	}
	if m == nil {
		return s, fmt.Errorf("schedule %q: there is no model whose file says the bits; accepted: another schedule: %s", s, List(KindsThatNeed(NeedsNothing)))
	}
	if m.Stored != nil && m.Stored.Unread != "" {
		return s, fmt.Errorf("schedule %q: %s; or another schedule: %s", s, m.Stored.Unread, List(KindsThatNeed(NeedsNothing)))
	}
	s.Stored = Assign(m, func(layer int, matrix string) int { return int(m.Stored.At(layer, matrix).Width()) })
	s.Bits = []int{s.Stored.Max()}
	return s, nil
}

// throughout is a policy of one assignment.
type throughout Assignment

// At returns the weight bits of a pass.
func (t throughout) At(pass int) Assignment {
	mustCount(pass)
	return Assignment(t)
}
