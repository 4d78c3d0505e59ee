package precision

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// choosing is PMPD's learned scheduler (kv_cache_scheduler.py), and the one on activations (act_scheduler.py) with the same
// rule: after pass 1 a classifier picks one of four candidates for the number of passes at the first precision, once.
type choosing struct {
	kind       Kind
	candidates []int
	source     string

	high   int
	why    string
	lowest int
}

func (c *choosing) asked() int {
	if c.why == "" {
		return 0
	}
	return 1
}

func (c *choosing) next(index, level int, seen []Signals) (verdict, error) {
	if c.why == "" {
		scores, err := c.scores(seen)
		if err != nil {
			return verdict{}, err
		}
		class := best(scores)
		c.high = c.candidates[class]
		c.why = fmt.Sprintf("candidate %d of %s (scores %s)", class, join(c.candidates, " "), scoresText(scores))
	}
	return down(index, level, c.lowest, c.high, c.why), nil
}

// scores are those after pass 1: PMPD asks its classifier at index 1 and never again.
func (c *choosing) scores(seen []Signals) ([]float64, error) {
	scores, record := []float64(nil), "a sched_features record of step 0 with scores, named kv… (KV classifier)"
	if c.kind == KindActivation {
		record = "a sched_features record of step 0 with scores, named act… (activation classifier)"
	}
	if len(seen) > 0 {
		if scores = seen[0].KV; c.kind == KindActivation {
			scores = seen[0].Activation
		}
	}
	if len(scores) == 0 {
		return nil, need(c.source, record, "one, as "+string(c.kind)+" records it")
	}
	if len(scores) != CandidateCount || slices.ContainsFunc(scores, func(x float64) bool { return math.IsNaN(x) }) {
		return nil, fmt.Errorf("%s has %d scores (%s) after decode pass 1; accepted: %d numbers, one per candidate", c.source,
			len(scores), scoresText(scores), CandidateCount)
	}
	return scores, nil
}

// draw is PMPD's random scheduler (random_scheduler.py): the same CandidateCount, drawn once. PMPD does not seed the draw; here
// the seed is the schedule's, and the draw its SHA-256, which stays the same on every machine and in every version.
func (s Schedule) draw(gen int, e Evidence) *following {
	shares := s.Prior
	if len(shares) == 0 {
		shares = []float64{1, 1, 1, 1}
	}
	total := 0.0
	for _, p := range shares {
		total += p
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "pmpdsim random %d", s.Seed))
	u := float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53) * total
	class := 0
	for u >= shares[class] && class < len(shares)-1 {
		u -= shares[class]
		class++
	}
	for shares[class] == 0 { // rounding went past the last share
		class--
	}
	all := Candidates(s.horizon(gen, e))
	return &following{high: all[class], why: fmt.Sprintf("drawn from %s with seed %d", join(all, " "), s.Seed)}
}

// hindsight takes the earliest switch that kept the quality. Nothing can know that while it runs: it is what the others are
// measured against.
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
			"static:%d>%d@N (pmpdsim schedule --traces DIR)", high, Uniform(high), high, low)
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
