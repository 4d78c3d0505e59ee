package cpu_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// scorer opens random weights of a model.
func scorer(t *testing.T, m *weights.Model, workers int) gpu.Scorer {
	t.Helper()
	src, err := weights.Random(m, 1)
	if err != nil {
		t.Fatal(err)
	}
	b, err := cpu.Open(t.Context(), src, cpu.Options{Workers: workers})
	if err != nil {
		t.Fatal(err)
	}
	return b.(gpu.Scorer)
}

func start(t *testing.T, b gpu.Backend, positions int) gpu.Sequence {
	t.Helper()
	s, err := b.Start(positions, formats.Cache{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func logitsOf(t *testing.T, s gpu.Sequence, err error) []float32 {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	state, err := s.State(gpu.Want{Logits: true})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(state.Logits)
}

// TestScoreIsPassAfterPass: sequences of different lengths that share passes yield, to the bit, the logits that each yields
// alone, token by token, at the same bits.
func TestScoreIsPassAfterPass(t *testing.T) {
	gputest.Numbers(t)
	files, err := filepath.Glob("testdata/transformers/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d models, error %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			_, opened := readGolden(t, file)
			m := opened.Model()
			b := scorer(t, m, 2)
			texts := [][]int{{3, 1, 4, 1, 5}, {9, 2, 6}, {5, 3, 5, 8, 9, 7}}
			widths := []int{8, 3, weights.Half}
			var alone [][][]float32 // by text and token
			for _, text := range texts {
				s := start(t, b, 3*len(text))
				var all [][]float32
				for i, at := range widths {
					for j, id := range text {
						var err error
						if i+j == 0 {
							_, err = s.Prefill([]int{id}, precision.Uniform(at))
						} else {
							_, err = s.Decode(id, precision.Uniform(at))
						}
						all = append(all, logitsOf(t, s, err))
					}
				}
				alone = append(alone, all)
			}
			var turns []gpu.Turn
			for i, text := range texts {
				turns = append(turns, gpu.Turn{Sequence: start(t, b, 3*len(text)), Tokens: text, All: i != 1})
			}
			for i, at := range widths {
				var order [][2]int
				if err := b.Score(turns, precision.Uniform(at), func(turn, token int, logits []float32) error {
					order = append(order, [2]int{turn, token})
					if want := alone[turn][i*len(texts[turn])+token]; !slices.Equal(logits, want) {
						t.Errorf("%d bits: turn %d, token %d: logits differ from those alone", at, turn, token)
					}
					return nil
				}); err != nil {
					t.Fatal(err)
				}
				if want := [][2]int{{0, 0}, {0, 1}, {0, 2}, {0, 3}, {0, 4}, {1, 2}, {2, 0}, {2, 1}, {2, 2}, {2, 3}, {2, 4}, {2, 5}}; !slices.Equal(order, want) {
					t.Errorf("handed over are %v, want %v", order, want)
				}
			}
			for i, turn := range turns {
				if !slices.Equal(logitsOf(t, turn.Sequence, nil), alone[i][len(alone[i])-1]) {
					t.Errorf("the state of sequence %d has other logits than its last token", i)
				}
			}
		})
	}
}

// TestScoreOfLongTexts: what is handed over piece by piece is what the passes of a single token yield.
func TestScoreOfLongTexts(t *testing.T) {
	src := gputest.Random(t, "llama", 1)
	b, err := cpu.Open(t.Context(), src, cpu.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	text := gputest.Prompt(src.Model(), 100)
	s := start(t, b, 100)
	var want [][]float32
	for i, id := range text {
		pass := s.Decode
		if i == 0 {
			pass = func(id int, at precision.Assignment) (gpu.Pass, error) { return s.Prefill([]int{id}, at) }
		}
		_, err := pass(id, precision.Uniform(3))
		want = append(want, logitsOf(t, s, err))
	}
	count := 0
	if err := b.(gpu.Scorer).Score([]gpu.Turn{{Sequence: start(t, b, 100), Tokens: text, All: true}}, precision.Uniform(3),
		func(_, token int, logits []float32) error {
			if count++; token != count-1 || !slices.Equal(logits, want[token]) {
				t.Errorf("token %d, the %dth: logits differ", token, count)
			}
			return nil
		}); err != nil || count != len(text) {
		t.Errorf("%d of %d tokens, error %v", count, len(text), err)
	}
}

func TestScoreRefuses(t *testing.T) {
	m := gputest.Random(t, "phi", 1).Model()
	b, other := scorer(t, m, 1), scorer(t, m, 1)
	s := start(t, b, 3)
	stop := errors.New("enough")
	for _, c := range []struct {
		name, want string
		bits       int
		turns      []gpu.Turn
	}{
		{"nobody", "no turns", 4, nil},
		{"a width", "9 bits; accepted: 2 to 8, and 16", 9, []gpu.Turn{{Sequence: s, Tokens: []int{1}}}},
		{"no tokens", "at least one", 4, []gpu.Turn{{Sequence: s}}},
		{"too many", "no more than are left", 4, []gpu.Turn{{Sequence: s, Tokens: []int{1, 2, 3, 4}}}},
		{"a token", "token 301; accepted: 0 to 300", 4, []gpu.Turn{{Sequence: s, Tokens: []int{301}}}},
		{"one twice", "accepted: each once", 4, []gpu.Turn{{Sequence: s, Tokens: []int{1}}, {Sequence: s, Tokens: []int{1}}}},
		{"a stranger", "of the backend that is asked", 4, []gpu.Turn{{Sequence: start(t, other, 3), Tokens: []int{1}}}},
		{"an end", "enough", 4, []gpu.Turn{{Sequence: s, Tokens: []int{1, 2, 3}}}},
		{"nothing: the pass before left nothing behind", "", 4, []gpu.Turn{{Sequence: s, Tokens: []int{1, 2, 3}}}},
	} {
		err := b.Score(c.turns, precision.Uniform(c.bits), func(int, int, []float32) error {
			if c.want == "enough" {
				return stop
			}
			return nil
		})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}
