package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/plots/views"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/routing"
)

// defaultTask is taken where flags say nothing.
const defaultTask = "cnn_dm"

// workload is what is run on the NPU, apart from the schedules.
type workload struct {
	model     *workloads.Model
	task      string
	prompt    int
	generated int
	batch     int
	sampling  replay.Sampling
	trace     *traces.Trace     // nil if there is none
	embedded  bool              // the trace is the program's own
	experts   routing.Spec      // which experts the tokens take
	recorded  *routing.Recorded // the experts that those of the trace took; nil: it does not say
	live      string            // what is recording it at this moment; empty: nothing

	defaultModel, defaultTask bool // nobody asked for it: it is named as a default
}

// workloadFlags choose a workload.
func workloadFlags() []cli.Flag {
	return []cli.Flag{
		modelFlag("`MODEL`: a preset (list models), a Hugging Face config.json or its directory, a GGUF file, "+
			"a folder of the hub's cache, an id of the hub (ORG/NAME)", "", "the trace's"),
		&cli.StringFlag{Name: "task", Usage: "`TASK` whose lengths are used (list tasks)", DefaultText: "the trace's, or " + defaultTask},
		&cli.IntFlag{Name: "prompt", Usage: "prompt `TOKENS`", DefaultText: "the task's"},
		&cli.IntFlag{Name: "gen", Usage: "`TOKENS` to generate, the first of which comes from prefill", DefaultText: "the task's"},
	}
}

// workloadOptions are what the flags of workloadFlags say, and --trace where a command has it; nil: nothing.
type workloadOptions struct {
	model, task *string
	prompt, gen *int
	trace       *string
}

// workloadFrom reads the flags.
func workloadFrom(c *cli.Context) workloadOptions {
	return workloadOptions{model: optional(c, "model", c.String), task: optional(c, "task", c.String), prompt: optional(c, "prompt", c.Int),
		gen: optional(c, "gen", c.Int), trace: optional(c, "trace", c.String)}
}

// load finds the workload, in which there is something to decode.
func (o *workloadOptions) load() (*workload, error) {
	return o.loadFor(2, "leaves nothing to decode, because the first token comes from prefill; accepted: 2 or more")
}

// loadAny finds the workload, which may be prefill alone.
func (o *workloadOptions) loadAny() (*workload, error) {
	return o.loadFor(1, "is none; accepted: 1, which is prefill alone, or more")
}

// loadFor finds the workload, of which at least so many tokens are generated; fewer are a fault.
func (o *workloadOptions) loadFor(least int, fault string) (*workload, error) {
	var w *workload
	var err error
	switch {
	case o.trace != nil:
		w, err = o.fromTrace(*o.trace)
	case *o != (workloadOptions{}):
		w, err = o.fromTask()
	default:
		w, err = fromDefault()
	}
	if err != nil {
		return nil, err
	}
	if w.generated < least {
		return nil, fmt.Errorf("%s: %d generated %s", w.lengthFlag("--gen"), w.generated, fault)
	}
	if err := w.model.CheckLengths(w.prompt, w.generated); err != nil {
		return nil, fmt.Errorf("%s: %w", w.lengthFlag("--prompt, --gen"), err)
	}
	return w, nil
}

// lengthFlag names what the lengths come from.
func (w *workload) lengthFlag(flag string) string {
	if w.trace != nil {
		return w.trace.Name
	}
	return flag
}

// fromDefault is the main job: what the embedded trace says.
func fromDefault() (*workload, error) {
	t, err := traces.Default()
	if err != nil {
		return nil, internal(err)
	}
	w, err := ofTrace(t)
	if err != nil {
		return nil, internal(err)
	}
	w.embedded, w.defaultModel, w.defaultTask = true, true, true
	return w, nil
}

func ofTrace(t *traces.Trace) (*workload, error) {
	m, err := t.Model()
	if err != nil {
		return nil, err
	}
	task := t.Header.Task
	if task == "" {
		task = workloads.CustomTask
	}
	return &workload{model: m, task: task, prompt: t.PromptTokens(), generated: t.GeneratedTokens(), trace: t}, nil
}

// fromTrace takes everything from a file. Flags may repeat what it says, not change it: results of another model or of
// other lengths would not be the trace's.
func (o *workloadOptions) fromTrace(file string) (*workload, error) {
	t, err := traces.ReadFile(file)
	if err != nil {
		return nil, flagged("trace", file, err)
	}
	w, err := ofTrace(t)
	if err != nil {
		return nil, flagged("trace", file, err)
	}
	model := o.model
	if model != nil && *model != w.model.Name {
		m, err := loadModel(*model)
		if err != nil {
			return nil, flagged("model", *model, err)
		}
		model = &m.Name
	}
	return w, errors.Join(repeated("model", model, w.model.Name, file), repeated("task", o.task, w.task, file),
		repeated("prompt", o.prompt, w.prompt, file), repeated("gen", o.gen, w.generated, file))
}

// repeated refuses a flag that says something else than the trace.
func repeated[T comparable](flag string, given *T, recorded T, file string) error {
	if given == nil || *given == recorded {
		return nil
	}
	return fmt.Errorf("--%s %v: the trace %s was recorded with %v; accepted: one of --%s and --trace", flag, *given, file, recorded, flag)
}

// fromTask takes the lengths of a task, each of which a flag may replace.
func (o *workloadOptions) fromTask() (*workload, error) {
	w := &workload{}
	if err := w.loadModel(o.model); err != nil {
		return nil, err
	}
	name := defaultTask
	if o.task != nil && *o.task != "" {
		name, w.task = *o.task, *o.task
	} else if w.task, w.defaultTask = name, true; o.prompt != nil || o.gen != nil {
		w.task, w.defaultTask = workloads.CustomTask, false
	}
	task, err := workloads.LookupTask(name)
	if err != nil {
		return nil, flagged("task", "", err)
	}
	if w.prompt = task.Prompt; o.prompt != nil {
		w.prompt = *o.prompt
	}
	if w.generated = task.Gen(w.model); o.gen != nil {
		w.generated = *o.gen
	}
	return w, nil
}

// loadModel loads a model, or that of the embedded trace.
func (w *workload) loadModel(name *string) (err error) {
	if name != nil {
		w.model, err = loadModel(*name)
		return flagged("model", *name, err)
	}
	d, err := fromDefault()
	if err != nil {
		return err
	}
	w.model, w.defaultModel = d.model, true
	return nil
}

// header is what stands above the table of results.
func (w *workload) header(npu *config.Config, defaultNPU bool, rs []*result.Result) *views.Header {
	return &views.Header{NPU: npu, DefaultNPU: defaultNPU, Model: w.model, DefaultModel: w.defaultModel, Task: w.task,
		DefaultTask: w.defaultTask, Prompt: w.prompt, Generated: w.generated, Batch: w.batch, Trace: w.provenance(), Results: rs}
}

// provenance says in words what the trace is worth.
func (w *workload) provenance() string {
	if w.live != "" {
		return "live, " + w.live
	}
	if w.trace == nil && w.batch > 1 {
		return "none; sequences of these lengths"
	}
	if w.trace == nil {
		return "none; one sequence of these lengths"
	}
	h := w.trace.Header
	origin := string(h.Source) + " trace"
	if h.GPU != nil {
		origin += " (" + h.GPU.Name + ")"
	}
	if w.embedded {
		return origin + " embedded in the program"
	}
	return origin + " " + w.trace.Name
}

// defaultSchedules are the paper's comparison for a model: fp16, the higher precision of its pair throughout, and from
// that one down to the lower.
func (w *workload) defaultSchedules() []string {
	high, low := w.model.PaperHigh, w.model.PaperLow
	return []string{"fp16", fmt.Sprintf("uniform:%d", high), fmt.Sprintf("static:%d>%d", high, low)}
}

// loadSchedules parses schedules, or the model's three if there are none, and gives those the bits of prefill that say
// nothing about it. What is given twice is run once; notes say so.
func (w *workload) loadSchedules(texts []string, prefill *int, rules []precision.Rule) (all []precision.Schedule, notes []string, err error) {
	if len(texts) == 0 {
		texts = w.defaultSchedules()
	}
	seen := map[string]bool{}
	for _, text := range texts {
		s, err := precision.ParseFor(text, w.model)
		if err != nil {
			return nil, nil, flagged("schedule", "", err)
		}
		if s, err = withPrefill(s, prefill); err != nil {
			return nil, nil, err
		}
		if s.Kind == precision.KindRecorded && w.trace == nil {
			return nil, nil, fmt.Errorf("--schedule %s: there is no trace to follow; accepted: --trace FILE, or neither --model, "+
				"--task, --prompt nor --gen for the trace embedded in the program", text)
		}
		s, said, err := withRules(s, rules, w.model, w.generated)
		if err != nil {
			return nil, nil, err
		}
		notes = append(notes, said...)
		policy, err := w.resolve(s)
		if err != nil {
			return nil, nil, flagged("schedule", "", err)
		}
		if seen[s.String()] {
			notes = append(notes, fmt.Sprintf("schedule %s is given twice and run once", s))
			continue
		}
		seen[s.String()] = true
		if plan, ok := policy.(*precision.Plan); ok && plan.Counterfactual() > 0 {
			notes = append(notes, fmt.Sprintf("schedule %s leaves the recorded run at decode pass %d: what it decides on from there on are "+
				"signals of another run", s, w.generated-plan.Counterfactual()))
		}
		all = append(all, s)
	}
	return all, notes, nil
}

// withPrefill applies --prefill to a schedule that says nothing about prefill.
func withPrefill(s precision.Schedule, bits *int) (precision.Schedule, error) {
	if bits == nil || s.Prefill != 0 {
		return s, nil
	}
	with, err := precision.Parse(s.Plain().String() + ",prefill=" + strconv.Itoa(*bits))
	if err != nil {
		return with, fmt.Errorf("--prefill %d: %w", *bits, err)
	}
	with.Stored, with.Bits = s.Stored, s.Bits // of the model's file
	return with.WithRules(s.Rules), nil
}

// evidence is what the trace lets a schedule decide on; nothing without a trace.
func (w *workload) evidence(s precision.Schedule) (precision.Evidence, error) {
	if w.trace == nil {
		return precision.Evidence{}, nil
	}
	return w.trace.Evidence(s)
}

// resolve decides a schedule on what is known.
func (w *workload) resolve(s precision.Schedule) (precision.Policy, error) {
	e, err := w.evidence(s)
	if err != nil {
		return nil, err
	}
	return s.Resolve(w.model, w.generated, e)
}
