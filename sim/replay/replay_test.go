package replay

import (
	"bytes"
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// short is a job of a few tokens.
func short(t testing.TB, npu, model, schedule string, prompt, gen int) Job {
	t.Helper()
	j := job(t, npu, model, "dialogsum", schedule)
	j.Task, j.Prompt, j.Generated = "", prompt, gen
	return j
}

func mustRun(t testing.TB, workers int, jobs ...Job) []*result.Result {
	t.Helper()
	rs, err := runJobs(t.Context(), jobs, Options{Workers: workers, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return rs
}

func TestSameJobSameBytes(t *testing.T) {
	var first []byte
	gen := 20
	if testing.Short() {
		gen = 4
	}
	for i, workers := range []int{1, 2, 3, 5, 8} {
		full := short(t, "edge-lpddr5", "llama-3.2-1b", "fp16", 40, gen)
		rs := mustRun(t, workers, full, short(t, "edge-lpddr5", "llama-3.2-1b", "static:4>2@2", 40, gen))
		for _, r := range rs {
			r.Breakdown(full.Config)
		}
		var b bytes.Buffer
		if err := result.WriteJSON(&b, rs); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = b.Bytes()
		} else if !bytes.Equal(first, b.Bytes()) {
			t.Fatalf("%d workers:\n%s\n1 worker:\n%s", workers, b.Bytes(), first)
		}
	}
}

// What a memory-bound pass takes follows from its bytes and the bandwidth that the memory reached. The bytes are
// counted here from the model's parameters; the bandwidth is the simulation's, and must be what a sequential read of four
// channels reaches (91.62 %, pmpdsim dram; Ramulator 2.1's own table 91.56 %) less what is lost between operators.
func TestDecodeByHand(t *testing.T) {
	if testing.Short() {
		t.Skip("a 7B model: left to the full run")
	}
	const prompt, gen, bits = 500, 6, 3
	r := mustRun(t, 2, short(t, "edge-lpddr5", "vicuna-7b", "uniform:3", prompt, gen))[0]
	p := job(t, "edge-lpddr5", "vicuna-7b", "dialogsum", "fp16").Model.Params()
	rows := 32 * (4*4096 + 2*11008 + 4096)
	perPass := float64(p.Blocks)*bits/8 + // planes
		float64(rows)*(2<<bits) + // codebooks
		2*float64(p.Head) + // lm_head in fp16
		2*float64(p.Norms+4096) + // norms and one embedding row
		262144*(prompt+float64(gen-2)/2) + // cache read
		262144 // cache written
	if off := r.DRAMBytesPerToken/perPass - 1; math.Abs(off) > 0.001 {
		t.Errorf("%.0f bytes a token, by hand %.0f", r.DRAMBytesPerToken, perPass)
	}
	if hand := perPass / (r.DRAMEfficiency * 51.2e9); math.Abs(r.TPOTSeconds/hand-1) > 0.001 {
		t.Errorf("TPOT %.6f s, by hand %.6f s", r.TPOTSeconds, hand)
	}
	d := &r.Counts.Decode
	dispatches := unit.Cycles(330e-6*1.2e9) * (32 + 2) * (gen - 1) // of a graph a layer, and two more
	if d.DispatchBusy != dispatches {
		t.Errorf("%d cycles of dispatch, by hand %d", d.DispatchBusy, dispatches)
	}
	rest := r.DRAMEfficiency * float64(d.Cycles) / float64(d.Cycles-dispatches)
	if rest < 0.90 || rest > 0.9162 {
		t.Errorf("%.2f %% of peak bandwidth, and %.2f %% between dispatches", 100*r.DRAMEfficiency, 100*rest)
	}
	if r.BoundBy != "memory" {
		t.Errorf("bound by %s", r.BoundBy)
	}
}

func TestSpeedups(t *testing.T) {
	at := func(schedules ...string) []*result.Result {
		var jobs []Job
		for _, s := range schedules {
			jobs = append(jobs, short(t, "pmpd-paper", "llama-3.2-1b", s, 16, 9))
		}
		return mustRun(t, 2, jobs...)
	}
	rs := at("fp16", "uniform:4", "static:4>2@3", "uniform:2")
	if *rs[0].SpeedupFP16 != 1 || rs[0].SpeedupUniform != nil {
		t.Errorf("fp16: %v, %v", *rs[0].SpeedupFP16, rs[0].SpeedupUniform)
	}
	if *rs[1].SpeedupUniform != 1 || *rs[1].SpeedupFP16 <= 3 {
		t.Errorf("uniform:4: %v, %v", *rs[1].SpeedupUniform, *rs[1].SpeedupFP16)
	}
	if s := *rs[2].SpeedupUniform; s <= 1.1 || s != rs[1].TPOTSeconds/rs[2].TPOTSeconds {
		t.Errorf("static against uniform:4: %v", s)
	}
	if got := rs[2].AvgWeightBits; got != (3*4+5*2)/8. {
		t.Errorf("average bits %v, want 3 passes at 4 and 5 at 2", got)
	}
	if rs[2].Counts.Decode.Switches != 1 || rs[1].Counts.Decode.Switches != 0 {
		t.Errorf("%d switches, %d in uniform", rs[2].Counts.Decode.Switches, rs[1].Counts.Decode.Switches)
	}
	if rs[2].TPOTSeconds <= rs[3].TPOTSeconds || rs[2].TPOTSeconds >= rs[1].TPOTSeconds {
		t.Error("a mixed schedule is not between its precisions")
	}
	alone := at("static:4>2@3")[0]
	if alone.SpeedupFP16 != nil || alone.SpeedupUniform != nil {
		t.Error("speed-ups without a baseline")
	}
	if alone.TPOTSeconds != rs[2].TPOTSeconds {
		t.Error("a result depends on what else was run")
	}
}

func TestPhases(t *testing.T) {
	r := mustRun(t, 2, short(t, "edge-lpddr5", "llama-3.2-1b", "uniform:3,prefill=5", 300, 3))[0]
	c := r.Counts
	if c.Prefill.Traffic[isa.Codebooks] <= c.Decode.Traffic[isa.Codebooks] {
		t.Error("a 5-bit prefill reads larger codebooks than two passes at 3 bits")
	}
	if c.Decode.Switches != 1 {
		t.Errorf("%d switches from 5 bits in prefill to 3 in decode", c.Decode.Switches)
	}
	if r.TTFTSeconds != r.PrefillSeconds || r.TokensPerSecond != 2/r.DecodeSeconds || r.TPOTSeconds != r.DecodeSeconds/2 {
		t.Errorf("%+v", r)
	}
}

func TestRecordedRepeatsTheTrace(t *testing.T) {
	j := short(t, "pmpd-paper", "llama-3.2-1b", "recorded", 16, 5)
	j.Evidence.Recorded, j.RecordedPrefill = precision.Uniforms(4, 4, 2, 4), precision.Uniform(8)
	s := short(t, "pmpd-paper", "llama-3.2-1b", "uniform:4", 16, 5)
	rs := mustRun(t, 2, j, s)
	if rs[0].AvgWeightBits != 3.5 || rs[0].PrefillBits != 8 || rs[0].Counts.Decode.Switches != 3 {
		t.Errorf("%+v", rs[0])
	}
	if rs[0].SpeedupUniform == nil || *rs[0].SpeedupUniform <= 1 {
		t.Error("a recorded schedule compares with uniform at its highest precision")
	}
}

func TestBadJobsAreErrors(t *testing.T) {
	for want, j := range map[string]Job{
		"0 tokens to generate; accepted: 1 or more, the first comes from prefill": short(t, "pmpd-paper", "phi-1.5", "fp16", 16, 0),
		"max_position_embeddings": short(t, "pmpd-paper", "phi-1.5", "fp16", 2000, 100),
		"recorded":                short(t, "pmpd-paper", "phi-1.5", "recorded", 20, 10),
	} {
		if _, err := runJobs(t.Context(), []Job{j}, Options{Workers: 1}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestCancelStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := runJobs(ctx, []Job{short(t, "pmpd-paper", "phi-1.5", "fp16", 16, 200)}, Options{Workers: 2, Progress: func(Progress) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A prefill on a small scratchpad is minutes of work in one step.
func TestCancelStopsInsideAStep(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	j := short(t, "pmpd-paper", "phi-1.5", "fp16", 1500, 2)
	var last Progress
	_, err := runJobs(ctx, []Job{j}, Options{Workers: 1, Progress: func(p Progress) {
		if last = p; p.Share > 0.05 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if last.Passes != 0 || last.Share < 0.05 || last.Share > 0.08 {
		t.Errorf("stopped at %+v", last)
	}
}

func TestProgress(t *testing.T) {
	var seen []Progress
	jobs := []Job{short(t, "pmpd-paper", "phi-1.5", "fp16", 300, 3), short(t, "pmpd-paper", "phi-1.5", "static:4>2@1", 300, 4)}
	if _, err := runJobs(t.Context(), jobs, Options{Workers: 1, Progress: func(p Progress) { seen = append(seen, p) }}); err != nil {
		t.Fatal(err)
	}
	if len(seen) < 100 || seen[0].Passes != 0 || seen[0].Share <= 0 {
		t.Errorf("%d reports, the first %+v", len(seen), seen[0])
	}
	for i, p := range seen[1:] {
		if p.Total != 7 || p.Passes < seen[i].Passes || p.Share < seen[i].Share {
			t.Fatalf("%+v after %+v", p, seen[i])
		}
	}
	if end := seen[len(seen)-1]; end.Passes != 7 || end.Share != 1 {
		t.Errorf("the end is %+v", end)
	}
}

func TestOneGeneratedTokenIsPrefillAlone(t *testing.T) {
	one, two := mustRun(t, 1, short(t, "edge-lpddr5", "phi-1.5", "uniform:4", 16, 1))[0], mustRun(t, 1, short(t, "edge-lpddr5", "phi-1.5", "uniform:4", 16, 2))[0]
	// A cache of one more position moves what lies behind it in DRAM: some cycles.
	if d := one.TTFTSeconds/two.TTFTSeconds - 1; !(d > -1e-4 && d < 1e-4) || one.Counts.Decode.Cycles != 0 {
		t.Errorf("prefill takes %v s alone, %v s before a decode", one.TTFTSeconds, two.TTFTSeconds)
	}
}
