package precision

import (
	"fmt"
	"math"

	"github.com/pmpdsim/pmpdsim/workloads"
)

func confidence() row {
	return row{
		KindInfo: KindInfo{Kind: KindConfidence, Syntax: "confidence:A>B[>C…][,window=N][,k=X]", Example: "confidence:4-3,window=10,k=1",
			Description: "down as soon as the top token's probability reaches mean + k·std of the first window passes at this precision",
			Needs:       NeedsConfidence},
		form: falling, options: []option{window(), deviations()},
		start: func(s Schedule, _ int, e Evidence) (scheduler, error) {
			return &confident{window: s.Window, k: s.K, bits: s.Bits, source: e.Source}, nil
		},
		// the softmax of the logits after each pass until the last precision is reached
		work: func(m *workloads.Model, _ int) work { return work{vector: int64(m.Vocab)} },
	}
}

// confident is PMPD's confidence scheduler (confidence_scheduler.py): the first window scores at a precision set its
// threshold, mean + k standard deviations, and the first later score that reaches it ends the precision. At the lowest
// precision nothing is looked at any more.
type confident struct {
	window int
	k      float64
	bits   []int
	source string

	scores []float64 // at this precision, up to the window
	looked int
}

func (c *confident) asked() int { return c.looked }

func (c *confident) next(index, level int, seen []Signals) (verdict, error) {
	if level == len(c.bits)-1 {
		return verdict{level: level, reason: "at the lowest precision"}, nil
	}
	if len(seen) < index || seen[index-1].Confidence == nil {
		return verdict{}, need(c.source, fmt.Sprintf("p_max in step %d", index-1), "p_max in every step up to the last switch")
	}
	score := *seen[index-1].Confidence
	c.looked++
	v := verdict{level: level, score: &score}
	if len(c.scores) < c.window {
		c.scores = append(c.scores, score)
		v.reason = fmt.Sprintf("confidence %.4g is score %d of %d that set the threshold", score, len(c.scores), c.window)
		return v, nil
	}
	mean, std := moments(c.scores)
	threshold := mean + float64(c.k*std)
	v.threshold = &threshold
	terms := fmt.Sprintf("threshold %.4g (mean %.4g + %g x std %.4g of %d)", threshold, mean, c.k, std, c.window)
	if score < threshold {
		v.reason = fmt.Sprintf("confidence %.4g < %s", score, terms)
		return v, nil
	}
	c.scores = nil
	v.level, v.reason = level+1, fmt.Sprintf("confidence %.4g >= %s", score, terms)
	return v, nil
}

// moments returns the mean and the sample standard deviation (over n-1, as torch.std has it). They are taken from the
// differences to the first value, so that equal values have exactly their own mean.
func moments(x []float64) (mean, std float64) {
	for _, v := range x {
		mean += v - x[0]
	}
	mean = x[0] + mean/float64(len(x))
	for _, v := range x {
		std += float64((v - mean) * (v - mean))
	}
	return mean, math.Sqrt(std / float64(len(x)-1))
}
