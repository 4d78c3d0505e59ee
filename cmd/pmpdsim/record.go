package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/plots/views"
	"github.com/pmpdsim/pmpdsim/sim/study"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/sim/unit/visible"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/precision/classifier"
)

func recordCommand() *cli.Command {
	return &cli.Command{
		Name: "record", Usage: "decode a model for real and write down the trace",
		Description: `Runs a model under a precision schedule on an NVIDIA GPU, or on the CPU if it is small, and writes what every pass did:
tokens, times, what the schedule saw and decided, and how far each pass agrees with an fp16 pass over the
same tokens. The simulator replays the trace (run --trace). Weights are quantised to nested bit-planes with a
codebook per row; --weights random takes a model's true shapes, and never ends its answer. --model tiny is trained, on
Go's standard library, and in the program: it needs no file.

The file is written as the run goes on, under its name with .partial behind it until the run has ended (NAME.RANDOM.partial
if that is taken). A run that is interrupted, or whose disk fills up, leaves a trace that ends there, marked as truncated; what
a killed one leaves is never touched, and trace repair makes it whole. A GPU needs a program that was built with make cuda.

EXAMPLES:
   pmpdsim record --model vicuna-7b --weights random --schedule static:4-3-2@85,170 --prompt 512 --gen 256 -o v7b.trace.jsonl.zst  # needs a GPU
   pmpdsim record --model path/to/model --prompt-file p.txt --schedule confidence -o t.trace.jsonl.zst  # needs a GPU
   pmpdsim record --backend cpu --model tiny --prompt-text 'func main() {' --gen 16 --schedule uniform:4 -o go.trace.jsonl
   pmpdsim record --backend cpu --model path/to/model.gguf --prompt-text 'The capital of France is' --gen 8 --schedule uniform:4 -o g.trace.jsonl  # needs a GGUF file
   pmpdsim record --backend cpu --model path/to/config.json --weights random --prompt 16 --gen 8 \
      --schedule static:4-2 -o small.trace.jsonl.zst`,
		Flags: append(engineFlags(),
			scheduleFlag(),
			precisionFlag(),
			&cli.BoolFlag{Name: "ignore-eos", Usage: "go on when the model ends its answer (random weights always do)"},
			&cli.BoolFlag{Name: "keep-kv", Usage: "also write the last block's keys and values after decode pass 1, for classifiers"},
			traceOutputFlag(),
		),
		Action: action(fillRecord),
	}
}

// recordOptions are what record was asked for.
type recordOptions struct {
	engine    engineOptions
	schedule  string
	rules     []precision.Rule
	ignoreEOS bool
	keepKV    bool
	output    string
}

func fillRecord(c *cli.Context) (*recordOptions, error) {
	o := &recordOptions{schedule: c.String("schedule"), ignoreEOS: c.Bool("ignore-eos"), keepKV: c.Bool("keep-kv")}
	var err error
	if o.output, err = requiredOutput(c, acceptedTrace); err != nil {
		return nil, err
	}
	if o.rules, err = rulesFrom(c); err != nil {
		return nil, err
	}
	o.engine, err = engineFrom(c)
	return o, err
}

func (o *recordOptions) run(ctx context.Context, s streams) error {
	out, err := o.claim(s)
	if err != nil {
		return err
	}
	e, err := o.engine.find()
	if err != nil {
		return err
	}
	defer e.close()
	schedule, err := parseSchedule(o.schedule, e.model.Model)
	if err != nil {
		return err
	}
	schedule, notes, err := withRules(schedule, o.rules, e.model.Model, e.generate)
	if err != nil {
		return err
	}
	said(s, notes)
	job, err := e.recording(schedule)
	if err != nil {
		return err
	}
	job.IgnoreEOS = o.ignoreEOS || e.weights == randomWeights
	if err := e.load(ctx, s, []precision.Schedule{schedule}); err != nil {
		return err
	}
	if err := o.record(ctx, s, e, job, out); err != nil || out.trace.Special() {
		return err
	}
	t, err := traces.ReadFile(o.output)
	if err != nil {
		return internal(err)
	}
	if err := e.answer(s, t); err != nil {
		return internal(err)
	}
	return views.Trace(t.Info()).Write(s.out)
}

// answer shows what was said to a text.
func (e *engine) answer(s streams, t *traces.Trace) error {
	if e.tokenizer == nil {
		return nil
	}
	ids := []int{*t.Prefill.TokOut}
	for _, step := range t.Steps {
		ids = append(ids, *step.TokOut)
	}
	text, err := e.tokenizer.Decode(ids)
	s.say("answer: %s", visible.Line(strings.TrimSpace(text)))
	return err
}

// recordFiles are the files that a recording writes.
type recordFiles struct {
	trace *files.File
	kv    *files.File // keys and values beside it; nil: none
}

// claim claims them, and tells of earlier recordings to the same name that did not come to their end.
func (o *recordOptions) claim(s streams) (out recordFiles, err error) {
	if out.trace, err = s.files.File(o.output, "--output"); err != nil {
		return out, flagged("output", "", err)
	}
	if o.keepKV {
		sidecar := traces.SidecarOf(o.output)
		if files.Exists(sidecar) && !files.Exists(o.output) {
			return out, fmt.Errorf("--keep-kv: %s is there, and no trace that it belongs to; accepted: another --output, or to remove it", sidecar)
		}
		if out.kv, err = s.files.Derives(sidecar, "--keep-kv"); err != nil {
			return out, flagged("keep-kv", "", err)
		}
	}
	if err := out.trace.Reserve(); err != nil {
		return out, flagged("output", "", err)
	}
	if sidecar := traces.SidecarOf(o.output); !o.keepKV && files.Exists(sidecar) {
		s.say("note: %s has keys and values of another recording: learned schedules would read them with this one; --keep-kv replaces them", sidecar)
	}
	for _, left := range out.trace.Leftovers() {
		if left.Grows {
			s.say("note: another recording to %s is at work, in %s", o.output, left.Name)
			continue
		}
		s.say("note: a recording to %s did not end: pmpdsim trace repair %s -o NAME%s makes a trace of what it left", o.output, study.Quoted(left.Name),
			traces.Suffix)
	}
	return out, nil
}

// record writes the trace of a job to a file. What a run leaves that did not come to its end is kept, too.
func (o *recordOptions) record(ctx context.Context, s streams, e *engine, job gpu.Job, out recordFiles) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var kv *classifier.KV
	if out.kv != nil {
		job.Keep = func(of *classifier.KV) error { kv = of; return nil }
	}
	r, err := gpu.NewRecorder(ctx, e, job)
	if err != nil {
		return err
	}
	f, err := out.trace.Grow(cancel)
	if err != nil {
		return internal(flagged("output", "", err))
	}
	defer f.Close()
	p := newProgress(s.err, int64(job.Generate), "tokens")
	defer p.end()
	steps, whole := 0, false
	err = r.Write(traces.As(o.output, f), func(record traces.Record) {
		switch s := record.(type) {
		case *traces.Footer:
			whole = true
		case *traces.Prefill:
			p.update(1, int64(job.Generate))
		case *traces.Step:
			f.Keep()
			steps = s.I + 1
			p.update(int64(s.I)+2, int64(job.Generate))
		}
	})
	p.end()
	if err != nil && steps == 0 {
		f.Remove()
		return recordError(ctx, err, "nothing was written")
	}
	if !whole {
		return internal(fmt.Errorf("%w: %s holds what was recorded before; trace repair makes a trace of it", errors.Join(err, f.Close()), f.Name()))
	}
	defer s.files.Hold()()
	end := f.Finish()
	lost := out.keep(kv, end)
	if end != nil {
		return errors.Join(recordError(ctx, err, "the trace did not get its name"), internal(flagged("output", "", end)), lost)
	}
	return errors.Join(recordError(ctx, err, fmt.Sprintf("%s holds the %d decode passes before it, marked as truncated", o.output, steps)), lost)
}

// keep writes the keys and values of a trace beside it; those of one that did not get its name do not get theirs.
func (out recordFiles) keep(kv *classifier.KV, trace error) (err error) {
	if kv == nil {
		return nil
	}
	write := func(w io.Writer) error { return classifier.WriteKV(w, kv) }
	if trace != nil {
		err = out.kv.Aside(errors.New("their trace did not get its name"), write)
	} else {
		err = out.kv.WriteSomewhere(write)
	}
	if err != nil {
		return internal(flagged("keep-kv", "", err))
	}
	return nil
}

// recordError says what stopped a recording, and what is left of it.
func recordError(ctx context.Context, err error, left string) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, gpu.ErrInterrupted) {
		cause := context.Cause(ctx)
		if s := (signalled{}); errors.As(cause, &s) {
			return unfinished{s.Error() + ": " + left, s}
		}
		return internal(fmt.Errorf("%w: %s", cause, left))
	}
	return internal(fmt.Errorf("%w: %s", err, left))
}
