package study

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

// Comparison is what differs between two sets of results: in what went in, and in what came out.
type Comparison struct {
	Pairs   int      `json:"pairs"`  // points that both have
	OnlyA   int      `json:"only_a"` // without a counterpart, or without a result
	OnlyB   int      `json:"only_b"` //
	Inputs  []Change `json:"inputs"`
	Outcome []Effect `json:"outcome"`            // of pairs in which both fit their DRAM, or else of all
	Bound   []Change `json:"bound_by,omitempty"` // what decode waits for

	MisfitsA int `json:"does_not_fit_a"` // pairs whose A does not fit its DRAM
	MisfitsB int `json:"does_not_fit_b"`
	Counted  int `json:"counted"` // pairs that the outcome is of
}

// Change is an input that is A's in one set and B's in the other.
type Change struct {
	Key   string `json:"key"`
	A     string `json:"a"`
	B     string `json:"b"`
	Pairs int    `json:"pairs"` // for which it is so
}

// Effect is what becomes of a metric over all pairs.
type Effect struct {
	Key   string  `json:"metric"`
	A     float64 `json:"a"`     // geometric means over the pairs
	B     float64 `json:"b"`     //
	Ratio float64 `json:"ratio"` // B/A
	Least float64 `json:"least"` // of the pairs' B/A
	Most  float64 `json:"most"`  //
}

// compared are the keys of the metrics that two sides are compared by.
func compared() []Metric {
	return Pick("tokens_per_second", "ttft_seconds", "tpot_seconds", "avg_weight_bits", "dram_bytes_per_token", "dram_efficiency", "row_hit_rate",
		"array_utilisation", "energy_joules_per_token", "area_mm2")
}

// Compare compares two sets. Outcomes that are called alike are compared; where several are, those with the same inputs, or of the same
// experts; where no two are, the NPU's name does not count; and two single outcomes are compared anyhow.
func Compare(a, b *Set) (*Comparison, error) {
	names := []func(*Outcome) string{name, nameWithoutNPU}
	if len(a.Outcomes) == 1 && len(b.Outcomes) == 1 {
		names = []func(*Outcome) string{func(*Outcome) string { return "" }}
	}
	for _, name := range names {
		if pairs := match(a.Outcomes, b.Outcomes, name); len(pairs) > 0 {
			c, err := comparison(pairs)
			if err != nil {
				return nil, err
			}
			c.OnlyA, c.OnlyB = len(a.Outcomes)-len(pairs), len(b.Outcomes)-len(pairs)
			return c, nil
		}
	}
	many, there := "", map[string]bool{}
	for _, o := range a.Outcomes {
		there[nameWithoutNPU(o)] = true
	}
	if slices.ContainsFunc(b.Outcomes, func(o *Outcome) bool { return there[nameWithoutNPU(o)] }) {
		many = " that stands in each once"
	}
	return nil, fmt.Errorf("%s and %s have no result in common%s; accepted: results of the same models, lengths, batches, schedules and axes",
		a.paths(), b.paths(), many)
}

func (s *Set) paths() string {
	var all []string
	for _, in := range s.Inputs {
		all = append(all, in.Path)
	}
	return strings.Join(all, ", ")
}

// name is what an outcome is called by.
func name(o *Outcome) string { return o.NPU + "\n" + nameWithoutNPU(o) }

func nameWithoutNPU(o *Outcome) string {
	return fmt.Sprintf("%s\n%s\n%s\n%d+%d\n%d\n%s\n%s", o.Model, o.Task, o.Trace, o.PromptTokens, o.GeneratedTokens, o.Batch, o.Schedule,
		folder.Labels(o.Axes))
}

// routingOf says where an outcome's experts come from; empty: the model has none.
func routingOf(o *Outcome) string {
	if o.Experts == nil {
		return ""
	}
	return o.Experts.Routing
}

// match pairs points whose names are equal and occur once on each side: first of those whose inputs are the same, too, as of two
// models of one name, then of those whose experts come from the same, then of the others.
func match(as, bs []*Outcome, name func(*Outcome) string) (pairs [][2]*Outcome) {
	paired := map[*Outcome]bool{}
	rest := func(all []*Outcome) []*Outcome {
		return slices.DeleteFunc(slices.Clone(all), func(o *Outcome) bool { return paired[o] })
	}
	experts := func(o *Outcome) string { return name(o) + "\n" + routingOf(o) }
	for _, like := range []func(*Outcome) string{func(o *Outcome) string { return experts(o) + "\n" + o.Config + "\n" + o.Shape }, experts, name} {
		for _, p := range once(rest(as), rest(bs), like) {
			paired[p[0]], paired[p[1]] = true, true
			pairs = append(pairs, p)
		}
	}
	return pairs
}

func once(as, bs []*Outcome, name func(*Outcome) string) [][2]*Outcome {
	byName := map[string][]*Outcome{}
	for i := range bs {
		byName[name(bs[i])] = append(byName[name(bs[i])], bs[i])
	}
	seen := map[string]int{}
	for i := range as {
		seen[name(as[i])]++
	}
	var pairs [][2]*Outcome
	for i := range as {
		if n := name(as[i]); seen[n] == 1 && len(byName[n]) == 1 {
			pairs = append(pairs, [2]*Outcome{as[i], byName[n][0]})
		}
	}
	return pairs
}

func comparison(pairs [][2]*Outcome) (*Comparison, error) {
	c := &Comparison{Pairs: len(pairs)}
	inputs, bound := map[Change]int{}, map[Change]int{}
	var known texts
	for _, p := range pairs {
		changes, err := known.changes(p[0], p[1])
		if err != nil {
			return nil, err
		}
		for _, x := range changes {
			inputs[x]++
		}
		if !p[0].Fits {
			c.MisfitsA++
		}
		if !p[1].Fits {
			c.MisfitsB++
		}
		if x, y := p[0].BoundBy, p[1].BoundBy; x != y {
			bound[Change{Key: "bound_by", A: x, B: y}]++
		}
	}
	c.Inputs, c.Bound = counted(inputs), counted(bound)
	if fit := slices.DeleteFunc(slices.Clone(pairs), func(p [2]*Outcome) bool { return !p[0].Fits || !p[1].Fits }); len(fit) > 0 {
		pairs = fit
	}
	c.Counted = len(pairs)
	for _, m := range compared() {
		if x, ok := m.over(pairs); ok {
			c.Outcome = append(c.Outcome, x)
		}
	}
	return c, nil
}

func counted(n map[Change]int) []Change {
	var all []Change
	for c, pairs := range n {
		c.Pairs = pairs
		all = append(all, c)
	}
	slices.SortFunc(all, func(x, y Change) int {
		return cmp.Or(strings.Compare(x.Key, y.Key), y.Pairs-x.Pairs, strings.Compare(x.A, y.A), strings.Compare(x.B, y.B))
	})
	return all
}

// over is the metric over the pairs in which both have one.
func (m Metric) over(pairs [][2]*Outcome) (Effect, bool) {
	x := Effect{Key: m.Key, Least: math.Inf(1), Most: math.Inf(-1)}
	n, logA, logB := 0.0, 0.0, 0.0
	var lastA, lastB float64
	for _, p := range pairs {
		a, hasA := m.Of(p[0].Result)
		b, hasB := m.Of(p[1].Result)
		if !hasA || !hasB || a <= 0 || b <= 0 {
			continue
		}
		n, logA, logB = n+1, logA+math.Log(a), logB+math.Log(b)
		x.Least, x.Most = min(x.Least, b/a), max(x.Most, b/a)
		lastA, lastB = a, b
	}
	switch n {
	case 0:
		return x, false
	case 1: // no rounding by logarithms
		x.A, x.B = lastA, lastB
	default:
		x.A, x.B = math.Exp(logA/n), math.Exp(logB/n)
	}
	x.Ratio = min(max(x.B/x.A, x.Least), x.Most) // rounding must not take it out of the range
	return x, true
}
