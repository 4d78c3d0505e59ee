package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/eval/rows"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// signalling is an engine during whose passes a signal comes: before pass number left.
type signalling struct {
	gpu.Scorer
	left   int
	cancel context.CancelCauseFunc
}

func (s *signalling) Score(turns []gpu.Turn, at precision.Assignment, each func(turn, token int, logits []float32) error) error {
	if s.left--; s.left < 0 {
		s.cancel(signalled{syscall.SIGINT})
		return context.Canceled
	}
	return s.Scorer.Score(turns, at, each)
}

// TestAnInterruptedEvaluationKeepsWhatIsDone: of three prompts, one at a time, a signal comes while the second runs, or the first.
func TestAnInterruptedEvaluationKeepsWhatIsDone(t *testing.T) {
	gputest.Numbers(t)
	const passes = 2 * (2 + 4) // of a prompt at fp16 and at 4 bits: prefill and one turn over the written text, 4 of the answer
	for _, c := range []struct {
		passes, prompts int
		said            string
	}{
		{passes + 3, 1, "interrupted (interrupt): what was written is of the 1 prompts that all schedules had finished"},
		{3, 0, "interrupted (interrupt)"},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		var out, errs bytes.Buffer
		s := streams{strings.NewReader(""), &out, &errs, files.NewClaims(ctx)}
		o := &qualityOptions{schedules: []string{"uniform:4"}, caches: []string{"16"}, workers: 1, format: "json",
			from: promptsOptions{prompts: 3, prompt: 6, gen: 4,
				engine: engineOptions{from: workloads.TinyModel, tokens: ptr(6), gen: ptr(4), seed: 1, backend: backendCPU, threads: 2}}}
		r, err := o.prepare(s)
		if err == nil {
			err = r.engine.load(ctx, s, r.plain())
		}
		if err != nil {
			t.Fatal(err)
		}
		r.logits = 1
		r.engine.Backend = &signalling{r.engine.Backend.(gpu.Scorer), c.passes, cancel}
		err = r.finish(ctx, s)
		if signal := (signalled{}); !errors.As(err, &signal) || err.Error() != c.said {
			t.Errorf("%d passes: %v, want %s", c.passes, err, c.said)
		}
		if c.prompts == 0 {
			if out.Len() > 0 {
				t.Errorf("%s", &out)
			}
			continue
		}
		all, err := rows.Read("out", out.Bytes())
		if err != nil || len(all) != 1 || all[0].Prompts != c.prompts {
			t.Errorf("%d rows, error %v: %s", len(all), err, &out)
		}
	}
}
