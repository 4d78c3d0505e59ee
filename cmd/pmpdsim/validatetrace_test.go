package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A recorded run on the CPU is predicted by what bench host measures of the same CPU. The machine of a test is shared,
// so that a factor of five either way is taken; what is wrong in kind (a unit, an operator that counts for nothing) is
// further off.
func TestARecordedRunIsNearItsSimulation(t *testing.T) {
	if testing.Short() {
		t.Skip("measures the machine for some seconds")
	}
	dir := t.TempDir()
	model := filepath.Join(dir, "config.json")
	if err := os.WriteFile(model, []byte(`{"model_type":"llama","hidden_size":512,"num_hidden_layers":2,"num_attention_heads":8,
		"num_key_value_heads":4,"intermediate_size":1408,"vocab_size":1024,"max_position_embeddings":128,"rms_norm_eps":1e-5,"hidden_act":"silu",
		"tie_word_embeddings":false}`), 0o600); err != nil {
		t.Fatal(err)
	}
	trace, npu := filepath.Join(dir, "t.trace.jsonl.zst"), filepath.Join(dir, "cpu-host.yaml")
	succeed := func(args ...string) {
		t.Helper()
		if _, errs, code := pmpdsim(t, args...); code != exitOK {
			t.Fatalf("%v: exit code %d, %s", args, code, errs)
		}
	}
	succeed("record", "--backend", "cpu", "--threads", "1", "--model", model, "--weights", "random", "--prompt", "16", "--gen", "9", "--sample-ops", "2",
		"--schedule", "static:4>2@4", "-o", trace)
	succeed("bench", "host", "--threads", "1", "--repeats", "3", "-o", npu)
	passes, operators, off, measured, predicted := 0, 0, 0.0, 0.0, 0.0
	for _, o := range objects(t, "validate", trace, "--npu", npu, "--format", "json") {
		m, p := o["measured_seconds"], o["predicted_seconds"]
		switch o["kind"] {
		case "pass":
			passes++
			off += math.Log(m.(float64) / p.(float64))
		case "operator":
			if m != nil && p != nil {
				operators++
			}
			if m != nil && o["phase"] == "decode" {
				measured += m.(float64)
			}
			if p != nil && o["phase"] == "decode" {
				predicted += p.(float64)
			}
		}
	}
	if passes != 9 || operators < 20 {
		t.Errorf("%d passes, %d operators with both times", passes, operators)
	}
	if off = math.Exp(off / float64(passes)); off > 5 || off < 1./5 {
		t.Errorf("a pass takes %.2f times what is predicted", off)
	}
	if r := measured / predicted; r > 5 || r < 1./5 {
		t.Errorf("the operators of decode take %.2f times what is predicted", r)
	}
	for _, c := range [][]string{
		{"validate: --npu is missing", "validate", trace},
		{"validate: unexpected argument", "validate", trace, trace, "--npu", npu},
		{"there is no figure of a recorded run", "validate", trace, "--npu", npu, "-o", filepath.Join(dir, "x.png")},
	} {
		if _, errs, code := pmpdsim(t, c[1:]...); code == exitOK || !strings.Contains(errs, c[0]) {
			t.Errorf("%v: exit code %d, %q", c[1:], code, errs)
		}
	}
}
