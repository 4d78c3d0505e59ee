package sweep

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// A trace brings its model, its lengths and its recorded bits.
func TestTracesNameTheirModels(t *testing.T) {
	spec := specIn(t, "npu: pmpd-paper\ntraces: [some.trace.jsonl]\nschedules: [recorded, fp16]\n")
	m, err := workloads.Load("qwen2.5-0.5b")
	if err != nil {
		t.Fatal(err)
	}
	schedule, err := precision.Parse("static:4>3@2")
	if err != nil {
		t.Fatal(err)
	}
	source, err := traces.NewSynthetic(traces.Synthesis{Model: m, Prompt: 6, Generate: 5, Schedule: schedule})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(filepath.Dir(spec), "some.trace.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if err := traces.Copy(f, source); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "results")
	if err := conduct(t.Context(), spec, dir, 1); err != nil {
		t.Fatal(err)
	}
	rows, _, err := rowsOf(t, dir)
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, r := range rows {
		if r.Error != "" || r.Trace != "some.trace.jsonl" || r.Model != m.Name || r.Prompt != 6 || r.Generated != 5 || r.Result.TraceSHA256 == "" {
			t.Errorf("row %+v", r)
		}
		if r.Schedule == "recorded" && (r.Result.AvgWeightBits != 3.5 || r.Result.SpeedupFP16 == nil) {
			t.Errorf("recorded: %v bits, speed-up %v", r.Result.AvgWeightBits, r.Result.SpeedupFP16)
		}
	}
	if strings.Contains(read(t, filepath.Join(dir, "results.jsonl")), filepath.Dir(spec)) {
		t.Error("the rows name the folder of the trace")
	}
}
