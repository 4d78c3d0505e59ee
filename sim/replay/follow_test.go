package replay

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
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
	passes := make(chan Pass, 3)
	for range 3 {
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
