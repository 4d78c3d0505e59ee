package eval

import (
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// lane is one prompt on its way through a generation under a schedule. It asks the schedule as gpu.Recorder does.
type lane struct {
	job      *Job
	schedule Schedule
	sequence gpu.Sequence
	deciding *precision.Deciding
	prefill  precision.Assignment
	at       []precision.Assignment // of the decode passes, as far as they are decided
	signals  []precision.Signals    // of those that were read
	text     []int                  // prompt and written continuation
	forced   bool                   // reads the written continuation; else its own
	passes   int                    // done, prefill included
	answer   []int                  // its own tokens

	see func(position int, logits []float32, chosen gpu.Pass) // the distribution of the token at a position of the continuation; may be nil
}

// newLane starts a generation. The sequence may be nil where only the schedule is to be checked.
func newLane(j *Job, s Schedule, sequence gpu.Sequence, text []int, forced bool) (*lane, error) {
	l := &lane{job: j, schedule: s, sequence: sequence, text: text, forced: forced}
	var err error
	l.deciding, err = s.Start(j.Model.Model, j.Generate, precision.Evidence{Source: "this run", Horizon: j.Generate})
	if err != nil {
		return nil, err
	}
	over, err := s.Over(j.Model.Model, j.Generate)
	if err != nil {
		return nil, err
	}
	l.prefill = over.At(s.PrefillAt(precision.Assignment{}), 0)
	return l, l.decide(precision.Signals{})
}

// end frees what sequences have on a device.
func end(lanes []*lane) error {
	var all []gpu.Sequence
	for _, l := range lanes {
		if l != nil {
			all = append(all, l.sequence)
		}
	}
	return gpu.End(all...)
}

// ended reports whether all tokens have been generated.
func (l *lane) ended() bool { return l.passes == l.job.Generate }

// bits are those of the next pass.
func (l *lane) bits() precision.Assignment {
	if l.passes == 0 {
		return l.prefill
	}
	return l.at[l.passes-1]
}

// turn is what the sequence reads next: the prompt; or its own last token; or of a written continuation all that is read at the
// same bits, as far as they are decided, up to most tokens.
func (l *lane) turn(most int) gpu.Turn {
	switch {
	case l.passes == 0:
		return gpu.Turn{Sequence: l.sequence, Tokens: l.text[:l.job.Prompt]}
	case !l.forced:
		return gpu.Turn{Sequence: l.sequence, Tokens: l.answer[len(l.answer)-1:], All: true}
	}
	first, end := l.passes-1, l.passes
	for end < len(l.at) && end-first < most && l.at[end] == l.at[first] {
		end++
	}
	return gpu.Turn{Sequence: l.sequence, Tokens: l.text[l.job.Prompt+first : l.job.Prompt+end], All: true}
}

// heard takes the logits that a token of a turn yields: the distribution of the token behind it.
func (l *lane) heard(token int, logits []float32, last *gpu.Pass) error {
	*last = gpu.Greedy(logits)
	if err := last.Check(); err != nil {
		return err
	}
	position := l.passes + token
	if l.passes == 0 {
		position = 0 // a prompt yields the first token only
	}
	if l.see != nil {
		l.see(position, logits, *last)
	}
	return nil
}

// done takes note that a turn was read, and asks the schedule for what comes next.
func (l *lane) done(t gpu.Turn, last gpu.Pass) error {
	if l.passes == 0 {
		l.passes = 1
	} else {
		l.passes += len(t.Tokens)
	}
	l.answer = append(l.answer, last.Token)
	decoded := l.passes - 1
	if decoded == 0 || !l.schedule.Kind.Reads() {
		return nil
	}
	signals := precision.Signals{}
	if l.schedule.Kind.Needs() == precision.NeedsConfidence {
		signals.Confidence = &last.PMax
	}
	if decoded == 1 && l.schedule.Classifier != nil {
		kv, err := gpu.LastBlock(l.sequence, l.job.Model)
		if err != nil {
			return err
		}
		if signals.KV, err = l.schedule.Classifier.Scores(kv); err != nil {
			return err
		}
	}
	l.signals = append(l.signals, signals)
	if len(l.at) > decoded {
		return nil // it was decided before
	}
	return l.decide(signals)
}

// decide asks the schedule for the next pass, and for all behind it that no further signal can change: those of a schedule
// that reads none, and those of a classifier that was asked, after pass 1, the only time.
func (l *lane) decide(before precision.Signals) error {
	for len(l.at) < l.job.Generate-1 {
		next, err := l.deciding.Next(before)
		if err != nil {
			return fmt.Errorf("schedule %s: %w", l.schedule, err)
		}
		l.at = append(l.at, next.At)
		waits := l.schedule.Kind.Reads()
		if l.schedule.Kind.Needs() == precision.NeedsKVScores && len(l.at) > 1 {
			waits = false
		}
		if waits {
			return nil
		}
		before = precision.Signals{}
	}
	return nil
}

// mostRows is how many tokens a pass reads at most, but one prompt at least: what they take is bounded, and an interruption does not
// wait for long.
const mostRows = 512

// advance runs the next pass of those lanes that are the furthest behind and read at the same bits as the first of them. It
// returns how many tokens they read; 0: all lanes have ended.
func advance(scorer gpu.Scorer, lanes []*lane) (int64, error) {
	var behind *lane
	for _, l := range lanes {
		if !l.ended() && (behind == nil || l.passes < behind.passes) {
			behind = l
		}
	}
	if behind == nil {
		return 0, nil
	}
	at := behind.bits()
	group := slices.DeleteFunc(slices.Clone(lanes), func(l *lane) bool {
		return l.ended() || l.bits() != at || (l.passes == 0) != (behind.passes == 0)
	})
	if behind.passes == 0 {
		group = group[:max(1, min(len(group), mostRows/behind.job.Prompt))]
	}
	turns, last := make([]gpu.Turn, len(group)), make([]gpu.Pass, len(group))
	read := int64(0)
	for i, l := range group {
		turns[i] = l.turn(max(1, mostRows/len(group)))
		read += int64(len(turns[i].Tokens))
	}
	err := scorer.Score(turns, at, func(turn, token int, logits []float32) error {
		return group[turn].heard(token, logits, &last[turn])
	})
	if err != nil {
		return 0, err
	}
	for i, l := range group {
		if err := l.done(turns[i], last[i]); err != nil {
			return 0, err
		}
	}
	return read, nil
}
