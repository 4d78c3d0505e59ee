package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/cuda"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// What engineFlags accept.
const (
	randomWeights = "random"
	backendCUDA   = "cuda"
	backendCPU    = "cpu"
	defaultModel  = "mobilellama-1.4b"
)

// engineFlags choose what the decode engine runs, and on what.
func engineFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "model", Usage: "`MODEL`: a preset (list models), or a folder with config.json and safetensors", Value: defaultModel},
		&cli.StringFlag{Name: "weights", Usage: "`WEIGHTS`: a folder with safetensors, or random, in the model's true shapes",
			DefaultText: "the model's folder"},
		&cli.StringFlag{Name: "task", Usage: "`TASK` whose lengths are used (list tasks)", DefaultText: defaultTask},
		&cli.IntFlag{Name: "prompt", Usage: "prompt of so many random `TOKENS`", DefaultText: "the task's", Action: atLeast("prompt", 1)},
		&cli.StringFlag{Name: "prompt-file", Usage: "prompt: the text in `FILE`, by the tokenizer in the model's folder, as it stands"},
		&cli.IntFlag{Name: "gen", Usage: "`TOKENS` to generate at most, the first of which comes from prefill", DefaultText: "the task's"},
		&cli.Int64Flag{Name: "seed", Usage: "`SEED` of random weights and of a random prompt", Value: 1},
		&cli.StringFlag{Name: "backend", Usage: "`BACKEND` that decodes: cuda or cpu (small models)", Value: backendCUDA},
		&cli.IntFlag{Name: "threads", Usage: "`N` threads of the CPU backend; tokens do not depend on it", Value: runtime.GOMAXPROCS(0), DefaultText: "all",
			Action: atLeast("threads", 1)},
		&cli.IntFlag{Name: "sample-ops", Usage: "take every `N`th pass apart on the GPU, to time its ops; 0: none", Value: 16, Action: atLeast("sample-ops", 0)},
		&cli.BoolFlag{Name: "reference", Usage: "run each pass again at fp16 and compare (--reference=false: do not)", Value: true},
	}
}

// engine is the decode engine with its weights, and what it is to read.
type engine struct {
	gpu.Backend
	from      string // name or path of the model
	model     *weights.Model
	source    weights.Source
	task      string
	prompt    []int
	promptSHA string
	generate  int
	seed      int64
}

// close frees device and files.
func (e *engine) close() {
	if e.Backend != nil {
		_ = e.Backend.Close() // the process may be about to end; what was computed is written
	}
	if e.source != nil {
		_ = e.source.Close() // read only
	}
}

// newEngine finds model, weights and prompt; load puts the weights on the device.
func newEngine(c *cli.Context) (*engine, error) {
	e := &engine{seed: c.Int64("seed")}
	e.from = c.String("model")
	if where := c.String("weights"); !c.IsSet("model") && where != "" && where != randomWeights {
		e.from = where // weights of a folder are those of its model
	}
	var err error
	if e.model, err = weights.Load(e.from); err != nil {
		return nil, flagged("model", e.from, err)
	}
	if err := e.lengths(c); err != nil {
		return nil, err
	}
	if err := e.read(c); err != nil {
		return nil, err
	}
	if err := e.model.CheckLengths(len(e.prompt), e.generate); err != nil {
		return nil, fmt.Errorf("--prompt, --gen: %w", err)
	}
	if err := e.model.Fits(len(e.prompt) + e.generate); err != nil {
		return nil, fmt.Errorf("--prompt, --gen: %w", err)
	}
	return e, e.find(c)
}

// lengths are a task's, each of which a flag may replace.
func (e *engine) lengths(c *cli.Context) error {
	name := c.String("task")
	if name == "" {
		name = defaultTask
	}
	task, err := workloads.LookupTask(name)
	if err != nil {
		return flagged("task", "", err)
	}
	prompt := task.Prompt
	if e.generate = task.Gen(e.model.Model); c.IsSet("gen") {
		e.generate = c.Int("gen")
	}
	if c.IsSet("prompt") {
		prompt = c.Int("prompt")
	}
	if e.generate < 2 {
		return fmt.Errorf("--gen %d leaves nothing to decode, because the first token comes from prefill; accepted: 2 or more", e.generate)
	}
	if !c.IsSet("prompt") && !c.IsSet("gen") && !c.IsSet("prompt-file") {
		e.task = task.Name
	}
	e.prompt = make([]int, prompt)
	draw := rand.NewPCG(uint64(e.seed), 0x706d7064) // "pmpd": not the stream of anything else
	for i := range e.prompt {
		e.prompt[i] = int(draw.Uint64() % uint64(e.model.Vocab))
	}
	return nil
}

// read replaces the random prompt by a text.
func (e *engine) read(c *cli.Context) error {
	file := c.String("prompt-file")
	if file == "" {
		return nil
	}
	if c.IsSet("prompt") {
		return fmt.Errorf("--prompt and --prompt-file are given; accepted: one of them")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return flagged("prompt-file", "", err)
	}
	if e.prompt, err = encode(e.from, string(text)); err != nil {
		return flagged("prompt-file", file, err)
	}
	if len(e.prompt) == 0 {
		return fmt.Errorf("--prompt-file %s: there are no tokens in it; accepted: a text", file)
	}
	sum := sha256.Sum256(text)
	e.promptSHA = hex.EncodeToString(sum[:])
	return nil
}

// find opens the weights.
func (e *engine) find(c *cli.Context) (err error) {
	where := c.String("weights")
	if info, err := os.Stat(c.String("model")); where == "" && err == nil {
		if where = c.String("model"); !info.IsDir() {
			where = filepath.Dir(where)
		}
	}
	switch where {
	case "":
		return fmt.Errorf("--weights is missing: %s is a preset, which has shapes only; accepted: random, or a folder with safetensors",
			c.String("model"))
	case randomWeights:
		e.source, err = weights.Random(e.model, uint64(e.seed))
	default:
		if e.source, err = weights.Open(where); err == nil {
			err = e.sameShape()
		}
	}
	return flagged("weights", where, err)
}

// sameShape takes what weights come with, under the name that was asked for, if they are the model's.
func (e *engine) sameShape() error {
	loaded := *e.source.Model()
	named := *loaded.Model
	named.Name, named.Source, named.Published = e.model.Name, e.model.Source, e.model.Published
	named.PaperHigh, named.PaperLow = e.model.PaperHigh, e.model.PaperLow
	if named != *e.model.Model {
		return fmt.Errorf("the weights are of another shape than %s; accepted: weights of that model, or --weights without --model", e.from)
	}
	loaded.Model = &named
	e.model = &loaded
	return nil
}

// load puts the weights for the schedules on the device.
func (e *engine) load(c *cli.Context, schedules []precision.Schedule) (err error) {
	bits := []int{}
	for _, s := range schedules {
		bits = append(append(bits, s.Bits...), s.PrefillBits(0))
	}
	if c.Bool("reference") {
		bits = append(bits, weights.Half)
	}
	p := newProgress(c.App.ErrWriter, int64(e.model.Layers), "layers")
	defer p.end()
	loaded := func(blocks int) { p.update(int64(blocks), int64(e.model.Layers)) }
	start := time.Now()
	now := func() time.Duration { return time.Since(start) }
	switch backend := c.String("backend"); backend {
	case backendCPU:
		e.Backend, err = cpu.Open(e.source, cpu.Options{Workers: c.Int("threads"), Now: now, Loaded: loaded})
	case backendCUDA:
		e.Backend, err = cuda.Open(e.source, cuda.Options{Bits: bits, SampleOps: c.Int("sample-ops"), Calibrate: true,
			Now: now, Loaded: loaded})
		err = onGPU(err)
	default:
		return fmt.Errorf("--backend %s: unknown backend; accepted: %s, %s", backend, backendCUDA, backendCPU)
	}
	return err
}

// recording is the job of one schedule.
func (e *engine) recording(c *cli.Context, s precision.Schedule) (gpu.Job, error) {
	seed := e.seed
	j := gpu.Job{Model: e.model, WeightsSHA256: e.source.SHA256(), Prompt: e.prompt, PromptSHA256: e.promptSHA, Generate: e.generate,
		Schedule: s, Reference: c.Bool("reference"), Task: e.task, Seed: &seed, Tool: "pmpdsim " + programVersion(),
		Created: time.Now().UTC().Format(time.RFC3339)}
	if s.Classifier == "" {
		return j, nil
	}
	classifier, err := precision.ReadClassifier(s.Classifier)
	if err != nil {
		return j, flagged("schedule", "", fmt.Errorf("classifier %w", err))
	}
	j.Classifier = classifier
	return j, nil
}

// describe says what runs, on one line each.
func (e *engine) describe(w io.Writer) {
	say(w, "%s, %d prompt tokens, %d to generate, %s", e.model.Name, len(e.prompt), e.generate, e.on())
}

// on names the machine.
func (e *engine) on() string {
	if g := e.About().GPU; g != nil {
		return "on " + strings.TrimSpace(g.Name+" "+g.Driver)
	}
	return "on the CPU"
}
