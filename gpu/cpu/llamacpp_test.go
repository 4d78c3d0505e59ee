package cpu_test

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// TestAgainstLlamaCpp holds fp16 passes against llama.cpp's, which knows the families from Hugging Face's own files:
// order of rows, rotation, norms, biases, grouped heads. Its probabilities of the eight most likely tokens are in
// testdata, with what made them; every pass reads the token that llama.cpp chose.
func TestAgainstLlamaCpp(t *testing.T) {
	gputest.Numbers(t)
	data, err := os.ReadFile("testdata/llamacpp.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Source string
		Prompt int
		Models map[string][]struct {
			Tokens []int
			P      []float64
		}
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	for _, family := range gputest.Families() {
		t.Run(family, func(t *testing.T) {
			src := gputest.Random(t, family, 3)
			s := open(t, src, 2)
			worst := 0.0
			steps := golden.Models[family]
			if len(steps) != 10 {
				t.Fatalf("%d passes of %s", len(steps), golden.Source)
			}
			pass, err := s.Prefill(gputest.Prompt(src.Model(), golden.Prompt), precision.Uniform(weights.Half))
			for i, want := range steps {
				if err != nil {
					t.Fatal(err)
				}
				state, err2 := s.State(gpu.Want{Logits: true})
				if err2 != nil {
					t.Fatal(err2)
				}
				if pass.Token != want.Tokens[0] {
					t.Errorf("pass %d: token %d, want %d", i, pass.Token, want.Tokens[0])
				}
				if math.Abs(pass.PMax-want.P[0]) > 0.01 {
					t.Errorf("pass %d: p_max %.4f, want %.4f", i, pass.PMax, want.P[0])
				}
				top := float64(slices.Max(state.Logits))
				for j, token := range want.Tokens {
					p := math.Exp(float64(state.Logits[token])-top) * pass.PMax
					if d := math.Abs(p - want.P[j]); d > worst {
						worst = d
					}
					if math.Abs(p-want.P[j]) > 0.01 {
						t.Errorf("pass %d: token %d has probability %.4f, want %.4f", i, token, p, want.P[j])
					}
				}
				pass, err = s.Decode(want.Tokens[0], precision.Uniform(weights.Half))
			}
			t.Logf("probabilities are at most %.4f apart", worst)
		})
	}
}
