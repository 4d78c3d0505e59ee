package cosim_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/cosim"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// jobs are fp16, and a schedule that decides from what the engine sees.
func jobs(t *testing.T, family string) (gpu.Backend, []cosim.Job) {
	t.Helper()
	source := gputest.Random(t, family, 3)
	b, err := cpu.Open(t.Context(), source, cpu.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load("pmpd-paper")
	if err != nil {
		t.Fatal(err)
	}
	var all []cosim.Job
	for _, text := range []string{"fp16", "confidence:4>3,window=2,k=0.1"} {
		s, err := precision.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		live := gpu.Job{Model: source.Model(), Prompt: gputest.Prompt(source.Model(), 4), Generate: 9, Schedule: s, Tool: "test"}
		all = append(all, cosim.Plan(live, cfg, "custom"))
	}
	return b, all
}

func TestARunIsTheReplayOfItsTrace(t *testing.T) {
	for _, family := range []string{"llama", "qwen3_moe"} {
		t.Run(family, func(t *testing.T) {
			b, all := jobs(t, family)
			tokens, kept := 0, 0
			runs, err := cosim.Run(t.Context(), b, all, cosim.Options{Workers: 2, Token: func() { tokens++ },
				Keep: func(_ int, trace []byte) error { kept += len(trace); return nil }})
			if err != nil || len(runs) != 2 || tokens != 2*9 || kept == 0 {
				t.Fatalf("%d runs, %d tokens, %d bytes of traces, error %v", len(runs), tokens, kept, err)
			}
			for i, want := range replayed(t, all, runs) {
				if r := runs[i]; len(r.Trace.Steps) != 8 || r.NPU.TraceSource != "cpu" || r.NPU.SpeedupFP16 == nil {
					t.Errorf("%s: %d steps from %s", r.NPU.Schedule, len(r.Trace.Steps), r.NPU.TraceSource)
				}
				if live, again := encoded(t, runs[i].NPU), encoded(t, want); !bytes.Equal(live, again) {
					t.Errorf("live:\n%s\nreplayed:\n%s", live, again)
				}
			}
		})
	}
}

// replayed are the results that the traces of runs give.
func replayed(t *testing.T, all []cosim.Job, runs []cosim.Result) []*result.Result {
	t.Helper()
	var prepared []*replay.Prepared
	for i, r := range runs {
		j := all[i].NPU
		j.TraceSHA256, j.TraceSource = r.Trace.SHA256, string(r.Trace.Header.Source)
		var err error
		if j.Evidence, err = r.Trace.Evidence(j.Schedule); err != nil {
			t.Fatal(err)
		}
		if j.Model.Experts != nil {
			j.Experts.Kind = "trace"
			if j.RecordedExperts, err = r.Trace.Router(j.Model); err != nil || j.RecordedExperts == nil {
				t.Fatalf("the trace does not say the experts: %v", err)
			}
		}
		p, err := replay.Prepare(j)
		if err != nil {
			t.Fatal(err)
		}
		prepared = append(prepared, p)
	}
	want, err := replay.Run(t.Context(), prepared, replay.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	return want
}

func encoded(t *testing.T, r *result.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := result.WriteJSON(&b, []*result.Result{r}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestATraceThatCannotBeKeptEndsTheRun(t *testing.T) {
	b, all := jobs(t, "llama")
	full := errors.New("disk full")
	_, err := cosim.Run(t.Context(), b, all, cosim.Options{Workers: 1, Keep: func(int, []byte) error { return full }})
	if !errors.Is(err, full) || err.Error() != "schedule fp16: disk full" {
		t.Errorf("error %v", err)
	}
}

// TestWhatRanBeforeAFailureIsReturned: the second schedule's trace cannot be kept.
func TestWhatRanBeforeAFailureIsReturned(t *testing.T) {
	b, all := jobs(t, "llama")
	full := errors.New("disk full")
	runs, err := cosim.Run(t.Context(), b, all, cosim.Options{Workers: 1, Keep: func(job int, _ []byte) error {
		if job == 1 {
			return full
		}
		return nil
	}})
	if !errors.Is(err, full) || len(runs) != 1 || runs[0].NPU.SpeedupFP16 == nil || *runs[0].NPU.SpeedupFP16 != 1 {
		t.Errorf("%d runs, error %v", len(runs), err)
	}
}
