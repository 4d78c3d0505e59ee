package gpu_test

import (
	"math"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/traces"
)

// answer is the tokens of a trace.
func answer(t *testing.T, trace *traces.Trace) (all []int) {
	t.Helper()
	all, err := trace.Continuation()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func drawn(t *testing.T, b gpu.Backend, j gpu.Job, temperature float64, seed int64) *traces.Trace {
	t.Helper()
	j.Temperature, j.Seed = temperature, &seed
	trace, _ := record(t, b, j)
	return trace
}

func same(a, b []int) (n int) {
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// TestDrawnTokens: equal seeds draw equal tokens, others do not; the trace says how; fp16 agrees with itself, as it draws by the same
// numbers; and the log-probability is that of the token that was drawn.
func TestDrawnTokens(t *testing.T) {
	gputest.Numbers(t)
	src := gputest.Random(t, "llama", 3)
	b := backend(t, src, false)
	full := job(t, src, "fp16")
	greedy, one, again, other := drawn(t, b, full, 0, 1), drawn(t, b, full, 2, 1), drawn(t, b, full, 2, 1), drawn(t, b, full, 2, 2)
	if n := same(answer(t, one), answer(t, again)); n != full.Generate {
		t.Errorf("equal seeds draw %d equal tokens, then others", n)
	}
	if same(answer(t, one), answer(t, other)) == full.Generate || same(answer(t, one), answer(t, greedy)) == full.Generate {
		t.Error("seeds or temperatures change nothing")
	}
	if s := one.Header.Sampling; s.Kind != traces.Sample || *s.Temperature != 2 || *one.Header.Seed != 1 || greedy.Header.Sampling.Kind != traces.Greedy {
		t.Errorf("headers say %+v and %+v", s, greedy.Header.Sampling)
	}
	if info := one.Info().Sampling; info != "sample, temperature 2, seed 1" || greedy.Info().Sampling != "" {
		t.Errorf("described as %q, and %q without draws", info, greedy.Info().Sampling)
	}
	if *one.Footer.Agree != 1 || *one.Footer.NLL <= 0 {
		t.Errorf("fp16 agrees with its own draws in %v of the passes, NLL %v", *one.Footer.Agree, *one.Footer.NLL)
	}
	unlikely := 0
	for i, s := range one.Steps {
		if math.Abs(*s.LogP-*s.Ref.LogP) > 1e-9 || *s.LogP > math.Log(*s.PMax)+1e-9 {
			t.Errorf("step %d: ln p is %v, that of fp16 %v, and %v of the most likely token", i, *s.LogP, *s.Ref.LogP, math.Log(*s.PMax))
		}
		if *s.LogP < math.Log(*s.PMax)-1e-6 {
			unlikely++
		}
	}
	if unlikely == 0 {
		t.Error("all that was drawn is most likely")
	}
}

// TestRecordingsThatDrawOtherwise are no recordings of a job.
func TestRecordingsThatDrawOtherwise(t *testing.T) {
	src := gputest.Random(t, "llama", 3)
	b := backend(t, src, false)
	j := job(t, src, "uniform:4")
	j.Generate, j.Reference = 4, false
	greedy, one := drawn(t, b, j, 0, 1), drawn(t, b, j, 2, 1)
	seed, two := int64(1), int64(2)
	for _, c := range []struct {
		of          *traces.Trace
		temperature float64
		seed        *int64
		differs     bool
	}{{greedy, 0, &two, false}, {greedy, 2, &seed, true}, {one, 2, &seed, false}, {one, 2, &two, true}, {one, 1, &seed, true}, {one, 0, &seed, true}} {
		k := j
		k.Temperature, k.Seed = c.temperature, c.seed
		if got := k.Differs(c.of); (got != "") != c.differs || c.differs && !strings.Contains(got, "--temperature") {
			t.Errorf("temperature %v, seed %d: %q", c.temperature, *c.seed, got)
		}
	}
	j.Temperature = 1
	if _, err := gpu.NewRecorder(t.Context(), b, j); err == nil || !strings.Contains(err.Error(), "without a seed") {
		t.Errorf("draws without a seed: %v", err)
	}
	j.Temperature, j.Seed = -1, &seed
	if _, err := gpu.NewRecorder(t.Context(), b, j); err == nil || !strings.Contains(err.Error(), "temperature -1: out of range") {
		t.Errorf("a temperature below 0: %v", err)
	}
}
