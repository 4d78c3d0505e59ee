package traces

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/precision/classifier"
)

// made is a trace that looks recorded: the bits of its passes, their confidence, and records behind step 0.
type made struct {
	kind       precision.Kind
	spec       string
	params     *SchedulerParams
	classifier string // SHA-256
	prompt     string // SHA-256
	bits       []int
	pmax       []float64
	features   []*SchedFeatures
	agree, nll *float64
	stop       Stop
}

func (m made) records() (*Header, []Record) {
	h := fullHeader()
	h.Source, h.GPU, h.Kernels, h.Calib, h.Mode, h.MaxNew, h.Sampling, h.X = FromCPU, nil, nil, nil, "", ptr(len(m.bits)+1), nil, nil
	h.Precisions, h.PrefillBits = []int{16, 8, 4, 3, 2}, 4
	h.Scheduler = Scheduler{Kind: m.kind, Spec: m.spec, Params: m.params, ClassifierSHA256: m.classifier}
	h.Prompt = Prompt{SHA256: m.prompt, Tokens: 4}
	records := []Record{&Prefill{Tokens: 4, WBits: 4}}
	for i, bits := range m.bits {
		if i > 0 && bits != m.bits[i-1] {
			records = append(records, &Switch{I: i, From: m.bits[i-1], To: bits})
		}
		s := &Step{I: i, KVLen: 4 + i, WBits: bits}
		if i < len(m.pmax) {
			s.PMax = &m.pmax[i]
		}
		records = append(records, s)
		if i == 0 {
			for _, f := range m.features {
				records = append(records, f)
			}
		}
	}
	stop := m.stop
	if stop == "" {
		stop = StopMax
	}
	return h, append(records, &Footer{Steps: len(m.bits), Stop: stop, Agree: m.agree, NLL: m.nll})
}

// write writes the trace as a file and reads it back.
func (m made) write(t testing.TB, path string) *Trace {
	t.Helper()
	h, records := m.records()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Copy(f, &replay{header: h, records: records}); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	trace, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return trace
}

func schedule(t testing.TB, text string) precision.Schedule {
	t.Helper()
	s, err := precision.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// decided are the bits that a schedule decides on from a trace, and how many of them are counterfactual.
func decided(t testing.TB, text string, trace *Trace) ([]int, int) {
	t.Helper()
	s := schedule(t, text)
	e, err := trace.Evidence(s)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Decide(nil, trace.GeneratedTokens(), e)
	if err != nil {
		t.Fatal(err)
	}
	var bits []int
	for _, d := range p.Decisions {
		bits = append(bits, d.Bits)
	}
	return bits, p.Counterfactual()
}

func TestDecidingAgain(t *testing.T) {
	scores := []float64{.1, .2, .6, .1} // the third candidate
	for _, c := range []struct {
		name, text string
		m          made
	}{
		{"learned", "learned:4>3", made{kind: precision.KindLearned, spec: "learned:4>3", params: &SchedulerParams{Bits: []int{4, 3}, Horizon: ptr(6)},
			bits: []int{4, 4, 4, 4, 3, 3, 3}, features: []*SchedFeatures{{Name: "kv_attended", Scores: scores, HighSteps: ptr(4)}}}},
		{"activation", "activation:4>3>2,l=3", made{kind: precision.KindActivation, bits: []int{4, 4, 3, 2, 2},
			features: []*SchedFeatures{{Name: "act_last", Scores: scores}, {Name: "kv_attended", Scores: []float64{1, 0, 0, 0}}}}},
		{"confidence", "confidence:4>3>2,window=2", made{kind: precision.KindConfidence, bits: []int{4, 4, 4, 3, 3, 3, 2, 2},
			pmax: []float64{.5, .6, .9, .7, .6, .8, .1, .1}}},
	} {
		t.Run("a "+c.name+" schedule over its own trace decides what was recorded", func(t *testing.T) {
			trace := c.m.write(t, filepath.Join(t.TempDir(), "a.trace.jsonl.zst"))
			if got, n := decided(t, c.text, trace); !slices.Equal(got, c.m.bits) || n != 0 {
				t.Errorf("got %v (%d counterfactual), want %v", got, n, c.m.bits)
			}
		})
	}
	t.Run("another schedule leaves the recorded run", func(t *testing.T) {
		m := made{kind: precision.KindLearned, bits: []int{4, 4, 4, 4}, features: []*SchedFeatures{{Name: "kv_attended", Scores: scores}}}
		trace := m.write(t, filepath.Join(t.TempDir(), "a.trace.jsonl.zst"))
		// The limit of the run is 5 tokens: candidates 0 1 2 5, of which the third.
		if got, n := decided(t, "learned:4>3", trace); !slices.Equal(got, []int{4, 4, 3, 3}) || n != 2 {
			t.Errorf("got %v (%d counterfactual)", got, n)
		}
	})
	t.Run("a synthetic trace has no signals, and the error says which", func(t *testing.T) {
		trace := synthesise(t, synthesis(t, "phi-1.5", "static:4>3@3", 8, 9))
		for text, want := range map[string]string{"learned:4>3": "lacks a sched_features record of step 0 with scores, named kv",
			"activation:4>3": "named act", "confidence:4>3": "lacks p_max in step 0"} {
			s := schedule(t, text)
			e, err := trace.Evidence(s)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Decide(nil, 9, e); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", text, err)
			}
		}
	})
}

// testdata of package precision: a classifier of 2 heads of 3 values, and keys and values of 5 tokens.
const (
	classifierFile = "../workloads/precision/classifier/testdata/classifier.safetensors"
	kvFile         = "../workloads/precision/classifier/testdata/kv.safetensors"
)

// beside copies the keys and values beside a trace.
func beside(t testing.TB, trace *Trace) {
	t.Helper()
	data, err := os.ReadFile(kvFile)
	if err == nil {
		err = os.WriteFile(trace.Sidecar(), data, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// small is a model that the classifier fits.
type small struct{ made }

func (m small) write(t testing.TB, path string) *Trace {
	trace := m.made.write(t, path)
	trace.Header.Model.KVHeads, trace.Header.Model.HeadDim = 2, 3
	return trace
}

func TestClassifier(t *testing.T) {
	c, err := classifier.Read(classifierFile)
	if err != nil {
		t.Fatal(err)
	}
	text := "learned:4>3,l=6,classifier=" + classifierFile
	recorded := []*SchedFeatures{{Name: "kv_attended", Scores: []float64{0, 0, 0, 1}}}
	m := small{made{kind: precision.KindLearned, classifier: c.SHA256, bits: []int{4, 4, 4, 4, 3, 3}, features: recorded}}
	t.Run("keys and values beside the trace are classified", func(t *testing.T) {
		trace := m.write(t, filepath.Join(t.TempDir(), "a.trace.jsonl.zst"))
		beside(t, trace)
		// The second class wins: testdata/kv_classifier.json of package precision.
		if got, n := decided(t, text, trace); !slices.Equal(got, []int{4, 4, 3, 3, 3, 3}) || n != 4 {
			t.Errorf("got %v (%d counterfactual)", got, n)
		}
	})
	t.Run("without them the recorded scores of the same classifier are replayed", func(t *testing.T) {
		trace := m.write(t, filepath.Join(t.TempDir(), "a.trace.jsonl.zst"))
		if got, _ := decided(t, text, trace); !slices.Equal(got, []int{4, 4, 4, 4, 4, 4}) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("and another classifier is refused", func(t *testing.T) {
		for _, own := range []string{sha, ""} {
			other := m
			other.classifier = own
			trace := other.write(t, filepath.Join(t.TempDir(), "a.trace.jsonl.zst"))
			said := own
			if own == "" {
				said = "none that the header names"
			}
			want := fmt.Sprintf("classifier %s: it is not the one whose scores %s has (SHA-256 %s, recorded: %s), and there are no keys and "+
				"values to run it on; accepted: %s beside the trace, or no classifier= to replay the recorded scores", classifierFile,
				trace.Name, c.SHA256, said, strings.TrimSuffix(trace.Name, ".trace.jsonl.zst")+".kv.safetensors")
			if _, err := trace.Evidence(schedule(t, text)); err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		}
	})
	t.Run("a cache of another length is refused", func(t *testing.T) {
		trace := m.write(t, filepath.Join(t.TempDir(), "a.trace.jsonl"))
		trace.Header.Prompt.Tokens = 7
		beside(t, trace)
		_, err := trace.Evidence(schedule(t, text))
		if err == nil || !strings.HasSuffix(err.Error(), "a.kv.safetensors holds 2 heads, 5 tokens, 3 values; accepted: 2, 8, 3, the cache "+
			"of the last block after decode pass 1") {
			t.Error(err)
		}
	})
	t.Run("a classifier that is not there is named", func(t *testing.T) {
		trace := m.write(t, filepath.Join(t.TempDir(), "a.trace.jsonl"))
		if _, err := trace.Evidence(schedule(t, "learned:4>3,classifier=none")); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	})
}

func TestRuns(t *testing.T) {
	dir := t.TempDir()
	good := made{kind: precision.KindStatic, params: &SchedulerParams{Bits: []int{4, 3}, SwitchAt: []int{2}}, prompt: sha, bits: []int{4, 4, 3},
		agree: ptr(.5), nll: ptr(1.0)}
	high := made{kind: precision.KindUniform, spec: "uniform:4", prompt: sha, bits: []int{4, 4, 4}, agree: ptr(.75), nll: ptr(0.5)}
	a := good.write(t, filepath.Join(dir, "a.trace.jsonl.zst"))
	b := high.write(t, filepath.Join(dir, "b.trace.jsonl.zst"))
	t.Run("a directory is read in the order of its names", func(t *testing.T) {
		all, err := ReadDir(dir)
		if err != nil || len(all) != 2 || all[0].Name != a.Name || all[1].Name != b.Name {
			t.Errorf("%v, %v", all, err)
		}
		empty := t.TempDir()
		if _, err := ReadDir(empty); err == nil || err.Error() != empty+": no traces; accepted: a directory with NAME.trace.jsonl.zst files" {
			t.Error(err)
		}
	})
	t.Run("traces are grouped by prompt, with schedule, quality and bits", func(t *testing.T) {
		ids := high
		ids.prompt = ""
		x := ids.write(t, filepath.Join(t.TempDir(), "x.trace.jsonl"))
		x.Header.Prompt.IDs = []int{1, 2, 3, 4}
		p, err := Prompts([]*Trace{a, x, b}, Quality)
		if err != nil || len(p) != 2 || len(p[0].Runs) != 2 || p[0].Prompt != sha {
			t.Fatalf("%+v, %v", p, err)
		}
		if r := p[0].Runs[0]; r.Schedule.String() != "static:4>3@2" || r.Quality != .5 || r.AverageBits != 11.0/3 || r.Source != a.Name {
			t.Errorf("%+v", r)
		}
		if r := p[0].Runs[1]; r.Schedule.String() != "uniform:4" || r.Quality != .75 {
			t.Errorf("%+v", r)
		}
	})
	t.Run("likelihood is the mean probability of a token", func(t *testing.T) {
		if q, err := b.Quality(Likelihood); err != nil || q < .60653 || q > .60654 { // e^-0.5
			t.Errorf("%v, %v", q, err)
		}
	})
	for _, c := range []struct {
		name   string
		change func(m *made)
		want   string
	}{
		{"no agreement", func(m *made) { m.agree = nil }, "the footer has no agree; accepted for quality: a trace recorded with the fp16 reference beside it"},
		{"no prompt", func(m *made) { m.prompt = "" }, "the header says neither prompt.sha256 nor prompt.ids; accepted: one of them, to tell which " +
			"traces are of the same prompt"},
		{"an interrupted run", func(m *made) { m.stop = StopTruncated }, "the recording was interrupted; accepted: whole runs"},
		{"a schedule that decides", func(m *made) { m.kind, m.params = precision.KindLearned, nil }, "recorded under learned, whose switches depend on the prompt; " +
			"accepted: traces under fp16, uniform and static, with scheduler.spec or scheduler.params"},
		{"a schedule that is not described", func(m *made) { m.params = nil }, "the header does not say which precisions its schedule has; " +
			"accepted: traces under fp16, uniform and static, with scheduler.spec or scheduler.params"},
		{"switches that are not described", func(m *made) { m.params, m.spec = nil, "static:4>3" }, "the header does not say where static:4>3 " +
			"switched; accepted: traces under fp16, uniform and static, with scheduler.spec or scheduler.params"},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			m := good
			c.change(&m)
			x := m.write(t, filepath.Join(t.TempDir(), "x.trace.jsonl.zst"))
			if _, err := Prompts([]*Trace{a, x}, Quality); err == nil || err.Error() != x.Name+": "+c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
	t.Run("traces of two models are refused", func(t *testing.T) {
		x := good.write(t, filepath.Join(t.TempDir(), "x.trace.jsonl"))
		x.Header.Model.Name = "other"
		if _, err := Prompts([]*Trace{a, x}, Quality); err == nil || !strings.Contains(err.Error(), "a trace of other, ") {
			t.Error(err)
		}
	})
}
