package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// What is taken where flags say nothing.
const (
	defaultTask = "cnn_dm"
	customTask  = "custom" // lengths that are no task's
)

// workload is what is run on the NPU, apart from the schedules.
type workload struct {
	model     *workloads.Model
	task      string
	prompt    int
	generated int
	batch     int
	trace     *traces.Trace // nil if there is none
	embedded  bool          // the trace is the program's own
	live      string        // what is recording it at this moment; empty: nothing

	defaultModel, defaultTask bool // nobody asked for it: it is named as a default
}

// workloadFlags choose a workload.
func workloadFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "model", Usage: "`MODEL`: a preset (list models), a Hugging Face config.json or its directory",
			DefaultText: "the trace's"},
		&cli.StringFlag{Name: "task", Usage: "`TASK` whose lengths are used (list tasks)", DefaultText: "the trace's, or " + defaultTask},
		&cli.IntFlag{Name: "prompt", Usage: "prompt `TOKENS`", DefaultText: "the task's"},
		&cli.IntFlag{Name: "gen", Usage: "`TOKENS` to generate, the first of which comes from prefill", DefaultText: "the task's"},
	}
}

// loadWorkload resolves the flags of workloadFlags, and --trace where a command has it.
func loadWorkload(c *cli.Context) (*workload, error) {
	var w *workload
	var err error
	switch {
	case c.IsSet("trace"):
		w, err = fromTrace(c)
	case c.IsSet("model") || c.IsSet("task") || c.IsSet("prompt") || c.IsSet("gen"):
		w, err = fromTask(c)
	default:
		w, err = fromDefault()
	}
	if err != nil {
		return nil, err
	}
	if w.generated < 2 {
		return nil, fmt.Errorf("%s: %d generated leaves nothing to decode, because the first token comes from prefill; accepted: 2 or more",
			w.lengthFlag("--gen"), w.generated)
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
		task = customTask
	}
	return &workload{model: m, task: task, prompt: t.PromptTokens(), generated: t.GeneratedTokens(), trace: t}, nil
}

// fromTrace takes everything from a file. Flags may repeat what it says, not change it: results of another model or of
// other lengths would not be the trace's.
func fromTrace(c *cli.Context) (*workload, error) {
	file := c.String("trace")
	t, err := traces.ReadFile(file)
	if err != nil {
		return nil, flagged("trace", file, err)
	}
	w, err := ofTrace(t)
	if err != nil {
		return nil, flagged("trace", file, err)
	}
	var errs []error
	differ := func(flag string, given, recorded any) {
		if c.IsSet(flag) && given != recorded {
			errs = append(errs, fmt.Errorf("--%s %v: the trace %s was recorded with %v; accepted: one of --%s and --trace",
				flag, given, file, recorded, flag))
		}
	}
	if c.IsSet("model") && c.String("model") != w.model.Name {
		m, err := workloads.Load(c.String("model"))
		if err != nil {
			return nil, flagged("model", c.String("model"), err)
		}
		differ("model", m.Name, w.model.Name)
	}
	differ("task", c.String("task"), w.task)
	differ("prompt", c.Int("prompt"), w.prompt)
	differ("gen", c.Int("gen"), w.generated)
	return w, errors.Join(errs...)
}

// fromTask takes the lengths of a task, each of which a flag may replace.
func fromTask(c *cli.Context) (*workload, error) {
	w := &workload{task: c.String("task"), prompt: c.Int("prompt"), generated: c.Int("gen")}
	if err := w.loadModel(c); err != nil {
		return nil, err
	}
	name := w.task
	if name == "" {
		name, w.task, w.defaultTask = defaultTask, defaultTask, true
		if c.IsSet("prompt") || c.IsSet("gen") {
			w.task, w.defaultTask = customTask, false
		}
	}
	task, err := workloads.LookupTask(name)
	if err != nil {
		return nil, flagged("task", "", err)
	}
	if !c.IsSet("prompt") {
		w.prompt = task.Prompt
	}
	if !c.IsSet("gen") {
		w.generated = task.Gen(w.model)
	}
	return w, nil
}

// loadModel loads --model, or the model of the embedded trace.
func (w *workload) loadModel(c *cli.Context) error {
	if c.IsSet("model") {
		m, err := workloads.Load(c.String("model"))
		w.model = m
		return flagged("model", c.String("model"), err)
	}
	d, err := fromDefault()
	if err != nil {
		return err
	}
	w.model, w.defaultModel = d.model, true
	return nil
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
