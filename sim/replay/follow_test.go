package replay

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/routing"
)

// TestFollowing: a run that is followed while it goes on comes to what its trace comes to afterwards, deciding
// included.
func TestFollowing(t *testing.T) {
	const prompt, gen = 24, 6
	half := 0.5
	signals := make([]precision.Signals, gen-1)
	for i := range signals {
		signals[i].Confidence = &half
	}
	signals[0].KV = []float64{0, 1, 0, 0}
	for _, schedule := range []string{"uniform:3", "static:4>2@2,prefill=8", "random:4>3,seed=2", "confidence:4>3,window=2", "learned:4>3"} {
		t.Run(schedule, func(t *testing.T) {
			j := short(t, "pmpd-paper", "qwen2.5-0.5b", schedule, prompt, gen)
			j.Evidence = precision.Evidence{Source: "made", Horizon: gen, Signals: signals}
			whole := mustRun(t, 2, j)

			live, err := j.Schedule.Start(j.Model, gen, precision.Evidence{Source: "live", Horizon: gen})
			if err != nil {
				t.Fatal(err)
			}
			j.Evidence = precision.Evidence{}
			passes := make(chan Pass)
			go func() {
				defer close(passes)
				d, _ := live.Next(precision.Signals{})
				passes <- Pass{} // prefill
				for i := range gen - 1 {
					p := Pass{At: d.At}
					if i < gen-2 {
						if d, err = live.Next(signals[i]); err != nil {
							t.Error(err)
						}
					}
					p.Asked = live.Plan().Asked > i
					passes <- p
				}
			}()
			followed, counts, err := Follow(t.Context(), j, passes, Options{Workers: 2, Version: "test"})
			if err != nil {
				t.Fatal(err)
			}
			Compare([]Job{j}, []*result.Result{followed})
			if len(counts) != gen {
				t.Errorf("%d steps", len(counts))
			}
			if a, b := encoded(t, whole[0]), encoded(t, followed); !bytes.Equal(a, b) {
				t.Errorf("afterwards:\n%s\nlive:\n%s", a, b)
			}
		})
	}
}

func encoded(t *testing.T, r *result.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := result.WriteJSON(&b, []*result.Result{r}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFollowingWhatEndsEarly(t *testing.T) {
	j := short(t, "pmpd-paper", "qwen2.5-0.5b", "uniform:4", 24, 9)
	passes := make(chan Pass, 4)
	for range 4 {
		passes <- Pass{At: precision.Uniform(4)}
	}
	close(passes)
	r, counts, err := Follow(t.Context(), j, passes, Options{Workers: 3})
	if err != nil || r.GeneratedTokens != 4 || len(counts) != 4 || counts[3].Cycles == 0 {
		t.Errorf("error %v, %d tokens, %d steps", err, r.GeneratedTokens, len(counts))
	}
}

func TestFollowingThatIsStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Follow(ctx, short(t, "pmpd-paper", "qwen2.5-0.5b", "uniform:4", 24, 9), make(chan Pass), Options{Workers: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// sparse is a job of a model with six experts in each of two layers, whose prompt fills one and a half passes of a graph.
func sparse(t *testing.T) Job {
	t.Helper()
	j := short(t, "edge-lpddr5", "qwen2.5-0.5b", "uniform:4", 12, 4)
	j.Config.Graph.PrefillChunk = 8
	file := filepath.Join(t.TempDir(), "sparse.json")
	if err := os.WriteFile(file, []byte(`{"model_type": "qwen3_moe", "hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
		"num_key_value_heads": 2, "head_dim": 32, "intermediate_size": 192, "moe_intermediate_size": 64, "vocab_size": 300, "max_position_embeddings": 128,
		"num_experts": 6, "num_experts_per_tok": 1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if j.Model, err = workloads.Load(file); err != nil {
		t.Fatal(err)
	}
	return j
}

// taken are the experts of a pass: of a prompt the first two, and of decode pass n the experts 2+n.
func taken(pass int) (tokens int, ids []int) {
	if pass > 0 {
		return 1, []int{2 + pass, 2 + pass}
	}
	for i := range 12 {
		ids = append(ids, i%2, i%2)
	}
	return 12, ids
}

func TestFollowingExperts(t *testing.T) {
	j := sparse(t)
	recorded := routing.NewRecorded(j.Model, 12+3)
	passes := make(chan Pass, 4)
	for pass := range 4 {
		tokens, ids := taken(pass)
		if err := recorded.Add(tokens, ids); err != nil {
			t.Fatal(err)
		}
		passes <- Pass{At: precision.Uniform(4), Experts: ids}
	}
	close(passes)
	followed, _, err := Follow(t.Context(), j, passes, Options{Workers: 2, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if e := followed.Experts; e.Routing != "trace" || e.Prefill.Most != 2 || e.Decode.Most != 1 {
		t.Errorf("experts %+v, prefill %+v, decode %+v", e, e.Prefill, e.Decode)
	}
	j.Experts.Kind, j.RecordedExperts = routing.Trace, recorded
	whole := mustRun(t, 1, j)
	Compare([]Job{j}, []*result.Result{followed})
	if a, b := encoded(t, whole[0]), encoded(t, followed); !bytes.Equal(a, b) {
		t.Errorf("afterwards:\n%s\nlive:\n%s", a, b)
	}
	j.Generated++
	want := "the trace has those of 15 positions, a prompt of 12 tokens and 4 decode passes take 16"
	if _, err := Prepare(j); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a longer job: %v", err)
	}
}

func TestFollowingWithoutItsExperts(t *testing.T) {
	for name, c := range map[string]struct {
		passes []Pass
		want   string
	}{
		"no prefill":         {nil, "ended before its prefill"},
		"a prefill of none":  {[]Pass{{}}, "pass 0: experts: 0 of 12 tokens; accepted: 24"},
		"a pass of too many": {[]Pass{{Experts: make([]int, 24)}, {Experts: make([]int, 4)}}, "pass 1: experts: 4 of 1 tokens; accepted: 2"},
	} {
		passes := make(chan Pass, len(c.passes))
		for _, p := range c.passes {
			passes <- p
		}
		close(passes)
		if _, _, err := Follow(t.Context(), sparse(t), passes, Options{Workers: 1}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
