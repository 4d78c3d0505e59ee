package precision_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

func parse(t testing.TB, text string) precision.Schedule {
	t.Helper()
	s, err := precision.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ptr[T any](v T) *T { return &v }

// run is a run of an oracle's prompt.
func run(t testing.TB, schedule string, quality float64) precision.Run {
	return precision.Run{Schedule: parse(t, schedule), Quality: quality, Source: schedule}
}

// evidence is a made-up trace of 19 passes with every signal: confidence rises, class 1 wins.
func evidence() precision.Evidence {
	e := precision.Evidence{Source: "made.trace.jsonl"}
	for i := range 19 {
		e.Recorded = append(e.Recorded, precision.Uniform(4))
		e.Signals = append(e.Signals, precision.Signals{Confidence: ptr(0.5 + float64(i)/100)})
	}
	e.Signals[0].KV, e.Signals[0].Activation = []float64{.1, .6, .2, .1}, []float64{.1, .2, .1, .6}
	e.Runs = []precision.Run{
		{Schedule: precision.Schedule{Kind: precision.KindUniform, Bits: []int{4}}, Quality: 0.8},
		{Schedule: precision.Schedule{Kind: precision.KindStatic, Bits: []int{4, 3}, Steps: []int{6}}, Quality: 0.8},
	}
	return e
}

// scored is a trace whose class is given.
func scored(class, passes int) precision.Evidence {
	e := precision.Evidence{Source: "made.trace.jsonl", Signals: make([]precision.Signals, passes)}
	scores := []float64{0, 0, 0, 0}
	scores[class] = 1
	e.Signals[0].KV, e.Signals[0].Activation = scores, scores
	return e
}

// confidences is a trace with these scores after its passes.
func confidences(scores ...float64) precision.Evidence {
	e := precision.Evidence{Source: "made.trace.jsonl"}
	for _, s := range scores {
		e.Signals = append(e.Signals, precision.Signals{Confidence: ptr(s)})
	}
	return e
}

// pmpdChosen is PMPD's generation loop with a scheduler that has chosen h (kv_cache_scheduler.py): at each index, one
// precision down if index >= h and there is one.
func pmpdChosen(bits []int, h, passes int) []int {
	var run []int
	current := 0
	for token := 1; token <= passes; token++ {
		run = append(run, bits[current])
		if current < len(bits)-1 && token >= h {
			current++
		}
	}
	return run
}

func TestChosenIsPMPD(t *testing.T) {
	for _, l := range []int{33, 60, 120, 180, 255, 256} {
		for class, h := range []int{0, l / 3, 2 * (l / 3), l} {
			for _, kind := range []string{"learned", "activation"} {
				for _, bits := range [][]int{{4, 3}, {4, 3, 2}} {
					text := fmt.Sprintf("%s:%s,l=%d", kind, strings.Trim(strings.ReplaceAll(fmt.Sprint(bits), " ", ">"), "[]"), l)
					t.Run(fmt.Sprintf("%s with class %d runs each pass at the bits of PMPD's loop", text, class), func(t *testing.T) {
						gen := l + 5
						p, err := parse(t, text).Resolve(nil, gen, scored(class, gen-1))
						if err != nil {
							t.Fatal(err)
						}
						if got, want := walk(p, gen), pmpdChosen(bits, h, gen-1); !slices.Equal(got, want) {
							t.Errorf("got  %v\nwant %v", got, want)
						}
					})
				}
			}
		}
	}
}

func TestDecide(t *testing.T) {
	// Two scores set the threshold: mean .75, sample standard deviation √(2·.05²/1) = .0707.
	threshold := 0.75 + math.Sqrt(2*.05*.05)
	for _, c := range []struct {
		name, text string
		e          precision.Evidence
		gen        int
		want       []int
	}{
		{"class 0 switches after the first pass", "learned:4>3,l=9", scored(0, 5), 6, []int{4, 3, 3, 3, 3}},
		{"with three precisions the second switch follows on the next step", "learned:4>3>2,l=9", scored(1, 6), 7, []int{4, 4, 4, 3, 2, 2}},
		{"without l the limit of the run divides", "learned:4>3", func() precision.Evidence {
			e := scored(1, 5)
			e.Horizon = 6
			return e
		}(), 6, []int{4, 4, 3, 3, 3}},
		{"without a limit the tokens of the job divide", "learned:4>3", scored(1, 8), 9, []int{4, 4, 4, 3, 3, 3, 3, 3}},
		{"the first of equal scores wins", "learned:4>3,l=6", precision.Evidence{Signals: []precision.Signals{
			{KV: []float64{.1, .4, .4, .1}}, {}}}, 5, []int{4, 4, 3, 3}},
		{"the last precision is kept when confidence rises on", "confidence:4>3,window=2", confidences(.7, .8, .9, .95, 1), 6,
			[]int{4, 4, 4, 3, 3}},
		{"a score below the threshold keeps the precision", "confidence:4>3,window=2", confidences(.7, .8, threshold-1e-9, threshold+1e-9, 0), 6,
			[]int{4, 4, 4, 4, 3}},
		{"each precision has a window of its own", "confidence:4>3>2,window=2", confidences(.7, .8, 1, .1, .1, .2, 0, 0), 9,
			[]int{4, 4, 4, 3, 3, 3, 2, 2}},
		{"equal scores reach their own mean", "confidence:4>3", confidences(slices.Repeat([]float64{.9}, 12)...), 13,
			[]int{4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 3}},
		{"k=0 is the mean", "confidence:4>3,window=2,k=0", confidences(.7, .8, .76, 0), 5, []int{4, 4, 4, 3}},
		{"a share of one is always drawn", "random:4>3,l=6,p=0/0/1/0", precision.Evidence{}, 7, []int{4, 4, 4, 4, 3, 3}},
		{"the oracle takes the earliest switch that keeps the quality", "oracle:4>3", precision.Evidence{Runs: []precision.Run{
			run(t, "static:4>3@4", .8), run(t, "static:4>3@0", .5), run(t, "static:4>3@2", .795), run(t, "uniform:4", .8),
			run(t, "static:4>2@0", 1)}}, 6, []int{4, 4, 3, 3, 3}},
		{"the oracle stays where no switch keeps it", "oracle:4>3,bound=2", precision.Evidence{Runs: []precision.Run{
			run(t, "static:4>3@4", .8), run(t, "uniform:4", .8)}}, 6, []int{4, 4, 4, 4, 4}},
		{"fp16 can be the reference of an oracle", "oracle:16>4", precision.Evidence{Runs: []precision.Run{
			run(t, "static:16>4@1", 1), run(t, "fp16", 1)}}, 4, []int{16, 4, 4}},
		{"one token takes no decision", "learned:4>3", precision.Evidence{}, 1, []int{}},
		{"two tokens take none either: the first pass is high", "confidence:4>3", precision.Evidence{}, 2, []int{4}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := parse(t, c.text).Resolve(nil, c.gen, c.e)
			if err != nil {
				t.Fatal(err)
			}
			if got := walk(p, c.gen); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestReasons(t *testing.T) {
	e := scored(1, 19)
	for i := range e.Signals {
		e.Signals[i].Confidence = ptr([]float64{.7, .8, .7, .9}[i%4])
	}
	e.Runs = []precision.Run{run(t, "uniform:4", .8), run(t, "static:4>3@3", .76)}
	for _, c := range []struct {
		text string
		pass int
		want string
	}{
		{"learned:4>3,l=9", 1, "the first decode pass is always at the first precision"},
		{"learned:4>3,l=9", 2, "index 1 < 3, candidate 1 of 0 3 6 9 (scores 0 1 0 0)"},
		{"learned:4>3,l=9", 4, "index 3 >= 3, candidate 1 of 0 3 6 9 (scores 0 1 0 0)"},
		{"learned:4>3,l=9", 5, "at the lowest precision"},
		{"confidence:4>3,window=3", 3, "confidence 0.8 is score 2 of 3 that set the threshold"},
		{"confidence:4>3,window=3", 5, "confidence 0.9 >= threshold 0.7911 (mean 0.7333 + 1 x std 0.05774 of 3)"},
		{"confidence:4>3,window=3,k=9", 5, "confidence 0.9 < threshold 1.253 (mean 0.7333 + 9 x std 0.05774 of 3)"},
		{"random:4>3,l=6,p=0/1/0/0", 3, "index 2 >= 2, drawn from 0 2 4 6 with seed 0"},
		{"oracle:4>3,bound=0.9", 4, "index 3 >= 3, the earliest switch that keeps 0.9 of the quality (0.95)"},
		{"oracle:4>3", 4, "no recorded switch keeps 0.99 of the quality"},
		{"static:4>3@3", 1, "the first decode pass is always at the first precision"},
		{"static:4>3@3", 3, "index 2 < switch step 3"},
		{"static:4>3@3", 4, "index 3 >= switch step 3"},
		{"uniform:4", 4, "one precision throughout"},
	} {
		t.Run(fmt.Sprintf("pass %d of %s says why", c.pass, c.text), func(t *testing.T) {
			p, err := parse(t, c.text).Decide(nil, 10, e)
			if err != nil {
				t.Fatal(err)
			}
			if d := p.Decisions[c.pass-1]; d.Reason != c.want || d.Pass != c.pass {
				t.Errorf("got  %+v\nwant %s", d, c.want)
			}
		})
	}
}

func TestCounterfactual(t *testing.T) {
	e := scored(0, 5)
	for _, c := range []struct {
		name, text string
		recorded   []int
		want       int
	}{
		{"the recorded bits again are none", "learned:4>3", []int{4, 3, 3, 3, 3}, 0},
		{"all passes from the first other bits on are", "learned:4>3", []int{4, 4, 3, 3, 3}, 4},
		{"another first precision makes all of them so", "learned:3>2", []int{4, 4, 3, 3, 3}, 5},
		{"without a recording nothing is", "learned:4>3", nil, 0},
		{"a schedule that reads no signals has none", "static:4>3@2", []int{4, 4, 4, 4, 4}, 0},
		{"chance reads none", "random:4>3,p=1/0/0/0", []int{4, 4, 4, 4, 4}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			e.Recorded = precision.Uniforms(c.recorded...)
			p, err := parse(t, c.text).Decide(nil, 6, e)
			if err != nil || p.Counterfactual() != c.want {
				t.Errorf("%+v, %v", p, err)
			}
		})
	}
}

func TestPlan(t *testing.T) {
	for text, want := range map[string]string{"learned:4>3>2,l=9": "static:4>3>2@3,4", "uniform:4": "uniform:4", "fp16": "fp16",
		"static:4>3>2@0,1": "static:4>2@1", "static:4>3@99": "uniform:4", "static:2<3@5": "static:2<3@5", "static:4>2<3@5,9": "static:4>2<3@5,9"} {
		t.Run("the decisions of "+text+" are those of "+want, func(t *testing.T) {
			p, err := parse(t, text).Decide(nil, 20, evidence())
			if err != nil {
				t.Fatal(err)
			}
			s, ok := p.Static()
			if !ok || s.String() != want {
				t.Fatalf("got %v, %v", s, ok)
			}
			if got := walk(resolve(t, s.String(), 20), 20); !slices.Equal(got, walk(p, 20)) {
				t.Errorf("%v is not %v", got, walk(p, 20))
			}
		})
	}
	t.Run("recorded bits that rise are a static schedule that does", func(t *testing.T) {
		p, err := parse(t, "recorded").Decide(nil, 3, precision.Evidence{Recorded: precision.Uniforms(3, 4)})
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := p.Static(); !ok || s.String() != "static:3<4@1" {
			t.Errorf("%v, %v", s, ok)
		}
	})
	t.Run("no pass is none", func(t *testing.T) {
		if s, ok := (&precision.Plan{}).Static(); ok {
			t.Error(s)
		}
	})
}

func TestDecideErrors(t *testing.T) {
	bad := scored(0, 5)
	bad.Signals[0].KV = []float64{1, 2}
	for _, c := range []struct {
		name, text string
		e          precision.Evidence
		want       string
	}{
		{"no trace for a learned schedule", "learned:4>3", precision.Evidence{}, `there is no trace to decide on; accepted: --trace FILE ` +
			`with a sched_features record of step 0 with scores, named kv… (KV classifier), or a schedule that needs none: ` +
			precision.List(precision.KindsThatNeed(precision.NeedsNothing))},
		{"a trace without features", "activation:4>3", confidences(1, 1, 1, 1, 1), `made.trace.jsonl lacks a sched_features record of step ` +
			`0 with scores, named act… (activation classifier); accepted: a trace with one, as activation records it, or recorded`},
		{"scores of other classes", "learned:4>3", bad, `made.trace.jsonl has 2 scores (1 2) after decode pass 1; accepted: 4 numbers, one ` +
			`per candidate`},
		{"a trace without confidence", "confidence:4>3", scored(0, 5), `made.trace.jsonl lacks p_max in step 0; accepted: a trace with ` +
			`p_max in every step up to the last switch, or recorded`},
		{"a trace that ends early", "confidence:4>3", confidences(.5, .5), `made.trace.jsonl lacks p_max in step 2; accepted: a trace with ` +
			`p_max in every step up to the last switch, or recorded`},
		{"an oracle without runs", "oracle:4>3", precision.Evidence{}, `no trace of the prompt has 4 bits throughout; accepted: traces of ` +
			`the prompt under uniform:4 and under static:4>3@N (pmpdsim schedule --traces DIR)`},
		{"an oracle without switches", "oracle:4>3", precision.Evidence{Runs: []precision.Run{run(t, "uniform:4", 1), run(t, "static:4>2@1", 1)}},
			`no trace of the prompt switches from 4 to 3 bits; accepted: traces of the prompt under static:4>3@N (pmpdsim schedule --traces ` +
				`DIR)`},
		{"an oracle whose reference has no quality", "oracle:4>3", precision.Evidence{Runs: []precision.Run{run(t, "uniform:4", 0)}},
			`the run at 4 bits throughout has a quality of 0; accepted: more, to hold others against`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := parse(t, c.text).Resolve(nil, 6, c.e)
			if want := fmt.Sprintf("schedule %q: %s", c.text, c.want); err == nil || err.Error() != want {
				t.Errorf("got  %v, %v\nwant %s", p, err, want)
			}
		})
	}
	t.Run("passes beyond the last switch need no signals", func(t *testing.T) {
		if _, err := parse(t, "confidence:4>3,window=2").Resolve(nil, 50, confidences(.1, .2, 1)); err != nil {
			t.Error(err)
		}
	})
}

func TestDraw(t *testing.T) {
	t.Run("the same seed draws the same, and seeds differ", func(t *testing.T) {
		count := map[int]int{}
		for seed := range 4000 {
			text := fmt.Sprintf("random:4>3,l=30,seed=%d,p=0.1/0.2/0.3/0.4", seed)
			p, err := parse(t, text).Decide(nil, 40, precision.Evidence{})
			if err != nil {
				t.Fatal(err)
			}
			again, err := parse(t, text).Decide(nil, 40, precision.Evidence{})
			if err != nil || !slices.Equal(p.Decisions, again.Decisions) {
				t.Fatalf("seed %d: %v", seed, err)
			}
			s, _ := p.Static()
			count[s.Steps[0]]++
		}
		// Binomial: four standard deviations of 4000 draws are below 4·√(4000·.25) = 126.
		for step, share := range map[int]float64{1: .1, 10: .2, 20: .3, 30: .4} {
			if n := float64(count[step]); math.Abs(n-4000*share) > 126 {
				t.Errorf("switch at %d drawn %v times of 4000, want about %v", step, n, 4000*share)
			}
		}
	})
	t.Run("a seed draws what its SHA-256 says", func(t *testing.T) {
		// printf 'pmpdsim random 0' | sha256sum starts with 9f, which is in the third quarter; 1: 93, 2: e8
		for seed, want := range map[int]string{0: "static:4>3@20", 1: "static:4>3@20", 2: "static:4>3@30"} {
			p, err := parse(t, fmt.Sprintf("random:4>3,l=30,seed=%d", seed)).Decide(nil, 40, precision.Evidence{})
			if err != nil {
				t.Fatal(err)
			}
			if s, _ := p.Static(); s.String() != want {
				t.Errorf("seed %d: %s, want %s", seed, s, want)
			}
		}
	})
}

// drawn is any schedule with any evidence for it.
func drawn(r *rapid.T) (precision.Schedule, precision.Evidence, int) {
	text := rapid.SampledFrom([]string{"fp16", "uniform:3", "static:4>3>2", "static:4>3@7", "learned:4>3", "learned:8>4>2,l=12",
		"activation:4>3", "confidence:4>3,window=3", "confidence:4>3>2,window=2,k=0", "random:4>3,seed=3", "oracle:4>3"}).Draw(r, "schedule")
	s, err := precision.Parse(text)
	if err != nil {
		r.Fatal(err)
	}
	gen := rapid.IntRange(2, 40).Draw(r, "gen")
	e := precision.Evidence{Source: "drawn", Runs: evidence().Runs, Horizon: rapid.IntRange(0, 60).Draw(r, "limit")}
	score := rapid.Float64Range(0, 1)
	for range gen - 1 {
		four := func(what string) []float64 { return rapid.SliceOfN(score, 4, 4).Draw(r, what) }
		e.Signals = append(e.Signals, precision.Signals{Confidence: ptr(score.Draw(r, "confidence")), KV: four("kv"), Activation: four("act")})
	}
	return s, e, gen
}

func TestDecisionProperties(t *testing.T) {
	t.Run("bits never rise, and the first pass is at the first precision", func(t *testing.T) {
		rapid.Check(t, func(r *rapid.T) {
			s, e, gen := drawn(r)
			p, err := s.Decide(nil, gen, e)
			if err != nil {
				r.Fatal(err)
			}
			last := s.Bits[0]
			for i, d := range p.Decisions {
				if d.Bits > last || i == 0 && d.Bits != last || d.Pass != i+1 || d.Reason == "" {
					r.Fatalf("%+v after %d bits", d, last)
				}
				last = d.Bits
			}
			if len(p.Decisions) != gen-1 {
				r.Fatalf("%d decisions for %d tokens", len(p.Decisions), gen)
			}
		})
	})
	t.Run("later signals change no earlier decision", func(t *testing.T) {
		rapid.Check(t, func(r *rapid.T) {
			s, e, gen := drawn(r)
			before, err := s.Decide(nil, gen, e)
			if err != nil {
				r.Fatal(err)
			}
			from := rapid.IntRange(1, gen-1).Draw(r, "from") // signals of pass from and later are others
			for i := from - 1; i < len(e.Signals); i++ {
				e.Signals[i] = precision.Signals{Confidence: ptr(1 - *e.Signals[i].Confidence), KV: []float64{0, 0, 0, 1}, Activation: []float64{1, 0, 0, 0}}
			}
			after, err := s.Decide(nil, gen, e)
			if err != nil {
				r.Fatal(err)
			}
			if !slices.Equal(before.Decisions[:from], after.Decisions[:from]) {
				r.Fatalf("signals from pass %d on changed\n%+v\nto\n%+v", from, before.Decisions[:from], after.Decisions[:from])
			}
		})
	})
	t.Run("a plan and its policy are the same", func(t *testing.T) {
		rapid.Check(t, func(r *rapid.T) {
			s, e, gen := drawn(r)
			plan, err := s.Decide(nil, gen, e)
			if err != nil {
				r.Fatal(err)
			}
			policy, err := s.Resolve(nil, gen, e)
			if err != nil || !slices.Equal(walk(policy, gen), walk(plan, gen)) {
				r.Fatalf("%v, %v", policy, err)
			}
		})
	})
}
