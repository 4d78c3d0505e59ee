package eval

import (
	"context"
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Outcome is what became of a prompt under a schedule.
type Outcome struct {
	Prefill precision.Assignment // bits of it

	Tokens []Token                // of the written continuation, by position; the first comes from prefill
	Forced []precision.Assignment // of the decode passes that read it

	Answer   []int              // the model's own continuation, by token
	Evidence precision.Evidence // what the schedule saw and decided while it was generated
}

// Token is what a pass says of the next token that people wrote.
type Token struct {
	LogP   float64 // ln of its probability
	KL     float64 // of the distribution from that of fp16, in nats
	Agrees bool    // the most likely token is fp16's
}

// Run evaluates all schedules on one block of prompts after the other, so that the fp16 logits of a block are what is kept. It
// returns what became of the prompts by schedule and prompt. When ctx is done, or after an error, these are the prompts of the
// blocks before it; in the first block those of the schedules that had finished it, and none of the others.
func Run(ctx context.Context, j *Job) ([][]Outcome, error) {
	all := make([][]Outcome, len(j.Schedules))
	if err := j.check(); err != nil {
		return all, err
	}
	for first := 0; first < len(j.Texts); first += j.together() {
		b := &block{ctx: ctx, job: j, first: first, texts: j.Texts[first:min(first+j.together(), len(j.Texts))]}
		outcomes, err := b.run()
		if err != nil && first == 0 {
			return outcomes, err
		}
		if err != nil {
			return all, err
		}
		for s := range all {
			all[s] = append(all[s], outcomes[s]...)
		}
	}
	return all, nil
}

// block is prompts that run side by side.
type block struct {
	ctx   context.Context
	job   *Job
	first int // index of its first prompt
	texts [][]int

	logits [][][]float32 // of fp16, by prompt and position
	chosen [][]int       // its most likely tokens
}

// run evaluates the block under each schedule. After an error there is nothing of the schedule that it befell, and of those behind.
func (b *block) run() ([][]Outcome, error) {
	all := make([][]Outcome, len(b.job.Schedules))
	b.logits, b.chosen = make([][][]float32, len(b.texts)), make([][]int, len(b.texts))
	full := Schedule{Schedule: precision.UniformSchedule(weights.Half)}
	fp16, err := b.under(full, func(prompt int, logits []float32, token int) {
		b.logits[prompt], b.chosen[prompt] = append(b.logits[prompt], slices.Clone(logits)), append(b.chosen[prompt], token)
	})
	if err != nil {
		return all, fmt.Errorf("the fp16 reference: %w", err)
	}
	for i, s := range b.job.Schedules {
		if b.job.isReference(s) {
			all[i] = fp16
			continue
		}
		if all[i], err = b.under(s, nil); err != nil {
			return all, fmt.Errorf("schedule %s: %w", s, err)
		}
	}
	return all, nil
}

// under evaluates the block under a schedule. Logits of the written continuations, in the order of their positions, go to keep
// before they are compared with the reference's.
func (b *block) under(s Schedule, keep func(prompt int, logits []float32, token int)) ([]Outcome, error) {
	outcomes := make([]Outcome, len(b.texts))
	if b.job.Forced {
		var p, q []float64
		lanes, err := b.drive(s, true, func(prompt, position int, logits []float32, chosen gpu.Pass) {
			if keep != nil {
				keep(prompt, logits, chosen.Token)
			}
			p, q = gpu.LogSoftmax(b.logits[prompt][position], p), gpu.LogSoftmax(logits, q)
			written := b.texts[prompt][b.job.Prompt+position]
			outcomes[prompt].Tokens = append(outcomes[prompt].Tokens, Token{LogP: min(q[written], 0), KL: gpu.KL(p, q),
				Agrees: chosen.Token == b.chosen[prompt][position]})
		})
		if err != nil {
			return nil, err
		}
		for i, l := range lanes {
			outcomes[i].Prefill, outcomes[i].Forced = l.prefill, l.at
		}
	}
	if b.job.Greedy {
		lanes, err := b.drive(s, false, nil)
		if err != nil {
			return nil, err
		}
		for i, l := range lanes {
			outcomes[i].Prefill, outcomes[i].Answer = l.prefill, l.answer
			outcomes[i].Evidence = precision.Evidence{Source: "this run", Recorded: l.at, Signals: l.signals, Horizon: b.job.Generate}
		}
	}
	return outcomes, nil
}

// drive runs the prompts of a block to their ends.
func (b *block) drive(s Schedule, forced bool, see func(prompt, position int, logits []float32, chosen gpu.Pass)) (_ []*lane, err error) {
	lanes := make([]*lane, len(b.texts))
	defer func() {
		if freed := end(lanes); err == nil {
			err = freed
		}
	}()
	for i, text := range b.texts {
		sequence, err := b.job.Backend.Start(b.job.Prompt+b.job.Generate, s.Cache)
		if err != nil {
			return nil, err
		}
		if lanes[i], err = newLane(b.job, s.OfPrompt(b.first+i), sequence, text, forced); err != nil {
			return nil, err
		}
		if see != nil {
			lanes[i].see = func(position int, logits []float32, chosen gpu.Pass) { see(i, position, logits, chosen) }
		}
	}
	for {
		if b.ctx.Err() != nil {
			return nil, context.Cause(b.ctx)
		}
		read, err := advance(b.job.Backend, lanes)
		if err != nil || read == 0 {
			return lanes, err
		}
		if b.job.Done != nil {
			b.job.Done(read)
		}
	}
}
