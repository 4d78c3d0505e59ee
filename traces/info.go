package traces

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Info is what a reader wants to know about a trace at a glance. Absent (nil, empty) means that the trace does not say.
type Info struct {
	Name            string        `json:"name"`
	SHA256          string        `json:"sha256"`
	Version         int           `json:"version"`
	Source          Origin        `json:"source"`
	Tool            string        `json:"tool"`
	Created         string        `json:"created,omitzero"`
	Model           string        `json:"model"`
	Family          string        `json:"family"`
	Task            string        `json:"task,omitzero"`
	Sampling        string        `json:"sampling,omitzero"` // how tokens were drawn; empty: the most likely ones were taken
	GPU             string        `json:"gpu,omitzero"`
	Driver          string        `json:"driver,omitzero"`
	PromptTokens    int           `json:"prompt_tokens"`
	GeneratedTokens int           `json:"generated_tokens"`
	DecodePasses    int           `json:"decode_passes"` // one less than the generated tokens
	MaxNew          *int          `json:"max_new,omitzero"`
	Stop            Stop          `json:"stop"`
	Schedule        string        `json:"schedule"` // as on the command line, or at least its kind
	PrefillBits     int           `json:"prefill_bits"`
	AvgWeightBits   *float64      `json:"avg_weight_bits,omitzero"` // over the decode passes; nil if there are none
	Passes          []PassCount   `json:"passes,omitzero"`          // decode passes per precision, from the highest down
	Switches        []Switch      `json:"switches,omitzero"`
	Assignments     []string      `json:"assignments,omitzero"` // bits by layer and matrix that passes may have
	Measured        []Measurement `json:"measured,omitzero"`
	NotMeasured     []string      `json:"not_measured,omitzero"`
	PrefillNS       *int64        `json:"prefill_ns,omitzero"`
	SumStepNS       *int64        `json:"sum_step_ns,omitzero"` // if every step was timed
	NLL             *float64      `json:"nll,omitzero"`
	Agree           *float64      `json:"agree,omitzero"`
}

// PassCount is the number of decode passes at one precision.
type PassCount struct {
	Bits   int `json:"bits"`
	Passes int `json:"passes"`
}

// Measurement is a field that only a run can fill, and how many times the trace has it.
type Measurement struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
	Of    int    `json:"of,omitzero"` // how many there could be; 0 if that is open
}

// Info summarises a complete trace.
func (t *Trace) Info() Info {
	h := t.Header
	i := Info{
		Name: t.Name, SHA256: t.SHA256, Version: h.Version, Source: h.Source, Tool: h.Tool, Created: h.Created,
		Model: h.Model.Name, Family: h.Model.Family, Task: h.Task,
		PromptTokens: t.PromptTokens(), GeneratedTokens: t.GeneratedTokens(), DecodePasses: len(t.Steps), MaxNew: h.MaxNew,
		Schedule: cmp.Or(h.Scheduler.Spec, string(h.Scheduler.Kind)), PrefillBits: h.PrefillBits, Passes: t.passes(), Assignments: h.Assignments,
	}
	if s := h.Sampling; s != nil && s.Kind != Greedy {
		i.Sampling = s.text(h.Seed)
	}
	if h.GPU != nil {
		i.GPU, i.Driver = h.GPU.Name, h.GPU.Driver
	}
	if t.Footer != nil {
		i.Stop, i.NLL, i.Agree = t.Footer.Stop, t.Footer.NLL, t.Footer.Agree
	}
	if t.Prefill != nil {
		i.PrefillNS = t.Prefill.StepNS
	}
	for _, s := range t.Switches {
		i.Switches = append(i.Switches, *s)
	}
	if len(t.Steps) > 0 {
		mean := precision.AverageBits(h.Model.model(), precision.Passes(t.Precisions()), len(t.Steps))
		i.AvgWeightBits = &mean
	}
	i.SumStepNS = t.sumStepNS()
	i.Measured, i.NotMeasured = t.measured()
	return i
}

// text says how tokens were chosen.
func (s *Sampling) text(seed *int64) string {
	text := string(s.Kind)
	if s.Temperature != nil {
		text += fmt.Sprintf(", temperature %g", *s.Temperature)
	}
	if s.TopK != nil {
		text += fmt.Sprintf(", top_k %d", *s.TopK)
	}
	if s.TopP != nil {
		text += fmt.Sprintf(", top_p %g", *s.TopP)
	}
	if s.Kind == Sample && seed != nil {
		text += fmt.Sprintf(", seed %d", *seed)
	}
	return text
}

// passes counts the decode passes per precision.
func (t *Trace) passes() []PassCount {
	var counts []PassCount
	for _, s := range t.Steps {
		k := slices.IndexFunc(counts, func(c PassCount) bool { return c.Bits == s.WBits })
		if k < 0 {
			k = len(counts)
			counts = append(counts, PassCount{Bits: s.WBits})
		}
		counts[k].Passes++
	}
	slices.SortFunc(counts, func(a, b PassCount) int { return b.Bits - a.Bits })
	return counts
}

// sumStepNS adds the times of all steps, or returns nil if one of them was not timed.
func (t *Trace) sumStepNS() *int64 {
	if len(t.Steps) == 0 {
		return nil
	}
	var sum int64
	for _, s := range t.Steps {
		if s.StepNS == nil {
			return nil
		}
		sum += *s.StepNS
	}
	return &sum
}

// measured sorts everything that a run may measure into what the trace has and what it lacks.
func (t *Trace) measured() (has []Measurement, lacks []string) {
	all := []Measurement{{"ops", 0, 1}}
	if t.Ops != nil {
		all[0].Count = 1
	}
	count := func(record string, fields []measure, of int) {
		for _, f := range fields {
			if f.key == keyExperts && t.Header.Model.Experts == nil {
				continue // there are none to be measured
			}
			name := record + "." + f.key
			k := slices.IndexFunc(all, func(m Measurement) bool { return m.Name == name })
			if k < 0 {
				k, all = len(all), append(all, Measurement{name, 0, of})
			}
			if f.there {
				all[k].Count++
			}
		}
	}
	count("prefill", cmp.Or(t.Prefill, new(Prefill)).measures(), 1)
	count("step", new(Step).measures(), len(t.Steps))
	for _, s := range t.Steps {
		count("step", s.measures(), len(t.Steps))
	}
	all = append(all, Measurement{"sched_features", len(t.Features), 0}, Measurement{"calib_ops", len(t.Calib), 0})
	for _, m := range all {
		if m.Count > 0 {
			has = append(has, m)
		} else {
			lacks = append(lacks, m.Name)
		}
	}
	return has, lacks
}
