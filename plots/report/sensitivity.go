package report

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/study"
)

// Knob is what one of the things that differ does to a metric while all others stay as they are.
type Knob struct {
	Names   []string // several where they only ever change together
	Role    Role
	Groups  int // of points that are alike in all else and have all the values
	Unused  int // points that are in none of these
	Swing   float64
	Least   float64
	Most    float64  // highest over lowest of a group: median, and range over the groups
	Effects []Effect // of each value, in order
}

// Effect is the metric with one value of a knob, over the geometric mean of its group: median and range over the groups.
type Effect struct {
	Value               string
	Median, Least, Most float64
}

// Sensitivities are the knobs by which the points differ: first those of the design, the strongest on top, then the workload's.
// A knob that never turns alone has no groups, and is left out. Points that do not fit their DRAM are in no group.
func Sensitivities(all []Point, m study.Metric) (knobs []Knob) {
	all = slices.DeleteFunc(slices.Clone(all), func(p Point) bool { return !p.Fits })
	if len(all) == 0 {
		return nil
	}
	for _, k := range turning(all) {
		if k.measure(all, m) {
			knobs = append(knobs, k.Knob)
		}
	}
	slices.SortStableFunc(knobs, func(a, b Knob) int { return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(b.Swing, a.Swing)) })
	return knobs
}

// turn is a knob with the places of its keys.
type turn struct {
	Knob
	keys []int
}

// turning joins keys that split the points alike: what always changes together cannot be told apart.
func turning(all []Point) (turns []turn) {
	var seen []string
	for i, k := range all[0].Keys {
		split := partition(all, i)
		if !strings.ContainsFunc(split, func(r rune) bool { return r != '0' && r != ' ' }) {
			continue // the same everywhere
		}
		if at := slices.Index(seen, split); at >= 0 {
			turns[at].keys, turns[at].Names = append(turns[at].keys, i), append(turns[at].Names, k.Name)
			turns[at].Role = max(turns[at].Role, k.Role)
			continue
		}
		seen = append(seen, split)
		turns = append(turns, turn{Knob{Names: []string{k.Name}, Role: k.Role}, []int{i}})
	}
	return turns
}

// partition numbers the values of a key in the order in which they come.
func partition(all []Point, key int) string {
	number := map[string]int{}
	var b strings.Builder
	for _, p := range all {
		v := p.Keys[key].Value
		if _, there := number[v]; !there {
			number[v] = len(number)
		}
		b.WriteString(strconv.Itoa(number[v]) + " ")
	}
	return b.String()
}

func (t *turn) value(p *Point) string {
	var texts []string
	for _, i := range t.keys {
		texts = append(texts, p.Keys[i].Value)
	}
	return strings.Join(texts, ", ")
}

// rest is all that a point is but for the knob.
func (t *turn) rest(p *Point) string {
	var texts []string
	for i, k := range p.Keys {
		if !slices.Contains(t.keys, i) {
			texts = append(texts, k.Value)
		}
	}
	return strings.Join(texts, "\n")
}

// measure fills the knob in, if there are groups.
func (t *turn) measure(all []Point, m study.Metric) bool {
	order, groups := t.groups(all, m)
	values := common(groups)
	if len(values) < 2 {
		return false
	}
	slices.SortFunc(values, func(a, b string) int { return cmp.Compare(slices.Index(order, a), slices.Index(order, b)) })
	ratios := make([][]float64, len(values))
	var swings []float64
	for _, g := range groups {
		if !g.has(values) {
			continue
		}
		mean, low, high := 0.0, math.Inf(1), math.Inf(-1)
		for _, v := range values {
			mean += math.Log(g[v])
			low, high = min(low, g[v]), max(high, g[v])
		}
		mean = math.Exp(mean / float64(len(values)))
		swings = append(swings, high/low)
		for i, v := range values {
			ratios[i] = append(ratios[i], g[v]/mean)
		}
	}
	t.Groups, t.Unused = len(swings), len(all)-len(swings)*len(values)
	t.Swing, t.Least, t.Most = spread(swings)
	for i, v := range values {
		e := Effect{Value: v}
		e.Median, e.Least, e.Most = spread(ratios[i])
		t.Effects = append(t.Effects, e)
	}
	return true
}

// group is the metric of points that are alike in all but a knob, by the knob's value.
type group map[string]float64

func (g group) has(values []string) bool {
	return !slices.ContainsFunc(values, func(v string) bool { _, there := g[v]; return !there })
}

// groups are in the order in which they come, so that nothing depends on that of a map; as are the values.
func (t *turn) groups(all []Point, m study.Metric) (order []string, groups []group) {
	index := map[string]int{}
	for i := range all {
		p := &all[i]
		n, ok := m.Scaled(p.Result)
		if !ok || n <= 0 {
			continue
		}
		at, there := index[t.rest(p)]
		if !there {
			at = len(groups)
			index[t.rest(p)] = at
			groups = append(groups, group{})
		}
		groups[at][t.value(p)] = n
		if v := t.value(p); !slices.Contains(order, v) {
			order = append(order, v)
		}
	}
	return order, groups
}

// common are the values that are compared. Where some combinations are missing these are those of one group, with the most
// points in groups that have them all: ratios to the means of different sets could not be compared.
func common(groups []group) (best []string) {
	most := 0
	for _, g := range groups {
		if len(g) < 2 || len(g) == len(best) && g.has(best) {
			continue
		}
		values := sortedKeys(g)
		n := 0
		for _, other := range groups {
			if other.has(values) {
				n += len(values)
			}
		}
		if n > most {
			most, best = n, values
		}
	}
	return best
}

func sortedKeys(g group) (keys []string) {
	for k := range g {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// spread is the median, and the range.
func spread(values []float64) (median, least, most float64) {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2, sorted[0], sorted[n-1]
}
