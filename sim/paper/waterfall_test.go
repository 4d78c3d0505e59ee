package paper

import (
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/paper/rows"
)

func stages(t testing.TB) []Stage {
	t.Helper()
	all, err := Stages()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// different lists the keys in which two configurations differ, with the second's values.
func different(a, b *config.Config) []string {
	var all []string
	for _, k := range config.Keys() {
		x, _ := a.Get(k.Path)
		if y, _ := b.Get(k.Path); x != y && k.Path != "source" && k.Path != "description" {
			all = append(all, k.Path+"="+y)
		}
	}
	return all
}

func TestStagesAreWhatTheySay(t *testing.T) {
	all := stages(t)
	before := preset(t, NPU)
	for _, s := range all {
		set := slices.Clone(s.Set)
		slices.Sort(set)
		got := different(before, s.Config)
		slices.Sort(got)
		if !slices.Equal(got, set) {
			t.Errorf("%s: changes %v, says %v", s.Name, got, set)
		}
		if len(got) == 0 && !s.Prefill {
			t.Errorf("%s changes nothing", s.Name)
		}
		before = s.Config
	}
	t.Run("the way leads to the target with a cache in fp16", func(t *testing.T) {
		got := slices.DeleteFunc(different(preset(t, rows.Target), before), func(a string) bool {
			return strings.HasPrefix(a, "name=") || strings.HasPrefix(a, "description=") || strings.HasPrefix(a, "source=")
		})
		if !slices.Equal(got, []string{"kv.bits=16"}) {
			t.Errorf("%v", got)
		}
	})
}

// What only adds bytes cannot be faster, and what only counts more time cannot either.
func TestAWaterfallFalls(t *testing.T) {
	if testing.Short() {
		t.Skip("eight machines: left to the full run")
	}
	b := find(t, "IWSLT", "MobileLLaMA", rows.Static)
	falls, err := Waterfall(t.Context(), []Bar{b}, Options{Sampling: sampled(), Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	all := stages(t)
	if len(falls) != len(all) {
		t.Fatalf("%d rows of %d stages", len(falls), len(all))
	}
	for i, f := range falls {
		t.Logf("%-34s %6.2f tokens/s %.3f x fp16", f.Name, f.Throughput, f.SpeedupFP16)
		if i == 0 {
			continue
		}
		only := strings.HasPrefix(strings.Join(f.Set, " "), "count.") || slices.Equal(f.Set, []string{"kv.bits=16"}) || all[i].Prefill
		if only && (f.Throughput >= falls[i-1].Throughput || f.FP16 > falls[i-1].FP16) {
			t.Errorf("%s: %.4f tokens/s behind %.4f, fp16 %.4f behind %.4f", f.Name, f.Throughput, falls[i-1].Throughput, f.FP16, falls[i-1].FP16)
		}
		if f.SpeedupFP16 > falls[i-1].SpeedupFP16*1.001 {
			t.Errorf("%s: %.4f times fp16 behind %.4f", f.Name, f.SpeedupFP16, falls[i-1].SpeedupFP16)
		}
	}
	t.Run("it starts at the bar, whose layout does not show", func(t *testing.T) {
		bar := simulated(t, NPU, []Bar{b}, Options{})[0]
		if off := falls[0].Throughput/bar.Simulated - 1; off > 1e-3 || off < -1e-3 {
			t.Errorf("%.4f tokens/s, the bar has %.4f", falls[0].Throughput, bar.Simulated)
		}
	})
	t.Run("the head costs what it weighs", func(t *testing.T) {
		// 32000 x 2048 in fp16, at 91.7 % of 4 x 8.533 GB/s, in each pass.
		i := slices.IndexFunc(falls, func(f rows.Waterfall) bool { return strings.HasPrefix(f.Name, "lm_head") })
		tokens := float64(b.Generated)
		perPass := (tokens/falls[i].Throughput - tokens/falls[i-1].Throughput) / (tokens - 2)
		want := 32000 * 2048 * 2 / (0.917 * 4 * 8.533e9)
		if perPass < want*0.98 || perPass > want*1.02 {
			t.Errorf("%.6f s, by hand %.6f s", perPass, want)
		}
	})
}

// MobileLLaMA's classifier has 4.24 M parameters, 17 MB in fp32 (docs/sources.md B.2); beside them it reads a layer's
// cache of the prompt and a token, and computes between two passes, so that its time is more than that of its bytes.
func TestTheClassifierCostsAtLeastItsBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("prefill: left to the full run")
	}
	b := find(t, "IWSLT", "MobileLLaMA", rows.Static)
	times, err := simulate(t.Context(), preset(t, rows.Target), []Bar{b}, Options{Sampling: sampled(), Prefill: true, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	got := times[b.key(b.learnedSchedule())].passes[0] - times[b.key(b.staticSchedule(b.Step))].passes[0]
	const bytes = 4*(16*16*128+2048*2048+2048+4*2048+4+2*2048) + 2*2048*65
	if least := bytes / (4 * 8.533e9); got < least || got > 1.5*least {
		t.Errorf("%.6f s, its bytes take %.6f s at the peak", got, least)
	}
}
