package sweep

import (
	"go.yaml.in/yaml/v4"

	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// ruled is rules of precision; none: the schedule alone.
type ruled struct {
	text
	rules []precision.Rule
}

func (s *Spec) readRules(r *reader, n *yaml.Node) {
	seen := map[string]text{}
	for _, t := range r.texts(n, "precision", "rules such as down_proj=+1, or "+none) {
		x := ruled{text: t}
		var err error
		if t.value != none {
			x.rules, err = precision.ParseRules(t.value)
		}
		if err != nil {
			r.add(t.Place, "precision", "%v", err)
			continue
		}
		if first, twice := seen[precision.RulesText(x.rules)]; twice {
			r.add(t.Place, "precision", "%s are the same rules as %s in line %d; accepted: each once", t.value, first.value, first.Line)
			continue
		}
		seen[precision.RulesText(x.rules)] = t
		s.rules = append(s.rules, x)
	}
}

// applyRules makes a schedule of each schedule with each of the rules. fp16, which others are compared with, stays alone.
func (s *Spec) applyRules() {
	if len(s.rules) == 0 {
		return
	}
	plain := s.schedules
	s.schedules = nil
	for _, p := range plain {
		if p.Kind == precision.KindFP16 {
			s.schedules = append(s.schedules, p)
			continue
		}
		for _, x := range s.rules {
			s.schedules = append(s.schedules, schedule{p.text, p.WithRules(x.rules), x.text})
		}
	}
}
