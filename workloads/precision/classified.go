package precision

import (
	"fmt"
	"math"
	"slices"

	"github.com/pmpdsim/pmpdsim/workloads"
)

func learned() row {
	return row{
		KindInfo: KindInfo{Kind: KindLearned, Syntax: "learned:A>B[>C…][,l=N][,classifier=FILE]", Example: "learned:4-3,l=256",
			Description: "a classifier of the KV cache chooses 0, l/3, 2(l/3) or l passes at A bits after the first; l: tokens at most",
			Needs:       NeedsKVScores},
		form: falling, options: []option{horizon(), classifierFile()}, start: choose(kvScores), work: kvWork,
	}
}

func activation() row {
	return row{
		KindInfo: KindInfo{Kind: KindActivation, Syntax: "activation:A>B[>C…][,l=N]", Example: "activation:4-3",
			Description: "the same with a classifier of the last hidden state, whose scores are recorded", Needs: NeedsHiddenScores},
		form: falling, options: []option{horizon()}, start: choose(hiddenScores), work: hiddenWork,
	}
}

// scoring is a classifier's scores after pass 1: where they stand, and how a trace names their record.
type scoring struct {
	of     func(Signals) []float64
	record string
}

func kvScores() scoring {
	return scoring{func(s Signals) []float64 { return s.KV }, "named kv… (KV classifier)"}
}

func hiddenScores() scoring {
	return scoring{func(s Signals) []float64 { return s.Activation }, "named act… (activation classifier)"}
}

// choosing is PMPD's learned scheduler (kv_cache_scheduler.py), and the one on activations (act_scheduler.py) with the
// same rule: after pass 1 a classifier picks one of four candidates for the number of passes at the first precision,
// once.
type choosing struct {
	kind       Kind
	scoring    scoring
	candidates []int
	source     string

	high   int
	why    string
	lowest int
}

// choose makes schedulers that pick a candidate by a classifier's scores.
func choose(by func() scoring) func(Schedule, int, Evidence) (scheduler, error) {
	return func(s Schedule, gen int, e Evidence) (scheduler, error) {
		return &choosing{kind: s.Kind, scoring: by(), candidates: Candidates(s.horizon(gen, e)), source: e.Source,
			lowest: len(s.Bits) - 1}, nil
	}
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

// scores returns those after pass 1: PMPD asks its classifier at index 1 and never again.
func (c *choosing) scores(seen []Signals) ([]float64, error) {
	var scores []float64
	if len(seen) > 0 {
		scores = c.scoring.of(seen[0])
	}
	if len(scores) == 0 {
		return nil, need(c.source, "a sched_features record of step 0 with scores, "+c.scoring.record, "one, as "+string(c.kind)+" records it")
	}
	if len(scores) != CandidateCount || slices.ContainsFunc(scores, func(x float64) bool { return math.IsNaN(x) }) {
		return nil, fmt.Errorf("%s has %d scores (%s) after decode pass 1; accepted: %d numbers, one per candidate", c.source,
			len(scores), scoresText(scores), CandidateCount)
	}
	return scores, nil
}

// kvWork is a decision of PMPD's KV classifier (kv_cache_scheduler.py). With H key/value heads of D values and T =
// prompt + 1 positions it multiplies a query H×H×D with T keys and the result with T values (2·H²·D·T), then H·D values
// with a square matrix and one of four rows ((HD)² + 4HD). It holds H²D + (HD)² + 7HD + 4 fp32 weights: the query, two
// linears with biases, a layer norm. Its vector work: the mean of K and V over the heads (2·H·T·D), softmax of H²·T
// scores, the mean over H of H·H·D values, norm and ReLU of HD, softmax of 4.
func kvWork(m *workloads.Model, prompt int) work {
	h, d, t := m.KVHeads, m.HeadDim, prompt+1
	return work{
		products: []Product{
			{M: t, N: h * h, K: d, Weights: true}, // keys times the query
			{M: h * h, N: d, K: t},                // attention times the values
			{M: 1, N: h * d, K: h * d, Weights: true},
			{M: 1, N: CandidateCount, K: h * d, Weights: true},
		},
		otherWeights: int64(3*h*d + CandidateCount), // biases, layer norm
		vector:       int64(2*h*t*d + h*h*t + h*h*d + 2*h*d + CandidateCount),
		cache:        int64(2 * h * t * d),
	}
}

// hiddenWork is a decision of the classifier of the last hidden state (act_scheduler.py), which has d → (d+4)/2 → 4
// linears with biases for d = hidden.
func hiddenWork(m *workloads.Model, _ int) work {
	mid := (m.Hidden + CandidateCount) / 2
	return work{
		products: []Product{
			{M: 1, N: mid, K: m.Hidden, Weights: true},
			{M: 1, N: CandidateCount, K: mid, Weights: true},
		},
		otherWeights: int64(mid) + CandidateCount, // biases
		vector:       int64(mid) + CandidateCount,
	}
}
