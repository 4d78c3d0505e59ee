package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// A simulation has no variance: the same job gives the same result. What results can vary over is what is drawn or recorded
// anew: the seed of random schedules, and traces.
const (
	overSeed  = "seed"
	overTrace = "trace"
)

func overFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "over", Usage: "draw means over `KEY`: seed (of random schedules), trace, or another key; repeatable"}
}

// checkOver refuses keys that no result has.
func checkOver(over []string, all []*outcome) error {
	known := slices.Concat([]string{overSeed, overTrace}, keyNames(all))
	for _, key := range over {
		if !slices.Contains(known, key) {
			return fmt.Errorf("--over %s: nothing to average over; accepted: %s", key, strings.Join(known, ", "))
		}
	}
	return nil
}

// setAside takes keys out of what tells results apart. They still tell replicates apart.
func setAside(over []string, all []*outcome) {
	for _, o := range all {
		o.over = over
		for _, key := range over {
			value := o.value(key).value
			switch key {
			case overSeed:
				value = o.takeSeed()
			case overTrace:
				value = o.TraceSHA256
			}
			o.keys = slices.DeleteFunc(slices.Clone(o.keys), func(k outcomeKey) bool { return k.name == key })
			o.replica = append(o.replica, value)
		}
	}
}

// ofNPU tells keys that change the NPU, whose fingerprint then differs, too.
func ofNPU(key string) bool {
	return !slices.Contains([]string{overSeed, overTrace, "model", "task", "prompt", "gen", "batch", "schedule", ""}, key)
}

// takeSeed takes the seed out of the name of a random schedule.
func (o *outcome) takeSeed() string {
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
func bundle(all []*outcome) ([]*outcome, error) {
	byName := map[[2]string][]*outcome{}
	var order [][2]string
	for _, o := range all {
		name := [2]string{o.setting, o.Schedule}
		if byName[name] == nil {
			order = append(order, name)
		}
		byName[name] = append(byName[name], o)
	}
	var bundles []*outcome
	joined := false
	for _, name := range order {
		some := byName[name]
		// The mean must not depend on the order of files.
		slices.SortStableFunc(some, func(a, b *outcome) int { return slices.CompareFunc(a.replica, b.replica, compareValues) })
		for i := 1; i < len(some); i++ {
			if a, b := some[i-1], some[i]; slices.Equal(a.replica, b.replica) {
				return nil, fmt.Errorf("%s and %s are the same schedule on the same NPU and workload; accepted: each once", a.place, b.place)
			}
		}
		o := some[0]
		if len(some) > 1 {
			o.replicates, joined = some, true
			r := *o.Result
			r.AvgWeightBits = o.spread(func(o *outcome) float64 { return o.AvgWeightBits }).mean
			o = &outcome{Result: &r, place: o.place, keys: o.keys, differ: o.differ, setting: o.setting, over: o.over, replicates: some}
		}
		bundles = append(bundles, o)
	}
	if over := all[0].over; len(over) > 0 && !joined {
		return nil, fmt.Errorf("--over %s: no two results differ in that alone; accepted: keys by which results of one schedule, NPU and workload differ",
			strings.Join(over, " --over "))
	}
	return bundles, nil
}

// spread is what a number comes to in the results of one bundle.
type spread struct {
	n                 int
	mean, least, most float64 // not numbers where there is no result
}

// spread of a number of the result, or of all that the bundle has. Those that do not have it do not count.
func (o *outcome) spread(of func(*outcome) float64) spread {
	some := o.replicates
	if some == nil {
		some = []*outcome{o}
	}
	s, sum := spread{0, math.NaN(), math.Inf(1), math.Inf(-1)}, 0.0
	for _, r := range some {
		if v := of(r); !math.IsNaN(v) {
			s.n, sum, s.least, s.most = s.n+1, sum+v, min(s.least, v), max(s.most, v)
		}
	}
	if s.n == 0 {
		return spread{0, math.NaN(), math.NaN(), math.NaN()}
	}
	// Rounding must not put the mean of equal numbers beside them.
	s.mean = min(max(sum/float64(s.n), s.least), s.most)
	return s
}

// whisker are the ends of what is drawn across the end of a bar, in units of one: not numbers where there is a single result.
func (s spread) whisker(one float64) [2]float64 {
	if s.n < 2 {
		return [2]float64{math.NaN(), math.NaN()}
	}
	return [2]float64{s.least / one, s.most / one}
}

func bundled(all []*outcome) bool {
	return slices.ContainsFunc(all, func(o *outcome) bool { return o.replicates != nil })
}

// spreadHeads are the heads of columns of numbers: where there are means, the range of each behind it, and how many results it
// is of at the end.
func spreadHeads(all []*outcome, names ...string) (heads []string) {
	if !bundled(all) {
		return names
	}
	for _, name := range names {
		heads = append(heads, name, name+"_least", name+"_most")
	}
	return append(heads, "results")
}

func spreadCells(all []*outcome, o *outcome, numbers ...spread) (cells []string) {
	text := func(v float64) string {
		if math.IsNaN(v) {
			return ""
		}
		return real(v)
	}
	for _, s := range numbers {
		cells = append(cells, text(s.mean))
		if bundled(all) {
			cells = append(cells, text(s.least), text(s.most))
		}
	}
	if bundled(all) {
		cells = append(cells, strconv.Itoa(max(len(o.replicates), 1)))
	}
	return cells
}

// meanOf says what is averaged: "mean of 3 to 5 results over seed"; nothing where nothing is.
func meanOf(all []*outcome) string {
	if !bundled(all) {
		return ""
	}
	least, most := math.MaxInt, 0
	for _, o := range all {
		if n := len(o.replicates); n > 0 {
			least, most = min(least, n), max(most, n)
		}
	}
	many := strconv.Itoa(most)
	if least < most {
		many = fmt.Sprintf("%d to %d", least, most)
	}
	return fmt.Sprintf("mean of %s results over %s", many, strings.Join(all[0].over, " and "))
}

// whiskersNote is meanOf for figures with whiskers.
func whiskersNote(all []*outcome) string {
	if text := meanOf(all); text != "" {
		return text + "; whiskers: from the least to the most"
	}
	return ""
}
