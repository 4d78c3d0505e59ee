package validate

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/validate/rows"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
)

const tiny = `{"model_type":"llama","hidden_size":256,"intermediate_size":512,"num_hidden_layers":2,"num_attention_heads":4,` +
	`"num_key_value_heads":2,"vocab_size":512,"max_position_embeddings":16384}`

// models is a folder with a model that is no preset.
func models(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "tiny"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tiny", "config.json"), []byte(tiny), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func measurement(device string) Measurement {
	return Measurement{File: "m.csv", Line: 2, Device: device, Model: "tiny", Bits: 4, Prompt: 64, Context: 80, Batch: 1, TTFT: 0.01, Decode: 1000, Peak: 1e11}
}

func predict(t *testing.T, o Options, all ...Measurement) ([]rows.Row, *Predictor) {
	t.Helper()
	o.Workers = 2
	p := New(o)
	got, err := p.Predict(t.Context(), all, nil)
	if err != nil {
		t.Fatal(err)
	}
	return got, p
}

func TestErrorsAreOfSpeed(t *testing.T) {
	got, _ := predict(t, Options{Models: models(t)}, measurement("Lunar Lake NPU4"))
	r := got[0]
	if r.PredictedDecode == nil || r.PredictedTTFT == nil || r.NPU != "lunar-lake-npu4" {
		t.Fatalf("%+v", r)
	}
	if want := 100 * (*r.PredictedDecode/1000 - 1); *r.DecodeError != want {
		t.Errorf("decode %v %%, want %v", *r.DecodeError, want)
	}
	if want := 100 * (0.01 / *r.PredictedTTFT - 1); math.Abs(*r.PrefillError-want) > 1e-9 {
		t.Errorf("prefill %v %%, want %v", *r.PrefillError, want)
	}
	m := measurement("Lunar Lake NPU4")
	m.TTFT = 0
	if got, _ = predict(t, Options{Models: models(t)}, m); got[0].MeasuredTTFT != nil || got[0].PrefillError != nil {
		t.Errorf("nothing was measured: %+v", got[0])
	}
}

// presetWith is a preset with other values of some keys.
func presetWith(t *testing.T, name string, set ...string) *config.Config {
	t.Helper()
	c, err := config.Preset(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Set(set); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRowsOverrideTheMachine(t *testing.T) {
	dir := models(t)
	plain, _ := predict(t, Options{Models: dir}, measurement("Lunar Lake NPU4"))
	for name, change := range map[string]func(*Measurement){
		"bits":    func(m *Measurement) { m.Bits = 8 },
		"kv":      func(m *Measurement) { m.KVBits = 4 },
		"context": func(m *Measurement) { m.Context = 4096 },
	} {
		m := measurement("Lunar Lake NPU4")
		change(&m)
		got, _ := predict(t, Options{Models: dir}, m)
		if *got[0].PredictedDecode == *plain[0].PredictedDecode {
			t.Errorf("%s changes nothing", name)
		}
	}
	apart := presetWith(t, "lunar-lake-npu4", "kv.key_bits=8", "kv.value_bits=2")
	m := measurement("Lunar Lake NPU4")
	m.KVBits = 4
	got, _ := predict(t, Options{Models: dir, NPU: apart}, m)
	want, _ := predict(t, Options{Models: dir}, m)
	if *got[0].PredictedDecode != *want[0].PredictedDecode {
		t.Errorf("kv_bits of a row on an NPU with other bits of keys and values: %v, want %v", *got[0].PredictedDecode, *want[0].PredictedDecode)
	}
	m = measurement("RK3588")
	m.Act = "8"
	eight, _ := predict(t, Options{Models: dir}, m)
	m.Act = "16"
	sixteen, p := predict(t, Options{Models: dir}, m)
	if *eight[0].PredictedTTFT >= *sixteen[0].PredictedTTFT || !slices.Contains(p.Notes(), "activations of 16 bits are simulated as fp16") {
		t.Errorf("%v s with 8 bits, %v with 16; notes %q", *eight[0].PredictedTTFT, *sixteen[0].PredictedTTFT, p.Notes())
	}
}

func TestAnNPUStandsForEveryDevice(t *testing.T) {
	c, err := config.Preset("edge-lpddr5")
	if err != nil {
		t.Fatal(err)
	}
	got, _ := predict(t, Options{Models: models(t), NPU: c}, measurement("nobody knows it"))
	if got[0].NPU != "edge-lpddr5" || got[0].PredictedDecode == nil {
		t.Errorf("%+v", got[0])
	}
}

func TestWhatCannotBePredicted(t *testing.T) {
	p := New(Options{Workers: 1, Models: models(t)})
	for _, c := range []struct {
		change func(*Measurement)
		want   string
	}{
		{func(m *Measurement) { m.Device = "RK3589" }, `m.csv:2: device "RK3589": NPU preset "rk3589" is not known; accepted: `},
		{func(m *Measurement) { m.Model = "../tiny" }, `m.csv:2: model "../tiny" is no name; accepted: `},
		{func(m *Measurement) { m.Model = "tinier" }, "m.csv:2: model "},
	} {
		m := measurement("RK3588")
		c.change(&m)
		if _, err := p.Predict(t.Context(), []Measurement{m}, nil); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	m := measurement("RK3588")
	m.Context = 16384 // more than the model has positions
	got, err := p.Predict(t.Context(), []Measurement{m}, nil)
	if err != nil || got[0].PredictedDecode != nil || got[0].PredictedTTFT == nil || len(p.Notes()) == 0 {
		t.Errorf("%+v, %v, %q", got, err, p.Notes())
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := New(Options{Workers: 1, Models: p.Models}).Predict(ctx, []Measurement{measurement("RK3588")}, nil); err == nil {
		t.Error("it did not stop")
	}
}

func TestLongPrefillsAreOnAParabola(t *testing.T) {
	p := New(Options{Workers: 2})
	lengths, shares := p.lengths(16384)
	for _, f := range []func(float64) float64{func(float64) float64 { return 1 }, func(x float64) float64 { return x }, func(x float64) float64 { return x * x }} {
		sum := 0.0
		for i, n := range lengths {
			sum += shares[i] * f(float64(n))
		}
		if want := f(16384); math.Abs(sum/want-1) > 1e-12 {
			t.Errorf("got %v, want %v", sum, want)
		}
	}
	if lengths, shares := p.lengths(longest); len(lengths) != 1 || shares[0] != 1 {
		t.Errorf("%v %v", lengths, shares)
	}
}

// Of a long prefill few layers are simulated: what the others add is a straight line.
func TestLayersOfLongPrefills(t *testing.T) {
	m := &workloads.Model{Layers: 32}
	if some, shares := layers(m, tall); len(some) != 1 || some[0] != m || shares[0] != 1 {
		t.Errorf("%v %v", some, shares)
	}
	some, shares := layers(m, tall+1)
	sum := 0.0
	for i, s := range some {
		sum += shares[i] * (5 + 3*float64(s.Layers)) // 5 beside the layers, 3 each
	}
	if len(some) != 2 || math.Abs(sum-101) > 1e-9 || m.Layers != 32 {
		t.Errorf("%d models, %v, want 2 and 5 + 3 x 32", len(some), sum)
	}
	for name, m := range map[string]*workloads.Model{
		"layers behind the eighth":    {Layers: 32, WindowFrom: 8},
		"every fourth":                {Layers: 32, LayerPattern: "wwwF"},
		"the first, without experts":  {Layers: 32, Experts: &workloads.Experts{Count: 8, PerToken: 2, Dense: []int{0}}},
		"the first, in other formats": {Layers: 32, Stored: &formats.Stored{Parts: []formats.Part{{Matrix: "q_proj"}}}},
	} {
		if some, _ := layers(m, tall+1); len(some) != 1 {
			t.Errorf("%s: is not as the others, and stands for them", name)
		}
	}
	if some, _ := layers(&workloads.Model{Layers: 32, LayerPattern: "wf"}, tall+1); len(some) != 2 {
		t.Error("layers by turns of two are all simulated")
	}
}

func TestNothingIsSimulatedTwice(t *testing.T) {
	var steps atomic.Int64
	o := Options{Models: models(t), Progress: func(_, total float64) { steps.Store(int64(total)) }}
	m := measurement("Lunar Lake NPU4")
	_, p := predict(t, o, m, m)
	if steps.Load() != 2 {
		t.Errorf("%v steps, want a decode and a prefill", steps.Load())
	}
	steps.Store(0)
	if _, err := p.Predict(t.Context(), []Measurement{m}, nil); err != nil || steps.Load() != 0 {
		t.Errorf("%v steps more, %v", steps.Load(), err)
	}
}
