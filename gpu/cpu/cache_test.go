package cpu_test

import (
	"encoding/json"
	"math"
	"os"
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

// cacheGolden is what testdata/cache/make.py has written: of passes (0: prefill) the logits, and of positions keys and values of
// the last block, [positions][heads][dim], behind the last pass.
type cacheGolden struct {
	golden
	Steps, Kept []int
	Cases       []struct {
		Cache        formats.Cache
		Logits       [][]float64
		Keys, Values [][][]float64
	}

	model   *weights.Model
	backend gpu.Backend
}

func readCacheGolden(t *testing.T) *cacheGolden {
	t.Helper()
	data, err := os.ReadFile("testdata/cache/cache.json")
	if err != nil {
		t.Fatal(err)
	}
	g := new(cacheGolden)
	if err := json.Unmarshal(data, g); err != nil || len(g.Cases) == 0 {
		t.Fatalf("%d cases, error %v", len(g.Cases), err)
	}
	src := g.open(t, "%s", func(name string) string { return name })
	g.model = src.Model()
	if g.backend, err = cpu.Open(t.Context(), src, cpu.Options{Workers: 2}); err != nil {
		t.Fatal(err)
	}
	return g
}

// decoded runs the golden's prompt in a pass and then a token at a time, with the logits of each pass.
func (g *cacheGolden) decoded(t *testing.T, cache formats.Cache) (logits [][]float64, at gpu.State) {
	t.Helper()
	s, err := g.backend.Start(len(g.Tokens), cache)
	if err != nil {
		t.Fatal(err)
	}
	for i := g.Prompt - 1; i < len(g.Tokens); i++ {
		if i < g.Prompt {
			_, err = s.Prefill(g.Tokens[:g.Prompt], precision.Uniform(weights.Half))
		} else {
			_, err = s.Decode(g.Tokens[i], precision.Uniform(weights.Half))
		}
		if err != nil {
			t.Fatal(err)
		}
		if at, err = s.State(gpu.Want{Logits: true, Cache: true}); err != nil {
			t.Fatal(err)
		}
		logits = append(logits, widened(at.Logits))
	}
	return logits, at
}

func widened(values []float32) (all []float64) {
	for _, v := range values {
		all = append(all, float64(v))
	}
	return all
}

// apart is the norm of the difference relative to that of want.
func apart(want, got []float64) float64 {
	if len(want) != len(got) {
		return math.NaN()
	}
	square, size := 0.0, 0.0
	for i, w := range want {
		square += (got[i] - w) * (got[i] - w)
		size += w * w
	}
	return math.Sqrt(square / size)
}

// rowsOf are keys or values of the golden's positions.
func (g *cacheGolden) rowsOf(flat []float32, positions, heads, dim int) (all []float64) {
	for _, p := range g.Kept {
		for head := range heads {
			all = append(all, widened(flat[(head*positions+p)*dim:][:dim])...)
		}
	}
	return all
}

// mostFlipped is what logits, keys and values may be off by where codes have few bits: where a sum in another order rounds to the other
// side, a code is another, which is a quarter of the range at 2 bits. Another cache is off by more than twice as much.
const mostFlipped = 0.06

// mostApart is what a case may be off by.
func mostApart(c formats.Cache) float64 {
	if c.Keys.Width() >= 8 && c.Values.Width() >= 8 {
		return mostOff / 2
	}
	return mostFlipped
}

// TestTheCacheAgainstNumPy holds passes with each cache against the whole text at once in NumPy: what queries read of keys and values,
// and what comes of it.
func TestTheCacheAgainstNumPy(t *testing.T) {
	gputest.Numbers(t)
	g := readCacheGolden(t)
	for _, c := range g.Cases {
		t.Run(c.Cache.String(), func(t *testing.T) {
			logits, state := g.decoded(t, c.Cache)
			most := mostApart(c.Cache)
			for i, step := range g.Steps {
				off := apart(c.Logits[i], logits[step])
				t.Logf("pass %d: logits are off by %.5f of their size", step, off)
				if !(off < most) {
					t.Errorf("pass %d: logits are off by %.4f of their size; accepted: up to %g", step, off, most)
				}
			}
			for _, side := range []struct {
				what string
				got  []float32
				want [][][]float64
			}{{"keys", state.Keys, c.Keys}, {"values", state.Values, c.Values}} {
				want := slices.Concat(slices.Concat(side.want...)...)
				off := apart(want, g.rowsOf(side.got, state.Positions, g.model.KVHeads, g.model.HeadDim))
				t.Logf("%s: off by %.5f of their size", side.what, off)
				if !(off < most) {
					t.Errorf("%s: off by %.4f of their size; accepted: up to %g", side.what, off, most)
				}
			}
		})
	}
}

// TestAnotherCacheShows holds the goldens against other caches: the comparison above would notice.
func TestAnotherCacheShows(t *testing.T) {
	gputest.Numbers(t)
	g := readCacheGolden(t)
	others := map[string][]string{
		"8":                         {"16", "4"},
		"4":                         {"16", "8", "4,group=32", "4,zero_points", "4/8", "8/4"},
		"4/8,group=32":              {"8/4,group=32", "4/8", "4,group=32", "4/8,group=32,key_scales=channel"},
		"3,zero_points":             {"3", "4,zero_points", "3,group=32,zero_points"},
		"16/2,group=32,zero_points": {"16/2,zero_points", "2/16,group=32,zero_points", "16/2,group=32"},
		"2,group=32,key_scales=channel,zero_points": {"2,group=32,zero_points", "2,group=32,key_scales=channel"},
	}
	for _, c := range g.Cases {
		for _, other := range others[c.Cache.String()] {
			wrong, err := formats.ParseCache(other)
			if err != nil {
				t.Fatal(err)
			}
			logits, _ := g.decoded(t, wrong)
			worst := 0.0
			for i, step := range g.Steps {
				worst = max(worst, apart(c.Logits[i], logits[step]))
			}
			t.Logf("%s instead of %s: logits are off by %.4f", other, c.Cache, worst)
			if worst < 2*mostApart(c.Cache) {
				t.Errorf("%s instead of %s: logits are off by %.4f of their size: too little to be noticed", other, c.Cache, worst)
			}
		}
	}
}

// TestTheCacheIsTheSameInAnyPasses: what a token reads of the cache does not depend on which tokens came in one pass with it.
func TestTheCacheIsTheSameInAnyPasses(t *testing.T) {
	g := readCacheGolden(t)
	for _, c := range g.Cases {
		want, whole := g.decoded(t, c.Cache)
		g.Prompt = 3
		got, parts := g.decoded(t, c.Cache)
		g.Prompt = len(g.Tokens) - len(want) + 1
		if !slices.Equal(got[len(got)-1], want[len(want)-1]) || !slices.Equal(whole.Keys, parts.Keys) || !slices.Equal(whole.Values, parts.Values) {
			t.Errorf("%s: a prompt of %d tokens and one of 3 end in other logits, keys or values", c.Cache, g.Prompt)
		}
	}
}

// TestACompressedCache quantises what keys and values are both expanded from: one width, a scale a position.
func TestACompressedCache(t *testing.T) {
	gputest.Numbers(t)
	g, src := readGolden(t, "testdata/transformers/deepseek_v2.json")
	b, err := cpu.Open(t.Context(), src, cpu.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	last := 0.0
	for _, text := range []string{"16", "8", "4", "2"} {
		cache, err := formats.ParseCache(text)
		if err != nil {
			t.Fatal(err)
		}
		s, err := b.Start(len(g.Tokens), cache)
		if err != nil {
			t.Fatal(err)
		}
		off, _ := offBy(t, s, g.Tokens[:g.Prompt], g.Logits[0])
		t.Logf("%s bits: logits are off by %.4f of their size", text, off)
		if text == "16" && !(off < mostOff) || text != "16" && !(off > 1.5*last) {
			t.Errorf("%s bits: logits are off by %.4f of their size, and by %.4f with the width before", text, off, last)
		}
		last = off
	}
	for text, want := range map[string]string{
		"4/8": "cache of 4-bit keys and 8-bit values: deepseek_v2 caches what both are expanded from; accepted: the same bits for both",
		"4,group=32,key_scales=channel": "cache with scales of keys by channel: deepseek_v2 caches what keys and values are expanded from, which has none; " +
			"accepted: scales by token",
	} {
		cache, err := formats.ParseCache(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Start(4, cache); err == nil || err.Error() != strings.ReplaceAll(want, "deepseek_v2", src.Model().Name) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
