package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/gpu/eval/rows"
	"github.com/pmpdsim/pmpdsim/plots/views"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// What quality does where nothing is said: small enough for two minutes on two cores.
const (
	qualityPrompts = 64
	qualityPrompt  = 64
	qualityGen     = 64
)

// noNPU is the value of --npu with which nothing is simulated.
const noNPU = "none"

func qualityCommand() *cli.Command {
	return &cli.Command{
		Name: "quality", Usage: "measure what schedules cost in quality, and how fast an NPU runs them",
		Description: `Runs a model for real, on the CPU or a GPU, under each schedule over the same prompts, and compares it with its own fp16 weights: bits per token
of the text that people wrote behind the prompt, KL and agreement with fp16 over it, and ROUGE-L and exact prefix of the model's own
greedy answers against fp16's, each a mean over prompts with a 95 % bootstrap interval. Beside them stands how fast the NPU decodes
these answers. docs/quality.md defines the measures.

The text is cut into prompts of --prompt tokens and the --gen tokens behind them, at paragraphs, spread evenly over it. Without
--model and --text it is the small trained model that the program carries, on text that the model has not seen.

An interruption keeps the prompts that all schedules have finished, which run 32 at a time; while the first of these run, the schedules
that they have finished.

EXAMPLES:
   pmpdsim quality  # 60 s
   pmpdsim quality --prompts 4 --prompt 16 --gen 8 --schedule fp16 --schedule uniform:3
   pmpdsim quality --prompts 4 --prompt 16 --gen 16 --schedule static:4-2 --by-position --format csv
   pmpdsim quality --backend cuda --model path/to/model --text words.txt --schedule uniform:3 --npu none  # needs a GPU
   pmpdsim quality --model path/to/model.gguf --text words.txt --prompts 50 --npu edge-lpddr5 --npu rk3588 --format json -o quality.jsonl  # needs a GGUF file`,
		Flags: append([]cli.Flag{
			modelFlag("`MODEL`: tiny, a folder with config.json and weights, or a GGUF file", workloads.TinyModel, ""),
			&cli.StringFlag{Name: "weights", Usage: "`WEIGHTS`: a folder or a GGUF file, or random, in the model's true shapes",
				DefaultText: "the model's own", TakesFile: true},
			&cli.StringFlag{Name: "text", Usage: "cut prompts from the text in `FILE`", DefaultText: "what tiny has not seen", TakesFile: true},
			&cli.IntFlag{Name: "prompts", Usage: "`N` prompts", Value: qualityPrompts, Action: between("prompts", 1, mostTokens)},
			&cli.IntFlag{Name: "prompt", Usage: "prompts of so many `TOKENS`", Value: qualityPrompt, Action: between("prompt", 1, mostTokens)},
			&cli.IntFlag{Name: "gen", Usage: "`TOKENS` behind each prompt, the first of which comes from prefill", Value: qualityGen, Action: between("gen", 2, mostTokens)},
			&cli.StringSliceFlag{Name: "schedule", Usage: "precision `SCHEDULE` (list schedules); repeatable",
				DefaultText: strings.Join(defaultQualities(""), ", ") + "; of tiny also learned"},
			precisionFlag(),
			&cli.StringSliceFlag{Name: "npu", Usage: "`NPU` that decodes the answers: a preset (list npus), a YAML file, or " + noNPU + "; repeatable", DefaultText: defaultNPU, TakesFile: true},
			&cli.StringSliceFlag{Name: "set", Usage: "change a key of the NPUs, as in array.rows=64 (`PATH=VALUE`; config keys); repeatable"},
			&cli.StringSliceFlag{Name: "kv-bits", Usage: "`CACHE` of keys and values, of the model and of the NPUs: " + kvBitsForms + "; repeatable", DefaultText: "16"},
			&cli.Int64Flag{Name: "seed", Usage: "`SEED` of the bootstrap, and of random weights", Value: 1, Action: notNegative("seed")},
			backendFlag(backendCPU),
			&cli.IntFlag{Name: "threads", Usage: "`N` threads that run the model on the CPU; results do not depend on it", Value: runtime.GOMAXPROCS(0), DefaultText: "all",
				Action: between("threads", 1, mostWorkers)},
			workersFlag(),
			&cli.BoolFlag{Name: "by-position", Usage: "also show the measures by position in the continuation (csv: instead)"},
			&cli.BoolFlag{Name: "by-prompt", Usage: "with --format json, also each prompt's values"},
			outputFlag("write to `FILE`", "the terminal"),
			formatFlag("table", "csv", "json"),
		}, quantiserFlags()...),
		Action: action(fillQuality),
	}
}

// qualityOptions are what quality was asked for.
type qualityOptions struct {
	from       promptsOptions
	schedules  []string
	rules      []precision.Rule
	caches     []string
	npus       []npuOptions
	workers    int
	byPosition bool
	byPrompt   bool
	output     string
	format     string
}

func fillQuality(c *cli.Context) (*qualityOptions, error) {
	o := &qualityOptions{from: promptsFrom(c), schedules: c.StringSlice("schedule"), caches: c.StringSlice("kv-bits"), workers: c.Int("workers"),
		byPosition: c.Bool("by-position"), byPrompt: c.Bool("by-prompt"), output: c.String("output"), format: c.String("format")}
	if e := &o.from.engine; !c.IsSet("model") && e.weights != "" && e.weights != randomWeights {
		e.from = e.weights // weights of a folder are those of its model
	}
	if o.byPrompt && o.format != "json" {
		return nil, fmt.Errorf("--by-prompt: a table has no room for it; accepted: together with --format json")
	}
	if err := o.from.check(); err != nil {
		return nil, err
	}
	if len(o.caches) == 0 {
		o.caches = []string{"16"}
	}
	names := c.StringSlice("npu")
	if len(names) == 0 {
		names = []string{defaultNPU}
	}
	for _, name := range names {
		if name == noNPU && len(names) > 1 {
			return nil, fmt.Errorf("--npu %s stands beside others; accepted: alone", noNPU)
		}
		if name != noNPU {
			o.npus = append(o.npus, npuOptions{name: name, unnamed: !c.IsSet("npu"), set: c.StringSlice("set")})
		}
	}
	if len(o.npus) == 0 && c.IsSet("set") {
		return nil, fmt.Errorf("--set: there is no NPU to change; accepted: another --npu than %s", noNPU)
	}
	var err error
	o.rules, err = rulesFrom(c)
	return o, err
}

func (o *qualityOptions) run(ctx context.Context, s streams) error {
	r, err := o.prepare(s)
	if err != nil {
		return err
	}
	defer r.engine.close()
	if err := r.engine.load(ctx, s, r.plain()); err != nil {
		return err
	}
	return r.finish(ctx, s)
}

// finish runs the evaluation and shows what came of it; after an interruption, of the prompts that were done.
func (r *qualityRun) finish(ctx context.Context, s streams) error {
	o := r.options
	defer s.files.Hold()()
	all, err := r.run(ctx, s)
	if len(all) == 0 {
		return stopped(ctx, err)
	}
	shown := s.deliver(o.output, func(out io.Writer) error { return o.show(out, all) })
	err = partly(ctx, err, r.kept(all))
	return errors.Join(err, shown)
}

// kept says what an interruption has left.
func (r *qualityRun) kept(all []rows.Row) string {
	type schedule struct{ text, cache string }
	kept := map[schedule]bool{}
	for _, row := range all { // one for each NPU
		kept[schedule{row.Schedule, row.KVCache}] = true
	}
	if n := len(r.schedules); len(kept) < n {
		return fmt.Sprintf("what was written is of the %d schedules, of %d, that the first %d prompts had finished", len(kept), n, all[0].Prompts)
	}
	return fmt.Sprintf("what was written is of the %d prompts that all schedules had finished", all[0].Prompts)
}

// show writes the rows.
func (o *qualityOptions) show(out io.Writer, all []rows.Row) error {
	if !o.byPrompt {
		for i := range all {
			all[i].ByPrompt = nil
		}
	}
	switch {
	case o.format == "json":
		return jsonLines(out, all)
	case o.format == "csv" && o.byPosition:
		return rows.WritePositionsCSV(out, all)
	case o.format == "csv":
		return rows.WriteCSV(out, all)
	}
	if err := views.Qualities(out, all); err != nil || !o.byPosition {
		return err
	}
	if _, err := fmt.Fprintln(out); err != nil {
		return err
	}
	return views.Positions(out, all)
}

// defaultQualities are the schedules that are measured where none is given: of the model that the program carries its learned
// one, too.
func defaultQualities(model string) []string {
	all := strings.Fields("fp16 uniform:4 uniform:3 uniform:2 static:4-3 confidence:4-3 random:4-3,seed=1")
	if model == workloads.TinyModel {
		all = append(all, "learned:3-2,classifier="+workloads.TinyModel)
	}
	return all
}
