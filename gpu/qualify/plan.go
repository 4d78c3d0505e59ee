package qualify

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

// Options say what is asked of a GPU.
type Options struct {
	Dir      string        // of the bundle: new, or empty
	Budget   time.Duration // for all steps together
	Limit    time.Duration // no step takes longer; 0: each has its own limit
	Only     []string      // steps or groups of them; none: all
	Models   []string      // the products are those of the first; none: Models()
	Prompt   int           // tokens, of traces
	Generate int           // tokens, of traces
	Context  int           // tokens in the cache of timed passes
	Repeats  int           // of each time
	Device   int
	Program  string             // file of this program
	Tool     string             // its name and version
	Created  time.Time          // now
	Say      func(line Outcome) // is told of each step; may be nil
}

// Models are those that are run where none is named: the paper's, and one with grouped heads.
func Models() []string {
	return []string{"vicuna-7b", "mobilellama-1.4b", "phi-1.5", "stablelm-zephyr-3b", "llama-3.1-8b"}
}

// Step is one thing that is asked.
type Step struct {
	Name    string        // GROUP, or GROUP:PART
	Command []string      // arguments of this program
	Tool    []string      // or a program of others, which may not be there
	Own     action        // or work that is done here
	Limit   time.Duration // after which it is killed
	Expect  time.Duration // on an H200 with 16 cores; docs/gpu.md says by what estimate
	Needs   []string      // steps without which it says nothing
	Rows    string        // file that its standard output goes to, line by line; empty: the log
	Traces  bool          // it records traces
	Env     []string      // of its process
	// Instead is the step that this one stands in for: it is taken where that one did not end well, and if it ends well itself,
	// what needs the other is taken, and all later steps have its Env, too.
	Instead string
}

// The files of a bundle.
const (
	Summary = "summary.jsonl"
	Info    = "info.json"
	Checks  = "check.jsonl"
	Bench   = "bench.jsonl"
	Clocks  = "clocks.csv"
	Traces  = "traces.tar.zst"
	Log     = "kernels.log"
	SASS    = "sass.tar.zst"
)

// serial has kernels that do not begin before the one before them has ended: those for earlier GPUs than Hopper.
const serial = "PMPD_PTX=sm_80"

// bits are the precisions of products and passes.
const bits = "16,4,3,2"

// Plan lists the steps for options, the most valuable first. Folders of traces lie below scratch.
func Plan(o *Options, scratch string) []Step {
	device := "--device=" + strconv.Itoa(o.Device)
	gpu := func(args ...string) []string {
		return append(append([]string{"gpu"}, args...), device, "--format", "json")
	}
	models := o.Models
	shape := "qwen2.5-0.5b" // a true shape, small enough for the CPU: biases, tied heads, seven query heads to a KV head
	var small []string      // models that are checked: those of gpu check
	if len(models) == 0 {
		models = Models()
	} else {
		shape, small = models[0], []string{"--model", models[0]}
	}
	repeats := strconv.Itoa(o.Repeats)
	steps := []Step{
		{Name: "driver", Command: gpu("info"), Limit: 90 * time.Second, Expect: 15 * time.Second},
		{Name: "machine", Tool: []string{"nvidia-smi", "-q"}, Limit: 20 * time.Second, Expect: 2 * time.Second},
		{Name: "symbols", Own: (*runner).symbols, Limit: 10 * time.Second, Expect: time.Second},
		{Name: "info", Command: gpu("info", "--measure"), Limit: 30 * time.Second, Expect: 4 * time.Second, Rows: Info},
		{Name: "kernels", Command: gpu("check", "--kernels", "all"), Limit: 40 * time.Second, Expect: 5 * time.Second, Rows: Checks},
		{Name: "check", Command: gpu(append([]string{"check"}, small...)...), Limit: 40 * time.Second, Expect: 6 * time.Second, Rows: Checks},
		{Name: "check-sm_80", Command: gpu(append([]string{"check"}, small...)...), Limit: 40 * time.Second,
			Expect: 6 * time.Second, Rows: Checks, Env: []string{serial}, Instead: "check"},
		{Name: "check-long", Command: gpu(append([]string{"check", "--prompt", strconv.Itoa(o.Prompt + o.Prompt/6)}, small...)...), Limit: 60 * time.Second, Expect: 12 * time.Second, Rows: Checks},
		{Name: "check-shape", Command: gpu("check", "--model", shape, "--prompt", "8"), Limit: 60 * time.Second, Expect: 20 * time.Second, Rows: Checks},
		{Name: "products", Command: gpu("bench", "--model", models[0], "--bits", bits, "--repeats", repeats), Limit: 60 * time.Second,
			Expect: 12 * time.Second, Needs: []string{"info"}, Rows: Bench},
		{Name: "cublas", Own: (*runner).cublas, Limit: 45 * time.Second, Expect: 15 * time.Second, Needs: []string{"products"}, Rows: Bench},
	}
	passes := func(step, model string, env ...string) Step {
		return Step{Name: step + ":" + short(model), Command: gpu("bench", "--products=false", "--passes", "--model", model,
			"--bits", bits, "--repeats", repeats, "--context", strconv.Itoa(o.Context)), Limit: 45 * time.Second,
			Expect: 15 * time.Second, Needs: []string{"info"}, Rows: Bench, Env: env}
	}
	for _, m := range models[:min(len(models), 4)] {
		steps = append(steps, passes("passes", m))
	}
	record := func(m string, args ...string) []string {
		return append([]string{"record", "--model", m, "--weights", "random", "--prompt", strconv.Itoa(o.Prompt)}, args...)
	}
	for _, m := range models {
		args := []string{"--gen", strconv.Itoa(o.Generate), "-o", path.Join(scratch, tracesFolder, short(m))}
		for _, s := range schedules(o.Generate) {
			args = append(args, "--schedule", s)
		}
		steps = append(steps, Step{Name: "traces:" + short(m), Command: record(m, args...), Limit: 60 * time.Second, Expect: 20 * time.Second,
			Needs: []string{"check"}, Traces: true})
	}
	steps = append(steps, passes("passes-sm_80", models[0], serial))
	ops := path.Join(scratch, tracesFolder, short(models[0])+".ops.trace.jsonl.zst")
	return append(steps,
		Step{Name: "operators", Command: record(models[0], "--gen", strconv.Itoa(max(2, o.Generate/4)), "--sample-ops", "1", "--schedule", schedules(max(2, o.Generate/4))[5], "-o", ops),
			Limit: 40 * time.Second, Expect: 15 * time.Second, Needs: []string{"check"}, Traces: true},
		Step{Name: "sass", Own: (*runner).sass, Limit: 60 * time.Second, Expect: 20 * time.Second},
		Step{Name: "nsight", Tool: append([]string{"ncu", "--clock-control", "none", "--kernel-name", "regex:gemv|attn", "--launch-skip", "40", "--launch-count", "6",
			o.Program}, gpu("bench", "--model", models[0], "--bits", "4,3,2", "--repeats", "1")...), Limit: 60 * time.Second, Expect: 30 * time.Second, Needs: []string{"products"}},
		Step{Name: "sanitizer:memcheck", Tool: sanitizer(o, "memcheck", device), Limit: 40 * time.Second, Expect: 20 * time.Second, Needs: []string{"kernels"}},
		Step{Name: "sanitizer:racecheck", Tool: sanitizer(o, "racecheck", device), Limit: 40 * time.Second, Expect: 20 * time.Second, Needs: []string{"kernels"}})
}

// sanitizer checks two kernels: what it checks is some hundred times slower.
func sanitizer(o *Options, tool, device string) []string {
	return []string{"compute-sanitizer", "--tool", tool, "--error-exitcode", "9", o.Program, "gpu", "check", "--kernels", "gemm,choose", device}
}

// schedules are the six that every model is recorded under: fp16, three widths, two and three widths one after the other.
func schedules(generate int) []string {
	third := max(1, generate/3)
	return []string{"fp16", "uniform:4", "uniform:3", "uniform:2", fmt.Sprintf("static:4>3@%d", third), fmt.Sprintf("static:4>3>2@%d,%d", third, third+max(1, third))}
}

// short is a model's name in names of steps and folders.
func short(model string) string { return strings.TrimSuffix(path.Base(model), ".json") }

// group is the part of a step's name that several may share.
func group(name string) string {
	g, _, _ := strings.Cut(name, ":")
	return g
}

// Groups are the names that Only takes, besides those of single steps.
func Groups() []string {
	var all []string
	for _, s := range Plan(&Options{Generate: 256}, "") {
		if g := group(s.Name); !slices.Contains(all, g) {
			all = append(all, g)
		}
	}
	return all
}

// checkOnly refuses names of steps that there are not.
func checkOnly(only []string, steps []Step) error {
	for _, name := range only {
		if !slices.ContainsFunc(steps, func(s Step) bool { return s.Name == name || group(s.Name) == name }) {
			return fmt.Errorf("step %.60q; %s", name, suggest.Accepted(name, Groups()))
		}
	}
	return nil
}
