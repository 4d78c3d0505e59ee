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
codebook per row, errors weighed by squared gradients where there are some (--sensitivity); --weights random takes a
model's true shapes, and never ends its answer. --model tiny is trained, on Go's standard library, and in the program: it needs
no file.

With --prompts, or several schedules, -o names a folder: the model is loaded once, every prompt is decoded under every schedule, and
each trace is PROMPT.SCHEDULE.trace.jsonl.zst there. The list has a JSON object a line: {"id": "capital", "text": "The capital
of France is"}, or ids (token numbers) in place of text; answer is left to whoever judges the traces. DIR/manifest.json lists
model, hash of the weights, machine, command and traces. The same command goes on where an earlier one was stopped: whole
traces are kept, if they are what would be recorded now, else it is refused; --force records them again.

The file is written as the run goes on, under its name with .partial behind it until the run has ended (NAME.RANDOM.partial
if that is taken). A run that is interrupted, or whose disk fills up, leaves a trace that ends there, marked as truncated; what
a killed one leaves is never touched, and trace repair makes it whole. A GPU needs a program that was built with make cuda.

EXAMPLES:
   pmpdsim record --model vicuna-7b --weights random --schedule static:4-3-2@85,170 --prompt 512 --gen 256 -o v7b.trace.jsonl.zst  # needs a GPU
   pmpdsim record --model path/to/model --prompt-file p.txt --schedule confidence -o t.trace.jsonl.zst  # needs a GPU
   pmpdsim record --backend cpu --model tiny --prompt-text 'func main() {' --gen 16 --schedule uniform:4 -o go.trace.jsonl
   pmpdsim record --backend cpu --model path/to/model.gguf --prompt-text 'The capital of France is' --gen 8 --schedule uniform:4 -o g.trace.jsonl  # needs a GGUF file
   pmpdsim record --backend cpu --model tiny --prompt-text 'The function returns' --gen 8 --schedule uniform:3 --cache planes -o q.trace.jsonl
   pmpdsim record --backend cpu --model path/to/config.json --weights random --prompt 16 --gen 8 \
      --schedule static:4-2 -o small.trace.jsonl.zst
   pmpdsim record --backend cpu --model path/to/config.json --weights random --prompts prompts.jsonl --gen 8 \
      --schedule uniform:4 --schedule static:4-2 -o recorded`,
		Flags: append(engineFlags(),
			kvBitsFlag(),
			&cli.StringFlag{Name: "prompts", Usage: "list of prompts in `FILE`, a JSON object a line; the traces are written to the folder -o", TakesFile: true},
			&cli.StringSliceFlag{Name: "schedule", Usage: "precision `SCHEDULE` (list schedules); repeatable", DefaultText: "static with the model's pair"},
			precisionFlag(),
			&cli.BoolFlag{Name: "ignore-eos", Usage: "go on when the model ends its answer (random weights always do)"},
			&cli.BoolFlag{Name: "keep-kv", Usage: "also write the last block's keys and values after decode pass 1, for classifiers"},
			&cli.BoolFlag{Name: "force", Usage: "record again what the folder has already"},
			recordOutputFlag(),
		),
		Action: action(fillRecord),
	}
}

// recordOptions are what record was asked for.
type recordOptions struct {
	engine    engineOptions
	schedules []string // none: static with the model's pair
	rules     []precision.Rule
	ignoreEOS bool
	keepKV    bool
	force     bool
	output    string // a trace, or the folder of several
	command   string // for the manifest
}

// isMany reports whether a command line asks for a folder of traces.
func isMany(c *cli.Context) bool {
	return c.String("prompts") != "" || len(c.StringSlice("schedule")) > 1
}

// recordOutputFlag is where traces are written; it has to be given.
func recordOutputFlag() cli.Flag {
	f := outputFlag("write to `FILE`, usually *"+traces.Suffix+" (NAME.jsonl: not compressed), or with several traces into a folder", "required")
	f.folder = isMany
	return f
}

func fillRecord(c *cli.Context) (*recordOptions, error) {
	o := &recordOptions{schedules: c.StringSlice("schedule"), ignoreEOS: c.Bool("ignore-eos"), keepKV: c.Bool("keep-kv"),
		force: c.Bool("force")}
	accepted := acceptedTrace
	if isMany(c) {
		accepted, o.command = acceptedFolder, commandLine(c)
	} else if o.force {
		return nil, errors.New("--force: a single trace is replaced in any case; accepted: with --prompts, or several --schedule")
	}
	var err error
	if o.output, err = requiredOutput(c, accepted); err != nil {
		return nil, err
	}
	if o.rules, err = rulesFrom(c); err != nil {
		return nil, err
	}
	if o.engine, err = engineFrom(c); err != nil {
		return nil, err
	}
	o.engine.cache, err = kvBitsFrom(c)
	return o, err
}

func (o *recordOptions) run(ctx context.Context, s streams) error {
	if o.command != "" {
		return o.runMany(ctx, s)
	}
	out, err := claimTrace(s, o.output, o.keepKV)
	if err != nil {
		return err
	}
	e, err := o.engine.find()
	if err != nil {
		return err
	}
	defer e.close()
	schedules, err := o.parseSchedules(s, e)
	if err != nil {
		return err
	}
	job, err := e.recording(schedules[0])
	if err != nil {
		return err
	}
	job.IgnoreEOS = o.ignoreEOS || e.weights == randomWeights
	if err := e.load(ctx, s, schedules); err != nil {
		return err
	}
	p := newProgress(s.err, int64(job.Generate), "tokens")
	defer p.end()
	err = out.record(ctx, s, e, job, func() { p.add(1) })
	p.end()
	if err != nil || out.trace.Special() {
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

// parseSchedules are those that were asked for, with their rules.
func (o *recordOptions) parseSchedules(s streams, e *engine) ([]precision.Schedule, error) {
	texts := o.schedules
	if len(texts) == 0 {
		texts = []string{string(precision.KindStatic)}
	}
	all, notes, err := e.parseSchedules(texts, o.rules)
	said(s, notes)
	return all, err
}

// answer shows what was said to a text.
func (e *engine) answer(s streams, t *traces.Trace) error {
	if e.tokenizer == nil {
		return nil
	}
	ids, err := t.Continuation()
	if err != nil {
		return err
	}
	text, err := e.tokenizer.Decode(ids)
	s.say("answer: %s", visible.Line(strings.TrimSpace(text)))
	return err
}

// recordFiles are the files that a recording writes.
type recordFiles struct {
	path  string // of the trace
	trace *files.File
	kv    *files.File // keys and values beside it; nil: none
}

// claimTrace claims them, and tells of earlier recordings to the same name that did not come to their end.
func claimTrace(s streams, path string, keepKV bool) (out recordFiles, err error) {
	out.path = path
	if out.trace, err = s.files.File(path, "--output"); err != nil {
		return out, flagged("output", "", err)
	}
	if keepKV {
		sidecar := traces.SidecarOf(path)
		if files.Exists(sidecar) && !files.Exists(path) {
			return out, fmt.Errorf("--keep-kv: %s is there, and no trace that it belongs to; accepted: another --output, or to remove it", sidecar)
		}
		if out.kv, err = s.files.Derives(sidecar, "--keep-kv"); err != nil {
			return out, flagged("keep-kv", "", err)
		}
	}
	if err := out.trace.Reserve(); err != nil {
		return out, flagged("output", "", err)
	}
	if sidecar := traces.SidecarOf(path); !keepKV && files.Exists(sidecar) {
		s.say("note: %s has keys and values of another recording: learned schedules would read them with this one; --keep-kv replaces them", sidecar)
	}
	for _, left := range out.trace.Leftovers() {
		if left.Grows {
			s.say("note: another recording to %s is at work, in %s", path, left.Name)
			continue
		}
		s.say("note: a recording to %s did not end: pmpdsim trace repair %s -o NAME%s makes a trace of what it left", path, study.Quoted(left.Name),
			traces.Suffix)
	}
	return out, nil
}

// record writes the trace of a job to a file. What a run leaves that did not come to its end is kept, too. Each token is counted.
func (out recordFiles) record(ctx context.Context, s streams, e *engine, job gpu.Job, token func()) error {
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
	defer func() { _ = r.Close() }() // of caches, which nobody needs any more
	f, err := out.trace.Grow(cancel)
	if err != nil {
		return internal(flagged("output", "", err))
	}
	defer f.Close()
	steps, whole := 0, false
	err = r.Write(traces.As(out.path, f), func(record traces.Record) {
		switch s := record.(type) {
		case *traces.Footer:
			whole = true
		case *traces.Prefill:
			token()
		case *traces.Step:
			f.Keep()
			steps = s.I + 1
			token()
		}
	})
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
	return errors.Join(recordError(ctx, err, fmt.Sprintf("%s holds the %d decode passes before it, marked as truncated", out.path, steps)), lost)
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
		return partly(ctx, internal(fmt.Errorf("%w: %s", context.Cause(ctx), left)), left)
	}
	return internal(fmt.Errorf("%w: %s", err, left))
}
