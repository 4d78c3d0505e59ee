package routing

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads"
)

func model(e workloads.Experts) *workloads.Model {
	return &workloads.Model{Name: "m", Layers: 4, Experts: &e}
}

func router(t testing.TB, s Spec, e workloads.Experts) *drawn {
	t.Helper()
	r, err := New(s, model(e))
	if err != nil {
		t.Fatal(err)
	}
	return r.(*drawn)
}

// chances are the probabilities that ranks are among k that are drawn without replacement, by all orders of draws.
func chances(weights []float64, k int) []float64 {
	all := make([]float64, len(weights))
	var draw func(p float64, taken []int)
	draw = func(p float64, taken []int) {
		if len(taken) == k {
			for _, r := range taken {
				all[r] += p
			}
			return
		}
		left := 0.0
		for r, w := range weights {
			if !slices.Contains(taken, r) {
				left += w
			}
		}
		for r, w := range weights {
			if !slices.Contains(taken, r) {
				draw(p*w/left, append(slices.Clone(taken), r))
			}
		}
	}
	draw(1, nil)
	return all
}

// TestFrequenciesFollowTheLaw compares how often an expert of each rank is taken with its probability, within five standard
// deviations.
func TestFrequenciesFollowTheLaw(t *testing.T) {
	for _, c := range []struct {
		name string
		spec Spec
		take int
	}{
		{"uniform, one", Spec{Kind: Uniform}, 1},
		{"uniform, three", Spec{Kind: Uniform, Seed: 9}, 3},
		{"zipf, one", Spec{Kind: Zipf, S: 1, Seed: 7}, 1},
		{"zipf, two", Spec{Kind: Zipf, S: 1, Seed: 8}, 2},
		{"steep, three", Spec{Kind: Zipf, S: 2.5}, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			const count, tokens = 8, 40000
			d := router(t, c.spec, workloads.Experts{Count: count, PerToken: c.take})
			weights := make([]float64, count)
			for r := range weights {
				weights[r] = 1 / math.Pow(float64(r+1), c.spec.S)
			}
			for layer := range 2 {
				seen := make([]float64, count)
				for i := range tokens {
					list := d.Experts(nil, layer, Token{Position: i})
					if len(list) != c.take || len(slices.Compact(slices.Sorted(slices.Values(list)))) != c.take {
						t.Fatalf("token %d takes %v", i, list)
					}
					for _, e := range list {
						seen[d.ranks[layer][e]]++
					}
				}
				for r, p := range chances(weights, c.take) {
					if off, sd := seen[r]-tokens*p, math.Sqrt(tokens*p*(1-p)); math.Abs(off) > 5*sd+1e-6 {
						t.Errorf("layer %d, rank %d: taken %v times, want %.0f ± %.0f", layer, r+1, seen[r], tokens*p, sd)
					}
				}
			}
		})
	}
}

// TestChoicesDependOnNothingElse: of another order, and of a router made anew.
func TestChoicesDependOnNothingElse(t *testing.T) {
	e := workloads.Experts{Count: 60, PerToken: 4}
	a, b := router(t, Spec{Kind: Zipf, S: 1, Seed: 7}, e), router(t, Spec{Kind: Zipf, S: 1, Seed: 7}, e)
	var forth, back [][]int
	for i := range 100 {
		forth = append(forth, a.Experts(nil, i%4, Token{i % 3, i}))
		back = append(back, b.Experts(nil, (99-i)%4, Token{(99 - i) % 3, 99 - i}))
	}
	slices.Reverse(back)
	if !slices.EqualFunc(forth, back, slices.Equal) {
		t.Error("another order gives other experts")
	}
	other := func(name string, differ bool, list []int) {
		if slices.Equal(list, a.Experts(nil, 1, Token{0, 5})) == differ {
			t.Errorf("%s: experts %v", name, list)
		}
	}
	other("the same", false, a.Experts(nil, 1, Token{0, 5}))
	other("another layer", true, a.Experts(nil, 2, Token{0, 5}))
	other("another sequence", true, a.Experts(nil, 1, Token{1, 5}))
	other("another position", true, a.Experts(nil, 1, Token{0, 6}))
	other("another seed", true, router(t, Spec{Kind: Zipf, S: 1, Seed: 8}, e).Experts(nil, 1, Token{0, 5}))
}

func TestExpertsComeFromTheGroupsOfAToken(t *testing.T) {
	d := router(t, Spec{Kind: Zipf, S: 1}, workloads.Experts{Count: 16, PerToken: 3, Groups: 8, TopGroups: 2})
	used := map[int]bool{}
	for i := range 500 {
		groups := map[int]bool{}
		for _, e := range d.Experts(nil, 0, Token{Position: i}) {
			groups[e/2], used[e] = true, true
		}
		if len(groups) != 2 { // three experts do not fit into one
			t.Fatalf("token %d: experts of %d groups", i, len(groups))
		}
	}
	if len(used) != 16 {
		t.Errorf("%d of 16 experts are ever taken", len(used))
	}
}

func TestSpecs(t *testing.T) {
	for text, want := range map[string]string{"uniform": "uniform", "uniform,seed=0": "uniform", "uniform,seed=7": "uniform,seed=7", "zipf": "zipf,s=1",
		"zipf,seed=7,s=1.20": "zipf,s=1.2,seed=7", "trace": "trace"} {
		s, err := Parse(text)
		if err != nil || s.String() != want {
			t.Errorf("%q is %q (%v), want %q", text, s, err, want)
		}
		if again, err := Parse(s.String()); err != nil || again != s {
			t.Errorf("%q is read as %+v (%v)", s, again, err)
		}
	}
	if (Spec{}).String() != "uniform" {
		t.Errorf("the zero spec is %q", Spec{})
	}
	for text, want := range map[string]string{"": "no such routing", "ziph": `did you mean "zipf"?`, "zipf,s=0": `"s=0" is not usable`, "zipf,s=4": "not usable",
		"zipf,s=NaN": "not usable", "uniform,s=1": `"s=1" is not usable`, "trace,seed=1": "not usable", "zipf,seed=-1": "not usable", "zipf,": "not usable",
		"zipf,s=1,s=2": "s stands twice"} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestRoutersNeedExperts(t *testing.T) {
	if _, err := New(Spec{}, &workloads.Model{Name: "dense"}); err == nil || !strings.Contains(err.Error(), "dense has no experts") {
		t.Error(err)
	}
	if _, err := New(Spec{Kind: Trace}, model(workloads.Experts{Count: 2, PerToken: 1})); err == nil || !strings.Contains(err.Error(), "needs one") {
		t.Error(err)
	}
}
