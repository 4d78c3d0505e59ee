package cosim_test

import (
	"math"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/cosim"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// TestSpeedsAreThoseOfReplays: answers at 4 bits, and at 4 then 2, are together as fast as their runs, each counted as often as
// there are answers.
func TestSpeedsAreThoseOfReplays(t *testing.T) {
	cfg, err := config.Load("edge-lpddr5")
	if err != nil {
		t.Fatal(err)
	}
	job := replay.Job{Config: cfg, Model: gputest.Model(t, "llama").Model, Task: "custom", Prompt: 4, Generated: 5}
	sees := func(p ...float64) (a cosim.Answer) { // a confidence schedule that saw these
		var err error
		if a.Schedule, err = precision.Parse("confidence:4>2,window=2,k=0.1"); err != nil {
			t.Fatal(err)
		}
		a.Evidence = precision.Evidence{Source: "this run", Horizon: 5}
		for i := range p {
			a.Evidence.Signals = append(a.Evidence.Signals, precision.Signals{Confidence: &p[i]})
		}
		plan, err := a.Schedule.Decide(job.Model, 5, a.Evidence)
		if err != nil {
			t.Fatal(err)
		}
		for pass := 1; pass < 5; pass++ {
			a.Evidence.Recorded = append(a.Evidence.Recorded, plan.At(pass))
		}
		return a
	}
	slow, fast := sees(0.9, 0.8, 0.1, 0.1), sees(0.1, 0.2, 0.9, 0.9)
	if slow.Evidence.Recorded[3] == fast.Evidence.Recorded[3] {
		t.Fatalf("both are at %v", slow.Evidence.Recorded)
	}
	seconds, joules, unmoved := 0.0, 0.0, 0.0
	for _, a := range []cosim.Answer{slow, fast, fast} {
		j := job
		j.Schedule, j.Evidence = a.Schedule, a.Evidence
		p, err := replay.Prepare(j)
		if err != nil {
			t.Fatal(err)
		}
		r, err := replay.Run(t.Context(), []*replay.Prepared{p}, replay.Options{Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		seconds, joules = seconds+r[0].DecodeSeconds, joules+4*r[0].EnergyPerToken
		r[0].Breakdown(cfg)
		for _, kind := range []string{"dispatch", "host", "head"} {
			unmoved += r[0].Decode.Seconds[kind]
		}
	}
	got, err := cosim.Speeds(t.Context(), job, []cosim.Answer{fast, slow, fast}, replay.Options{Workers: 2})
	if err != nil || math.Abs(got.TokensPerSecond*seconds/12-1) > 1e-12 || math.Abs(got.EnergyPerToken*12/joules-1) > 1e-12 || got.Config == "" ||
		unmoved == 0 || math.Abs(got.Unmoved*seconds/unmoved-1) > 1e-12 {
		t.Errorf("%+v, error %v; %v seconds, %v joules", got, err, seconds, joules)
	}
}
