package cpu_test

import (
	"fmt"
	"math"
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

func open(t *testing.T, src weights.Source, workers int) gpu.Sequence {
	t.Helper()
	b, err := cpu.Open(t.Context(), src, cpu.Options{Workers: workers})
	if err != nil {
		t.Fatal(err)
	}
	s, err := b.Start(32, formats.Cache{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestAgainstTheReference decodes at changing precisions and holds every pass against the float64 reference.
func TestAgainstTheReference(t *testing.T) {
	gputest.Numbers(t)
	for _, family := range gputest.Families() {
		t.Run(family, func(t *testing.T) {
			src := gputest.Random(t, family, 3)
			m := src.Model()
			s, r := open(t, src, 2), newReference(t, src)
			tokens, bits := gputest.Prompt(m, 6), []int{8, 8, 8, 8, 8, 8}
			pass, err := s.Prefill(tokens, precision.Uniform(8))
			check(t, r, s, tokens, bits, pass, err)
			for _, b := range []int{16, 8, 5, 4, 3, 2} {
				tokens, bits = append(tokens, pass.Token), append(bits, b)
				pass, err = s.Decode(pass.Token, precision.Uniform(b))
				check(t, r, s, tokens, bits, pass, err)
			}
			state, err := s.State(gpu.Want{Cache: true})
			if err != nil || state.Positions != len(tokens) || len(state.Keys) != len(tokens)*m.KVWidth() {
				t.Errorf("error %v, %d positions, %d keys", err, state.Positions, len(state.Keys))
			}
		})
	}
}

// check holds a pass against the reference. Rounding to binary16 at each store leaves some 2^-11 an op, which adds up
// over a few dozen ops to below a hundredth of the logits' deviation.
func check(t *testing.T, r *reference, s gpu.Sequence, tokens, bits []int, pass gpu.Pass, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	r.bits = bits
	want := r.logits(tokens)
	state, err := s.State(gpu.Want{Logits: true})
	if err != nil {
		t.Fatal(err)
	}
	square, spread := 0.0, 0.0
	for i, w := range want {
		square += (float64(state.Logits[i]) - w) * (float64(state.Logits[i]) - w)
		spread += w * w
	}
	if off := math.Sqrt(square / spread); !(off < 0.01) {
		t.Errorf("after %d tokens, at %d bits: logits are off by %.4f of their size", len(tokens), bits[len(bits)-1], off)
	}
	best := slices.Index(want, slices.Max(want))
	second := math.Inf(-1)
	for i, w := range want {
		if i != best {
			second = max(second, w)
		}
	}
	if pass.Token != best && want[best]-second > 0.05 {
		t.Errorf("after %d tokens: token %d; the reference says %d by a margin of %.3f", len(tokens), pass.Token, best, want[best]-second)
	}
	sum, entropy := 0.0, 0.0
	for _, w := range want {
		sum += math.Exp(w - want[best])
	}
	for _, w := range want {
		p := math.Exp(w-want[best]) / sum
		entropy -= p * math.Log(p)
	}
	for _, c := range []struct {
		name      string
		got, want float64
	}{{"p_max", pass.PMax, 1 / sum}, {"entropy", pass.Entropy, entropy}, {"logp", pass.LogP, -math.Log(sum)}, {"margin", pass.Margin, want[best] - second}} {
		if math.Abs(c.got-c.want) > 0.06 {
			t.Errorf("after %d tokens: %s %.4f, want %.4f", len(tokens), c.name, c.got, c.want)
		}
	}
}

func TestResultsDoNotDependOnTheWorkers(t *testing.T) {
	run := func(workers int) string {
		src := gputest.Random(t, "llama", 5)
		s := open(t, src, workers)
		pass, err := s.Prefill(gputest.Prompt(src.Model(), 5), precision.Uniform(4))
		text := fmt.Sprint(pass, err)
		for _, bits := range []int{4, 3, 2} {
			pass, err = s.Decode(pass.Token, precision.Uniform(bits))
			text += fmt.Sprint(pass, err)
		}
		return text
	}
	if one, three := run(1), run(3); one != three {
		t.Errorf("one worker: %s\nthree: %s", one, three)
	}
}

// TestDecodeIsPrefill: the passes after a prompt see what one prefill over all tokens sees.
func TestDecodeIsPrefill(t *testing.T) {
	src := gputest.Random(t, "stablelm", 2)
	ids := gputest.Prompt(src.Model(), 9)
	whole, err := open(t, src, 1).Prefill(ids, precision.Uniform(3))
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, src, 1)
	pass, err := s.Prefill(ids[:4], precision.Uniform(3))
	for _, id := range ids[4:] {
		if err != nil {
			t.Fatal(err)
		}
		pass, err = s.Decode(id, precision.Uniform(3))
	}
	if err != nil || fmt.Sprint(pass) != fmt.Sprint(whole) {
		t.Errorf("error %v, decode %+v, prefill %+v", err, pass, whole)
	}
}

func TestMisuse(t *testing.T) {
	src := gputest.Random(t, "phi", 1)
	b, err := cpu.Open(t.Context(), src, cpu.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Start(129, formats.Cache{}); err == nil || !strings.Contains(err.Error(), "accepted: 1 to max_position_embeddings (128)") {
		t.Errorf("129 positions: %v", err)
	}
	s, err := b.Start(3, formats.Cache{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, want string
		call       func() (gpu.Pass, error)
	}{
		{"no tokens", "at least one", func() (gpu.Pass, error) { return s.Prefill(nil, precision.Uniform(4)) }},
		{"too many tokens", "no more than are left", func() (gpu.Pass, error) { return s.Prefill([]int{1, 2, 3, 4}, precision.Uniform(4)) }},
		{"bits that are none", "9 bits; accepted: 2 to 8, and 16", func() (gpu.Pass, error) { return s.Prefill([]int{1}, precision.Uniform(9)) }},
		{"a token that is none", "token 301; accepted: 0 to 300", func() (gpu.Pass, error) { return s.Decode(301, precision.Uniform(4)) }},
		{"prefill", "", func() (gpu.Pass, error) { return s.Prefill([]int{1}, precision.Uniform(4)) }},
		{"a second prefill", "once, before anything else", func() (gpu.Pass, error) { return s.Prefill([]int{1}, precision.Uniform(4)) }},
	} {
		if _, err := c.call(); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}
