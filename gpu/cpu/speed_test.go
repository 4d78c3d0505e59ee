package cpu_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// What the engine is held to beside llama.cpp, and how it is measured: two threads each, in turns.
const (
	leastDecode = 0.5
	leastPrompt = 0.25

	speedThreads = 2
	speedRounds  = 5
	speedPrompt  = 256
	speedDecode  = 32
)

// speed is tokens a second.
type speed struct{ Prompt, Decode float64 }

// TestSpeedBesideLlamaCpp runs a GGUF file with F16 matrices (testdata/llamacpp/f16.py makes one) on llama.cpp and here, in turns.
// llama.cpp computes the logits of a prompt's last token; the engine, which reads texts for their quality, those of all.
func TestSpeedBesideLlamaCpp(t *testing.T) {
	file, node := os.Getenv("PMPDSIM_SPEED_GGUF"), os.Getenv("PMPDSIM_NODE_LLAMA_CPP")
	if file == "" || node == "" {
		t.Skip("PMPDSIM_SPEED_GGUF names no GGUF file with F16 matrices, or PMPDSIM_NODE_LLAMA_CPP no folder with node-llama-cpp 3.22.1 in its node_modules")
	}
	b := openGGUF(t, file)
	script, err := filepath.Abs("testdata/llamacpp/speed.mjs")
	if err != nil {
		t.Fatal(err)
	}
	measure(t, b)
	var ours, theirs []speed
	for range speedRounds {
		c := exec.Command("node", script, file, strconv.Itoa(speedPrompt), strconv.Itoa(speedDecode), strconv.Itoa(speedThreads))
		c.Dir, c.Stderr = node, os.Stderr
		text, err := c.Output()
		var other speed
		if err != nil || json.Unmarshal(text, &other) != nil {
			t.Fatalf("llama.cpp says %q, error %v", text, err)
		}
		theirs, ours = append(theirs, other), append(ours, measure(t, b))
		t.Logf("llama.cpp %.1f, here %.1f", other, ours[len(ours)-1])
	}
	for _, c := range []struct {
		name  string
		least float64
		of    func(speed) float64
	}{
		{"decode", leastDecode, func(s speed) float64 { return s.Decode }},
		{"teacher-forced", leastPrompt, func(s speed) float64 { return s.Prompt }},
	} {
		var ratios, rates, others []float64
		for i := range ours {
			rates, others = append(rates, c.of(ours[i])), append(others, c.of(theirs[i]))
			ratios = append(ratios, rates[i]/others[i])
		}
		t.Logf("%s: %.1f tokens/s, llama.cpp %.1f: %.2f of it (%.2f), medians", c.name, median(rates), median(others), median(ratios), ratios)
		if median(ratios) < c.least {
			t.Errorf("%s: %.2f of llama.cpp; accepted: at least %g", c.name, median(ratios), c.least)
		}
	}
}

func median(x []float64) float64 { return slices.Sorted(slices.Values(x))[len(x)/2] }

func openGGUF(t *testing.T, file string) gpu.Scorer {
	t.Helper()
	src, err := weights.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	b, err := cpu.Open(t.Context(), src, cpu.Options{Workers: speedThreads})
	if err != nil {
		t.Fatal(err)
	}
	return b.(gpu.Scorer)
}

// measure reads a text for all its logits, and decodes behind a prompt.
func measure(t *testing.T, b gpu.Scorer) (s speed) {
	t.Helper()
	tokens := make([]int, speedPrompt)
	for i := range tokens {
		tokens[i] = 1000 + i*7919%40000
	}
	begin := func() gpu.Sequence {
		q, err := b.Start(speedPrompt+speedDecode, formats.Cache{})
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	at := precision.Uniform(weights.Half)
	began := time.Now()
	if err := b.Score([]gpu.Turn{{Sequence: begin(), Tokens: tokens, All: true}}, at, func(int, int, []float32) error { return nil }); err != nil {
		t.Fatal(err)
	}
	s.Prompt = speedPrompt / time.Since(began).Seconds()
	q := begin()
	pass, err := q.Prefill(tokens, at)
	began = time.Now()
	for range speedDecode {
		if err != nil {
			t.Fatal(err)
		}
		pass, err = q.Decode(pass.Token, at)
	}
	s.Decode = speedDecode / time.Since(began).Seconds()
	return s
}
