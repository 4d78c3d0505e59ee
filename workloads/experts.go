package workloads

import (
	"fmt"
	"slices"
)

// Scoring is how a router turns its logits into the weights of the chosen experts.
type Scoring string

// The scorings.
const (
	SoftmaxAll    Scoring = "softmax"        // over all experts, before the choice
	SoftmaxChosen Scoring = "softmax-chosen" // over those that were chosen
	SigmoidAll    Scoring = "sigmoid"        // of each expert
)

// Experts are the MLPs of a block of which a router gives each token some (a mixture of experts). What a block adds to the
// residual stream is the sum of what they yield, weighted by the router, and of what the shared expert yields, which every
// token takes.
type Experts struct {
	Count      int     `json:"count"`                 // routed experts of a layer
	PerToken   int     `json:"per_token"`             // that a token takes
	Width      int     `json:"width"`                 // values between an expert's matrices
	Shared     int     `json:"shared,omitempty"`      // the same of the shared expert, all shared ones as one; 0: there is none
	SharedGate bool    `json:"shared_gate,omitempty"` // a matrix of one row weights the shared expert (qwen2_moe)
	Scoring    Scoring `json:"scoring"`
	RouterBias bool    `json:"router_bias,omitempty"` // added to the logits, or to the scores before the choice
	Groups     int     `json:"groups,omitempty"`      // of experts; 0: the choice goes over all of them
	TopGroups  int     `json:"top_groups,omitempty"`  // groups that a token's experts come from
	Dense      []int   `json:"dense,omitempty"`       // layers with one MLP for all tokens instead, in order
}

// MostExperts is the largest number of routed experts of a layer.
const MostExperts = 1 << 12

// Sparse reports whether layer l has experts.
func (m *Model) Sparse(l int) bool { return m.Experts != nil && !slices.Contains(m.Experts.Dense, l) }

// FirstSparse returns the first layer with experts, or -1.
func (m *Model) FirstSparse() int {
	for l := range m.Layers {
		if m.Sparse(l) {
			return l
		}
	}
	return -1
}

// RouterMatrix returns the matrix whose outputs are the logits of the experts. No schedule changes its fp16.
func (m *Model) RouterMatrix() Linear {
	return Linear{Name: "router", Out: m.Experts.Count, In: m.Hidden, Bias: m.Experts.RouterBias, Fixed: true}
}

// SharedGateMatrix returns the matrix whose one output weights the shared expert.
func (m *Model) SharedGateMatrix() Linear {
	return Linear{Name: "shared_expert_gate", Out: 1, In: m.Hidden, Fixed: true}
}

// SharedExpert returns the shared expert's matrices in the order they are used: none without one.
func (m *Model) SharedExpert() []Linear {
	if m.Experts.Shared == 0 {
		return nil
	}
	return m.mlpOf("shared_expert.", m.Experts.Shared, 0)
}

// Expert returns the matrices of a routed expert, of which a layer has Experts.Count each, in the order they are used.
func (m *Model) Expert() []Linear { return m.mlpOf("experts.", m.Experts.Width, m.Experts.Count) }

// Matrices returns the matrices of layer l in the order of their first use by package ops.
func (m *Model) Matrices(l int) []Linear {
	all := m.Projections()
	if !m.Sparse(l) {
		return append(all, m.MLP()...)
	}
	all = append(append(all, m.RouterMatrix()), m.SharedExpert()...)
	if m.Experts.SharedGate {
		all = append(all, m.SharedGateMatrix())
	}
	return append(all, m.Expert()...)
}

func (m *Model) validateExperts() error {
	e := m.Experts
	if e == nil {
		return nil
	}
	for _, limit := range []struct {
		key            string
		value, lo, max int
	}{
		{"experts", e.Count, 1, MostExperts},
		{"num_experts_per_tok", e.PerToken, 1, e.Count},
		{"width of an expert", e.Width, 1, 1 << 22},
		{"width of all experts of a token", e.PerToken * e.Width, 1, 1 << 22},
		{"width of all experts", e.Count * e.Width, 1, 1 << 26},
		{"width of the shared expert", e.Shared, 0, 1 << 22},
		{"groups of experts", e.Groups, 0, e.Count},
		{"groups of a token", e.TopGroups, 0, e.Groups},
	} {
		if limit.value < limit.lo || limit.value > limit.max {
			return fmt.Errorf("%s: %d is out of range; accepted: %d to %d", limit.key, limit.value, limit.lo, limit.max)
		}
	}
	if e.Scoring != SoftmaxAll && e.Scoring != SoftmaxChosen && e.Scoring != SigmoidAll {
		return fmt.Errorf("scoring: %q is not known; accepted: %s, %s, %s", e.Scoring, SoftmaxAll, SoftmaxChosen, SigmoidAll)
	}
	if e.SharedGate && e.Shared == 0 {
		return fmt.Errorf("shared_gate: there is no shared expert; accepted: false")
	}
	if e.Groups > 0 && (e.Count%e.Groups != 0 || e.TopGroups == 0 || e.PerToken > e.TopGroups*(e.Count/e.Groups)) {
		return fmt.Errorf("groups of experts: %d experts of a token from %d of %d groups of %d experts; accepted: equal groups, of which those of a token have as many experts",
			e.PerToken, e.TopGroups, e.Groups, e.Count)
	}
	for i, l := range e.Dense {
		if l < 0 || l >= m.Layers || i > 0 && l <= e.Dense[i-1] {
			return fmt.Errorf("dense layers: %d; accepted: layers from 0 to %d, in order", l, m.Layers-1)
		}
	}
	if len(e.Dense) == m.Layers {
		return fmt.Errorf("dense layers: all %d; accepted: a model without experts, or layers that have some", m.Layers)
	}
	return nil
}
