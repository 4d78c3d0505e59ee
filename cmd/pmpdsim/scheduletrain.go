package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/gpu/learn"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

func trainCommand() *cli.Command {
	return &cli.Command{
		Name: "train", Usage: "teach the classifier of a learned schedule",
		Description: `Learns for a model, from the keys and values of its last block, how long a prompt's continuation needs the higher
precision (PMPD's learned scheduler, arXiv 2410.13461), and writes the weights for learned:A>B,classifier=FILE. A prompt's class is
the earliest of the switch points 0, L/3, 2(L/3) and L tokens whose continuation is as good, by ROUGE-L against the one in fp16 in
three digits, as the one that never switches.

Either --traces has recordings of each prompt: under fp16, static:A>B@s at the first three switch points, and A bits throughout,
one of these with keys and values beside it (record --keep-kv). Or the model decodes the prompts of a text itself, on the CPU,
many side by side.

The first tenth of the prompts is held out. What is said of them: how many have each class, how many classes are guessed right,
with a 95 % interval, beside always guessing the most frequent class; and the mean ROUGE-L if each prompt switches where the
classifier says, beside one switch for all with as many passes at the higher precision. --folds judges all prompts, each by a
network that was trained without the fold that it is in. Defaults are in the ranges that PMPD searches.

EXAMPLES:
   pmpdsim schedule train --model path/to/model --text train.txt --schedule learned:4-3 --gen 96 -o learned.safetensors  # needs a model
   pmpdsim schedule train --traces runs --schedule learned:3-2,l=96 -o learned.safetensors  # needs traces
   pmpdsim record --model path/to/model --backend cpu --prompt-file p.txt \
      --schedule learned:4-3,classifier=learned.safetensors --gen 96 -o p.trace.jsonl.zst  # needs a model`,
		Flags: append([]cli.Flag{
			tracesFlag("`DIR` with the traces of the prompts", "none: the model decodes"),
			modelFlag("`MODEL` that decodes: a folder with config.json and weights, or a GGUF file", "", "none: --traces"),
			&cli.StringFlag{Name: "weights", Usage: "`WEIGHTS`: a folder or a GGUF file, or random, in the model's true shapes",
				DefaultText: "the model's own", TakesFile: true},
			&cli.StringFlag{Name: "text", Usage: "cut prompts from the text in `FILE`", TakesFile: true},
			&cli.IntFlag{Name: "prompts", Usage: "`N` prompts", Value: 256, Action: between("prompts", 10, mostTokens)},
			&cli.IntFlag{Name: "prompt", Usage: "prompts of so many `TOKENS`", Value: 128, Action: between("prompt", 1, mostTokens)},
			&cli.IntFlag{Name: "gen", Usage: "`TOKENS` to generate at most: L", Value: 96, Action: between("gen", 4, mostTokens)},
			&cli.StringFlag{Name: "schedule", Usage: "learned `SCHEDULE` of two precisions that the classifier is for", Value: "learned:4-3"},
			&cli.IntFlag{Name: "epochs", Usage: "see every prompt `N` times", Value: 10, Action: between("epochs", 1, 100_000)},
			&cli.IntFlag{Name: "accumulate", Usage: "change the weights every `N` prompts", Value: 32, Action: between("accumulate", 1, mostTokens)},
			numberFlag("learning-rate", "`RATE` of Adam", "1e-4", 0, 1),
			numberFlag("weight-decay", "`DECAY` of the weights", "0.01", 0, 1),
			numberFlag("dropout", "`SHARE` of the attention that is dropped while it learns", "0.1", 0, 0.99),
			&cli.IntFlag{Name: "folds", Usage: "cross-validate with `N` folds; 0: no", Action: between("folds", 0, 1000)},
			&cli.BoolFlag{Name: "compare-blocks", Usage: "with --model, also learn from the caches of the first and the middle block, to compare; what is written sees the last"},
			&cli.Int64Flag{Name: "seed", Usage: "`SEED` of the first weights, of the order and of dropout", Value: 1, Action: notNegative("seed")},
			&cli.IntFlag{Name: "threads", Usage: "`N` threads; results do not depend on it", Value: runtime.GOMAXPROCS(0), DefaultText: "all",
				Action: between("threads", 1, mostWorkers)},
			formatFlag("table", "json"),
			outputFlag("write the weights to `FILE`, usually NAME.safetensors", "required"),
		}, quantiserFlags()...),
		Action: action(fillTrain),
	}
}

// numberFlag is a number in a range; ranged reads it.
func numberFlag(name, usage, value string, least, most float64) cli.Flag {
	return &cli.StringFlag{Name: name, Usage: usage, Value: value, Action: func(_ *cli.Context, text string) error {
		if x, err := strconv.ParseFloat(text, 64); err != nil || !(x >= least && x <= most) {
			return fmt.Errorf("--%s %s: out of range, or no number; accepted: %g to %g", name, text, least, most)
		}
		return nil
	}}
}

// ranged is the value of a numberFlag, which has been checked.
func ranged(c *cli.Context, name string) float64 {
	x, _ := strconv.ParseFloat(c.String(name), 64)
	return x
}

// trainOptions are what schedule train was asked for.
type trainOptions struct {
	traces   string // directory; empty: the model decodes
	text     promptsOptions
	schedule precision.Schedule
	compare  bool // caches of other blocks, too
	learn    learn.Options
	format   string
	output   string
	command  string
}

func fillTrain(c *cli.Context) (*trainOptions, error) {
	o := &trainOptions{traces: c.String("traces"), format: c.String("format"), command: commandLine(c), compare: c.Bool("compare-blocks"),
		learn: learn.Options{Epochs: c.Int("epochs"), Accumulate: c.Int("accumulate"), Rate: ranged(c, "learning-rate"), Decay: ranged(c, "weight-decay"),
			Dropout: ranged(c, "dropout"), Folds: c.Int("folds"), Seed: uint64(c.Int64("seed")), Workers: c.Int("threads")}}
	o.text = promptsFrom(c)
	var err error
	if o.output, err = requiredOutput(c, "a file, usually NAME.safetensors"); err != nil {
		return nil, err
	}
	if o.schedule, err = precision.Parse(c.String("schedule")); err != nil {
		return nil, flagged("schedule", "", err)
	}
	switch {
	case o.traces != "" && o.compare:
		return nil, errors.New("--compare-blocks: traces have the cache of the last block; accepted: together with --model")
	case o.traces != "" && c.IsSet("model"):
		return nil, errors.New("--traces and --model are given; accepted: one of them")
	case o.traces != "" && quantiserFrom(c) != quantiserOptions{}:
		return nil, fmt.Errorf("%s: --traces are of weights that were quantised before; accepted: together with --model", quantiserNames())
	case o.traces == "" && !c.IsSet("model"):
		return nil, errors.New("--model is missing; accepted: a model that decodes, or --traces DIR")
	case o.traces == "" && o.text.file == "":
		return nil, errors.New("--text is missing; accepted: a text file, from which prompts are cut")
	}
	return o, nil
}

func (o *trainOptions) run(ctx context.Context, s streams) error {
	taught, err := o.examples(ctx, s)
	if err != nil {
		return err
	}
	p := newProgress(s.err, int64(o.learn.Epochs*(1+o.learn.Folds)*(1+len(taught.blocks))), "epochs")
	defer p.end()
	o.learn.Progress = func(int, int) { p.add(1) }
	net, report, err := learn.Train(ctx, taught.examples, o.learn)
	if err != nil {
		return stoppedOr(ctx, err)
	}
	var others []ofBlock
	for i, block := range taught.blocks {
		_, of, err := learn.Train(ctx, learn.OfBlock(taught.examples, i), o.learn)
		if err != nil {
			return stoppedOr(ctx, err)
		}
		others = append(others, ofBlock{block, of})
	}
	p.end()
	if err := s.save("output", o.output, func(w io.Writer) error { return net.Write(w, o.metadata(taught)) }); err != nil {
		return err
	}
	row := trained{Model: taught.model, Weights: taught.weights, Quantiser: taught.quantiser, Schedule: taught.schedule.String(),
		Candidates: precision.Candidates(taught.horizon), Options: o.options(), Report: report, Blocks: others}
	return printed(s, o.format, []any{row}, row.write)
}

// taught is what is learned from.
type taught struct {
	examples       []learn.Example
	model, weights string // name and SHA-256
	quantiser      string // how weights became planes; empty: traces do not say it
	schedule       precision.Schedule
	horizon        int   // L
	blocks         []int // whose caches the examples have beside the last one's
}

func (o *trainOptions) examples(ctx context.Context, s streams) (*taught, error) {
	if o.traces == "" {
		return o.live(ctx, s)
	}
	all, err := traces.ReadDir(o.traces)
	if err != nil {
		return nil, flagged("traces", "", err)
	}
	t := &taught{schedule: o.schedule, horizon: o.schedule.Horizon}
	if t.examples, err = learn.FromTraces(all, o.schedule); err != nil {
		return nil, flagged("traces", "", err)
	}
	h := all[0].Header
	if t.horizon == 0 {
		t.horizon = *h.MaxNew
	}
	t.model, t.weights = h.Model.Name, h.Model.WeightsSHA256
	return t, nil
}

// live makes examples of prompts that the model decodes.
func (o *trainOptions) live(ctx context.Context, s streams) (*taught, error) {
	runs, err := learn.Runs(o.schedule, o.text.gen)
	if err != nil {
		return nil, flagged("schedule", "", err)
	}
	p, err := o.text.open(ctx, s, runs)
	if err != nil {
		return nil, err
	}
	defer p.close()
	if err := learn.Enough(len(p.texts)); err != nil {
		return nil, flagged("text", o.text.file, err)
	}
	t := &taught{model: p.model.Name, quantiser: p.quantised(), schedule: o.schedule, horizon: o.text.gen}
	if o.schedule.Horizon > 0 {
		t.horizon = o.schedule.Horizon
	}
	if t.weights, err = p.source.SHA256(); err != nil {
		return nil, flagged("weights", "", err)
	}
	live := &learn.Live{Backend: p.scorer, Model: p.model, Texts: p.texts, Prompt: o.text.prompt, Generate: o.text.gen, Schedule: o.schedule}
	if o.compare {
		t.blocks = otherBlocks(p.model.Layers)
		live.Blocks = t.blocks
	}
	work, err := live.Work()
	if err != nil {
		return nil, err
	}
	bar := newProgress(s.err, work, "tokens")
	defer bar.end()
	live.Done = bar.add
	if t.examples, err = live.Examples(ctx); err != nil {
		return nil, stoppedOr(ctx, err)
	}
	return t, nil
}

// metadata is what the file says of itself.
func (o *trainOptions) metadata(t *taught) map[string]string {
	return map[string]string{"format": "pt", "model": t.model, "weights_sha256": t.weights, "quantiser": t.quantiser, "schedule": t.schedule.String(),
		"l": strconv.Itoa(t.horizon), "prompts": strconv.Itoa(len(t.examples)), "options": fmt.Sprint(o.options()), "command": o.command,
		"tool": program()}
}

// options are what the training depends on, as text.
func (o *trainOptions) options() string {
	l := o.learn
	return fmt.Sprintf("epochs=%d,accumulate=%d,learning-rate=%g,weight-decay=%g,dropout=%g,seed=%d", l.Epochs, l.Accumulate, l.Rate, l.Decay,
		l.Dropout, l.Seed)
}

// kinds are the prompts that a network is judged on.
func (t *trained) kinds() []judged {
	all := []judged{{"training", &t.Report.Training}, {"held out", &t.Report.HeldOut}}
	if t.Report.Cross != nil {
		all = append(all, judged{strconv.Itoa(t.Report.Folds) + " folds", t.Report.Cross})
	}
	return slices.Clip(all)
}
