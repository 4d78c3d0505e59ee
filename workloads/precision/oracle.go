package precision

import (
	"fmt"
	"math"
	"slices"
)

func oracle() row {
	return row{
		KindInfo: KindInfo{Kind: KindOracle, Syntax: "oracle:A>B[,bound=X]", Example: "oracle:4-3,bound=0.99",
			Description: "the earliest recorded switch whose quality is at least bound of A's throughout: known afterwards only",
			Needs:       NeedsOtherRuns},
		form: pair, options: []option{bound()},
		start: func(s Schedule, _ int, e Evidence) (scheduler, error) { return s.hindsight(e.Runs) },
	}
}

// hindsight takes the earliest switch that kept the quality. Nothing can know that while it runs: it is what the others
// are measured against.
func (s Schedule) hindsight(runs []Run) (*following, error) {
	high, low := s.Bits[0], s.Bits[1]
	reference := math.NaN()
	for _, r := range runs {
		if r.Schedule.Kind == KindUniform && r.Schedule.Bits[0] == high || r.Schedule.Kind == KindFP16 && high == 16 {
			reference = r.Quality
		}
	}
	if reference == 0 {
		return nil, fmt.Errorf("the run at %d bits throughout has a quality of 0; accepted: more, to hold others against", high)
	}
	if math.IsNaN(reference) {
		return nil, fmt.Errorf("no trace of the prompt has %d bits throughout; accepted: traces of the prompt under %s and under "+
			"static:%d>%d@N (pmpdsim schedule --traces DIR)", high, UniformSchedule(high), high, low)
	}
	at, quality, found := -1, 0.0, false
	for _, r := range runs {
		if r.Schedule.Kind != KindStatic || !slices.Equal(r.Schedule.Bits, s.Bits) || len(r.Schedule.Steps) == 0 {
			continue
		}
		found = true
		if h := r.Schedule.Steps[0]; r.Quality >= s.Bound*reference && (at < 0 || h < at) {
			at, quality = h, r.Quality/reference
		}
	}
	if !found {
		return nil, fmt.Errorf("no trace of the prompt switches from %d to %d bits; accepted: traces of the prompt under static:%d>%d@N "+
			"(pmpdsim schedule --traces DIR)", high, low, high, low)
	}
	if at < 0 {
		return &following{high: never, why: fmt.Sprintf("no recorded switch keeps %g of the quality", s.Bound)}, nil
	}
	return &following{high: at, why: fmt.Sprintf("the earliest switch that keeps %g of the quality (%.4g)", s.Bound, quality)}, nil
}
