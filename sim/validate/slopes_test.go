package validate

import (
	"math"
	"slices"
	"testing"
)

// What counts say of a key of the runtime is what simulations beside it say. The memory has no refresh: with one, a longer
// dispatch moves what comes behind it to other places between refreshes.
func TestSlopesOfTheRuntimeAreCounted(t *testing.T) {
	all, o := known(t)
	if err := o.NPU.Set([]string{"runtime.dispatch=20us", "runtime.conversion=1GB/s"}); err != nil {
		t.Fatal(err)
	}
	for _, of := range []Target{Decode, Prefill} {
		f, x, err := New(o).newProblem(of, all, nil, []string{"runtime.dispatch", "runtime.conversion"})
		if err != nil {
			t.Fatal(err)
		}
		x[1] = 1e-9
		at, err := f.simulated(t.Context(), f.assign(x), all)
		if err != nil {
			t.Fatal(err)
		}
		for j, n := range f.free {
			beside := slices.Clone(x)
			step := stepOf(n, x[j], f.hi[j])
			beside[j] += step
			got, told := f.counted(key{n, x[j], step, nil}, at, all)
			if !told {
				t.Fatalf("%s: its slope is not counted", n.Path)
			}
			moved, err := f.times(t.Context(), beside, all)
			if err != nil {
				t.Fatal(err)
			}
			for i, was := range f.ratios(at, all) {
				if want := (moved[i] - was) / step; math.Abs(got[i]/want-1) > 1e-3 {
					t.Errorf("target %d, %s, %s: slope %v, of simulations %v", of, all[i].Model, n.Path, got[i], want)
				}
			}
		}
	}
}

func TestSlopesThatCountsDoNotTell(t *testing.T) {
	all, o := known(t)
	if err := o.NPU.Set([]string{"runtime.prefetch=program", "runtime.dispatch=20us"}); err != nil {
		t.Fatal(err)
	}
	f, x, err := New(o).newProblem(Decode, all[:2], nil, []string{"runtime.dispatch", "runtime.conversion", "noc.bandwidth"})
	if err != nil {
		t.Fatal(err)
	}
	at, err := f.simulated(t.Context(), nil, all[:2])
	if err != nil {
		t.Fatal(err)
	}
	for i, hides := range []bool{true, false} {
		for j, n := range f.free {
			for k := range at {
				at[k].hides = hides
			}
			// Without a dispatch that hides, the slope by runtime.dispatch is known; that by a conversion which costs nothing is not.
			if _, told := f.counted(key{n, x[j], x[j] / 10, nil}, at, all[:2]); told != (i == 1 && j == 0) {
				t.Errorf("hides %v: the slope by %s is counted: %v", hides, n.Path, told)
			}
		}
	}
}
