package precision_test

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

func loaded(t testing.TB, name string) *workloads.Model {
	t.Helper()
	m, err := workloads.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// matricesOf names the matrices of a block.
func matricesOf(m *workloads.Model) (all []workloads.Linear) {
	attention := m.Attention()
	return append(attention[:], m.MLP()...)
}

// bitsOfEach draws a model with bits for each of its matrices, by layer.
func bitsOfEach(r *rapid.T, t testing.TB) (*workloads.Model, []map[string]int) {
	m := *loaded(t, rapid.SampledFrom([]string{"llama-3.2-1b", "phi-1.5"}).Draw(r, "model"))
	m.Layers = rapid.IntRange(1, 5).Draw(r, "layers")
	widths := rapid.SampledFrom([][]int{{4}, {3, 4}, precision.WeightBits()}).Draw(r, "widths")
	all := make([]map[string]int, m.Layers)
	for l := range all {
		all[l] = map[string]int{}
		for _, w := range matricesOf(&m) {
			all[l][w.Name] = rapid.SampledFrom(widths).Draw(r, w.Name)
		}
	}
	return &m, all
}

func TestAssignments(t *testing.T) {
	t.Run("say what they were given, are equal where they say the same, and come back from their text", func(t *testing.T) {
		rapid.Check(t, func(r *rapid.T) {
			m, bits := bitsOfEach(r, t)
			a := precision.Assign(m, func(l int, name string) int { return bits[l][name] })
			most, sum, elements := 0, 0.0, 0.0
			seen := map[int]bool{}
			for l := range bits {
				for _, w := range matricesOf(m) {
					b := bits[l][w.Name]
					if got := a.At(l, w.Name); got != b {
						r.Fatalf("layer %d, %s: %d bits, want %d", l, w.Name, got, b)
					}
					most, seen[b] = max(most, b), true
					sum += float64(b) * float64(w.Out*w.In)
					elements += float64(w.Out * w.In)
				}
			}
			if a.Max() != most || len(a.Widths()) != len(seen) || a.Widths()[0] != most || a.IsUniform() != (len(seen) == 1) {
				r.Fatalf("%s: most %d of %v", a, a.Max(), a.Widths())
			}
			if got := a.Average(m); math.Abs(got-sum/elements) > 1e-12 {
				r.Fatalf("%s: %v bits on average, want %v", a, got, sum/elements)
			}
			if len(seen) == 1 && a != precision.Uniform(most) {
				r.Fatalf("%s is not uniform", a)
			}
			back, err := precision.ParseAssignment(a.String())
			if err != nil || back != a {
				r.Fatalf("%s came back as %s: %v", a, back, err)
			}
			if err := a.Fits(m); err != nil {
				r.Fatal(err)
			}
			again := precision.Assign(m, a.At)
			if keys := map[precision.Assignment]int{a: 1, again: 1}; len(keys) != 1 {
				r.Fatalf("%s and %s are two keys", a, again)
			}
		})
	})
	m := *loaded(t, "phi-1.5")
	m.Layers = 4
	ends := precision.Assign(&m, func(l int, name string) int {
		switch {
		case l == 0 || l == 3:
			return 8
		case name == "fc2":
			return 5
		}
		return 4
	})
	t.Run("have a text of layers that are alike", func(t *testing.T) {
		const want = "q_proj,k_proj,v_proj,o_proj,fc1,fc2=8,8,8,8,8,8;4,4,4,4,4,5*2;8,8,8,8,8,8"
		if ends.String() != want {
			t.Errorf("got  %s\nwant %s", ends, want)
		}
	})
	t.Run("give a matrix that they do not name the most bits", func(t *testing.T) {
		if got := [3]int{ends.At(1, "router"), ends.At(9, "fc2"), ends.At(-1, "fc2")}; got != [3]int{8, 8, 8} {
			t.Error(got)
		}
	})
	t.Run("are of one model", func(t *testing.T) {
		if err := ends.Fits(loaded(t, "phi-1.5")); err == nil || err.Error() != "precisions of 4 layers; accepted: of 24, those of phi-1.5" {
			t.Error(err)
		}
		if err := ends.Fits(loaded(t, "vicuna-7b")); err == nil || !strings.Contains(err.Error(), "accepted: of q_proj,k_proj,v_proj,o_proj,gate_proj") {
			t.Error(err)
		}
		if err := precision.Uniform(3).Fits(&m); err != nil {
			t.Error(err)
		}
	})
	for _, c := range []struct{ text, want string }{
		{"", `"" is no width of weights; accepted: 2, 3, 4, 5, 6, 7, 8, 16`},
		{"9", `"9" is no width of weights`},
		{"04", `"04" is no width of weights`},
		{"a,a=4,3", `the matrix "a" is empty or stands there twice`},
		{"a,b=4", "a layer of 1 matrices; accepted: 2, and 131072 in all"},
		{"a,b=4,3*1", `"1" is no number of layers; accepted: 2 or more`},
		{"a,b=4,3*131072", "a layer of 2 matrices; accepted: 2, and 131072 in all"},
		{"a,b=4,3;4,3", "not as they are written; accepted: a,b=4,3*2"},
		{"a,b=4,4", "not as they are written; accepted: 4"},
		{"a=-", "no matrix has bits"},
		{"a,b=4,1", `"1" is no width of weights`},
	} {
		t.Run("a text that is none is refused: "+c.text, func(t *testing.T) {
			if a, err := precision.ParseAssignment(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s, %v\nwant %s", a, err, c.want)
			}
		})
	}
}
