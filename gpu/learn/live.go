package learn

import (
	"context"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/eval"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Live says what is decoded to make examples.
type Live struct {
	Backend  gpu.Scorer
	Model    *weights.Model
	Texts    [][]int // tokens of each prompt and, behind it, as many as are generated
	Prompt   int     // tokens of each that are prompt
	Generate int     // and of continuations
	Schedule precision.Schedule
	Blocks   []int // whose caches are wanted beside the last one's, from 0

	Done func(int64) // called with the number of tokens, of Work, that were read; may be nil
}

// job is the decoding.
func (l *Live) job() (*eval.Job, error) {
	runs, err := Runs(l.Schedule, l.Generate)
	if err != nil {
		return nil, err
	}
	j := &eval.Job{Backend: l.Backend, Model: l.Model, Texts: l.Texts, Prompt: l.Prompt, Generate: l.Generate, Greedy: true, Done: l.Done}
	for _, s := range runs {
		j.Schedules = append(j.Schedules, eval.Schedule{Schedule: s})
	}
	return j, nil
}

// Work is how many tokens are read.
func (l *Live) Work() (int64, error) {
	j, err := l.job()
	if err != nil {
		return 0, err
	}
	return j.Work() + int64(len(l.Texts)*(l.Prompt+1)), nil
}

// Examples decodes each prompt under all Runs, and makes an example of it.
func (l *Live) Examples(ctx context.Context) ([]Example, error) {
	j, err := l.job()
	if err != nil {
		return nil, err
	}
	outcomes, err := eval.Run(ctx, j)
	if err != nil {
		return nil, err
	}
	examples := make([]Example, len(l.Texts))
	first := make([]int, len(l.Texts)) // tokens that decode pass 1 reads
	for i := range examples {
		var continuations [][]int
		for _, of := range outcomes {
			continuations = append(continuations, eval.Ended(of[i].Answer, l.Model.EOS))
		}
		examples[i].Rouge, first[i] = rouge(continuations), outcomes[Classes][i].Answer[0]
	}
	for at := 0; at < len(examples); at += eval.MostTogether {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		end := min(at+eval.MostTogether, len(examples))
		if err := l.look(l.Texts[at:end], first[at:end], examples[at:end]); err != nil {
			return nil, err
		}
	}
	return examples, nil
}

// look reads prompts and the tokens that decode pass 1 reads, and gives the examples their caches.
func (l *Live) look(texts [][]int, first []int, examples []Example) (err error) {
	var all []gpu.Sequence
	defer func() {
		if freed := gpu.End(all...); err == nil {
			err = freed
		}
	}()
	over, err := l.Schedule.Over(l.Model.Model, l.Generate)
	if err != nil {
		return err
	}
	prompts, next := make([]gpu.Turn, len(texts)), make([]gpu.Turn, len(texts))
	for i, text := range texts {
		s, err := l.Backend.Start(l.Prompt+1, formats.Cache{})
		if err != nil {
			return err
		}
		all = append(all, s)
		prompts[i], next[i] = gpu.Turn{Sequence: s, Tokens: text[:l.Prompt]}, gpu.Turn{Sequence: s, Tokens: first[i : i+1]}
	}
	none := func(int, int, []float32) error { return nil }
	if err := l.Backend.Score(prompts, over.At(l.Schedule.PrefillAt(precision.Assignment{}), 0), none); err != nil {
		return err
	}
	if err := l.Backend.Score(next, over.At(precision.Uniform(l.Schedule.Bits[0]), 1), none); err != nil {
		return err
	}
	for i := range texts {
		kv, err := gpu.LastBlock(next[i].Sequence, l.Model)
		if err != nil {
			return err
		}
		examples[i].Input = kv.Input()
		for _, block := range l.Blocks {
			if kv, err = gpu.BlockBefore(next[i].Sequence, l.Model, l.Model.Layers-1-block); err != nil {
				return err
			}
			examples[i].Blocks = append(examples[i].Blocks, kv.Input())
		}
	}
	if l.Done != nil {
		l.Done(int64(len(texts) * (l.Prompt + 1)))
	}
	return nil
}
