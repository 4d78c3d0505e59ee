package gpu_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/precision/classifier"
)

// backend is the CPU's, with a clock that ticks a microsecond a look, or none.
func backend(t *testing.T, src weights.Source, ticking bool) gpu.Backend {
	t.Helper()
	var at time.Duration
	now := func() time.Duration { at += time.Microsecond; return at }
	if !ticking {
		now = nil
	}
	b, err := cpu.Open(t.Context(), src, cpu.Options{Workers: 2, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func job(t *testing.T, src weights.Source, schedule string) gpu.Job {
	t.Helper()
	s, err := precision.Parse(schedule)
	if err != nil {
		t.Fatal(err)
	}
	m := src.Model()
	return gpu.Job{Model: m, WeightsSHA256: gputest.Sum(src), Prompt: gputest.Prompt(m, 5), Generate: 14, Schedule: s, Reference: true,
		IgnoreEOS: true, Tool: "test"}
}

// record runs a job to its end and reads the trace back.
func record(t *testing.T, b gpu.Backend, j gpu.Job) (*traces.Trace, []byte) {
	t.Helper()
	r, err := gpu.NewRecorder(context.Background(), b, j)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := r.Write(&file, nil); err != nil {
		t.Fatal(err)
	}
	return parse(t, file.Bytes()), file.Bytes()
}

func parse(t *testing.T, data []byte) *traces.Trace {
	t.Helper()
	reader, err := traces.NewReader(filepath.Join(t.TempDir(), "t"+traces.Suffix), bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	trace, err := traces.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return trace
}

// TestDecidedAnew is the closed loop: from what a trace recorded, the schedule decides again what it decided live.
func TestDecidedAnew(t *testing.T) {
	gputest.Numbers(t)
	src := gputest.Random(t, "llama", 3)
	b := backend(t, src, true)
	for _, schedule := range []string{"fp16", "uniform:3", "static:4>3>2@3,7", "static:4>2,prefill=8", "random:4>3,seed=5",
		"confidence:4>3>2,window=2,k=0.1"} {
		t.Run(schedule, func(t *testing.T) {
			j := job(t, src, schedule)
			trace, _ := record(t, b, j)
			evidence, err := trace.Evidence(j.Schedule)
			if err != nil {
				t.Fatal(err)
			}
			plan, err := j.Schedule.Decide(j.Model.Model, j.Generate, evidence)
			if err != nil {
				t.Fatal(err)
			}
			for i, d := range plan.Decisions {
				s := trace.Steps[i]
				if d.Bits != s.WBits || d.Counterfactual {
					t.Errorf("step %d: recorded %d bits, decided anew %d (%s)", i, s.WBits, d.Bits, d.Reason)
				}
				if (s.WNext == nil) != (i == len(plan.Decisions)-1) {
					t.Errorf("step %d: w_next %v", i, s.WNext)
				}
				if s.PMax == nil || s.Entropy == nil || s.Margin == nil || s.LogP == nil || s.StepNS == nil || s.Ref == nil || s.TNS == nil {
					t.Errorf("step %d lacks a measurement: %+v", i, s)
				}
				if s.Sched != nil != j.Schedule.Kind.Decides() && s.WNext != nil {
					t.Errorf("step %d: sched %v", i, s.Sched)
				}
			}
			if h := trace.Header; h.PrefillBits != j.Schedule.PrefillAt(precision.Assignment{}).Max() || h.Model.WeightsSHA256 != gputest.Sum(src) {
				t.Errorf("header %+v", h)
			}
			if m, err := trace.Model(); err != nil || m.Hidden != src.Model().Hidden {
				t.Errorf("the trace's model: %v, error %v", m, err)
			}
			if len(trace.Ops.Ops) != len(gpu.Ops(src.Model().Model)) || trace.Footer.SumStepNS == nil {
				t.Errorf("%d ops, sum_step_ns %v", len(trace.Ops.Ops), trace.Footer.SumStepNS)
			}
		})
	}
}

// TestConfidenceSwitches: the schedule of the test above really goes down on what it sees.
func TestConfidenceSwitches(t *testing.T) {
	gputest.Numbers(t)
	src := gputest.Random(t, "llama", 2)
	trace, _ := record(t, backend(t, src, false), job(t, src, "confidence:4>3>2,window=2,k=0.1"))
	if len(trace.Switches) == 0 {
		t.Fatal("no switch")
	}
	s := trace.Steps[trace.Switches[0].I-1]
	if s.Sched.Score == nil || s.Sched.Threshold == nil || *s.Sched.Score < *s.Sched.Threshold || *s.Sched.Score != *s.PMax {
		t.Errorf("the step before the switch: %+v, p_max %v", s.Sched, *s.PMax)
	}
}

// TestReference: fp16 agrees with itself in everything, fewer bits do not.
func TestReference(t *testing.T) {
	gputest.Numbers(t)
	src := gputest.Random(t, "phi", 2)
	b := backend(t, src, false)
	full, _ := record(t, b, job(t, src, "fp16"))
	if *full.Footer.Agree != 1 {
		t.Errorf("fp16 agrees with fp16 in %v", *full.Footer.Agree)
	}
	nll := 0.0
	for _, s := range full.Steps {
		if *s.Ref.KL != 0 || *s.Ref.LogP != *s.LogP {
			// LogP comes from the backend, Ref from logits: they round differently, but not by much.
			if d := *s.Ref.LogP - *s.LogP; *s.Ref.KL != 0 || d > 1e-9 || d < -1e-9 {
				t.Errorf("step %d: %+v, logp %v", s.I, s.Ref, *s.LogP)
			}
		}
		nll -= *s.Ref.LogP / float64(len(full.Steps))
	}
	if d := *full.Footer.NLL - nll; d > 1e-12 || d < -1e-12 {
		t.Errorf("nll %v, mean of the steps %v", *full.Footer.NLL, nll)
	}
	low, _ := record(t, b, job(t, src, "uniform:2"))
	high, _ := record(t, b, job(t, src, "uniform:8"))
	if kl := meanKL(low); kl < 100*meanKL(high) || kl < 0.01 {
		t.Errorf("mean KL at 2 bits %v, at 8 bits %v", kl, meanKL(high))
	}
}

func meanKL(t *traces.Trace) (kl float64) {
	for _, s := range t.Steps {
		kl += *s.Ref.KL / float64(len(t.Steps))
	}
	return kl
}

// TestSameBytes: without a clock a recording is a function of its job.
func TestSameBytes(t *testing.T) {
	src := gputest.Random(t, "qwen2", 1)
	_, a := record(t, backend(t, src, false), job(t, src, "static:4>3@4"))
	_, b := record(t, backend(t, src, false), job(t, src, "static:4>3@4"))
	if !bytes.Equal(a, b) {
		t.Error("two recordings differ")
	}
}

func TestTheEndOfAnAnswer(t *testing.T) {
	gputest.Numbers(t)
	src := gputest.Random(t, "llama", 3)
	b := backend(t, src, false)
	j := job(t, src, "uniform:4")
	whole, _ := record(t, b, j)
	if whole.Footer.Stop != traces.StopMax || len(whole.Steps) != j.Generate-1 {
		t.Fatalf("%d steps, stopped by %s", len(whole.Steps), whole.Footer.Stop)
	}
	last := 4
	m := *j.Model
	m.EOS = []int{*whole.Steps[last].TokOut}
	for i := range last {
		if *whole.Steps[i].TokOut == m.EOS[0] {
			last = i
			break
		}
	}
	j.Model, j.IgnoreEOS = &m, false
	short, _ := record(t, b, j)
	if short.Footer.Stop != traces.StopEOS || len(short.Steps) != last+1 {
		t.Errorf("%d steps, stopped by %s; want %d, eos", len(short.Steps), short.Footer.Stop, last+1)
	}
}

// TestInterrupted: what was recorded stays, and says that it is not all.
func TestInterrupted(t *testing.T) {
	src := gputest.Random(t, "llama", 3)
	ctx, cancel := context.WithCancel(context.Background())
	r, err := gpu.NewRecorder(ctx, backend(t, src, false), job(t, src, "static:4>3>2@3,7"))
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	var sizes []int
	err = r.Write(&file, func(record traces.Record) {
		if s, ok := record.(*traces.Step); ok && s.I == 2 {
			cancel()
		}
		sizes = append(sizes, file.Len())
	})
	if !errors.Is(err, gpu.ErrInterrupted) {
		t.Errorf("error %v", err)
	}
	trace := parse(t, file.Bytes())
	if trace.Footer.Stop != traces.StopTruncated || len(trace.Steps) != 3 || *trace.Steps[2].WNext != 4 && *trace.Steps[2].WNext != 3 {
		t.Errorf("%d steps, stopped by %s", len(trace.Steps), trace.Footer.Stop)
	}
	for i := 1; i < len(sizes); i++ {
		if sizes[i] <= sizes[i-1] {
			t.Errorf("record %d was not flushed: %v", i, sizes)
		}
	}
	// What a killed process leaves is good up to its last whole record.
	cut, err := traces.NewReader("cut", bytes.NewReader(file.Bytes()[:sizes[len(sizes)-2]]))
	if err != nil {
		t.Fatal(err)
	}
	half, err := traces.ReadAll(cut)
	if err == nil || half == nil || len(half.Steps) != 3 {
		t.Errorf("cut off: error %v, %v", err, half)
	}
}

// broken is a device that fails in some pass.
type broken struct {
	gpu.Backend
	at int
}

type brokenSequence struct {
	gpu.Sequence
	left int
}

var errDevice = errors.New("the device is gone")

func (b *broken) Start(positions int, cache formats.Cache) (gpu.Sequence, error) {
	s, err := b.Backend.Start(positions, cache)
	return &brokenSequence{s, b.at}, err
}

func (s *brokenSequence) Decode(token int, at precision.Assignment) (gpu.Pass, error) {
	if s.left--; s.left < 0 {
		return gpu.Pass{}, errDevice
	}
	return s.Sequence.Decode(token, at)
}

func TestADeviceThatFails(t *testing.T) {
	src := gputest.Random(t, "llama", 3)
	r, err := gpu.NewRecorder(context.Background(), &broken{backend(t, src, false), 4}, job(t, src, "uniform:4"))
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := r.Write(&file, nil); !errors.Is(err, errDevice) || !strings.Contains(err.Error(), "step 4 at 4 bits: ") {
		t.Errorf("error %v", err)
	}
	if trace := parse(t, file.Bytes()); trace.Footer.Stop != traces.StopTruncated || len(trace.Steps) != 4 {
		t.Errorf("%d steps, stopped by %s", len(trace.Steps), trace.Footer.Stop)
	}
}

func TestJobsThatCannotBe(t *testing.T) {
	src := gputest.Random(t, "llama", 3)
	b := backend(t, src, false)
	for _, c := range []struct {
		name, schedule, want string
		change               func(*gpu.Job)
	}{
		{"a schedule that follows", "recorded", "nothing in a live run decides it", nil},
		{"a schedule that knows afterwards", "oracle:4>3", "learned with classifier=FILE", nil},
		{"a schedule of activations", "activation:4>3", "nothing in a live run decides it", nil},
		{"a classifier that is not there", "learned:4>3", "accepted: learned:4>3,classifier=FILE", nil},
		{"another model's classifier", "learned:4>3", "the classifier is for 3 KV heads of 5 values; accepted: 2 of 64",
			func(j *gpu.Job) { j.Classifier = &classifier.Net{Heads: 3, Dim: 5} }},
		{"a token that is none", "fp16", "token 2 of the prompt is 320; accepted: 0 to 319", func(j *gpu.Job) { j.Prompt[1] = 320 }},
		{"too long", "fp16", "128", func(j *gpu.Job) { j.Generate = 125 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := job(t, src, c.schedule)
			if c.change != nil {
				c.change(&j)
			}
			if _, err := gpu.NewRecorder(context.Background(), b, j); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// TestTable holds the bytes of an op against the matrices themselves.
func TestTable(t *testing.T) {
	src := gputest.Random(t, "phi", 1)
	m := src.Model()
	table := gpu.Table(m.Model, gpu.Ops(m.Model), []int{16, 4, 3}, func(op int) gpu.Launch { return gpu.Launch{Grid: [3]int{op + 1, 1, 1}, Block: [3]int{32, 8, 1}} })
	block, err := src.Block(1)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, op := range table.Ops {
		for name, w := range map[string]*weights.Matrix{"L1.q_proj+k_proj+v_proj": &block.QKV, "L1.o_proj": &block.O, "L1.fc1": &block.Up,
			"L1.fc2": &block.Down} {
			if op.Name != name {
				continue
			}
			found[name] = true
			got := fmt.Sprint(op.WeightBytes[16], op.WeightBytes[3], op.LUTBytes[3], op.LUTBytes[4], len(op.LUTBytes), *op.InBytes, *op.OutBytes)
			want := fmt.Sprint(2*len(w.Half), 4*len(w.Planes)*3/8, 2*len(w.Tables[3]), 2*len(w.Tables[4]), 2, 2*w.In, 2*w.Out)
			if got != want {
				t.Errorf("%s: bytes %s, want %s", name, got, want)
			}
		}
		if op.Kind == string(gpu.Attention) && *op.KVBytesPerPos != int64(2*2*m.KVWidth()) {
			t.Errorf("attention reads %d bytes a position", *op.KVBytesPerPos)
		}
	}
	if len(found) != 4 {
		t.Errorf("found %v", found)
	}
}
