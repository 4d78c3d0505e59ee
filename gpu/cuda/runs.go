package cuda

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/gpu/kernels"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
)

// families returns those whose blocks the kernels compute.
func families() []workloads.Family {
	return []workloads.Family{workloads.Llama, workloads.Mistral, workloads.Qwen2, workloads.Phi, workloads.Phi3, workloads.StableLM}
}

// Runs returns an error if the kernels lack what a model needs, by the names of its config.json. It asks no GPU.
func Runs(m *weights.Model) error {
	const suffix = "; the CPU backend (--backend cpu) runs it"
	if !slices.Contains(families(), m.Family) {
		var names []string
		for _, f := range families() {
			names = append(names, string(f))
		}
		return fmt.Errorf("model_type: %s is not run on a GPU; accepted: %s"+suffix, m.Family, strings.Join(names, ", "))
	}
	if m.QKNorm || m.SubNorms || m.EmbedNorm || m.Softcap || m.ALiBi || m.LayerPattern != "" || m.Experts != nil {
		return fmt.Errorf("model_type: %s with norms of q and k, soft caps, ALiBi or layers of several kinds is not run on a GPU; accepted: "+
			"none of them"+suffix, m.Family)
	}
	if s := m.RopeScale; s != nil && (s.Kind == workloads.RopeDynamic || s.Kind == workloads.RopeLong) {
		return fmt.Errorf("rope_scaling: %s is not run on a GPU, since its angles change with the number of positions; accepted: %s, %s, %s"+suffix,
			s.Kind, workloads.RopeLinear, workloads.RopeYarn, workloads.RopeLlama3)
	}
	if gated := m.Activation == workloads.Silu; gated != m.GatedMLP {
		return fmt.Errorf("hidden_act: %s in an MLP with gate=%t is not run on a GPU; accepted: silu with a gate, gelu_new without one"+suffix,
			m.Activation, m.GatedMLP)
	}
	if m.Activation == workloads.Gelu && m.Erf {
		return fmt.Errorf("hidden_act: \"gelu\", by the error function, is not run on a GPU; accepted: gelu_new, gelu_fast or " +
			"gelu_pytorch_tanh, its approximation by tanh" + suffix)
	}
	if m.HeadDim%8 != 0 || m.HeadDim > kernels.MaxHeadDim {
		return fmt.Errorf("head_dim: %d is not run on a GPU; accepted: a multiple of 8 up to %d"+suffix, m.HeadDim, kernels.MaxHeadDim)
	}
	if m.Heads > kernels.MaxGroup*m.KVHeads {
		return fmt.Errorf("num_key_value_heads: %d for %d query heads is not run on a GPU; accepted: at most %d query heads each"+suffix,
			m.KVHeads, m.Heads, kernels.MaxGroup)
	}
	return nil
}

// RunsCache returns an error if the kernels cannot keep keys and values so.
func RunsCache(c formats.Cache) error {
	if c.IsFP16() {
		return nil
	}
	return fmt.Errorf("a cache of %s is not run on a GPU; accepted: 16 bits; the CPU backend (--backend cpu) runs it", c.Words())
}

// Fits returns an error if so many positions, prompt and generated tokens together, cannot be run.
func Fits(m *weights.Model, positions int) error {
	if err := m.Fits(positions); err != nil {
		return err
	}
	if m.Window > 0 && positions > m.Window {
		return fmt.Errorf("%s: %d positions are more than sliding_window, and windows are not run on a GPU; accepted: up to %d; the CPU "+
			"backend (--backend cpu) runs them", m.Name, positions, m.Window)
	}
	return nil
}
