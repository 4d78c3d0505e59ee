package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/cuda"
	"github.com/pmpdsim/pmpdsim/gpu/tokens"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/gguf"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/precision/classifier"
	"github.com/pmpdsim/pmpdsim/workloads/tiny"
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
	return append([]cli.Flag{
		modelFlag("`MODEL`: a preset (list models), or a folder with config.json and weights, or a GGUF file; tiny has its own", defaultModel, ""),
		&cli.StringFlag{Name: "weights", Usage: "`WEIGHTS`: a folder or a GGUF file, or random, in the model's true shapes",
			DefaultText: "the model's folder", TakesFile: true},
		&cli.StringFlag{Name: "task", Usage: "`TASK` whose lengths are used (list tasks)", DefaultText: defaultTask},
		&cli.IntFlag{Name: "prompt", Usage: "prompt of so many random `TOKENS`", DefaultText: "the task's", Action: between("prompt", 1, mostTokens)},
		&cli.StringFlag{Name: "prompt-file", Usage: "prompt: the text in `FILE`, by the model's own tokenizer, as it stands", TakesFile: true},
		&cli.StringFlag{Name: "prompt-text", Usage: "prompt: this `TEXT`, as it stands"},
		&cli.IntFlag{Name: "gen", Usage: "`TOKENS` to generate at most, the first of which comes from prefill", DefaultText: "the task's"},
		&cli.Float64Flag{Name: "temperature", Usage: "draw tokens at temperature `T`; 0: take the most likely ones",
			Action: func(_ *cli.Context, t float64) error {
				if err := gpu.CheckTemperature(t); err != nil {
					return fmt.Errorf("--temperature %w", err)
				}
				return nil
			}},
		&cli.Int64Flag{Name: "seed", Usage: "`SEED` of random weights, of a random prompt, and of tokens that are drawn", Value: 1, Action: notNegative("seed")},
		backendFlag(backendCUDA),
		&cli.IntFlag{Name: "threads", Usage: "`N` threads of the CPU backend; tokens do not depend on it", Value: runtime.GOMAXPROCS(0), DefaultText: "all",
			Action: between("threads", 1, mostWorkers)},
		&cli.IntFlag{Name: "sample-ops", Usage: "time the ops of every `N`th pass; 0: of none", Value: 16, Action: between("sample-ops", 0, mostTokens)},
		&cli.BoolFlag{Name: "reference", Usage: "run each pass again at fp16 and compare (--reference=false: do not)", Value: true},
	}, quantiserFlags()...)
}

// backendFlag chooses on what the model runs.
func backendFlag(usual string) cli.Flag {
	return &cli.StringFlag{Name: "backend", Usage: "`BACKEND` that decodes: cuda or cpu (small models)", Value: usual,
		Action: oneOf("backend", "backend", backendCUDA, backendCPU)}
}

// loadWeights finds models by name or path that a GPU runs.
func loadWeights(names []string) ([]*weights.Model, error) {
	var models []*weights.Model
	for _, name := range names {
		m, err := weights.Load(name)
		if err == nil {
			err = cuda.Runs(m)
		}
		if err != nil {
			return nil, flagged("model", name, err)
		}
		models = append(models, m)
	}
	return models, nil
}

// engineOptions are what the flags of engineFlags say; nil: nothing.
type engineOptions struct {
	from        string // name or path of the model
	weights     string // their folder, or random; empty: the model's folder
	taskName    string // empty: the default one
	tokens      *int   // of a random prompt
	promptFile  string // empty: no text of a file
	promptText  *string
	list        string // of prompts; empty: there is one
	gen         *int
	seed        int64
	temperature float64 // of tokens that are drawn; 0: none are
	backend     string
	threads     int
	cache       formats.Cache // of keys and values
	sampleOps   int
	reference   bool
	quantiser   quantiserOptions
}

// engineFrom reads the flags.
func engineFrom(c *cli.Context) (engineOptions, error) {
	o := engineOptions{from: c.String("model"), weights: c.String("weights"), taskName: c.String("task"), tokens: optional(c, "prompt", c.Int),
		promptFile: c.String("prompt-file"), promptText: optional(c, "prompt-text", c.String), list: c.String("prompts"), gen: optional(c, "gen", c.Int), seed: c.Int64("seed"), temperature: c.Float64("temperature"), backend: c.String("backend"),
		threads: c.Int("threads"), sampleOps: c.Int("sample-ops"), reference: c.Bool("reference"), quantiser: quantiserFrom(c)}
	if !c.IsSet("model") && o.weights != "" && o.weights != randomWeights {
		o.from = o.weights // weights of a folder are those of its model
	}
	o.from, o.weights = modelFolder(o.from), modelFolder(o.weights)
	given := []string{}
	for _, flag := range []string{"prompt", "prompt-file", "prompt-text", "prompts"} {
		if c.IsSet(flag) {
			given = append(given, "--"+flag)
		}
	}
	if len(given) > 1 {
		return o, fmt.Errorf("%s are given; accepted: one of them", strings.Join(given, " and "))
	}
	return o, nil
}

// engine is the decode engine with its weights, and what it is to read.
type engine struct {
	gpu.Backend
	*engineOptions
	model     *weights.Model
	source    weights.Source
	task      string // empty: the lengths are no task's
	prompt    []int
	promptSHA string
	prompts   int               // how many there are of a list; 0: there is none
	tokenizer *tokens.Tokenizer // of a text; nil: the prompt is none
	generate  int

	sensitivitySHA string                   // empty: all weights count alike
	closers        []io.Closer              // of what the source reads
	note           func(about, text string) // what the user may want to know while weights are loaded
}

// close frees device and files.
func (e *engine) close() {
	if e.Backend != nil {
		_ = e.Backend.Close() // the process may be about to end; what was computed is written
	}
	if e.source != nil {
		_ = e.source.Close() // read only
	}
	for _, c := range e.closers {
		_ = c.Close() // read only
	}
}

// find finds model, weights and prompt; engine.load puts the weights on the device.
func (o *engineOptions) find() (*engine, error) {
	e, err := o.begin()
	if err != nil {
		return nil, err
	}
	if err := e.read(); err != nil {
		return nil, err
	}
	if err := e.model.CheckLengths(len(e.prompt), e.generate); err != nil {
		return nil, fmt.Errorf("--prompt, --gen: %w", err)
	}
	if err := e.runs(len(e.prompt) + e.generate); err != nil {
		return nil, err
	}
	return e, e.open()
}

// begin finds the model, and how many tokens there are.
func (o *engineOptions) begin() (*engine, error) {
	e := &engine{engineOptions: o, note: func(string, string) {}}
	var err error
	if e.model, err = weights.Load(o.from); err != nil {
		return nil, flagged("model", o.from, err)
	}
	return e, e.lengths()
}

// runs returns an error if the backend cannot run the model over so many positions.
func (e *engine) runs(positions int) error {
	if err := e.runsCache(); err != nil {
		return err
	}
	if e.backend == backendCUDA {
		if err := cuda.Runs(e.model); err != nil {
			return flagged("model", e.from, err)
		}
		if err := cuda.Fits(e.model, positions); err != nil {
			return fmt.Errorf("--prompt, --gen: %w", err)
		}
		return nil
	}
	if err := e.model.Fits(positions); err != nil {
		return fmt.Errorf("--prompt, --gen: %w", err)
	}
	sequences := 1
	if e.reference {
		sequences = 2
	}
	return flagged("backend cpu", "", cpu.Fits(e.model, positions, sequences, e.cache))
}

// lengths are a task's, each of which a flag may replace.
func (e *engine) lengths() error {
	task, err := workloads.LookupTask(cmp.Or(e.taskName, defaultTask))
	if err != nil {
		return flagged("task", "", err)
	}
	prompt := task.Prompt
	if e.tokens != nil {
		prompt = *e.tokens
	}
	if e.generate = task.Gen(e.model.Model); e.gen != nil {
		e.generate = *e.gen
	}
	if e.generate < 2 {
		return fmt.Errorf("--gen %d leaves nothing to decode, because the first token comes from prefill; accepted: 2 or more", e.generate)
	}
	if e.generate > replay.MostTokens {
		return fmt.Errorf("--gen %d: more than can be simulated; accepted: 2 to %d", e.generate, replay.MostTokens)
	}
	if e.tokens == nil && e.gen == nil && !e.isText() {
		e.task = task.Name
	}
	if err := e.model.CheckLengths(prompt, e.generate); err != nil && !e.isText() {
		return fmt.Errorf("--prompt, --gen: %w", err)
	}
	e.prompt = make([]int, min(prompt, e.model.MaxPositions)) // of a file it is replaced
	draw := rand.NewPCG(uint64(e.seed), 0x706d7064)           // "pmpd": not the stream of anything else
	for i := range e.prompt {
		e.prompt[i] = int(draw.Uint64() % uint64(e.model.Vocab))
	}
	return nil
}

// read replaces the random prompt by a text.
func (e *engine) read() error {
	flag, file, text := "prompt-file", e.promptFile, []byte(nil)
	switch {
	case e.promptText != nil:
		flag, file, text = "prompt-text", "", []byte(*e.promptText)
	case file == "":
		return nil
	default:
		var err error
		if text, err = files.Read(file, files.Text); err != nil {
			return flagged(flag, file, err)
		}
	}
	if err := e.encode(string(text)); err != nil {
		return flagged(flag, file, err)
	}
	if len(e.prompt) == 0 {
		return fmt.Errorf("--%s: there are no tokens in it; accepted: a text", strings.TrimSpace(flag+" "+file))
	}
	sum := sha256.Sum256(text)
	e.promptSHA = hex.EncodeToString(sum[:])
	return nil
}

// encode makes tokens of a text with the model's own tokenizer.
func (e *engine) encode(text string) (err error) {
	if e.from != workloads.TinyModel && !isFolder(e.from) && !gguf.Is(e.from) {
		return fmt.Errorf("a text takes the tokenizer of a model's folder or GGUF file, and --model %s is none; accepted: --model FOLDER, "+
			"--model FILE.gguf, --model tiny, or --prompt TOKENS", strings.TrimSpace(e.from))
	}
	if e.tokenizer == nil {
		if e.tokenizer, err = e.openTokenizer(); err != nil {
			return err
		}
	}
	e.prompt, err = e.tokenizer.Encode(text)
	return err
}

// openTokenizer opens the model's own.
func (e *engine) openTokenizer() (*tokens.Tokenizer, error) {
	if e.from == workloads.TinyModel {
		return tokens.OpenFS(tiny.Files())
	}
	return tokens.Open(e.from)
}

// isText reports whether the prompt is a text, or one of a list: a task says nothing of its length.
func (o *engineOptions) isText() bool {
	return o.promptFile != "" || o.promptText != nil || o.list != ""
}

// load puts the weights for the schedules on the device, and says what runs.
func (e *engine) load(ctx context.Context, s streams, schedules []precision.Schedule) (err error) {
	var bits []int
	var used []precision.Assignment
	for _, s := range schedules {
		all, err := s.Possible(e.model.Model, e.generate)
		if err != nil {
			return err
		}
		for _, at := range all {
			bits, used = append(bits, at.Widths()...), append(used, at)
		}
	}
	if e.reference {
		bits = append(bits, weights.Half)
	}
	e.note = func(about, text string) { s.say("note: %s: %s", about, text) }
	p := newProgress(s.err, int64(e.model.Layers), "layers")
	defer p.end()
	loaded := func(blocks int) { p.update(int64(blocks), int64(e.model.Layers)) }
	start := time.Now()
	now := func() time.Duration { return time.Since(start) }
	if e.backend == backendCPU {
		e.Backend, err = cpu.Open(ctx, e.source, cpu.Options{Workers: e.threads, SampleOps: e.sampleOps, Now: now, Loaded: loaded})
	} else {
		e.Backend, err = cuda.Open(e.source, cuda.Options{Bits: bits, Apart: used, SampleOps: e.sampleOps, Calibrate: true, Now: now, Loaded: loaded})
		err = onGPU(err)
	}
	p.end()
	if err == nil {
		s.say("%s, %s, %d to generate, %s%s", e.model.Name, e.reads(), e.generate, e.drawn(), e.on())
		if how := e.planes(); how != "" {
			s.say("%s", how)
		}
	}
	return err
}

// reads says how much there is to read.
func (e *engine) reads() string {
	if e.prompts > 1 {
		return fmt.Sprintf("%d prompts of at most %d tokens", e.prompts, len(e.prompt))
	}
	return fmt.Sprintf("%d prompt tokens", len(e.prompt))
}

// recording is the job of one schedule.
func (e *engine) recording(s precision.Schedule) (gpu.Job, error) {
	sum, err := e.source.SHA256()
	if err != nil {
		return gpu.Job{}, flagged("weights", "", err)
	}
	j := gpu.Job{Model: e.model, WeightsSHA256: sum, Prompt: e.prompt, PromptSHA256: e.promptSHA, Generate: e.generate,
		Schedule: s, Cache: e.cache, Reference: e.reference, Temperature: e.temperature, Task: e.task, Seed: &e.seed,
		SeedBits: e.quantiser.seed, SensitivitySHA256: e.sensitivitySHA, Tool: program(),
		Created: time.Now().UTC().Format(time.RFC3339)}
	if s.Classifier == "" {
		return j, nil
	}
	net, err := classifier.Read(s.Classifier)
	if err != nil {
		return j, flagged("schedule", "", fmt.Errorf("classifier %w", err))
	}
	j.Classifier = net
	return j, nil
}

// drawn says how tokens are drawn; empty: the most likely ones are taken.
func (e *engine) drawn() string {
	if e.temperature == 0 {
		return ""
	}
	return fmt.Sprintf("tokens drawn at temperature %g, seed %d, ", e.temperature, e.seed)
}

// on names the machine.
func (e *engine) on() string {
	if g := e.About().GPU; g != nil {
		return "on " + strings.TrimSpace(g.Name+" "+g.Driver)
	}
	return "on the CPU"
}
