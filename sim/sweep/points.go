package sweep

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

// Point is one job of a sweep.
type Point struct {
	replay.Job
	NPU         string  // its name
	Trace       string  // name of the trace's file, if there is one
	Axes        []Label // in the order of the spec
	Fingerprint string  // of everything that the result depends on
	Cost        float64 // guess of the work, in units of its own
	memory      int     // points of equal number have DRAM of which machines learn the same,
	config      int     // those of this one share the NPU,
	work        int     // and those the model, lengths and batch, too
}

// Label is the value that an axis has at a point.
type Label struct{ Axis, Value string }

// expansion is the spec on its way to points.
type expansion struct {
	*Spec
	r        *reader
	version  string
	points   []*Point
	reported map[string]bool // what a fault has been reported for
	works    int

	memories map[string]int // numbers
}

// mostFaults are reported for combinations; a grid can have thousands of the same kind.
const mostFaults = 5

// Points returns all points of the spec. Their order is that of the spec, what stands first varying slowest, but schedules
// fastest of all: neighbours share as much as they can. The version of the program goes into the fingerprints.
func (s *Spec) Points(name, version string) ([]*Point, error) {
	e := &expansion{Spec: s, r: newReader(name), version: version, reported: map[string]bool{}, memories: map[string]int{}}
	configs := 0
	for _, n := range s.npus {
		for combination := range combinations(s.axes) {
			e.npu(n, combination, configs)
			configs++
		}
	}
	if n := len(e.r.All); n > mostFaults {
		e.r.All = append(e.r.All[:mostFaults], config.Fault{Message: fmt.Sprintf("and %d more combinations are not possible", n-mostFaults)})
		err := e.r.Err()
		return nil, err
	}
	if err := e.r.Err(); err != nil {
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

// npu adds the points of one NPU at one combination of the axes' values.
func (e *expansion) npu(n npu, at []int, number int) {
	var labels []Label
	var set []string
	assigned := map[string]string{}
	for _, a := range e.set {
		set, assigned[a.path] = append(set, a.String()), a.value
	}
	for i, v := range at {
		value := e.axes[i].Values[v]
		labels = append(labels, Label{e.axes[i].Name, value.Label})
		for _, a := range value.set {
			set, assigned[a.path] = append(set, a.String()), a.value
		}
	}
	cfg := *n.Config
	bad := cfg.Set(set)
	base := Point{Job: replay.Job{Config: &cfg}, NPU: n.Name, Axes: labels, memory: e.memory(&cfg), config: number}
	value := func(key string) string {
		if v, ok := assigned[key]; ok {
			return v
		}
		v, _ := n.Get(key)
		return v
	}
	for i, m := range e.models {
		for j, l := range e.workloads {
			if l.trace != nil && i != j {
				continue // a trace has a model of its own
			}
			for _, batch := range e.batches {
				e.works++
				for _, s := range e.schedules {
					p := base
					p.Model, p.Task, p.Batch, p.Schedule, p.work = m.Model, l.name, batch, s.Schedule, e.works
					p.Trace = l.file
					p.Prompt, p.Generated = l.lengths(m.Model)
					e.add(&p, l, s, bad, value)
				}
			}
		}
	}
}

// memory numbers the memories: of DRAM behind equal controllers machines learn the same, whatever its size.
func (e *expansion) memory(c *config.Config) int {
	d := c.DRAM
	d.Capacity = 0
	key := fmt.Sprintf("%+v %v %v %v", d, c.DMA.Grant, c.DMA.Window, c.DMA.Bandwidth)
	if d.Standard == config.IdealDRAM {
		key = d.Standard // there is nothing to learn
	}
	n, ok := e.memories[key]
	if !ok {
		n = len(e.memories)
		e.memories[key] = n
	}
	return n
}

// add adds a point unless a filter skips it. What is impossible is a fault only if nothing skips it.
func (e *expansion) add(p *Point, l workload, s schedule, bad error, value func(string) string) {
	of := func(key string) string {
		if v, ok := p.identity(key); ok {
			return v
		}
		return value(key)
	}
	for _, f := range e.filters {
		if f.skips(of) {
			return
		}
	}
	if bad != nil {
		e.faultConfig(p, bad)
		return
	}
	if l.trace != nil {
		evidence, err := l.trace.Evidence(s.Schedule)
		if err != nil {
			e.fault(s.Place, s.value, "%v", err)
			return
		}
		p.Evidence, p.RecordedPrefill = evidence, l.trace.PrefillBits()
		p.TraceSHA256, p.TraceSource = l.trace.SHA256, string(l.trace.Header.Source)
	}
	if err := p.Model.CheckLengths(p.Prompt, p.Generated); err != nil {
		e.fault(l.Place, fmt.Sprintf("%s of %s", l.value, p.Model.Name), "%v", err)
		return
	}
	if p.Generated < 2 {
		e.fault(l.Place, l.value, "%d tokens to generate leave nothing to decode; accepted: 2 or more, the first comes from prefill", p.Generated)
		return
	}
	if _, err := p.Schedule.Resolve(p.Generated, p.Evidence); err != nil {
		e.fault(s.Place, s.value, "%v", err)
		return
	}
	p.Fingerprint, p.Cost = fingerprint(&p.Job, e.version), cost(&p.Job)
	e.points = append(e.points, p)
}

// blameConfig reports an NPU that cannot be, once.
func (e *expansion) faultConfig(p *Point, bad error) {
	at := config.Place{}
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

func (e *expansion) fault(at config.Place, what, format string, args ...any) {
	if !e.reported[what] {
		e.reported[what] = true
		e.r.add(at, what, format, args...)
	}
}

// identity is what a point is called by, beside its axes.
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
	case "task":
		return p.Task, true
	case "schedule":
		return p.Schedule.String(), true
	case "batch":
		return strconv.Itoa(p.Batch), true
	case "prompt":
		return strconv.Itoa(p.Prompt), true
	case "gen":
		return strconv.Itoa(p.Generated), true
	}
	return "", false
}

// fingerprint is a hash of everything that a result depends on.
func fingerprint(j *replay.Job, version string) string {
	shape := *j.Model
	shape.Source = "" // may name a file
	data, err := json.Marshal(struct {
		Version, Config         string
		Model                   any
		Task                    string
		Prompt, Generated       int
		Batch, Prefill          int
		Schedule, Trace, Source string
	}{version, j.Config.Fingerprint(), shape, j.Task, j.Prompt, j.Generated, j.Batch, j.RecordedPrefill, j.Schedule.String(),
		j.TraceSHA256, j.TraceSource})
	if err != nil {
		panic("sweep: fingerprint: " + err.Error())
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// cost guesses the work of a point: transfers of some 64 KiB, and a dozen of ops a layer and pass. Prefill takes as long
// as a pass for each 16 tokens of the prompt. It orders points and tells shares of the whole, never a result.
func cost(j *replay.Job) float64 {
	const transfer, ops, tokens = 64 << 10, 12, 16
	bits := 16.0
	if len(j.Schedule.Bits) > 0 {
		bits = float64(j.Schedule.Bits[0])
	}
	pass := float64(j.Model.Params().Blocks)*bits/8/transfer + float64(ops*j.Model.Layers)
	return pass * (float64(j.Passes()) + 1 + float64(j.Prompt)/tokens)
}

// row is the point without a result.
func (p *Point) row() folder.Row {
	r := folder.Row{Fingerprint: p.Fingerprint, NPU: p.NPU, Model: p.Model.Name, Task: p.Task, Trace: p.Trace, Prompt: p.Prompt,
		Generated: p.Generated, Batch: p.Batch, Schedule: p.Schedule.String(), Axes: map[string]string{}}
	for _, a := range p.Axes {
		r.Axes[a.Axis] = a.Value
	}
	return r
}
