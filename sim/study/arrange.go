package study

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// Arrange finds out what the outcomes have in common and by what they differ beside the schedule, bundles those that differ
// only in the keys to be averaged over, and sorts: by what differs, then from many weight bits to few. The order of files,
// and that of sweeps, which is one of hashes, does not matter. Two outcomes that nothing tells apart are an error.
//
// The keys to average over are those of KeyNames, seed (of random schedules) and trace.
func (s *Set) Arrange(over ...string) (*Set, error) {
	if len(s.Outcomes) == 0 {
		return nil, errors.New("no results to arrange; accepted: one or more")
	}
	if err := s.checkOver(over); err != nil {
		return nil, err
	}
	a := &Set{Inputs: s.Inputs, Over: over, ranks: s.ranks}
	for _, o := range s.Outcomes {
		own := *o
		own.Keys = slices.Clone(o.Keys)
		own.setAside(over)
		a.Outcomes = append(a.Outcomes, &own)
	}
	a.tellApart()
	if err := a.bundle(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(a.Outcomes, func(x, y *Outcome) int {
		for _, name := range a.Differ {
			if c := a.compare(name, x.Key(name).Value, y.Key(name).Value); c != 0 {
				return c
			}
		}
		return bySchedule(x, y)
	})
	return a, nil
}

// passesKey is which passes were simulated.
const passesKey = "passes"

// bySchedule goes from many weight bits to few.
func bySchedule(a, b *Outcome) int {
	return cmp.Or(cmp.Compare(b.AvgWeightBits, a.AvgWeightBits), cmp.Compare(a.Schedule, b.Schedule))
}

// tellApart sets what is common, what differs, and each outcome's setting.
func (s *Set) tellApart() {
	var common []string
	for _, name := range s.KeyNames() {
		first := s.Outcomes[0].Key(name)
		if slices.ContainsFunc(s.Outcomes, func(o *Outcome) bool { return o.Key(name) != first }) {
			s.Differ = append(s.Differ, name)
		} else if first.Text != "" {
			common = append(common, first.Text)
		}
	}
	s.Common = strings.Join(common, ", ")
	// What follows from the NPU, or from an axis that changes it, is no news beside that.
	if slices.ContainsFunc(s.Differ, func(name string) bool { return name != kvBits && ofNPU(name) }) {
		s.Differ = slices.DeleteFunc(s.Differ, func(name string) bool { return name == kvBits })
	}
	s.settle()
	// But NPUs of one name can have been changed, and traces of one length differ.
	for _, more := range []struct {
		name  string
		ofNPU bool
		of    func(o *Outcome) string
	}{
		{kvBits, true, func(o *Outcome) string { return o.Key(kvBits).Value }},
		{"config", true, func(o *Outcome) string { return o.Config }},
		{"shape", false, func(o *Outcome) string { return o.Shape }}, // of models of one name
		{"trace", false, func(o *Outcome) string { return o.TraceSHA256 }},
		{passesKey, false, sampling},
		{"version", false, func(o *Outcome) string { return o.Version }},
	} {
		follows := more.ofNPU && slices.ContainsFunc(s.Over, ofNPU)
		if follows || slices.Contains(s.Over, more.name) || !s.several(more.of) {
			continue
		}
		for _, o := range s.Outcomes {
			if v := more.of(o); o.Key(more.name).Value == "" {
				said := v[:min(len(v), 8)] // of a fingerprint
				if more.name == passesKey {
					said = v
				}
				o.Keys = append(o.Keys, Key{more.name, v, more.name + " " + said})
			}
		}
		s.Differ = append(s.Differ, more.name)
		s.settle()
	}
}

// sampling is which passes of an outcome were simulated.
func sampling(o *Outcome) string { return cmp.Or(o.Sampling, "all") }

func (s *Set) settle() {
	for _, o := range s.Outcomes {
		o.Setting = o.Text(s.Differ)
	}
}

// several reports whether outcomes of one setting differ in something.
func (s *Set) several(of func(*Outcome) string) bool {
	seen := map[string]string{}
	for _, o := range s.Outcomes {
		if v, ok := seen[o.Setting]; ok && v != of(o) {
			return true
		}
		seen[o.Setting] = of(o)
	}
	return false
}
