package eval_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/eval"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/precision/classifier"
	"github.com/pmpdsim/pmpdsim/workloads/safetensors"
)

const prompt, generate = 6, 9

// job evaluates schedules on texts of random tokens, with random weights.
func job(t *testing.T, texts int, schedules ...string) *eval.Job {
	t.Helper()
	source := gputest.Random(t, "llama", 3)
	b, err := cpu.Open(t.Context(), source, cpu.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	j := &eval.Job{Backend: b.(gpu.Scorer), Model: source.Model(), Prompt: prompt, Generate: generate, Forced: true, Greedy: true}
	for i := range texts {
		text := gputest.Prompt(j.Model, prompt+generate)
		for k := range text {
			text[k] = (text[k]*(i+3) + 5*i*k) % j.Model.Vocab
		}
		j.Texts = append(j.Texts, text)
	}
	for _, text := range schedules {
		s, err := precision.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		e := eval.Schedule{Schedule: s}
		if s.Classifier != "" {
			if e.Classifier, err = classifier.Read(s.Classifier); err != nil {
				t.Fatal(err)
			}
		}
		j.Schedules = append(j.Schedules, e)
	}
	return j
}

func run(t *testing.T, j *eval.Job) [][]eval.Outcome {
	t.Helper()
	all, err := eval.Run(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// network is a classifier of the last block with weights that choose among its classes by the prompt.
func network(t *testing.T, m *weights.Model) string {
	t.Helper()
	h, n := m.KVHeads, m.KVHeads*m.HeadDim
	var tensors []*safetensors.Tensor
	for i, x := range []struct {
		name  string
		shape []int
	}{
		{"query", []int{h, h, m.HeadDim}}, {"project.0.weight", []int{n, n}}, {"project.0.bias", []int{n}}, {"project.2.weight", []int{4, n}},
		{"project.2.bias", []int{4}}, {"ln.weight", []int{n}}, {"ln.bias", []int{n}},
	} {
		size := 1
		for _, s := range x.shape {
			size *= s
		}
		values := make([]float32, size)
		for k := range values {
			values[k] = float32(math.Sin(float64((i+1)*(k+1)) * 1.7))
		}
		tensors = append(tensors, safetensors.New(x.name, safetensors.F32, x.shape, values))
	}
	path := filepath.Join(t.TempDir(), "c.safetensors")
	var data bytes.Buffer
	if err := errors.Join(safetensors.Write(&data, tensors, nil), os.WriteFile(path, data.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
	return path
}

// all are schedules of every kind that a live run decides.
func all(t *testing.T) []string {
	return []string{"fp16", "uniform:3", "static:4>3>2@2,5", "static:4>2@3,prefill=8", "random:4>2,seed=5", "confidence:4>3>2,window=2,k=0.1",
		"learned:4>2,classifier=" + network(t, gputest.Model(t, "llama")), "uniform:3;down_proj=+2"}
}

// TestGreedyIsTheRecorders: what a schedule decides and generates is what gpu.Recorder records.
func TestGreedyIsTheRecorders(t *testing.T) {
	gputest.Numbers(t)
	j := job(t, 3, all(t)...)
	outcomes := run(t, j)
	for s, schedule := range j.Schedules {
		for p, text := range j.Texts {
			of := schedule.OfPrompt(p)
			r, err := gpu.NewRecorder(context.Background(), j.Backend, gpu.Job{Model: j.Model, Prompt: text[:prompt], Generate: generate,
				Schedule: of.Schedule, Classifier: of.Classifier, IgnoreEOS: true, Tool: "test"})
			if err != nil {
				t.Fatal(err)
			}
			var file bytes.Buffer
			if err := r.Write(&file, nil); err != nil {
				t.Fatal(err)
			}
			reader, err := traces.NewReader("t.jsonl.zst", &file)
			if err != nil {
				t.Fatal(err)
			}
			trace, err := traces.ReadAll(reader)
			if err != nil {
				t.Fatal(err)
			}
			answer, bits := []int{*trace.Prefill.TokOut}, []int{}
			for _, step := range trace.Steps {
				answer, bits = append(answer, *step.TokOut), append(bits, step.WBits)
			}
			got := outcomes[s][p]
			if !slices.Equal(got.Answer, answer) {
				t.Errorf("%s, prompt %d: answer %v, recorded %v", schedule, p, got.Answer, answer)
			}
			if len(got.Evidence.Recorded) != generate-1 {
				t.Fatalf("%s: %d passes", schedule, len(got.Evidence.Recorded))
			}
			over, err := of.Over(j.Model.Model, generate)
			if err != nil {
				t.Fatal(err)
			}
			for i, at := range got.Evidence.Recorded {
				if want := over.At(precision.Uniform(bits[i]), i+1); at != want {
					t.Errorf("%s, prompt %d: pass %d at %s, recorded %s", schedule, p, i+1, at, want)
				}
			}
			plan, err := of.Decide(j.Model.Model, generate, got.Evidence) // what the NPU is told
			if err != nil {
				t.Fatal(err)
			}
			for i, at := range got.Evidence.Recorded {
				if plan.At(i+1) != at {
					t.Errorf("%s, prompt %d: pass %d at %s, decided anew %s", schedule, p, i+1, at, plan.At(i+1))
				}
			}
		}
	}
}

// TestForcedIsTokenByToken: what is read many tokens at a time, many prompts side by side, is what one prompt reads token by
// token: prefill at its own bits, then each token of the continuation at the bits of its pass.
func TestForcedIsTokenByToken(t *testing.T) {
	gputest.Numbers(t)
	j := job(t, 3, all(t)...)
	j.Greedy = false
	outcomes := run(t, j)
	for s, schedule := range j.Schedules {
		different := false
		for p, text := range j.Texts {
			got := outcomes[s][p]
			policy := precision.Passes(got.Forced)
			over, err := schedule.Over(j.Model.Model, generate)
			if err != nil {
				t.Fatal(err)
			}
			at := over.At(schedule.PrefillAt(precision.Assignment{}), 0)
			fp16, low := logits(t, j, text, precision.Uniform(weights.Half), throughout(weights.Half)), logits(t, j, text, at, policy.At)
			for i, token := range got.Tokens {
				p, q := gpu.LogSoftmax(fp16[i], nil), gpu.LogSoftmax(low[i], nil)
				want := eval.Token{LogP: min(q[text[prompt+i]], 0), KL: gpu.KL(p, q), Agrees: gpu.Greedy(fp16[i]).Token == gpu.Greedy(low[i]).Token}
				if token != want {
					t.Errorf("%s: token %d %+v, want %+v", schedule, i, token, want)
				}
			}
			different = different || slices.ContainsFunc(got.Tokens, func(t eval.Token) bool { return t.KL > 1e-4 })
			if len(got.Tokens) != generate || len(got.Forced) != generate-1 {
				t.Errorf("%s: %d tokens, %d passes", schedule, len(got.Tokens), len(got.Forced))
			}
		}
		if different == (schedule.Kind == precision.KindFP16) {
			t.Errorf("%s differs from fp16: %v", schedule, different)
		}
	}
	if at := outcomes[2][0].Forced; fmt.Sprint(at) != "[4 4 3 3 3 2 2 2]" {
		t.Errorf("%s reads the continuation at %v", j.Schedules[2], at)
	}
}

func throughout(bits int) func(int) precision.Assignment {
	return func(int) precision.Assignment { return precision.Uniform(bits) }
}

// logits are those of one prompt that is read token by token.
func logits(t *testing.T, j *eval.Job, text []int, prefill precision.Assignment, at func(pass int) precision.Assignment) (all [][]float32) {
	t.Helper()
	s, err := j.Backend.Start(len(text), formats.Cache{})
	if err != nil {
		t.Fatal(err)
	}
	for pass := range j.Generate {
		if pass == 0 {
			_, err = s.Prefill(text[:j.Prompt], prefill)
		} else {
			_, err = s.Decode(text[j.Prompt+pass-1], at(pass))
		}
		if err != nil {
			t.Fatal(err)
		}
		state, err := s.State(gpu.Want{Logits: true})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, slices.Clone(state.Logits))
	}
	return all
}

// TestNothingSeesTheFuture: tokens from one on change nothing before it, decisions of schedules included.
func TestNothingSeesTheFuture(t *testing.T) {
	gputest.Numbers(t)
	j := job(t, 1, all(t)...)
	j.Greedy = false
	before := run(t, j)
	const from = 4
	for i := prompt + from; i < len(j.Texts[0]); i++ {
		j.Texts[0][i] = (j.Texts[0][i] + 101) % j.Model.Vocab
	}
	after := run(t, j)
	for s, schedule := range j.Schedules {
		a, b := before[s][0], after[s][0]
		for i := range from {
			if a.Tokens[i] != b.Tokens[i] || i > 0 && a.Forced[i-1] != b.Forced[i-1] {
				t.Errorf("%s: token %d changes with token %d", schedule, i, from)
			}
		}
		if a.Tokens[from] == b.Tokens[from] {
			t.Errorf("%s: another token %d changes nothing", schedule, from)
		}
	}
}

// TestOutcomesDoNotDependOnBlocks: neither on which prompts run side by side.
func TestOutcomesDoNotDependOnBlocks(t *testing.T) {
	gputest.Numbers(t)
	j := job(t, 5, "fp16", "random:4>2,seed=1", "confidence:4>2,window=2,k=0.1")
	done := int64(0)
	j.Done = func(n int64) { done += n }
	want := run(t, j)
	if done != j.Work() {
		t.Errorf("%d tokens read, %d foreseen", done, j.Work())
	}
	j.Logits = 2 * 4 * int64(j.Model.Vocab) * generate // two prompts
	got := run(t, j)
	if !reflect.DeepEqual(got, want) {
		t.Error("outcomes depend on the blocks")
	}
	steps := map[string]bool{}
	for _, o := range want[1] {
		steps[fmt.Sprint(o.Forced)] = true
	}
	if len(steps) < 2 {
		t.Error("a random schedule draws the same for all prompts")
	}
}

// TestInterrupted: what is done stays.
func TestInterrupted(t *testing.T) {
	gputest.Numbers(t)
	j := job(t, 3, "fp16", "uniform:2")
	j.Logits = 1 // one prompt at a time
	ctx, cancel := context.WithCancel(t.Context())
	read := int64(0)
	j.Done = func(n int64) {
		if read += n; read > j.Work()/3 {
			cancel()
		}
	}
	all, err := eval.Run(ctx, j)
	if !errors.Is(err, context.Canceled) || len(all[0]) != 1 || len(all[1]) != 1 {
		t.Fatalf("%d and %d prompts, error %v", len(all[0]), len(all[1]), err)
	}
}

// TestInterruptedInTheFirstBlock: schedules that had finished it are there, whole.
func TestInterruptedInTheFirstBlock(t *testing.T) {
	gputest.Numbers(t)
	j := job(t, 3, "fp16", "uniform:2", "uniform:3")
	whole, err := eval.Run(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	read := int64(0)
	j.Done = func(n int64) {
		if read += n; read > j.Work()*5/6 {
			cancel()
		}
	}
	all, err := eval.Run(ctx, j)
	if !errors.Is(err, context.Canceled) || len(all) != 3 || len(all[2]) != 0 || !reflect.DeepEqual(all[:2], whole[:2]) {
		t.Fatalf("%d, %d and %d prompts, error %v", len(all[0]), len(all[1]), len(all[2]), err)
	}
}

func TestJobsAreRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*eval.Job)
		want   string
	}{
		{"a short text", func(j *eval.Job) { j.Texts[0] = j.Texts[0][1:] }, "prompt 1 has 14 tokens with its continuation; accepted: 6 and 9"},
		{"a token that there is not", func(j *eval.Job) { j.Texts[0][2] = 320 }, "token 3 of prompt 1 is 320; accepted: 0 to 319, the vocabulary of tiny-llama"},
		{"no prompt", func(j *eval.Job) { j.Texts = nil }, "nothing to evaluate; accepted: at least one schedule and one prompt"},
		{"nothing to decode", func(j *eval.Job) { j.Generate = 1 }, "1 tokens to generate leave nothing to decode; accepted: 2 or more"},
	} {
		j := job(t, 1, "uniform:2")
		c.change(j)
		if _, err := eval.Run(t.Context(), j); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	j := job(t, 1, "oracle:4>3")
	if _, err := eval.Run(t.Context(), j); err == nil {
		t.Error("an oracle ran")
	}
}

// counting is an engine that keeps how many tokens a pass read at most.
type counting struct {
	gpu.Scorer
	most int
}

func (c *counting) Score(turns []gpu.Turn, at precision.Assignment, each func(turn, token int, logits []float32) error) error {
	read := 0
	for _, t := range turns {
		read += len(t.Tokens)
	}
	c.most = max(c.most, read)
	return c.Scorer.Score(turns, at, each)
}

// TestPassesAreBounded: prompts and continuations of many sequences are read in several passes.
func TestPassesAreBounded(t *testing.T) {
	gputest.Numbers(t)
	j := job(t, 1, "uniform:4")
	j.Greedy, j.Prompt, j.Generate = false, 60, 40
	text := gputest.Prompt(j.Model, j.Prompt+j.Generate)
	j.Texts = slices.Repeat([][]int{text}, 10)
	c := &counting{Scorer: j.Backend}
	j.Backend = c
	all := run(t, j)
	if c.most > 512 || c.most < 400 {
		t.Errorf("a pass read %d tokens", c.most)
	}
	for i, of := range all[0] {
		if !reflect.DeepEqual(of, all[0][0]) {
			t.Errorf("prompt %d comes to something else than the first, which is the same", i+1)
		}
	}
}
