package traces

import (
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

func TestASyntheticTraceHasTheBitsOfEachMatrix(t *testing.T) {
	const schedule = "static:4>3@2,prefill=8;fc2=+1;layers=0:8>4@3"
	s := synthesis(t, "phi-1.5", schedule, 10, 6)
	trace := synthesise(t, s)
	over, err := s.Schedule.Over(s.Model, s.Generate)
	if err != nil {
		t.Fatal(err)
	}
	var want []precision.Assignment
	for i, bits := range []int{4, 4, 3, 3, 3} {
		want = append(want, over.At(precision.Uniform(bits), i+1))
		if trace.Steps[i].WBits != bits {
			t.Errorf("step %d at %d bits of the schedule, want %d", i, trace.Steps[i].WBits, bits)
		}
	}
	if got := trace.Precisions(); !slices.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if prefill := over.At(precision.Uniform(8), 0); trace.PrefillAt() != prefill {
		t.Errorf("prefill at %s, want %s", trace.PrefillAt(), prefill)
	}
	if h := trace.Header; h.Version != 2 || !slices.Equal(h.Precisions, []int{8, 5, 4, 3}) || h.Scheduler.Spec != schedule {
		t.Errorf("version %d, precisions %v, %s", h.Version, h.Precisions, h.Scheduler.Spec)
	}
	e, err := trace.Evidence(precision.Schedule{Kind: precision.KindRecorded})
	if err != nil || !slices.Equal(e.Recorded, want) {
		t.Errorf("recorded as %s, %v", e.Recorded, err)
	}
	again, err := precision.Schedule{Kind: precision.KindRecorded}.Resolve(s.Model, 6, e)
	if err != nil || again.At(4) != want[3] {
		t.Errorf("pass 4 is replayed at %v, %v", again, err)
	}
	if plain := synthesise(t, synthesis(t, "phi-1.5", "static:4>3@2,prefill=8", 10, 6)); plain.Header.Version != 1 ||
		strings.Contains(string(plain.HeaderJSON()), "assign") {
		t.Errorf("a trace without rules is of version %d: %s", plain.Header.Version, plain.HeaderJSON())
	}
}

func TestBadAssignments(t *testing.T) {
	good := plain(t, full(t))
	for _, c := range []struct{ name, old, new, want string }{
		{"of version 1", `"version":2`, `"version":1`, "model.experts: version 1 has no such key; accepted: version 2"},
		{"that are no text of them", mixedBits, "mixed", `assignments[1]: "mixed" is no width of weights; accepted`},
		{"of other matrices", mixedBits, "q_proj,k_proj=4,3*2", "accepted: of q_a_proj,q_b_proj,kv_a_proj_with_mqa"},
		{"of more layers", "4,4,16\"", "4,4,16*2\"", "assignments[1]: precisions of 3 layers; accepted: of 2, those of tiny"},
		{"of a matrix that a layer does not have", "3,3,4,-,-,-;", "3,3,4,4,-,-;", "layer 0 has no gate_proj, or is given none for it"},
		{"at other bits", "4,4,16\"", "4,4,8\"", "assignments[1]: 8 is not one of the header's precisions; accepted: 16, 4, 3"},
		{"twice", `["16",`, `["16","16",`, "assignments[1]: the assignment stands there twice; accepted: each once"},
		{"a prefill without one", `"prefill_assignment":0`, `"prefill_assignment":2`, "prefill_assignment: the header has no assignment 2; accepted: 0 to 1"},
		{"a step without one", `"assignment":1`, `"assignment":2`, "assignment: the header has no assignment 2; accepted: 0 to 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(good, c.old) {
				t.Fatalf("the trace has no %s", c.old)
			}
			_, err := read([]byte(strings.Replace(good, c.old, c.new, 1)))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}
