package eval

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/precision/classifier"
)

// Schedule is a schedule with the classifier that it asks.
type Schedule struct {
	precision.Schedule
	Classifier *classifier.Net // nil: it asks none
	Cache      formats.Cache   // of keys and values
}

// OfPrompt is the schedule under which the prompt of an index, from 0, runs: one that draws draws anew for each prompt.
func (s Schedule) OfPrompt(index int) Schedule {
	if s.Kind.Takes("seed") {
		s.Seed += index
	}
	return s
}

// Job is what is evaluated: schedules over the same prompts.
type Job struct {
	Backend   gpu.Scorer
	Model     *weights.Model
	Texts     [][]int // tokens of each prompt and, behind it, of the continuation that people wrote
	Prompt    int     // tokens of each that are prompt
	Generate  int     // and continuation, the first of which comes from prefill
	Schedules []Schedule

	Forced bool // measure the continuations that people wrote
	Greedy bool // and those of the model's own

	Logits int64       // bytes of fp16 logits to keep at most, but of one prompt at least; 0: DefaultLogits
	Done   func(int64) // called with the number of tokens, of Work, that were read; may be nil
}

// DefaultLogits is how many bytes of fp16 logits are kept if nothing else is said: of SmolLM2 those of 21 prompts with 64
// tokens to generate.
const DefaultLogits = 256 << 20

// MostTogether is how many prompts run side by side at most: products of more rows are not faster.
const MostTogether = 32

// together is how many prompts run side by side.
func (j *Job) together() int {
	limit := j.Logits
	if limit == 0 {
		limit = DefaultLogits
	}
	return max(1, min(MostTogether, int(limit/(4*int64(j.Model.Vocab)*int64(j.Generate)))))
}

// Work is how many tokens a job reads, those of the reference included.
func (j *Job) Work() int64 {
	kinds := int64(0)
	if j.Forced {
		kinds++
	}
	if j.Greedy {
		kinds++
	}
	runs := int64(1)
	for _, s := range j.Schedules {
		if !j.isReference(s) {
			runs++
		}
	}
	return kinds * runs * int64(len(j.Texts)) * int64(j.Prompt+j.Generate-1)
}

// isReference reports whether a schedule's run is the reference's.
func (j *Job) isReference(s Schedule) bool {
	return s.Cache.IsFP16() && s.String() == string(precision.KindFP16)
}

// check returns an error if a job is impossible.
func (j *Job) check() error {
	if err := j.Model.CheckLengths(j.Prompt, j.Generate); err != nil {
		return err
	}
	if j.Generate < 2 {
		return fmt.Errorf("%d tokens to generate leave nothing to decode; accepted: 2 or more", j.Generate)
	}
	if len(j.Schedules) == 0 || len(j.Texts) == 0 {
		return errors.New("nothing to evaluate; accepted: at least one schedule and one prompt")
	}
	for i, text := range j.Texts {
		if len(text) != j.Prompt+j.Generate {
			return fmt.Errorf("prompt %d has %d tokens with its continuation; accepted: %d and %d", i+1, len(text), j.Prompt, j.Generate)
		}
		if at := slices.IndexFunc(text, func(id int) bool { return id < 0 || id >= j.Model.Vocab }); at >= 0 {
			return fmt.Errorf("token %d of prompt %d is %d; accepted: 0 to %d, the vocabulary of %s", at+1, i+1, text[at], j.Model.Vocab-1,
				j.Model.Name)
		}
	}
	for _, s := range j.Schedules {
		if err := gpu.Decidable(s.Schedule, j.Model, s.Classifier); err != nil {
			return err
		}
		if _, err := newLane(j, s, nil, j.Texts[0], false); err != nil {
			return fmt.Errorf("schedule %s: %w", s, err)
		}
	}
	return nil
}
