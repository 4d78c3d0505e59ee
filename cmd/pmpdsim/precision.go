package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// precisionFlag gives matrices and layers bits of their own.
func precisionFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "precision", Usage: "`RULES` for some matrices, over every schedule but fp16: down_proj=+1, layers=0-1,30-31:4, " +
		"or a file MAP.yaml; repeatable", TakesFile: true, DefaultText: "none"}
}

// rulesFrom reads the flag.
func rulesFrom(c *cli.Context) (all []precision.Rule, err error) {
	for _, text := range c.StringSlice("precision") {
		rules, err := precision.ReadRules(text)
		if err != nil && precision.IsRuleFile(text) {
			return nil, flagged("precision", text, err)
		}
		if err != nil {
			return nil, fmt.Errorf("--precision %w", err)
		}
		all = append(all, rules...)
	}
	return all, nil
}

// withRules adds the rules of --precision to a schedule. fp16 is what others are compared with, and stays as it is; so does a
// schedule of which they change nothing. Notes say so, and where bits are others than rules ask for.
func withRules(s precision.Schedule, rules []precision.Rule, m *workloads.Model, gen int) (precision.Schedule, []string, error) {
	ruled := s
	if s.Kind != precision.KindFP16 {
		ruled = s.WithRules(rules)
	}
	over, err := ruled.Over(m, gen)
	if err != nil {
		return s, nil, fmt.Errorf("--precision: %w", err)
	}
	if over == nil {
		return s, nil, nil
	}
	changed := len(ruled.Bases()) == 0 // recorded: what it changes is the trace's to say
	if prefill := s.PrefillAt(precision.Assignment{}); prefill != (precision.Assignment{}) {
		changed = changed || over.At(prefill, 0) != prefill
	}
	for _, base := range ruled.Bases() {
		all := over.All([]precision.Assignment{base})
		changed = changed || len(all) > 1 || all[0] != base
	}
	if !changed {
		return ruled.Plain(), []string{fmt.Sprintf("the rules of precision change nothing of schedule %s", ruled.Plain())}, nil
	}
	return ruled, over.Notes(), nil
}

// said is notes on the way to the terminal, each once.
func said(s streams, notes []string) {
	slices.Sort(notes)
	for _, n := range slices.Compact(notes) {
		s.say("note: %s", strings.TrimSpace(n))
	}
}
