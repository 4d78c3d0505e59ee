package traces

import (
	"os"
	"path/filepath"
	"testing"
)

// TestRecordedTraces: the traces that the repository has are what their manifest says, of two models that were really trained, under
// six schedules each.
func TestRecordedTraces(t *testing.T) {
	if err := CheckFolder("recorded"); err != nil {
		t.Fatal(err)
	}
	m, err := ReadManifest("recorded")
	if err != nil {
		t.Fatal(err)
	}
	schedules := map[string]map[string]int{} // by model: how many traces
	bytes := int64(0)
	for _, r := range m.Recordings {
		if schedules[r.Model] == nil {
			schedules[r.Model] = map[string]int{}
		}
		for _, l := range r.Traces {
			schedules[r.Model][l.Schedule]++
			trace, err := ReadFile(filepath.Join("recorded", l.File))
			if err != nil {
				t.Fatal(err)
			}
			if trace.Footer.Agree == nil || trace.Steps[0].Ref == nil || l.Schedule == "fp16" && *trace.Footer.Agree != 1 {
				t.Errorf("%s: agreement with fp16 is %v", l.File, trace.Footer.Agree)
			}
			info, err := os.Stat(filepath.Join("recorded", l.File))
			if err != nil {
				t.Fatal(err)
			}
			bytes += info.Size()
		}
	}
	for _, model := range []string{"tiny", "SmolLM2-135M-Instruct.Q4_1"} {
		if len(schedules[model]) != 6 {
			t.Errorf("%s: %v, want six schedules", model, schedules[model])
		}
		for s, n := range schedules[model] {
			if n != 3 {
				t.Errorf("%s under %s: %d prompts, want 3", model, s, n)
			}
		}
	}
	if bytes > 8<<20 {
		t.Errorf("%d bytes, at most 8 MiB", bytes)
	}
}
