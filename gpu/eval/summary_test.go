package eval_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/eval"
	"github.com/pmpdsim/pmpdsim/gpu/eval/rows"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// outcome has a token a position whose probability is p, at static bits.
func outcome(p float64, bits []int, answer ...int) eval.Outcome {
	o := eval.Outcome{Prefill: precision.Uniform(8), Answer: answer, Forced: precision.Uniforms(bits...)}
	o.Evidence.Recorded = o.Forced
	for i := range len(bits) + 1 {
		o.Tokens = append(o.Tokens, eval.Token{LogP: math.Log(p), KL: float64(i), Agrees: i%2 == 0})
	}
	return o
}

// TestSummaryByHand: two prompts whose values are sums that a reader can do.
func TestSummaryByHand(t *testing.T) {
	m := gputest.Model(t, "llama")
	m.EOS = []int{9}
	fp16 := []eval.Outcome{outcome(1, []int{16, 16, 16}, 1, 2, 3, 4), outcome(1, []int{16, 16, 16}, 5, 9, 7, 7)}
	got := []eval.Outcome{outcome(0.5, []int{4, 4, 2}, 1, 2, 8, 4), outcome(0.125, []int{4, 2, 2}, 5, 9, 1, 1)}
	r := eval.Summary(m, got, fp16, 1)
	for _, x := range []struct {
		what      string
		got, want float64
	}{
		{"bits per token", r.BitsPerToken, 2}, // of 1 and 3
		{"KL", r.KLMean, 1.5},                 // of 0, 1, 2, 3
		{"agreement", r.Agreement, 0.5},
		{"ROUGE-L", r.RougeL, (0.75 + 1) / 2}, // 1 2 4 of 1 2 3 4; and equal up to the end
		{"prefix", r.Prefix, 2},
		{"average bits", r.AvgWeightBits, 3},
		{"average bits of answers", r.AnswerBits, 3},
		{"low", r.BitsPerTokenLow, 1}, {"high", r.BitsPerTokenHigh, 3},
		{"weight bits of the first position", r.ByPosition[0].WeightBits, 8},
		{"and of the third", r.ByPosition[2].WeightBits, 3},
		{"KL of the third", r.ByPosition[2].KL, 2},
		{"bits of the last", r.ByPosition[3].BitsPerToken, 2},
	} {
		if math.Abs(x.got-x.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", x.what, x.got, x.want)
		}
	}
	if len(r.ByPosition) != 4 || r.Prompts != 2 || r.ByPrompt.BitsPerToken[1] != 3 {
		t.Errorf("%+v", r)
	}
}

// TestPositionsAreAllThere: blocks follow on each other from the first position to the last.
func TestPositionsAreAllThere(t *testing.T) {
	m := gputest.Model(t, "llama")
	for passes := 1; passes < 40; passes++ {
		bits := make([]int, passes)
		for i := range bits {
			bits[i] = 4
		}
		o := []eval.Outcome{outcome(0.5, bits, 1)}
		next := 0
		for _, b := range eval.Summary(m, o, o, 1).ByPosition {
			if b.From != next || b.To < b.From {
				t.Fatalf("%d passes: %d to %d after %d", passes, b.From, b.To, next-1)
			}
			next = b.To + 1
		}
		if next != passes+1 {
			t.Errorf("%d passes: blocks end before %d", passes, next)
		}
	}
}

func TestRowsAreReadBack(t *testing.T) {
	m := gputest.Model(t, "llama")
	o := []eval.Outcome{outcome(0.5, []int{4, 4, 2}, 1, 2, 8, 4)}
	r := eval.Summary(m, o, o, 1)
	r.Schedule, r.Model, r.Prompt, r.Generated = "uniform:4", "llama", 4, 4
	line, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := rows.Read("q.jsonl", append(line, '\n'))
	if err != nil || len(got) != 1 || got[0].BitsPerToken != 1 || len(got[0].ByPosition) != 4 || got[0].ByPrompt == nil {
		t.Errorf("%+v, error %v", got, err)
	}
	for _, key := range strings.Fields("schedule avg_weight_bits bits_per_token bits_per_token_low bits_per_token_high kl_mean agreement rouge_l tokens_per_second") {
		if !strings.Contains(string(line), `"`+key+`":`) {
			t.Errorf("%s has no %s", line, key)
		}
	}
}

// TestTexts: pieces begin paragraphs, do not overlap, and have the tokens that stand there.
func TestTexts(t *testing.T) {
	bytewise := func(text string) (ids []int, err error) {
		for _, b := range []byte(text) {
			ids = append(ids, int(b))
		}
		return ids, nil
	}
	var text strings.Builder
	for i := range 40 {
		text.WriteString(strings.Repeat(string(rune('a'+i%26)), 3+i) + "\n" + "second line\n\n\n")
	}
	for _, c := range []struct{ tokens, count, want int }{{30, 10, 10}, {30, 4, 4}, {200, 10, 6}, {2000, 3, 0}} {
		pieces, err := eval.Texts(text.String(), bytewise, c.tokens, c.count)
		if err != nil || len(pieces) != c.want {
			t.Errorf("%+v: %d pieces, error %v", c, len(pieces), err)
		}
		from := 0
		for _, ids := range pieces {
			var b []byte
			for _, id := range ids {
				b = append(b, byte(id))
			}
			at := strings.Index(text.String()[from:], string(b))
			if at < 0 || len(ids) != c.tokens {
				t.Fatalf("%+v: %d tokens %q do not stand behind byte %d", c, len(ids), b, from)
			}
			if at += from; at > 0 && !strings.HasSuffix(text.String()[:at], "\n\n\n") {
				t.Errorf("%+v: %q begins no paragraph", c, b)
			}
			from = at + c.tokens
		}
	}
	if pieces, err := eval.Texts(strings.Repeat("one line\n", 20), bytewise, 20, 5); err != nil || len(pieces) != 5 {
		t.Errorf("%d pieces of lines, error %v", len(pieces), err)
	}
}

// TestBetween: pieces between those of Texts share no line with these, nor with each other. A token is a line's number.
func TestBetween(t *testing.T) {
	numbers := func(text string) (ids []int, err error) {
		for _, f := range strings.Fields(text) {
			id, err := strconv.Atoi(f)
			if err != nil {
				return nil, err
			}
			ids = append(ids, id)
		}
		return ids, nil
	}
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, "%d\n%s", i, strings.Repeat("\n", i%3%2))
	}
	for _, c := range []struct{ tokens, count, want int }{{20, 20, 20}, {40, 10, 10}, {30, 33, 0}} {
		taken, err := eval.Texts(text.String(), numbers, c.tokens, c.count)
		if err != nil || len(taken) != c.count {
			t.Fatalf("%+v: %d pieces, error %v", c, len(taken), err)
		}
		between, err := eval.Between(text.String(), numbers, c.tokens, c.count)
		if err != nil || len(between) != c.want {
			t.Errorf("%+v: %d pieces between them, error %v", c, len(between), err)
		}
		seen := map[int]bool{}
		for _, ids := range append(taken, between...) {
			for _, id := range ids {
				if seen[id] {
					t.Fatalf("%+v: line %d is in two pieces", c, id)
				}
				seen[id] = true
			}
			if len(ids) != c.tokens {
				t.Errorf("%+v: a piece of %d tokens", c, len(ids))
			}
		}
	}
}
