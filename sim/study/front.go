package study

import "github.com/pmpdsim/pmpdsim/sim/result"

// Front returns the items that no other one of the same group beats, in their order. An item that lacks a metric, or does not
// fit its DRAM, is on no front and beats nothing: nobody could build it. Metrics that are better neither way are a mistake of
// the program.
func Front[T any](all []T, of func(T) *result.Result, group func(T) string, metrics ...Metric) (best []T) {
	return Unbeaten(all, group, func(x T) ([]float64, bool) {
		v, ok := scores(of(x), metrics)
		return v, ok && of(x).Fits
	})
}

// Unbeaten returns the items that no other one of the same group beats, in their order. One beats another that is no better
// in any score, more being better, and worse in one of them. Items that are equal stay side by side. Those that have no
// scores beat nothing, and are left out.
func Unbeaten[T any](all []T, group func(T) string, scores func(T) ([]float64, bool)) (best []T) {
	groups := map[string][]int{}
	values := make([][]float64, len(all))
	for i, x := range all {
		if v, ok := scores(x); ok {
			values[i] = v
			groups[group(x)] = append(groups[group(x)], i)
		}
	}
	for i, x := range all {
		beaten := values[i] == nil
		if !beaten {
			for _, j := range groups[group(x)] {
				beaten = beaten || beats(values[j], values[i])
			}
		}
		if !beaten {
			best = append(best, x)
		}
	}
	return best
}

// Front returns the outcomes of a set that no other one of the same workload beats, in their order.
func (s *Set) Front(metrics ...Metric) []*Outcome {
	return Front(s.Outcomes, func(o *Outcome) *result.Result { return o.Result }, s.Workload(), metrics...)
}

// scores are the metrics of a result, more being better.
func scores(r *result.Result, metrics []Metric) (all []float64, ok bool) {
	for _, m := range metrics {
		if m.Better == Neither {
			panic("study: a front of " + m.Key + ", which is better neither way")
		}
		v, ok := m.Of(r)
		if !ok {
			return nil, false
		}
		all = append(all, float64(m.Better)*v)
	}
	return all, true
}

func beats(a, b []float64) bool {
	better := false
	for i := range a {
		if a[i] < b[i] {
			return false
		}
		better = better || a[i] > b[i]
	}
	return better
}
