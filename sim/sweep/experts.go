package sweep

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/workloads/routing"
)

// expertsAxis is the axis that says which experts the tokens of models that have some take. It changes no NPU.
const expertsAxis = "experts"

// routings reads {experts: [uniform, "zipf,s=1"]}.
func (r *reader) routings(e entry) []Value {
	var all []Value
	for _, t := range r.texts(e.value, "axes."+expertsAxis, "a routing: uniform, zipf, trace") {
		s, err := routing.Parse(t.value)
		if err != nil {
			r.add(t.Place, "axes."+expertsAxis, "%v", err)
			continue
		}
		for _, other := range all {
			if other.Label == s.String() {
				r.add(t.Place, "axes."+expertsAxis, "%s is %s, which stands there already; accepted: each once", t.value, s)
			}
		}
		all = append(all, Value{Label: s.String(), routing: &s})
	}
	return all
}

// route sets where the experts of a point's tokens come from. It reports false where that is a second point of a model that
// has no experts.
func (p *Point) route(m *machine) bool {
	switch {
	case m.routing == nil:
		return true
	case p.Model.Experts != nil:
		p.Experts = *m.routing
		return true
	}
	axes := make([]Label, len(p.Axes))
	for i, l := range p.Axes {
		if axes[i] = l; l.Axis == expertsAxis {
			axes[i].Value = none
		}
	}
	p.Axes = axes
	return m.firstRouting
}

// recordedExperts takes the experts of a trace, where the point asks for them or for nothing.
func (p *Point) recordedExperts(l workload) error {
	if p.Model.Experts == nil || p.Experts.Kind != "" && p.Experts.Kind != routing.Trace {
		return nil
	}
	if l.trace != nil {
		recorded, err := l.trace.Router(p.Model)
		if err != nil {
			return err
		}
		if recorded != nil {
			p.Experts, p.RecordedExperts = routing.Spec{Kind: routing.Trace}, recorded
			return nil
		}
	}
	if p.Experts.Kind == routing.Trace {
		return fmt.Errorf("experts trace: no trace says which experts the tokens take; accepted: traces that were recorded with them, or uniform, zipf")
	}
	return nil
}
