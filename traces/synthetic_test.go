package traces

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// synthesis returns the synthesis of a preset and a schedule as they stand on the command line.
func synthesis(t testing.TB, model, schedule string, prompt, gen int) Synthesis {
	t.Helper()
	m, err := workloads.Load(model)
	if err != nil {
		t.Fatal(err)
	}
	s, err := precision.Parse(schedule)
	if err != nil {
		t.Fatal(err)
	}
	return Synthesis{Model: m, Prompt: prompt, Generate: gen, Schedule: s}
}

// synthesise returns the whole trace.
func synthesise(t testing.TB, s Synthesis) *Trace {
	t.Helper()
	src, err := NewSynthetic(s)
	if err != nil {
		t.Fatal(err)
	}
	trace, err := ReadAll(src)
	if err != nil {
		t.Fatal(err)
	}
	return trace
}

// encoded returns the file of a trace.
func encoded(t testing.TB, trace *Trace) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := trace.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSynthetic(t *testing.T) {
	for _, c := range []struct {
		schedule   string
		gen        int
		bits       []int
		prefill    int
		precisions []int
		switches   []Switch
	}{
		{"fp16", 3, []int{16, 16}, 16, []int{16}, nil},
		{"uniform:4", 1, []int{}, 4, []int{4}, nil},
		{"static:4>3@0", 4, []int{4, 3, 3}, 4, []int{4, 3}, []Switch{{I: 1, From: 4, To: 3}}},
		{"static:4>3>2@2,4,prefill=8", 7, []int{4, 4, 3, 3, 2, 2}, 8, []int{8, 4, 3, 2}, []Switch{{I: 2, From: 4, To: 3}, {I: 4, From: 3, To: 2}}},
		{"static:3>2", 4, []int{3, 3, 2}, 3, []int{3, 2}, []Switch{{I: 2, From: 3, To: 2}}},
		{"static:3>2@40", 3, []int{3, 3}, 3, []int{3, 2}, nil},
	} {
		t.Run(fmt.Sprintf("%s generates %d tokens in one pass less", c.schedule, c.gen), func(t *testing.T) {
			trace := synthesise(t, synthesis(t, "phi-1.5", c.schedule, 10, c.gen))
			if got := trace.Precisions(); !slices.Equal(got, precision.Uniforms(c.bits...)) {
				t.Errorf("bits %v, want %v", got, c.bits)
			}
			if got := trace.GeneratedTokens(); got != c.gen {
				t.Errorf("%d generated tokens, want %d", got, c.gen)
			}
			if trace.PrefillAt().Max() != c.prefill || !slices.Equal(trace.Header.Precisions, c.precisions) {
				t.Errorf("prefill %d of %v, want %d of %v", trace.PrefillAt().Max(), trace.Header.Precisions, c.prefill, c.precisions)
			}
			if diff := cmp.Diff(c.switches, trace.Info().Switches); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("it claims to have measured nothing", func(t *testing.T) {
		info := synthesise(t, synthesis(t, "vicuna-7b", "uniform:3", 5, 3)).Info()
		if info.Source != FromSynthesis || len(info.Measured) != 0 {
			t.Errorf("source %s, measured %v", info.Source, info.Measured)
		}
	})
	t.Run("its seed stands in the header", func(t *testing.T) {
		s := synthesis(t, "vicuna-7b", "uniform:3", 5, 3)
		s.Seed = ptr(int64(7))
		if got := synthesise(t, s).Header.Seed; got == nil || *got != 7 {
			t.Errorf("got %v", got)
		}
	})
	t.Run("a task gives its lengths", func(t *testing.T) {
		s := synthesis(t, "vicuna-7b", "fp16", 1, 1)
		task, err := workloads.LookupTask("dialogsum")
		if err != nil {
			t.Fatal(err)
		}
		trace := synthesise(t, ofTask(s.Model, task, s.Schedule))
		if trace.PromptTokens() != 281 || trace.GeneratedTokens() != 33 || trace.Header.Task != "dialogsum" {
			t.Errorf("%d prompt tokens, %d generated, task %s", trace.PromptTokens(), trace.GeneratedTokens(), trace.Header.Task)
		}
	})
}

func TestSyntheticRefuses(t *testing.T) {
	for _, c := range []struct {
		name, schedule string
		prompt         int
		want           string
	}{
		{"a recorded schedule", "recorded", 5, `a synthetic trace: nothing was recorded that schedule "recorded" could follow; accepted: ` + precision.List(precision.KindsThatNeed(precision.NeedsNothing))},
		{"more positions than the model has", "fp16", 2000, "max_position_embeddings"},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			s := synthesis(t, "phi-1.5", c.schedule, c.prompt, 49)
			_, err := NewSynthetic(s)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	t.Run("no schedule is refused", func(t *testing.T) {
		s := synthesis(t, "phi-1.5", "fp16", 5, 5)
		s.Schedule = precision.Schedule{}
		if _, err := NewSynthetic(s); err == nil {
			t.Error("accepted")
		}
	})
	t.Run("no model is refused", func(t *testing.T) {
		if _, err := NewSynthetic(Synthesis{Prompt: 1, Generate: 1}); err == nil {
			t.Error("accepted")
		}
	})
}

func TestSyntheticProperties(t *testing.T) {
	models := workloads.Models()
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.SampledFrom([]string{"fp16", "uniform:2", "static:4>3", "static:8>4>2", "static:4>3@%d", "static:16>3>2@%d,prefill=16",
			"random:4>3", "random:4>3,l=9,seed=5,p=0.3/0.34/0.22/0.14"}).Draw(r, "schedule")
		if strings.Contains(text, "%d") {
			at := rapid.IntRange(0, 50).Draw(r, "at")
			text = fmt.Sprintf(strings.Replace(text, ">2@%d", ">2@%[1]d,60", 1), at)
		}
		schedule, err := precision.Parse(text)
		if err != nil {
			r.Fatal(err)
		}
		s := Synthesis{
			Model: rapid.SampledFrom(models).Draw(r, "model"), Schedule: schedule,
			Prompt: rapid.IntRange(1, 100).Draw(r, "prompt"), Generate: rapid.IntRange(1, 80).Draw(r, "generate"),
		}
		src, err := NewSynthetic(s)
		if err != nil {
			r.Fatal(err)
		}
		trace, err := ReadAll(src)
		if err != nil {
			r.Fatal(err)
		}
		var b bytes.Buffer
		if err := trace.Write(&b); err != nil {
			r.Fatal(err)
		}
		back, err := read(b.Bytes())
		if err != nil {
			r.Fatal(err)
		}
		if diff := cmp.Diff(trace.Records, back.Records); diff != "" || trace.SHA256 != back.SHA256 {
			r.Fatalf("not the same after writing and reading: %s", diff)
		}
		policy, err := schedule.Resolve(s.Model, s.Generate, precision.Evidence{})
		if err != nil {
			r.Fatal(err)
		}
		for i, bits := range back.Precisions() {
			if bits != policy.At(i+1) {
				r.Fatalf("decode pass %d at %s bits, want %s", i+1, bits, policy.At(i+1))
			}
		}
		m, err := back.Model()
		if err != nil {
			r.Fatal(err)
		}
		if diff := cmp.Diff(s.Model, m); diff != "" {
			r.Fatal(diff)
		}
	})
}

func TestDefault(t *testing.T) {
	s := synthesis(t, "mobilellama-1.4b", "static:4>3@40", 1, 1)
	task, err := workloads.LookupTask("iwslt")
	if err != nil {
		t.Fatal(err)
	}
	want := encoded(t, synthesise(t, ofTask(s.Model, task, s.Schedule)))
	if simtest.Update() {
		if err := os.WriteFile("default"+Suffix, want, 0o644); err != nil {
			t.Fatal(err)
		}
		t.Skip("rewritten; run again without -update")
	}
	t.Run("the embedded trace is what the synthetic source writes today", func(t *testing.T) {
		if defaultTrace != string(want) {
			t.Errorf("%d bytes embedded, %d written today; if that is right: go test ./traces -update", len(defaultTrace), len(want))
		}
	})
	t.Run("it says that it is synthetic and what it is", func(t *testing.T) {
		trace, err := Default()
		if err != nil {
			t.Fatal(err)
		}
		info := trace.Info()
		if info.Source != FromSynthesis || info.Model != "mobilellama-1.4b" || info.Task != "iwslt" || info.Schedule != "static:4>3@40" {
			t.Errorf("%+v", info)
		}
		if info.PromptTokens != 64 || info.GeneratedTokens != 60 || len(info.Switches) != 1 || info.Switches[0].I != 40 {
			t.Errorf("%+v", info)
		}
		if m, err := trace.Model(); err != nil || m.Name != "mobilellama-1.4b" || m.Published == 0 {
			t.Errorf("model %v, %v", m, err)
		}
	})
}

// ofTask returns the synthesis of a task with its own lengths.
func ofTask(m *workloads.Model, task workloads.Task, schedule precision.Schedule) Synthesis {
	return Synthesis{Model: m, Task: task.Name, Prompt: task.Prompt, Generate: task.Gen(m), Schedule: schedule}
}
