package sweep

import (
	"fmt"
	"path/filepath"
	"strconv"

	"go.yaml.in/yaml/v4"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/sim/unit/strict"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// keys returns the keys of a spec.
func keys() []string {
	return []string{"npu", "set", "models", "tasks", "traces", "lengths", "schedules", "precision", "batch", "passes", "axes", "filters"}
}

// Spec is a sweep's spec: all combinations of NPUs, values of axes, workloads, batches and schedules, except those that
// a filter skips.
type Spec struct {
	files *inputs
	data  []byte

	npus      []npu
	set       []assignment // for every NPU
	models    []model
	workloads []workload
	schedules []schedule
	rules     []ruled // over schedules; none: the schedules alone
	batches   []int
	passes    replay.Sampling // of every point
	axes      []Axis
	filters   []filter
	parts     map[string]*config.Part // DRAM parts, by the names of their files in the spec
}

type npu struct {
	text
	*config.Config
}

type model struct {
	text
	*workloads.Model
}

type schedule struct {
	text
	precision.Schedule
	rules text // where its rules stand, if they stand apart
}

// workload is a task, a trace or a pair of lengths. How many tokens a task generates depends on the model.
type workload struct {
	text
	name    string
	file    string // of the trace
	lengths func(*workloads.Model) (prompt, generated int)
	trace   *traces.Trace
}

// assignment is a value for a key of the NPU.
type assignment struct {
	text // the value
	path string
}

func (a assignment) String() string { return a.path + "=" + a.value }

// Load reads a spec of at most most combinations, filters aside, and all files that it names. Errors give file, line and key
// of every fault.
func Load(path string, most int) (*Spec, error) {
	data, err := files.Read(path, files.Spec)
	if err != nil {
		return nil, err
	}
	return parse(data, path, most, &inputs{dir: filepath.Dir(path)})
}

// parse reads the text of a spec; errors call it by name.
func parse(data []byte, name string, most int, from *inputs) (*Spec, error) {
	s := &Spec{files: from, data: data, parts: map[string]*config.Part{}}
	r := newReader(name)
	top := r.document(data)
	if top == nil {
		return nil, r.Err()
	}
	if err := within(name, top, most); err != nil {
		return nil, err
	}
	s.read(r, top)
	if err := r.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

// read fills the spec from the mapping.
func (s *Spec) read(r *reader, top *yaml.Node) {
	given := map[string]text{}
	for _, e := range r.entries(top, "") {
		given[e.key.value] = e.key
		switch k := e.key.value; k {
		case "npu":
			s.readNPUs(r, e.value)
		case "set":
			s.readSet(r, e.value)
		case "models":
			s.readModels(r, e.value)
		case "tasks":
			s.readTasks(r, e.value)
		case "traces":
			s.readTraces(r, e.value)
		case "lengths":
			s.readLengths(r, e.value)
		case "schedules":
			s.readSchedules(r, e.value)
		case "precision":
			s.readRules(r, e.value)
		case "batch":
			s.readBatches(r, e.value)
		case "passes":
			s.readPasses(r, e.value)
		case "axes":
			s.readAxes(r, e.value)
		case "filters":
			s.readFilters(r, e.value)
		default:
			r.unknown(e.key, "", keys())
		}
	}
	s.complete(r, given)
	s.applyRules()
	s.checkFilters(r)
}

// complete checks that required keys are given. Only batch has a default: one sequence, as in pmpdsim run.
func (s *Spec) complete(r *reader, given map[string]text) {
	for _, k := range []string{"npu", "schedules"} {
		if given[k].Line == 0 {
			r.add(strict.Place{}, k, "missing; accepted: one, or a list of them")
		}
	}
	var first text
	for _, k := range []string{"tasks", "traces", "lengths"} {
		switch now := given[k]; {
		case now.Line > 0 && first.Line > 0:
			r.add(now.Place, k, "stands beside %s in line %d; accepted: one of tasks, traces, lengths", first.value, first.Line)
		case now.Line > 0:
			first = now
		}
	}
	models := given["models"]
	switch {
	case first.Line == 0:
		r.add(strict.Place{}, "", "nothing to run; accepted: one of tasks, traces, lengths")
	case first.value == "traces" && models.Line > 0:
		r.add(models.Place, "models", "traces name their models; accepted: models together with tasks or lengths")
	case first.value != "traces" && models.Line == 0:
		r.add(strict.Place{}, "models", "missing; accepted: one, or a list of them")
	}
	if given["batch"].Line == 0 {
		s.batches = []int{1}
	}
}

func (s *Spec) readNPUs(r *reader, n *yaml.Node) {
	for _, t := range r.texts(n, "npu", "a preset (pmpdsim list npus) or a YAML file") {
		c, err := config.LoadWith(s.files.path(t.value, config.Names()), func(file string) (*config.Part, error) {
			if !filepath.IsAbs(file) {
				file = filepath.Join(filepath.Dir(t.value), file) // beside the NPU, in terms of the spec
			}
			return config.ReadPart(s.files.path(file, nil))
		})
		if err != nil {
			r.add(t.Place, "npu", "%v", err)
			continue
		}
		for _, other := range s.npus {
			if other.Name == c.Name {
				r.alike(t.Place, "npu", c.Name, other.Place)
			}
		}
		s.npus = append(s.npus, npu{t, c})
	}
}

func (s *Spec) readSet(r *reader, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		r.add(strict.PlaceOf(n), "set", "got %s; accepted: a mapping of keys of the NPU, as in {array.rows: 64}", strict.Describe(n))
		return
	}
	s.set = r.assignments(n, "set", "")
	s.readParts(r, s.set)
}

// readParts reads the files of DRAM parts that assignments name. They are relative to the spec.
func (s *Spec) readParts(r *reader, set []assignment) {
	for _, a := range set {
		if a.path != "dram.standard" || !config.NamesPart(a.value) || s.parts[a.value] != nil {
			continue
		}
		p, err := config.ReadPart(s.files.path(a.value, nil))
		if err != nil {
			r.add(a.Place, a.path, "%v", err)
			continue
		}
		s.parts[a.value] = p
	}
}

// part returns a DRAM part that was read.
func (s *Spec) part(file string) (*config.Part, error) {
	if p := s.parts[file]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("%s: no file of a DRAM part; accepted: one that the spec names", file)
}

func (s *Spec) readModels(r *reader, n *yaml.Node) {
	presets := []string{workloads.TinyModel}
	for _, m := range workloads.Models() {
		presets = append(presets, m.Name)
	}
	for _, t := range r.texts(n, "models", "a preset (pmpdsim list models), a config.json or its directory") {
		m, err := workloads.Load(s.files.path(t.value, presets))
		if err != nil {
			r.add(t.Place, "models", "%v", err)
			continue
		}
		for _, other := range s.models {
			if other.Name == m.Name && formatOf(other.Model) == formatOf(m) {
				r.alike(t.Place, "models", m.Name, other.Place)
				break
			}
		}
		s.models = append(s.models, model{t, m})
	}
}

func (s *Spec) readTasks(r *reader, n *yaml.Node) {
	for _, t := range r.texts(n, "tasks", "a task (pmpdsim list tasks)") {
		task, err := workloads.LookupTask(t.value)
		if err != nil {
			r.add(t.Place, "tasks", "%v", err)
			continue
		}
		s.workloads = append(s.workloads, workload{text: t, name: task.Name,
			lengths: func(m *workloads.Model) (int, int) { return task.Prompt, task.Gen(m) }})
	}
}

func (s *Spec) readTraces(r *reader, n *yaml.Node) {
	var several traces.Several
	for _, t := range r.texts(n, "traces", "a file (pmpdsim trace synth)") {
		trace, err := several.ReadFile(s.files.path(t.value, nil))
		if err != nil {
			r.add(t.Place, "traces", "%v", err)
			continue
		}
		m, err := trace.Model()
		if err != nil {
			r.add(t.Place, "traces", "%v", err)
			continue
		}
		for _, other := range s.workloads {
			if other.file == filepath.Base(t.value) {
				r.alike(t.Place, "traces", other.file, other.Place)
			}
		}
		name := trace.Header.Task
		if name == "" {
			name = workloads.CustomTask
		}
		s.models = append(s.models, model{t, m})
		s.workloads = append(s.workloads, workload{text: t, name: name, file: filepath.Base(t.value), trace: trace,
			lengths: func(*workloads.Model) (int, int) { return trace.PromptTokens(), trace.GeneratedTokens() }})
	}
}

func (s *Spec) readLengths(r *reader, n *yaml.Node) {
	const accepted = "a list of {prompt: TOKENS, gen: TOKENS}"
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		r.add(strict.PlaceOf(n), "lengths", "got %s; accepted: %s", strict.Describe(n), accepted)
		return
	}
	for _, x := range n.Content {
		if x.Kind != yaml.MappingNode {
			r.add(strict.PlaceOf(x), "lengths", "got %s; accepted: %s", strict.Describe(x), accepted)
			continue
		}
		of := map[string]int{}
		for _, e := range r.entries(x, "lengths") {
			if e.key.value != "prompt" && e.key.value != "gen" {
				r.unknown(e.key, "lengths", []string{"prompt", "gen"})
				continue
			}
			of[e.key.value] = r.whole(e.value, "lengths."+e.key.value, 1, 1<<24)
		}
		if len(of) < 2 {
			r.add(strict.PlaceOf(x), "lengths", "prompt or gen is missing; accepted: {prompt: TOKENS, gen: TOKENS}")
			continue
		}
		name := fmt.Sprintf("%d+%d", of["prompt"], of["gen"])
		for _, other := range s.workloads {
			if other.value == name {
				r.add(strict.PlaceOf(x), "lengths", "%s stands in the list twice, first in line %d; accepted: each value once", name, other.Line)
			}
		}
		s.workloads = append(s.workloads, workload{text: text{strict.PlaceOf(x), name}, name: workloads.CustomTask,
			lengths: func(*workloads.Model) (int, int) { return of["prompt"], of["gen"] }})
	}
}

func (s *Spec) readSchedules(r *reader, n *yaml.Node) {
	seen := map[string]text{}
	for _, t := range r.texts(n, "schedules", "a schedule (pmpdsim list schedules)") {
		p, err := precision.Parse(t.value)
		if err != nil {
			r.add(t.Place, "schedules", "%v", err)
			continue
		}
		if p.Classifier != "" {
			r.add(t.Place, "schedules", "%s: sweeps do not evaluate classifiers; accepted: learned without classifier=, which follows a trace's scores", t.value)
			continue
		}
		if first, twice := seen[p.String()]; twice {
			r.add(t.Place, "schedules", "%s is the same schedule as %s in line %d; accepted: each once", t.value, first.value, first.Line)
			continue
		}
		seen[p.String()] = t
		s.schedules = append(s.schedules, schedule{text: t, Schedule: p})
	}
}

func (s *Spec) readBatches(r *reader, n *yaml.Node) {
	list := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		list = n.Content
	}
	r.texts(n, "batch", "a number of sequences") // an empty list, the same number twice
	for _, x := range list {
		s.batches = append(s.batches, r.whole(x, "batch", 1, replay.MostSequences))
	}
}

// readPasses reads which decode passes are simulated.
func (s *Spec) readPasses(r *reader, n *yaml.Node) {
	var err error
	if n.Kind != yaml.ScalarNode {
		r.add(strict.PlaceOf(n), "passes", "got %s; accepted: one of all, sampled, sampled:PERCENT%%, a number", strict.Describe(n))
	} else if s.passes, err = replay.ParseSampling(n.Value); err != nil {
		r.add(strict.PlaceOf(n), "passes", "%v", err)
	}
}

// whole reads a whole number from least to most.
func (r *reader) whole(n *yaml.Node, key string, least, most int) int {
	v, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || v < least || v > most {
		r.add(strict.PlaceOf(n), key, "got %s; accepted: a whole number from %d to %d", strict.Describe(n), least, most)
		return least
	}
	return v
}
