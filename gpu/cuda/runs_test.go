package cuda_test

import (
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/cuda"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
)

func TestWhatTheKernelsLackIsRefusedByName(t *testing.T) {
	for _, family := range gputest.Families() {
		if err := cuda.Runs(gputest.Model(t, family)); err != nil {
			t.Errorf("%s: %v", family, err)
		}
	}
	for _, c := range []struct {
		name, want string
		change     func(*weights.Model)
	}{
		{"a family", "model_type: gemma2 is not run on a GPU; accepted: llama, mistral, qwen2, phi, phi3, stablelm; the CPU backend",
			func(m *weights.Model) { m.Family = workloads.Gemma2 }},
		{"norms of q and k", "model_type: llama with norms of q and k, soft caps, ALiBi or layers of several kinds is not run on a GPU; accepted: none",
			func(m *weights.Model) { m.QKNorm = true }},
		{"angles that change", "rope_scaling: dynamic is not run on a GPU, since its angles change with the number of positions; accepted: linear,",
			func(m *weights.Model) {
				m.RopeScale = &workloads.RopeScale{Kind: workloads.RopeDynamic, Factor: 2, Original: 64}
			}},
		{"gelu with a gate", "hidden_act: gelu in an MLP with gate=true is not run on a GPU; accepted: silu with a gate, gelu_new without one",
			func(m *weights.Model) { m.Activation = workloads.Gelu }},
		{"the error function", `hidden_act: "gelu", by the error function, is not run on a GPU; accepted: gelu_new, gelu_fast or gelu_pytorch_tanh`,
			func(m *weights.Model) { m.Activation, m.GatedMLP, m.Erf = workloads.Gelu, false, true }},
		{"a head dim of steps", "head_dim: 12 is not run on a GPU; accepted: a multiple of 8 up to 128", func(m *weights.Model) { m.HeadDim = 12 }},
		{"a large head dim", "head_dim: 256 is not run on a GPU; accepted: a multiple of 8 up to 128", func(m *weights.Model) { m.HeadDim = 256 }},
		{"a large group", "num_key_value_heads: 1 for 16 query heads is not run on a GPU; accepted: at most 8 query heads each",
			func(m *weights.Model) { m.Heads, m.KVHeads = 16, 1 }},
	} {
		m := gputest.Model(t, "llama")
		c.change(m)
		if err := cuda.Runs(m); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %s", c.name, err, c.want)
		}
	}
}

func TestWindowsAreNotRun(t *testing.T) {
	m, err := weights.Load("mistral-7b")
	if err != nil {
		t.Fatal(err)
	}
	if err := cuda.Fits(m, 4096); err != nil {
		t.Error(err)
	}
	const want = "mistral-7b: 4097 positions are more than sliding_window, and windows are not run on a GPU; accepted: up to 4096;"
	if err := cuda.Fits(m, 4097); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v\nwant %s", err, want)
	}
}
