package intervals

import (
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

func preset(t *testing.T, name string, set ...string) *config.Config {
	t.Helper()
	c, err := config.Preset(name)
	if err == nil {
		err = c.Set(set)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// devicePresetOf reports whether a device's preset has errors of its own.
func devicePresetOf(t *testing.T, name string) bool {
	t.Helper()
	return devicePreset(preset(t, name), Embedded()) != ""
}

func TestWhoseErrorsAnIntervalIsOf(t *testing.T) {
	const all = "102 errors of 10 devices"
	for _, c := range []struct {
		name            string
		set             []string
		decode, prefill string
		differ          []string
	}{
		{"edge-lpddr5", nil, all, "85 errors of 8 devices", []string{"noc.bandwidth=30.72GB/s", "array.sustained=0.3"}},
		{"edge-lpddr5", []string{"noc.bandwidth=30.72GB/s", "array.sustained=0.3"}, all, "85 errors of 8 devices", nil},
		{"edge-lpddr4x", []string{"runtime.dispatch=28us", "runtime.conversion=1.1GB/s"}, all, "85 errors of 8 devices", []string{"array.sustained=0.3"}},
		{"sd-x-elite", nil, "8 errors of 7 models on sd-x-elite", "8 errors of 7 models on sd-x-elite", nil},
		{"sd-x-elite", []string{"kv.bits=4", "weights.group=64"}, "8 errors of 7 models on sd-x-elite", "8 errors of 7 models on sd-x-elite", nil},
		{"sd-x-elite", []string{"kv.key_bits=4", "kv.value_bits=2", "kv.group=32", "kv.key_scales=channel", "kv.zero_points=true"},
			"8 errors of 7 models on sd-x-elite", "8 errors of 7 models on sd-x-elite", nil},
		{"sd-x-elite", []string{"clock=500MHz"}, all, "85 errors of 8 devices", nil},
		{"orin-nano-super", nil, "7 errors of 7 models on orin-nano-super", "85 errors of 8 devices", nil},
		{"lunar-lake-npu4", nil, all, "85 errors of 8 devices", nil}, // two measurements of one model
	} {
		b, err := Of(preset(t, c.name, c.set...))
		if err != nil {
			t.Fatal(err)
		}
		if b.DecodeOf != c.decode || b.PrefillOf != c.prefill || !slices.Equal(b.Differ, c.differ) {
			t.Errorf("%s %q: %s; %s; %q", c.name, c.set, b.DecodeOf, b.PrefillOf, b.Differ)
		}
		if !(b.Decode.Low < b.Decode.High && b.Prefill.Low < b.Prefill.High) || b.Pairs[SameMachine] >= b.Pairs[Others] {
			t.Errorf("%s %q: %+v", c.name, c.set, b)
		}
	}
	_, err := Of(preset(t, "pmpd-paper"))
	simtest.WantError(t, err, "NPU pmpd-paper has runtime.class=ideal, and all devices that were measured have a runtime; accepted: runtime.class per-op, graph or gpu-graph")
}

func TestIntervalsAroundAResult(t *testing.T) {
	b := &Basis{Decode: Interval{0.5, 1.5}, Prefill: Interval{0.5, 2}}
	r := &result.Result{GeneratedTokens: 3, TokensPerSecond: 10, TTFTSeconds: 1}
	x := b.Around(r)
	if *x.TokensLow != 5 || *x.TokensHigh != 15 || x.TTFTLow != 0.5 || x.TTFTHigh != 2 {
		t.Errorf("%+v", x)
	}
	r.GeneratedTokens = 1
	if x := b.Around(r); x.TokensLow != nil || x.TokensHigh != nil || x.TTFTHigh != 2 {
		t.Errorf("prefill alone: %+v", x)
	}
	var text strings.Builder
	if err := b.WriteJSON(&text, []*result.Result{r}); err != nil || !In([]byte(text.String())) || In([]byte(`{"ttft_seconds":1}`)) {
		t.Errorf("%v, %s", err, text.String())
	}
}

func TestErrorsThatCannotBe(t *testing.T) {
	line := "n,c,graph,m,4,32,128,false,1.0000,,,\n"
	if all, err := read(head + "\n" + line); err != nil || len(all) != 1 || all[0].Unfitted.Decode != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	for from, to := range map[string]string{"1.0000": "0", ",4,": ",four,", "false": "no?", "n,c": "n", "weight_bits": "bits"} {
		if all, err := read(strings.Replace(head+"\n"+line, from, to, 1)); err == nil {
			t.Errorf("%s for %s: %+v", to, from, all)
		}
	}
}
