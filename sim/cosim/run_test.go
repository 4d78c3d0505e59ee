package cosim_test

import (
	"errors"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/cosim"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// jobs are fp16, and a schedule that decides from what the engine sees.
func jobs(t *testing.T) (gpu.Backend, []cosim.Job) {
	t.Helper()
	source := gputest.Random(t, "llama", 3)
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
	b, all := jobs(t)
	tokens, kept := 0, 0
	runs, err := cosim.Run(t.Context(), b, all, cosim.Options{Workers: 2, Token: func() { tokens++ },
		Keep: func(_ int, trace []byte) error { kept += len(trace); return nil }})
	if err != nil || len(runs) != 2 || tokens != 2*9 || kept == 0 {
		t.Fatalf("%d runs, %d tokens, %d bytes of traces, error %v", len(runs), tokens, kept, err)
	}
	var prepared []*replay.Prepared
	for i, r := range runs {
		j := all[i].NPU
		if len(r.Trace.Steps) != 8 {
			t.Fatalf("%s: %d steps", j.Schedule, len(r.Trace.Steps))
		}
		if j.Evidence, err = r.Trace.Evidence(j.Schedule); err != nil {
			t.Fatal(err)
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
	for i, r := range runs {
		if r.NPU.Cycles != want[i].Cycles || r.NPU.AvgWeightBits != want[i].AvgWeightBits || *r.NPU.SpeedupFP16 != *want[i].SpeedupFP16 {
			t.Errorf("%s: %d cycles, replayed %d", r.NPU.Schedule, r.NPU.Cycles, want[i].Cycles)
		}
		if r.NPU.TraceSHA256 != r.Trace.SHA256 || r.NPU.TraceSource != "cpu" {
			t.Errorf("%s: a result of %s, %s", r.NPU.Schedule, r.NPU.TraceSHA256, r.NPU.TraceSource)
		}
	}
}

func TestATraceThatCannotBeKeptEndsTheRun(t *testing.T) {
	b, all := jobs(t)
	full := errors.New("disk full")
	_, err := cosim.Run(t.Context(), b, all, cosim.Options{Workers: 1, Keep: func(int, []byte) error { return full }})
	if !errors.Is(err, full) || err.Error() != "schedule fp16: disk full" {
		t.Errorf("error %v", err)
	}
}
