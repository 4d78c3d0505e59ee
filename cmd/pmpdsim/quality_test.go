package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
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

// TestAnInterruptedEvaluationKeepsWhatIsDone: of three prompts, one at a time, a signal comes while the second runs, or the first; or
// all run together, and it comes at the last schedule.
func TestAnInterruptedEvaluationKeepsWhatIsDone(t *testing.T) {
	gputest.Numbers(t)
	const passes = 2 * (2 + 4) // of a prompt at fp16 and at 4 bits: prefill and one turn over the written text, 4 of the answer
	for _, c := range []struct {
		schedules       string
		logits          int64
		passes, prompts int
		said            string
	}{
		{"uniform:4", 1, passes + 3, 1, "interrupted (interrupt): what was written is of the 1 prompts that all schedules had finished"},
		{"uniform:4", 1, 3, 0, "interrupted (interrupt)"},
		{"uniform:4 uniform:3", 0, passes + 3, 3, "interrupted (interrupt): what was written is of the 1 schedules, of 2, that the first 3 prompts had finished"},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		var out, errs bytes.Buffer
		s := streams{strings.NewReader(""), &out, &errs, files.NewClaims(ctx)}
		o := &qualityOptions{schedules: strings.Fields(c.schedules), caches: []string{"16"}, workers: 1, format: "json",
			from: promptsOptions{prompts: 3, prompt: 6, gen: 4,
				engine: engineOptions{from: workloads.TinyModel, tokens: ptr(6), gen: ptr(4), seed: 1, backend: backendCPU, threads: 2}}}
		r, err := o.prepare(s)
		if err == nil {
			err = r.engine.load(ctx, s, r.plain())
		}
		if err != nil {
			t.Fatal(err)
		}
		r.logits = c.logits
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

// TestSearchesReadWhatQualityDoesNot: what defaults choose is judged on other pieces of the text, of which there are as many.
func TestSearchesReadWhatQualityDoesNot(t *testing.T) {
	pieces := func(between bool) [][]int {
		o := promptsOptions{between: between, prompts: qualityPrompts, prompt: qualityPrompt, gen: qualityGen,
			engine: engineOptions{from: workloads.TinyModel, tokens: ptr(qualityPrompt), gen: ptr(qualityGen), seed: 1, backend: backendCPU}}
		e, err := o.engine.find()
		if err != nil {
			t.Fatal(err)
		}
		defer e.close()
		all, err := o.cut(e, streams{strings.NewReader(""), io.Discard, io.Discard, files.NewClaims(t.Context())})
		if err != nil || len(all) != qualityPrompts {
			t.Fatalf("%d pieces, error %v", len(all), err)
		}
		return all
	}
	judged := pieces(false)
	for i, chosen := range pieces(true) {
		if slices.ContainsFunc(judged, func(j []int) bool { return slices.Equal(j, chosen) }) {
			t.Errorf("piece %d is read by both", i)
		}
	}
}
