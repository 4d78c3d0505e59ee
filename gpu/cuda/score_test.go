//go:build cuda

package cuda_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/cuda"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// scores collects logits by turn and token.
type scores map[[2]int][]float32

func (s scores) each(turn, token int, logits []float32) error {
	s[[2]int{turn, token}] = slices.Clone(logits)
	return nil
}

// apartBy is the norm of the difference of two vectors relative to the first.
func apartBy(want, got []float32) float64 {
	var difference, size float64
	for i, w := range want {
		d := float64(got[i]) - float64(w)
		difference, size = difference+d*d, size+float64(w)*float64(w)
	}
	return math.Sqrt(difference / size)
}

// TestScoresAreTheCPUs: several sequences of unlike lengths, whole texts and single tokens, at changing bits, in chunks that divide none
// of them, and with more rows than logits are computed for at a time.
func TestScoresAreTheCPUs(t *testing.T) {
	for _, c := range []struct {
		family string
		rows   int
		long   int // tokens of the longest turn
	}{{"llama", 5, 9}, {"phi", 0, 80}, {"qwen2", 64, 7}, {"stablelm", 7, 14}} {
		t.Run(fmt.Sprintf("%s in rows of %d", c.family, c.rows), func(t *testing.T) {
			source := gputest.Random(t, c.family, 3)
			onCPU, err := cpu.Open(t.Context(), source, cpu.Options{Workers: 2})
			if err != nil {
				t.Fatal(err)
			}
			mixed := mixtures(source.Model().Model)[2]
			backends := []gpu.Backend{onCPU, open(t, source, cuda.Options{Rows: c.rows, Apart: []precision.Assignment{mixed}})}
			text := gputest.Prompt(source.Model(), 120)
			passes := []struct {
				at   precision.Assignment
				read [][2]int // tokens of the text that each sequence reads
				all  bool
			}{
				{precision.Uniform(4), [][2]int{{0, 6}, {0, 1}, {0, c.long}}, false},
				{precision.Uniform(3), [][2]int{{6, 7}, {1, 2}, {c.long, c.long + 1}}, true},
				{precision.Uniform(2), [][2]int{{7, 15}, {2, 5}, {c.long + 1, c.long + 12}}, true},
				{mixed, [][2]int{{15, 18}, {5, 6}, {c.long + 12, c.long + 14}}, false},
				{precision.Uniform(16), [][2]int{{18, 19}, {6, 7}, {c.long + 14, c.long + 15}}, true},
			}
			var all [2][]scores
			var last [2][]gpu.State
			for i, b := range backends {
				var sequences []gpu.Sequence
				for range 3 {
					sequences = append(sequences, start(t, b, 120))
				}
				for _, p := range passes {
					var turns []gpu.Turn
					for k, r := range p.read {
						turns = append(turns, gpu.Turn{Sequence: sequences[k], Tokens: text[r[0]:r[1]], All: p.all})
					}
					got := scores{}
					if err := b.(gpu.Scorer).Score(turns, p.at, got.each); err != nil {
						t.Fatal(err)
					}
					all[i] = append(all[i], got)
				}
				for _, s := range sequences {
					state, err := s.State(gpu.Want{Logits: true, Cache: true})
					if err != nil {
						t.Fatal(err)
					}
					last[i] = append(last[i], state)
				}
			}
			for p, want := range all[0] {
				if len(want) == 0 || len(all[1][p]) != len(want) {
					t.Fatalf("pass %d: %d rows of logits, the CPU has %d", p, len(all[1][p]), len(want))
				}
				for at, logits := range want {
					if off := apartBy(logits, all[1][p][at]); !(off < 0.01) {
						t.Errorf("pass %d, turn %d, token %d: logits are off by %.4f of their size", p, at[0], at[1], off)
					}
				}
			}
			for k, want := range last[0] {
				got := last[1][k]
				if got.Positions != want.Positions || !(apartBy(want.Keys, got.Keys) < 0.01) || !(apartBy(want.Values, got.Values) < 0.01) ||
					!(apartBy(want.Logits, got.Logits) < 0.01) {
					t.Errorf("sequence %d: %d positions and another state, the CPU has %d", k, got.Positions, want.Positions)
				}
			}
		})
	}
}

// TestScoringGoesOnAfterAnError: the caches hold what they held, also after an error of whoever takes the logits.
func TestScoringGoesOnAfterAnError(t *testing.T) {
	source := gputest.Random(t, "llama", 2)
	b := open(t, source, cuda.Options{Bits: []int{4}}).(gpu.Scorer)
	at, prompt := precision.Uniform(4), gputest.Prompt(source.Model(), 6)
	one, other := start(t, b, 12), start(t, b, 12)
	turns := func(tokens []int) []gpu.Turn {
		return []gpu.Turn{{Sequence: one, Tokens: tokens, All: true}, {Sequence: other, Tokens: tokens, All: true}}
	}
	if err := b.Score(turns(prompt), at, scores{}.each); err != nil {
		t.Fatal(err)
	}
	want := scores{}
	for range 2 { // the same again: the first time nothing was read in the end
		stop := errors.New("stop")
		err := b.Score(turns([]int{7, 8, 9}), at, func(turn, token int, logits []float32) error {
			if turn == 1 && token == 2 {
				return stop
			}
			return nil
		})
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		got := scores{}
		if err := b.Score(turns([]int{7, 8, 9})[:1], at, got.each); err != nil {
			t.Fatal(err)
		}
		if len(want) > 0 && !slices.Equal(want[[2]int{0, 2}], got[[2]int{0, 2}]) {
			t.Error("the logits after an error are others")
		}
		want = got
		one, other = start(t, b, 12), start(t, b, 12)
		if err := b.Score(turns(prompt), at, scores{}.each); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		turns []gpu.Turn
		want  string
	}{
		{nil, "no turns"},
		{turns(nil), "0 tokens after 6 positions of 12"},
		{turns(make([]int, 7)), "7 tokens after 6 positions of 12"},
		{turns([]int{320}), "token 320; accepted: 0 to 319"},
		{append(turns([]int{1}), turns([]int{1})...), "twice the same"},
	} {
		if err := b.Score(c.turns, at, scores{}.each); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v; want %s", err, c.want)
		}
	}
	if err := b.Score(turns([]int{1}), precision.Uniform(3), scores{}.each); err == nil || !strings.Contains(err.Error(), "at 3 bits are not on the GPU") {
		t.Error(err)
	}
}
