package gpu_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
)

// TestEveryFamilyIsRecorded writes a trace of each model that the CPU is held against transformers with, from random
// weights, and reads it again.
func TestEveryFamilyIsRecorded(t *testing.T) {
	files, err := filepath.Glob("cpu/testdata/transformers/*.json")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d models, error %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var golden struct{ Config json.RawMessage }
			dir := t.TempDir()
			if err := json.Unmarshal(data, &golden); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "config.json"), golden.Config, 0o644); err != nil {
				t.Fatal(err)
			}
			m, err := weights.Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			src, err := weights.Random(m, 1)
			if err != nil {
				t.Fatal(err)
			}
			j := job(t, src, "static:4>3@2")
			j.Prompt, j.Generate = j.Prompt[:4], 4
			trace, _ := record(t, backend(t, src, false), j)
			if len(trace.Steps) != 3 || len(trace.Ops.Ops) != len(gpu.Ops(m.Model)) || (trace.Steps[2].Experts != "") != (m.Experts != nil) {
				t.Errorf("%d steps, %d ops, experts %q", len(trace.Steps), len(trace.Ops.Ops), trace.Steps[2].Experts)
			}
			again, err := trace.Model()
			if err != nil || again.Fingerprint() != m.Fingerprint() {
				t.Errorf("the trace has another model: %+v, error %v", again, err)
			}
		})
	}
}
