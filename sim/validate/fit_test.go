package validate

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
)

// known returns measurements of five models that a machine with known keys makes, and the machine without them.
func known(t *testing.T, set ...string) ([]Measurement, Options) {
	t.Helper()
	dir := t.TempDir()
	var all []Measurement
	for i, layers := range []int{1, 2, 4, 2, 3} {
		name := fmt.Sprintf("m%d", i)
		text := fmt.Sprintf(`{"model_type":"llama","hidden_size":%d,"intermediate_size":%d,"num_hidden_layers":%d,"num_attention_heads":4,`+
			`"num_key_value_heads":2,"vocab_size":512,"max_position_embeddings":1024}`, 256*(1+i%3), 512*(1+i), layers)
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "config.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, bits := range []int{4, 8} {
			all = append(all, Measurement{File: "m.csv", Line: 2, Device: "known", Model: name, Bits: bits, Prompt: 64, Context: 80, Batch: 1, TTFT: 1, Decode: 1})
		}
	}
	c, err := config.Preset("edge-lpddr5")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Set([]string{"runtime.class=graph", "dram.standard=ideal", "dram.bandwidth=40GB/s", "dram.refresh=none", "dram.mapping=", "noc.bandwidth=0B/s"}); err != nil {
		t.Fatal(err)
	}
	o := Options{NPU: c, Models: dir, Workers: 2}
	truth, err := New(o).Predict(t.Context(), all, set)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range truth {
		all[i].Decode, all[i].TTFT = *r.PredictedDecode, *r.PredictedTTFT
	}
	return all, o
}

func TestFitFindsWhatMadeTheMeasurements(t *testing.T) {
	all, o := known(t, "runtime.dispatch=20us", "noc.bandwidth=12GB/s")
	r, err := New(o).FitAndPredict(t.Context(), all, func(string) Keys { return Keys{Decode: []string{"noc.bandwidth", "runtime.dispatch"}} }, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Fits) != 1 || r.Fits[0].N != 10 || len(r.Fits[0].Models) != 5 || r.Fits[0].After > 0.5 || r.Fits[0].Before < 5 || r.Fits[0].LeftOut != nil {
		t.Fatalf("%+v", r.Fits)
	}
	c := r.Machines[0]
	if us := c.Runtime.Dispatch.Seconds() * 1e6; math.Abs(us-20) > 0.4 {
		t.Errorf("dispatch %v us, want 20", us)
	}
	if gb := float64(c.Network.Bandwidth) / 1e9; math.Abs(gb-12) > 0.3 {
		t.Errorf("bandwidth %v GB/s, want 12", gb)
	}
	if c.Name != "edge-lpddr5-fitted" || !strings.Contains(c.Source, "fitted to decode of 10 measurements of 5 models") {
		t.Errorf("%s: %s", c.Name, c.Source)
	}
	if !r.Rows[0].Fitted || r.Rows[0].HeldOut {
		t.Errorf("%+v", r.Rows[0])
	}
}

func TestFitToPrefillLeavesDecodeKeysAlone(t *testing.T) {
	all, o := known(t, "runtime.dispatch=20us")
	for i := range all {
		all[i].TTFT *= 1.5 // an array that is slower than it could be
	}
	keys := Keys{Decode: []string{"runtime.dispatch"}, Prefill: []string{"vector.latency"}}
	r, err := New(o).FitAndPredict(t.Context(), all, func(string) Keys { return keys }, true)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Fits) != 2 || r.Fits[0].Prefill || !r.Fits[1].Prefill || r.Fits[1].Keys[0].Key != "vector.latency" {
		t.Fatalf("%+v", r.Fits)
	}
	if e := r.Fits[1]; e.After > e.Before/2 || *e.LeftOut > e.Before/2 {
		t.Errorf("prefill: %.2f %% before, %.2f %% after, %.2f %% left out", e.Before, e.After, *e.LeftOut)
	}
	if d := r.Fits[0]; r.Machines[0].Runtime.Dispatch.Seconds()*1e6 < 19.5 {
		t.Errorf("decode was fitted first: %+v", d)
	}
}

func TestAModelIsLeftOutWithAllItsFormats(t *testing.T) {
	all, o := known(t, "runtime.dispatch=20us")
	for i := range all {
		if all[i].Model == "m2" { // it is much slower than the others explain
			all[i].Decode /= 1.5
		}
	}
	r, err := New(o).FitAndPredict(t.Context(), all, func(string) Keys { return Keys{Decode: []string{"runtime.dispatch"}} }, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range r.Rows {
		if !row.Fitted || !row.HeldOut {
			t.Fatalf("%+v", row)
		}
		if off := *row.DecodeError; row.Model == "m2" && math.Abs(off-50) > 2 { // fitted to the others alone, who are right
			t.Errorf("%s at %d bits: %.1f %%, want 50", row.Model, row.WeightBits, off)
		}
	}
	if k := r.Fits[0].Keys[0]; len(k.WithoutOne) != 5 || len(slices.Compact(slices.Sorted(slices.Values(k.WithoutOne)))) < 2 {
		t.Errorf("%+v", k)
	}
}

func TestWhatCannotBeFitted(t *testing.T) {
	all, o := known(t)
	for _, c := range []struct {
		keys []string
		want string
	}{
		{[]string{"runtime.dispatch", "noc.bandwidth", "clock", "dram.bandwidth"}, "--fit: 4 keys (runtime.dispatch, noc.bandwidth, clock, dram.bandwidth); accepted: at most 3"},
		{[]string{"clock", "clock"}, "--fit: clock is given twice; accepted: each key once"},
		{[]string{"clock", ""}, "--fit: key 2 of 2 is empty"},
	} {
		if err := (Keys{Decode: c.keys}).Check(); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	refuses := o
	refuses.Progress = func(float64, float64) { t.Error("a key that cannot be fitted is found after a simulation") }
	if _, err := New(refuses).FitAndPredict(t.Context(), all, func(string) Keys { return Keys{Decode: []string{"scratchpad.size"}} }, false); err == nil ||
		!strings.HasPrefix(err.Error(), "edge-lpddr5: scratchpad.size: its values are not more or less time") {
		t.Errorf("%v", err)
	}
	if err := (Keys{Prefill: []string{"clock", "vector.latency"}}).Check(); err == nil || !strings.HasPrefix(err.Error(), "--fit-prefill: 2 keys") {
		t.Errorf("%v", err)
	}
	none := New(o)
	_, err := none.FitAndPredict(t.Context(), all[:1], Free, true)
	if n := none.Notes(); err != nil || len(n) != 1 || !strings.HasPrefix(n[0], "edge-lpddr5: no model is left out") {
		t.Errorf("%v, %q", err, n)
	}
	p := New(o)
	r, err := p.FitAndPredict(t.Context(), all[:2], func(string) Keys { return Keys{Decode: []string{"runtime.dispatch"}} }, true)
	if err != nil || len(r.Fits) > 0 || r.Rows[0].Fitted || !slices.Contains(p.Notes(), "edge-lpddr5: runtime.dispatch is not fitted: 1 models for 1 free keys") {
		t.Errorf("%+v, %v, %q", r, err, p.Notes())
	}
}
