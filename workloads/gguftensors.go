package workloads

import (
	"fmt"
	"strings"

	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/gguf"
)

// The tensors that may hold a matrix of a block, by its name here (gguf-py, constants.py, TENSOR_NAMES): the first that is there
// does. Fused ones hold several.
var ggufTensors = map[string][]string{
	"q_proj": {"attn_q", "attn_qkv"}, "k_proj": {"attn_k", "attn_qkv"}, "v_proj": {"attn_v", "attn_qkv"}, "o_proj": {"attn_output"},
	"q_a_proj": {"attn_q_a"}, "q_b_proj": {"attn_q_b"}, "kv_a_proj_with_mqa": {"attn_kv_a_mqa"}, KeyExpansion: {"attn_k_b", "attn_kv_b"},
	ValueExpansion: {"attn_v_b", "attn_kv_b"},
	"gate_proj":    {"ffn_gate", "ffn_up"}, "up_proj": {"ffn_up"}, "down_proj": {"ffn_down"}, "fc1": {"ffn_up"}, "fc2": {"ffn_down"},
	"experts.gate_proj": {"ffn_gate_exps", "ffn_up_exps"}, "experts.up_proj": {"ffn_up_exps"}, "experts.down_proj": {"ffn_down_exps"},
	"shared_expert.gate_proj": {"ffn_gate_shexp"}, "shared_expert.up_proj": {"ffn_up_shexp"}, "shared_expert.down_proj": {"ffn_down_shexp"},
}

// tensor is what holds a matrix of a layer; nil: nothing.
func (g *ggufModel) tensor(layer int, matrix string) *gguf.Tensor {
	switch {
	case matrix == formats.Embedding:
		return g.byName["token_embd.weight"]
	case matrix == formats.Head:
		if t := g.byName["output.weight"]; t != nil {
			return t
		}
		return g.byName["token_embd.weight"]
	}
	for _, name := range ggufTensors[matrix] {
		if t := g.byName[fmt.Sprintf("blk.%d.%s.weight", layer, name)]; t != nil {
			return t
		}
	}
	return nil
}

// complete adds to a model what its tensors say: biases, and the formats of its weights. Shapes that are others than the metadata
// say are refused.
func (g *ggufModel) complete(m *Model) error {
	has := func(names ...string) bool {
		for _, n := range names {
			if g.byName["blk.0."+n+".bias"] != nil {
				return true
			}
		}
		return false
	}
	m.QKVBias, m.OBias = has("attn_q", "attn_qkv"), has("attn_output")
	m.MLPBias, m.HeadBias = has("ffn_up", "ffn_down"), g.byName["output.bias"] != nil
	for l := range m.Layers {
		for _, of := range m.Matrices(l) {
			if !of.Fixed {
				if err := g.fits(l, of); err != nil {
					return err
				}
			}
		}
	}
	unread := ""
	m.Stored = formats.Collect("gguf", m.Layers, m.quantisable, func(layer int, matrix string) formats.Format {
		t := g.tensor(layer, matrix)
		f, ok := formats.Lookup(t.Type.String())
		if !ok && unread == "" {
			unread = fmt.Sprintf("%v, of %s, is not modelled; accepted: %s", t.Type, t.Name, strings.Join(readTypes(), ", "))
		}
		return f
	})
	if unread != "" {
		m.Stored = &formats.Stored{Method: "gguf", Unread: unread}
	}
	return nil
}

// fits checks that the tensor of a matrix is there and as large as the matrix.
func (g *ggufModel) fits(layer int, of Linear) error {
	t := g.tensor(layer, of.Name)
	if t == nil {
		return fmt.Errorf("%s: no tensor holds %s of layer %d; accepted: one of %s, each with .weight behind it", g.Path, of.Name, layer,
			strings.Join(ggufTensors[of.Name], ", "))
	}
	rows, k := of.Out*max(1, of.Copies), t.Shape[len(t.Shape)-1]
	if of.PerHead > 0 && len(t.Shape) == 3 && t.Len() == rows*of.In { // a matrix for each head, that of the keys the other way round
		return nil
	}
	if k != of.In || t.Len() < rows*k || t.Len() != rows*k && !fused(t.Name, of.Name) {
		return t.Errorf("has the shape %v, and %s has %d rows of %d; accepted: the tensors of the model that the metadata describe", t.Shape, of.Name, rows, of.In)
	}
	return nil
}

// fused reports whether a tensor holds other matrices, too.
func fused(tensor, matrix string) bool {
	return strings.Contains(tensor, ".attn_qkv.") || strings.Contains(tensor, ".attn_kv_b.") || strings.HasSuffix(matrix, "_proj") && strings.Contains(tensor, ".ffn_up")
}

// readTypes are the types of tensors whose formats are modelled.
func readTypes() []string {
	var names []string
	for _, n := range gguf.Names() {
		if _, ok := formats.Lookup(n); ok {
			names = append(names, n)
		}
	}
	return names
}
