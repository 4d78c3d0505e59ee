package learn_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/learn"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/precision/classifier"
)

func parse(t *testing.T, text string) precision.Schedule {
	t.Helper()
	s, err := precision.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestLiveIsAsRecorded makes examples of the same prompts live, side by side, and of traces that were recorded one by one.
func TestLiveIsAsRecorded(t *testing.T) {
	gputest.Numbers(t)
	src := gputest.Random(t, "llama", 3)
	m := src.Model()
	b, err := cpu.Open(t.Context(), src, cpu.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	schedule := parse(t, "learned:4>2,prefill=8;down_proj=+1")
	live := &learn.Live{Backend: b.(gpu.Scorer), Model: m, Prompt: 6, Generate: 12, Schedule: schedule}
	for i := range 4 {
		text := gputest.Prompt(m, 18)
		text[2] = i
		live.Texts = append(live.Texts, text)
	}
	work, err := live.Work()
	if err != nil {
		t.Fatal(err)
	}
	live.Done, live.Blocks = func(n int64) { work -= n }, []int{m.Layers - 1, 0}
	got, err := live.Examples(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range got { // the last block's cache is the input, the first one's is another
		if b := got[i].Blocks; len(b) != 2 || !reflect.DeepEqual(b[0], got[i].Input) || reflect.DeepEqual(b[1], got[i].Input) {
			t.Errorf("prompt %d has caches of other blocks than were asked for", i+1)
		}
		got[i].Blocks = nil
	}
	if work != 0 {
		t.Errorf("%d tokens of work were not told", work)
	}

	dir := t.TempDir()
	runs, err := learn.Runs(schedule, 12)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range runs {
		names = append(names, s.String())
	}
	if want := "fp16 static:4>2@0,prefill=8;down_proj=+1 static:4>2@4,prefill=8;down_proj=+1 static:4>2@8,prefill=8;down_proj=+1 " +
		"uniform:4,prefill=8;down_proj=+1"; strings.Join(names, " ") != want {
		t.Fatalf("runs are %s\nwant %s", strings.Join(names, " "), want)
	}
	for i, text := range live.Texts {
		for k, s := range runs {
			path := filepath.Join(dir, fmt.Sprintf("%d.%d%s", i, k, traces.Suffix))
			j := gpu.Job{Model: m, WeightsSHA256: gputest.Sum(src), Prompt: text[:6], Generate: 12, Schedule: s, Tool: "test"}
			if k == 2 {
				j.Keep = func(kv *classifier.KV) error {
					var data bytes.Buffer
					return errors.Join(classifier.WriteKV(&data, kv), os.WriteFile(traces.SidecarOf(path), data.Bytes(), 0o644))
				}
			}
			r, err := gpu.NewRecorder(t.Context(), b, j)
			var file bytes.Buffer
			if err := errors.Join(err, r.Write(&file, nil), os.WriteFile(path, file.Bytes(), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
	}
	all, err := traces.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	want, err := learn.FromTraces(all, schedule)
	if err != nil {
		t.Fatal(err)
	}
	differ := map[[4]float64]bool{}
	for i := range want {
		want[i].Prompt = ""
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("prompt %d: live %v, recorded %v, or their caches differ", i, got[i].Rouge, want[i].Rouge)
		}
		differ[got[i].Rouge] = true
	}
	if len(want) != 4 || len(differ) < 2 {
		t.Errorf("%d examples, which differ in %v", len(want), differ)
	}
	refuses(t, all, schedule)
}

// refuses checks what traces are refused.
func refuses(t *testing.T, all []*traces.Trace, schedule precision.Schedule) {
	for _, c := range []struct {
		name, schedule, want string
		change               func(some []*traces.Trace) []*traces.Trace
	}{
		{"another schedule", "learned:5>2,prefill=8;down_proj=+1", "has no trace under static:5>2@0,prefill=8;down_proj=+1", nil},
		{"another horizon", "learned:4>2,l=9,prefill=8;down_proj=+1", "has no trace under static:4>2@3,prefill=8", nil},
		{"three widths", "learned:4>3>2", "it does not ask a classifier for one switch; accepted: learned:A>B", nil},
		{"too few tokens", "learned:4>2,l=3", "3 tokens have no 4 switch points", nil},
		{"a run too few", "", "has no trace under static:4>2@4", func(some []*traces.Trace) []*traces.Trace { return append(some[:2:2], some[3:]...) }},
		{"a run twice", "", "are both of prompt", func(some []*traces.Trace) []*traces.Trace { return append(some[:3:3], some[2:]...) }},
		{"another quantisation", "", "weights or cache are quantised in another way than in ", func(some []*traces.Trace) []*traces.Trace {
			other, header, quant := *some[2], *some[2].Header, *some[2].Header.Quant
			quant.SensitivitySHA256 = strings.Repeat("0", 64)
			header.Quant, other.Header = &quant, &header
			return append(append(some[:2:2], &other), some[3:]...)
		}},
		{"no cache", "", "has no keys and values beside its traces; accepted: ", func(some []*traces.Trace) []*traces.Trace {
			moved := *some[2]
			moved.Name = "elsewhere"
			return append(append(some[:2:2], &moved), some[3:]...)
		}},
	} {
		s, some := schedule, all
		if c.schedule != "" {
			s = parse(t, c.schedule)
		}
		if c.change != nil {
			some = c.change(all)
		}
		if _, err := learn.FromTraces(some, s); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %s", c.name, err, c.want)
		}
	}
}
