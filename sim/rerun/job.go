package rerun

import (
	"cmp"
	"fmt"
	"path/filepath"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/study"
	"github.com/pmpdsim/pmpdsim/sim/study/machines"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/routing"
)

// inputs are the NPUs and the models that have been read, by their texts: many results share one.
type inputs struct {
	npus   map[string]*config.Config
	models map[string]*workloads.Model
}

// job rebuilds the job that a result came from.
func (in *inputs) job(o *study.Outcome, find Traces) (j replay.Job, err error) {
	if o.Inputs == nil || o.Inputs.NPU == nil || o.Inputs.Model == nil {
		return j, fmt.Errorf("%s: carries no inputs: results of version 0.1.0 do not, nor do rows of a sweep without the inputs/ of its folder; "+
			"accepted: files of run --format json, folders of sweeps", o.Place)
	}
	if j.Config, err = in.npu(o); err != nil {
		return j, err
	}
	if j.Model, err = in.model(o); err != nil {
		return j, err
	}
	if j.Schedule, err = precision.Parse(o.Schedule); err != nil {
		return j, fmt.Errorf("%s: schedule: %w", o.Place, err)
	}
	if j.Schedule, err = j.Schedule.Of(j.Model); err != nil {
		return j, fmt.Errorf("%s: %w", o.Place, err)
	}
	if j.Sampling, err = replay.ParseSampling(cmp.Or(o.Sampling, replay.Sampling{}.String())); err != nil {
		return j, fmt.Errorf("%s: passes: %w", o.Place, err)
	}
	j.Prompt, j.Generated, j.Batch = o.PromptTokens, o.GeneratedTokens, o.Batch
	if o.Experts != nil {
		if j.Experts, err = routing.Parse(o.Experts.Routing); err != nil {
			return j, fmt.Errorf("%s: experts.routing: %w", o.Place, err)
		}
	}
	if o.TraceSHA256 == "" {
		if j.Task = o.Task; j.Task != workloads.CustomTask {
			if _, err := workloads.LookupTask(j.Task); err != nil {
				return j, fmt.Errorf("%s: %w, %s", o.Place, err, workloads.CustomTask)
			}
		}
		return j, nil
	}
	t, err := find.of(o)
	if err != nil {
		return j, err
	}
	j.TraceSHA256, j.TraceSource, j.TraceName, j.RecordedPrefill = t.SHA256, string(t.Header.Source), o.Inputs.Trace, t.PrefillAt()
	j.Task = cmp.Or(t.Header.Task, workloads.CustomTask)
	if j.Evidence, err = t.Evidence(j.Schedule); err != nil {
		return j, fmt.Errorf("%s: %w", o.Place, err)
	}
	if j.Experts.Kind == routing.Trace {
		if j.RecordedExperts, err = t.Router(j.Model); err != nil {
			return j, fmt.Errorf("%s: %w", o.Place, err)
		}
	}
	return j, nil
}

// Traces are those that are at hand, by their hashes.
type Traces map[string]*traces.Trace

// Add adds a trace.
func (t Traces) Add(x *traces.Trace) { t[x.SHA256] = x }

// Needed are the names of the traces that results were made with, by their hashes.
func Needed(s *study.Set) map[string]string {
	all := map[string]string{}
	for _, o := range s.Outcomes {
		if o.TraceSHA256 != "" {
			all[o.TraceSHA256] = ""
			if o.Inputs != nil {
				all[o.TraceSHA256] = o.Inputs.Trace
			}
		}
	}
	return all
}

// of is the trace of a result.
func (t Traces) of(o *study.Outcome) (*traces.Trace, error) {
	if found := t[o.TraceSHA256]; found != nil {
		return found, nil
	}
	name, hint := o.Inputs.Trace, ""
	if name == "" {
		name = "one that another version of the program has embedded"
	}
	for _, x := range t {
		if filepath.Base(x.Name) == name {
			hint = fmt.Sprintf(" (%s has %.8s)", x.Name, x.SHA256)
		}
	}
	return nil, fmt.Errorf("%s: needs the trace with the SHA-256 %.8s, %s%s; accepted: that trace beside the results, or --trace FILE", o.Place,
		o.TraceSHA256, name, hint)
}

// npu is the NPU of a result.
func (in *inputs) npu(o *study.Outcome) (*config.Config, error) {
	if c := in.npus[string(o.Inputs.NPU)]; c != nil && c.Fingerprint() == o.Config {
		return c, nil
	}
	c, err := machines.NPU(o)
	if err != nil {
		return nil, err
	}
	if in.npus == nil {
		in.npus = map[string]*config.Config{}
	}
	in.npus[string(o.Inputs.NPU)] = c
	return c, nil
}

// model is the model of a result. Models of one shape share their text, whatever they are called.
func (in *inputs) model(o *study.Outcome) (*workloads.Model, error) {
	key := o.Model + "\n" + string(o.Inputs.Model)
	m := in.models[key]
	if m == nil {
		var err error
		if m, err = workloads.ParseShape(o.Inputs.Model); err != nil {
			return nil, fmt.Errorf("%s: inputs.model: %w", o.Place, err)
		}
		m.Name = o.Model
		if in.models == nil {
			in.models = map[string]*workloads.Model{}
		}
		in.models[key] = m
	}
	if m.Fingerprint() != o.Shape {
		return nil, fmt.Errorf("%s: inputs.model has the fingerprint %.8s, model_fingerprint is %.8s; accepted: a result as it was written", o.Place,
			m.Fingerprint(), o.Shape)
	}
	return m, nil
}
