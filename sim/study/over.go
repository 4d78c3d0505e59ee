package study

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// A simulation has no variance: the same job gives the same result. What results can vary over is what is drawn or recorded
// anew: the seed of random schedules, and traces.
const (
	overSeed  = "seed"
	overTrace = "trace"
)

// checkOver refuses keys that no result has.
func (s *Set) checkOver(over []string) error {
	known := slices.Concat([]string{overSeed, overTrace}, s.KeyNames())
	for _, key := range over {
		if !slices.Contains(known, key) {
			return fmt.Errorf("--over %s: nothing to average over; accepted: %s", key, strings.Join(known, ", "))
		}
	}
	return nil
}

// setAside takes keys out of what tells the outcome from others. They still tell replicates apart.
func (o *Outcome) setAside(over []string) {
	for _, key := range over {
		value := o.Key(key).Value
		switch key {
		case overSeed:
			value = o.takeSeed()
		case overTrace:
			value = o.TraceSHA256
		}
		o.Keys = slices.DeleteFunc(o.Keys, func(k Key) bool { return k.Name == key })
		o.replica = append(o.replica, value)
	}
}

// ofNPU reports whether a key changes the NPU, whose fingerprint then differs, too.
func ofNPU(key string) bool {
	return !slices.Contains([]string{overSeed, overTrace, "model", "shape", formatKey, expertsKey, "task", "prompt", "gen", "batch", scheduleKey, precisionKey,
		"version", ""}, key)
}

// takeSeed takes the seed out of the name of a random schedule.
func (o *Outcome) takeSeed() string {
	s, err := precision.Parse(o.Schedule)
	if err != nil || s.Kind != precision.KindRandom {
		return ""
	}
	seed := s.Seed
	s.Seed = 0 // which has no text
	r := *o.Result
	r.Schedule, o.Result = s.String(), &r
	return strconv.Itoa(seed)
}

// bundle joins outcomes that nothing tells apart but what they are averaged over.
func (s *Set) bundle() error {
	byName := map[[2]string][]*Outcome{}
	var order [][2]string
	for _, o := range s.Outcomes {
		name := [2]string{o.Setting, o.Schedule}
		if byName[name] == nil {
			order = append(order, name)
		}
		byName[name] = append(byName[name], o)
	}
	var bundles []*Outcome
	for _, name := range order {
		o, err := bundleOf(byName[name])
		if err != nil {
			return err
		}
		bundles = append(bundles, o)
	}
	s.Outcomes = bundles
	if len(s.Over) > 0 && !s.Bundled() {
		return fmt.Errorf("--over %s: no two results differ in that alone; accepted: keys by which results of one schedule, NPU and workload differ",
			strings.Join(s.Over, " --over "))
	}
	return nil
}

// bundleOf makes one outcome of replicates.
func bundleOf(some []*Outcome) (*Outcome, error) {
	// The mean must not depend on the order of files.
	slices.SortStableFunc(some, func(a, b *Outcome) int { return slices.CompareFunc(a.replica, b.replica, CompareValues) })
	for i := 1; i < len(some); i++ {
		if a, b := some[i-1], some[i]; slices.Equal(a.replica, b.replica) {
			return nil, fmt.Errorf("%s and %s are the same schedule on the same NPU and workload; accepted: each once", a.Place, b.Place)
		}
	}
	if len(some) == 1 {
		return some[0], nil
	}
	o := *some[0]
	r := *o.Result
	o.Result, o.Replicates = &r, some
	r.AvgWeightBits = o.Spread(AvgWeightBits()).Mean
	r.Fits = !slices.ContainsFunc(some, func(o *Outcome) bool { return !o.Fits })
	return &o, nil
}

// Bundled reports whether any outcome is a mean of several.
func (s *Set) Bundled() bool {
	return slices.ContainsFunc(s.Outcomes, func(o *Outcome) bool { return o.Replicates != nil })
}

// Spread is what a metric comes to in the results of one bundle, in the unit of the result.
type Spread struct {
	N                 int     // results that have it
	Mean, Least, Most float64 // not numbers where N is 0
}

// Spread of a metric over all that the outcome bundles, or of its one result. Results without the metric do not count.
func (o *Outcome) Spread(m Metric) Spread {
	some := o.Replicates
	if some == nil {
		some = []*Outcome{o}
	}
	s, sum := Spread{0, math.NaN(), math.Inf(1), math.Inf(-1)}, 0.0
	for _, r := range some {
		if v, ok := m.Of(r.Result); ok {
			s.N, sum, s.Least, s.Most = s.N+1, sum+v, min(s.Least, v), max(s.Most, v)
		}
	}
	if s.N == 0 {
		return Spread{0, math.NaN(), math.NaN(), math.NaN()}
	}
	// Rounding must not put the mean of equal numbers beside them.
	s.Mean = min(max(sum/float64(s.N), s.Least), s.Most)
	return s
}

// MeanOf says what is averaged: "mean of 3 to 5 results over seed"; nothing where nothing is.
func (s *Set) MeanOf() string {
	if !s.Bundled() {
		return ""
	}
	least, most := math.MaxInt, 0
	for _, o := range s.Outcomes {
		if n := len(o.Replicates); n > 0 {
			least, most = min(least, n), max(most, n)
		}
	}
	many := strconv.Itoa(most)
	if least < most {
		many = fmt.Sprintf("%d to %d", least, most)
	}
	return fmt.Sprintf("mean of %s results over %s", many, strings.Join(s.Over, " and "))
}
