package study

import (
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Keys of what a run does with weights beside the NPU.
const (
	scheduleKey  = "schedule"
	precisionKey = "precision" // rules by layer and matrix, which the schedule's text has, too
	expertsKey   = "experts"   // which ones tokens take
	formatKey    = "format"    // of the weights in the model's file
)

// nothing is the value of a key where there is nothing of it: no rules, no experts, no format.
const nothing = "none"

// fill gives outcomes that lack a key of weights the value nothing, if others have the key.
func (s *Set) fill() {
	for _, k := range []Key{{expertsKey, nothing, "no experts"}, {formatKey, nothing, "not quantised"}} {
		if !slices.Contains(s.KeyNames(), k.Name) {
			continue
		}
		for _, o := range s.Outcomes {
			if o.Key(k.Name).Value == "" {
				o.Keys = append(o.Keys, k)
			}
		}
	}
}

// canonical writes the value of a key as results have it.
func canonical(key, value string) string {
	switch key {
	case scheduleKey:
		return precision.Canonical(value)
	case precisionKey:
		if rules, err := precision.ParseRules(value); err == nil {
			return precision.RulesText(rules)
		}
	}
	return value
}

// choices are the names of the keys that outcomes are chosen by: rules are among them if any has some.
func (s *Set) choices() []string {
	names := s.KeyNames()
	if slices.ContainsFunc(s.Outcomes, func(o *Outcome) bool { return o.rules() != "" }) {
		names = append(names, precisionKey)
	}
	return append(names, scheduleKey)
}

// RulesApart returns the set with rules of precision as a key of their own, named precision, and schedules without them; the set
// itself if no outcome has rules.
func (s *Set) RulesApart() *Set {
	if !s.Ruled() {
		return s
	}
	apart := *s
	apart.Outcomes = make([]*Outcome, len(s.Outcomes))
	for i, o := range s.Outcomes {
		own := *o
		own.apart = true
		apart.Outcomes[i] = &own
	}
	return &apart
}

// Ruled reports whether outcomes differ in rules of precision.
func (s *Set) Ruled() bool {
	return len(s.Distinct(func(o *Outcome) string { return o.rules() })) > 1
}

// rules are those of the outcome's schedule, which end its text; empty: it has none.
func (o *Outcome) rules() string {
	_, rules, _ := strings.Cut(o.Schedule, precision.RuleSeparator)
	return rules
}

func (o *Outcome) precisionKey() Key {
	if rules := o.rules(); rules != "" {
		return Key{precisionKey, rules, rules}
	}
	return Key{precisionKey, nothing, ""}
}

func (o *Outcome) scheduleKey() Key {
	text := o.Schedule
	if o.apart {
		text, _, _ = strings.Cut(text, precision.RuleSeparator)
	}
	return Key{scheduleKey, text, text}
}
