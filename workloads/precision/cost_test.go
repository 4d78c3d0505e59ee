package precision_test

import (
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

func TestCost(t *testing.T) {
	cost := func(model, text string, gen int, e precision.Evidence) precision.Cost {
		t.Helper()
		m, err := workloads.Load(model)
		if err != nil {
			t.Fatal(err)
		}
		p, err := parse(t, text).Decide(nil, gen, e)
		if err != nil {
			t.Fatal(err)
		}
		return p.Cost(parse(t, text), m, 281)
	}
	t.Run("a KV classifier is asked once, after pass 1, and has the parameters that its layers have", func(t *testing.T) {
		const h, d, tokens = 32, 128, 282 // Vicuna-7B
		// Query; two linears with biases; layer norm.
		parameters := int64(h*h*d + (h*d)*(h*d) + h*d + 4*h*d + 4 + 2*h*d)
		c := cost("vicuna-7b", "learned:3>2", 33, scored(1, 32))
		if c.Pass != 1 || c.Passes != 1 || c.WeightBytes != 4*parameters {
			t.Errorf("%+v, want %d parameters", c, parameters)
		}
		queryTimesKeys, weightsTimesValues, linears := int64(h*h*d*tokens), int64(h*h*tokens*d), int64(h*d*h*d+h*d*4)
		if want := queryTimesKeys + weightsTimesValues + linears; c.MACs != want {
			t.Errorf("%d MACs, want %d", c.MACs, want)
		}
		if want := int64(2 * h * tokens * d); c.KVElements != want || c.VectorElements <= want {
			t.Errorf("%+v, want %d values of the cache", c, want)
		}
	})
	t.Run("published sizes of the classifiers", func(t *testing.T) { // docs/sources.md B.2, in millions of parameters
		for model, want := range map[string]int64{"vicuna-7b": 17, "phi-1.5": 4, "zephyr-3b": 7} {
			if _, err := workloads.Load(model); err != nil {
				continue
			}
			if n := cost(model, "learned:4>3", 33, scored(1, 32)).WeightBytes / 4; (n+500_000)/1_000_000 != want {
				t.Errorf("%s: %d parameters, want about %d M", model, n, want)
			}
		}
	})
	t.Run("confidence takes a softmax over the vocabulary until the last switch", func(t *testing.T) {
		e := confidences(slices.Repeat([]float64{.5}, 20)...)
		// Ten scores and the one that switches.
		if c := cost("vicuna-7b", "confidence:3>2", 20, e); c != (precision.Cost{Pass: 1, Passes: 11, VectorElements: 32000}) {
			t.Errorf("%+v", c)
		}
	})
	t.Run("an activation classifier is a small network on the hidden state", func(t *testing.T) {
		const in, mid = 4096, 2050
		want := precision.Cost{Pass: 1, Passes: 1, MACs: in*mid + mid*4, WeightBytes: 4 * (in*mid + mid + mid*4 + 4), VectorElements: mid + 4}
		if c := cost("vicuna-7b", "activation:3>2", 20, scored(1, 19)); c != want {
			t.Errorf("got %+v, want %+v", c, want)
		}
	})
	t.Run("what decides nothing costs nothing", func(t *testing.T) {
		for _, text := range []string{"fp16", "uniform:3", "static:4>3", "random:4>3", "oracle:4>3"} {
			if c := cost("vicuna-7b", text, 20, evidence()); c != (precision.Cost{}) {
				t.Errorf("%s: %+v", text, c)
			}
		}
	})
}
