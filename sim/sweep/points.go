package sweep

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
	"github.com/pmpdsim/pmpdsim/sim/unit/strict"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/routing"
)

// Point is one job of a sweep.
type Point struct {
	replay.Job
	NPU         string  // its name
	Trace       string  // the name of the trace's file; empty: none
	Axes        []Label // in the order of the spec
	Fingerprint string  // a hash of everything that the result depends on
	Cost        float64 // estimated work, in a unit of its own
	memory      int     // equal for points whose machines can share a DRAM memo
	config      int     // equal for points of one NPU
	work        int     // equal for points of one model, lengths and batch
}

// Label is the value that an axis has at a point.
type Label struct{ Axis, Value string }

// expansion expands a spec to points.
type expansion struct {
	*Spec
	ctx      context.Context //nolint:containedctx // of one call
	r        *reader
	version  string
	points   []*Point
	reported map[string]bool // subjects of the faults found so far
	works    int             // workloads so far, for Point.work

	memories map[string]int // DRAM and controller to Point.memory
}

// mostFaults is how many faults of combinations are reported: a grid can have thousands of the same kind.
const mostFaults = 5

// Points returns all points of the spec. The first list in the spec varies slowest and schedules vary fastest, so that
// neighbouring points share as much as possible. The version of the program is part of the fingerprints.
func (s *Spec) Points(ctx context.Context, name, version string) ([]*Point, error) {
	e := &expansion{Spec: s, ctx: ctx, r: newReader(name), version: version, reported: map[string]bool{}, memories: map[string]int{}}
	configs := 0
	for _, n := range s.npus {
		for combination := range combinations(s.axes) {
			if e.npu(n, combination, configs); ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			configs++
		}
	}
	if err := e.r.Err(); err != nil {
		if more := len(e.reported) - mostFaults; more > 0 {
			err = errors.Join(err, fmt.Errorf("%s: and %d more combinations are not possible", name, more))
		}
		return nil, err
	}
	if len(e.points) == 0 {
		return nil, fmt.Errorf("%s: the filters skip every point; accepted: filters that leave something", name)
	}
	return e.points, nil
}

// combinations yields an index into the values of each axis, the last axis varying fastest.
func combinations(axes []Axis) func(yield func([]int) bool) {
	return func(yield func([]int) bool) {
		at := make([]int, len(axes))
		for {
			if !yield(at) {
				return
			}
			i := len(axes) - 1
			for ; i >= 0; i-- {
				if at[i]++; at[i] < len(axes[i].Values) {
					break
				}
				at[i] = 0
			}
			if i < 0 {
				return
			}
		}
	}
}

// machine is an NPU at one combination of the axes' values. Its configuration is made for the first point that no filter
// skips.
type machine struct {
	npu
	labels   []Label
	set      []string
	assigned map[string]string
	routing  *routing.Spec // nil: no axis says which experts tokens take

	firstRouting bool

	cfg         *config.Config // nil: not made yet
	bad         error          // why there is no such NPU
	fingerprint string
	memory      int
}

// value returns the value of a key.
func (m *machine) value(key string) string {
	if v, ok := m.assigned[key]; ok {
		return v
	}
	v, _ := m.npu.Get(key)
	return v
}

// make makes the configuration.
func (e *expansion) make(m *machine) {
	if m.cfg == nil {
		cfg := *m.npu.Config
		m.cfg, m.bad = &cfg, cfg.SetWith(m.set, e.part)
		m.fingerprint, m.memory = cfg.Fingerprint(), e.memory(&cfg)
	}
}

// npu adds the points of one NPU at one combination of the axes' values.
func (e *expansion) npu(n npu, at []int, number int) {
	c := &machine{npu: n, assigned: map[string]string{}}
	for _, a := range e.set {
		c.set, c.assigned[a.path] = append(c.set, a.String()), a.value
	}
	for i, v := range at {
		value := e.axes[i].Values[v]
		c.labels = append(c.labels, Label{e.axes[i].Name, value.Label})
		if value.routing != nil {
			c.routing, c.firstRouting = value.routing, v == 0
		}
		for _, a := range value.set {
			c.set, c.assigned[a.path] = append(c.set, a.String()), a.value
		}
	}
	for i, m := range e.models {
		for j, l := range e.workloads {
			if l.trace != nil && i != j {
				continue // a trace has a model of its own
			}
			for _, batch := range e.batches {
				e.works++
				for _, s := range e.schedules {
					if e.ctx.Err() != nil {
						return
					}
					p := Point{NPU: n.Name, Axes: c.labels, config: number, work: e.works, Trace: l.file}
					p.Model, p.Task, p.Batch, p.Schedule, p.Sampling = m.Model, l.name, batch, s.Schedule, e.passes
					p.Prompt, p.Generated = l.lengths(m.Model)
					if p.route(c) && !e.skips(&p, c) {
						e.add(&p, l, s, c)
					}
				}
			}
		}
	}
}

// skips reports whether a filter skips a point.
func (e *expansion) skips(p *Point, c *machine) bool {
	return slices.ContainsFunc(e.filters, func(f filter) bool {
		return f.skips(func(key string) string {
			if v, ok := p.identity(key); ok {
				return v
			}
			return c.value(key)
		})
	})
}

// memory returns the number of a memory: NPUs can share a memo if DRAM and controller are equal, whatever the capacity.
func (e *expansion) memory(c *config.Config) int {
	d := c.DRAM
	d.Capacity, d.Part = 0, nil
	key := fmt.Sprintf("%+v %v %v %v", d, c.DMA.Grant, c.DMA.Window, c.DMA.Bandwidth)
	if d.Standard == config.IdealDRAM {
		key = d.Standard // has no memo
	}
	if p := c.DRAM.Part; p != nil {
		key += p.Text()
	}
	n, ok := e.memories[key]
	if !ok {
		n = len(e.memories)
		e.memories[key] = n
	}
	return n
}

// add adds a point that no filter skips. If it is impossible, that is a fault.
func (e *expansion) add(p *Point, l workload, s schedule, c *machine) {
	if e.make(c); c.bad != nil {
		e.faultConfig(p, c.bad)
		return
	}
	p.Config, p.memory = c.cfg, c.memory
	if l.trace != nil {
		evidence, err := l.trace.Evidence(s.Schedule)
		if err != nil {
			e.fault(s.Place, s.value, "%v", err)
			return
		}
		p.Evidence, p.RecordedPrefill = evidence, l.trace.PrefillAt()
		p.TraceSHA256, p.TraceSource = l.trace.SHA256, string(l.trace.Header.Source)
	}
	if err := p.recordedExperts(l); err != nil {
		e.fault(l.Place, l.value, "%v", err)
		return
	}
	if err := p.Model.CheckLengths(p.Prompt, p.Generated); err != nil {
		e.fault(l.Place, fmt.Sprintf("%s of %s", l.value, p.Model.Name), "%v", err)
		return
	}
	if p.Generated < 2 {
		e.fault(l.Place, l.value, "%d tokens to generate leave nothing to decode; accepted: 2 or more, the first comes from prefill", p.Generated)
		return
	}
	if s.rules.value != "" {
		if _, err := s.Over(p.Model, p.Generated); err != nil {
			e.fault(s.rules.Place, s.rules.value, "%v", err)
			return
		}
	}
	var err error
	if p.Schedule, err = p.Schedule.Of(p.Model); err != nil {
		e.fault(s.Place, s.value, "%v", err)
		return
	}
	if _, err := p.Schedule.Resolve(p.Model, p.Generated, p.Evidence); err != nil {
		e.fault(s.Place, s.value, "%v", err)
		return
	}
	p.Fingerprint, p.Cost = fingerprint(&p.Job, c.fingerprint, e.version), cost(&p.Job)
	e.points = append(e.points, p)
}

// faultConfig reports an invalid NPU, once.
func (e *expansion) faultConfig(p *Point, bad error) {
	at := strict.Place{}
	if len(e.axes) > 0 {
		at = e.axes[0].at
	} else if len(e.set) > 0 {
		at = e.set[0].Place
	}
	first, _, _ := strings.Cut(bad.Error(), "\n")
	if strings.HasPrefix(first, "--set ") {
		_, first, _ = strings.Cut(first, ": ")
	}
	what := p.NPU
	for _, l := range p.Axes {
		what += ", " + l.Axis + " " + l.Value
	}
	e.fault(at, what, "%s; or a filter that skips it", first)
}

func (e *expansion) fault(at strict.Place, what, format string, args ...any) {
	if e.reported[what] {
		return
	}
	if e.reported[what] = true; len(e.reported) <= mostFaults {
		e.r.add(at, what, format, args...)
	}
}

// identity returns a point's value of an axis or of a name in identity(), and whether it has one.
func (p *Point) identity(key string) (string, bool) {
	for _, a := range p.Axes {
		if a.Axis == key {
			return a.Value, true
		}
	}
	switch key {
	case "npu":
		return p.NPU, true
	case "model":
		return p.Model.Name, true
	case "format":
		return formatOf(p.Model), true
	case "task":
		return p.Task, true
	case "schedule":
		return p.Schedule.String(), true
	case "precision":
		if len(p.Schedule.Rules) == 0 {
			return none, true
		}
		return precision.RulesText(p.Schedule.Rules), true
	case "batch":
		return strconv.Itoa(p.Batch), true
	case "prompt":
		return strconv.Itoa(p.Prompt), true
	case "gen":
		return strconv.Itoa(p.Generated), true
	}
	return "", false
}

// fingerprint returns a hash of everything that a result depends on; config is that of the NPU.
func fingerprint(j *replay.Job, config, version string) string {
	model := *j.Model
	model.Source = "" // may name a file
	data, err := json.Marshal(struct {
		Version, Config         string
		Model                   any
		Task                    string
		Prompt, Generated       int
		Batch                   int
		Prefill                 any // bits, or the text of an assignment
		Schedule, Trace, Source string
		Classifier              string `json:",omitempty"`
		Experts                 string `json:",omitempty"`
		Passes                  string `json:",omitempty"`
	}{version, config, model, j.Task, j.Prompt, j.Generated, j.Batch, prefillOf(j), j.Schedule.String(),
		j.TraceSHA256, j.TraceSource, j.Evidence.Classifier, routingOf(j), passesOf(j)})
	if err != nil {
		panic("sweep: fingerprint: " + err.Error())
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// routingOf is where the experts of tokens come from; nothing of a model without experts.
func routingOf(j *replay.Job) string {
	if j.Model.Experts == nil {
		return ""
	}
	return j.Experts.String()
}

// passesOf says which passes are simulated; nothing: all.
func passesOf(j *replay.Job) string {
	if j.Sampling.All() {
		return ""
	}
	return j.Sampling.String()
}

// prefillOf is the recorded precision of prefill: a number of bits, 0 for none, or the text of an assignment.
func prefillOf(j *replay.Job) any {
	if j.RecordedPrefill.IsUniform() {
		return j.RecordedPrefill.Max()
	}
	return j.RecordedPrefill
}

// cost estimates the work of a point: transfers of 64 KiB and a dozen ops per layer and pass; prefill counts as one
// pass per 16 tokens of the prompt. Costs order points and show progress; no result depends on them.
func cost(j *replay.Job) float64 {
	const transfer, ops, tokens = 64 << 10, 12, 16
	bits := 16.0
	if len(j.Schedule.Bits) > 0 {
		bits = float64(j.Schedule.Bits[0])
	}
	pass := float64(float64(j.Model.Params().Blocks)*bits/8/transfer) + float64(ops*j.Model.Layers)
	passes := float64(j.Passes())
	if !j.Sampling.All() { // a few of each precision, and one in fifty to find them
		passes = min(passes, 16+passes/50)
	}
	return pass * (passes + 1 + float64(float64(j.Prompt)/tokens))
}

// row returns the point's row without a result.
func (p *Point) row() folder.Row {
	r := folder.Row{Fingerprint: p.Fingerprint, NPU: p.NPU, Model: p.Model.Name, Task: p.Task, Trace: p.Trace, Prompt: p.Prompt,
		Generated: p.Generated, Batch: p.Batch, Schedule: p.Schedule.String(), Axes: map[string]string{}}
	for _, a := range p.Axes {
		r.Axes[a.Axis] = a.Value
	}
	return r
}
