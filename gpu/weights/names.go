package weights

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
)

// names are those of a family's tensors in transformers (src/transformers/models/<family>/modeling_<family>.py), without
// .weight and .bias.
type names struct {
	embedding, norm, head string
	layer                 string            // what stands before the names of a layer; %d is its number
	parts                 map[string]string // of a layer, by operator (package ops); %e is the number of an expert
	fused                 map[string]string // one tensor for the rows of several operators, by the matrix (Matrix.Name)
}

// llama is how most families call their tensors.
func llama() names {
	return names{
		embedding: "model.embed_tokens", norm: "model.norm", head: "lm_head", layer: "model.layers.%d.",
		parts: map[string]string{
			"input_norm": "input_layernorm", "mlp_norm": "post_attention_layernorm",
			"q_proj": "self_attn.q_proj", "k_proj": "self_attn.k_proj", "v_proj": "self_attn.v_proj", "o_proj": "self_attn.o_proj",
			"q_norm": "self_attn.q_norm", "k_norm": "self_attn.k_norm",
			"gate_proj": "mlp.gate_proj", "up_proj": "mlp.up_proj", "down_proj": "mlp.down_proj",
			"fc1": "mlp.fc1", "fc2": "mlp.fc2",
			"router": "mlp.gate", "shared_expert_gate": "mlp.shared_expert_gate", "shared_expert.gate_proj": "mlp.shared_expert.gate_proj",
			"shared_expert.up_proj": "mlp.shared_expert.up_proj", "shared_expert.down_proj": "mlp.shared_expert.down_proj",
			"experts.gate_proj": "mlp.experts.%e.gate_proj", "experts.up_proj": "mlp.experts.%e.up_proj",
			"experts.down_proj": "mlp.experts.%e.down_proj",
		},
	}
}

// namesOf says what differs in a family; false where nobody has written it down.
func namesOf(family workloads.Family) (names, bool) {
	n := llama()
	part := func(operator, name string) { n.parts[operator] = name }
	switch family {
	case workloads.Llama, workloads.Mistral, workloads.Qwen2, workloads.Qwen3, workloads.StableLM, workloads.Qwen2MoE,
		workloads.Qwen3MoE:
	case workloads.Mixtral:
		part("router", "block_sparse_moe.gate")
		part("experts.gate_proj", "block_sparse_moe.experts.%e.w1")
		part("experts.up_proj", "block_sparse_moe.experts.%e.w3")
		part("experts.down_proj", "block_sparse_moe.experts.%e.w2")
	case workloads.Phi:
		n.norm = "model.final_layernorm"
		part("o_proj", "self_attn.dense")
	case workloads.Phi3:
		n.fused = map[string]string{qkvMatrix: "self_attn.qkv_proj", upMatrix: "mlp.gate_up_proj"}
	case workloads.Gemma2:
		part("post_attention_norm", "post_attention_layernorm")
		part("mlp_norm", "pre_feedforward_layernorm")
		part("post_mlp_norm", "post_feedforward_layernorm")
	default:
		return names{}, false
	}
	return n, true
}

// families returns those whose tensors have names here.
func families() []workloads.Family {
	return slices.DeleteFunc(workloads.Families(), func(f workloads.Family) bool {
		_, ok := namesOf(f)
		return !ok
	})
}

// names are those of the model's family. Load has refused others; a model made by hand has llama's.
func (m *Model) names() names {
	n, ok := namesOf(m.Family)
	if !ok {
		return llama()
	}
	return n
}

// at puts what stands before the names of a layer before them.
func (n names) at(layer int) names {
	prefix := strings.ReplaceAll(n.layer, "%d", fmt.Sprint(layer))
	inside := func(m map[string]string) map[string]string {
		out := maps.Clone(m)
		for k := range out {
			out[k] = prefix + out[k]
		}
		return out
	}
	n.parts, n.fused = inside(n.parts), inside(n.fused)
	return n
}

// piece is a tensor that has rows of a matrix.
type piece struct {
	name string
	rows int
	bias bool
}

// pieces are the tensors of a matrix, of an expert where there are several, from its top row to its bottom.
func (n names) pieces(s *shape, expert int) []piece {
	if name := n.fused[s.name]; name != "" {
		return []piece{{name, s.out, s.bias}}
	}
	var all []piece
	for _, p := range s.parts {
		all = append(all, piece{strings.ReplaceAll(n.parts[p.Name], "%e", fmt.Sprint(expert)), p.Out, p.Bias})
	}
	return all
}

// NormShape is a norm of a block before there are values.
type NormShape struct {
	Operator string // package ops' name
	Width    int
	Shift    bool
}

// Norms are those of a layer that have weights, in the order of its operators.
func (m *Model) Norms(layer int) []NormShape {
	var all []NormShape
	for _, o := range ops.Step(m.Model) {
		if o.Layer != layer || o.Kind != ops.Norm && o.Kind != ops.HeadNorm || o.Params == 0 {
			continue
		}
		width := o.Width / max(1, o.Heads)
		all = append(all, NormShape{o.Name, width, o.Params == 2*int64(width)})
	}
	return all
}

// hasShift reports whether the final norm has one.
func (m *Model) hasShift() bool { return m.Norm == workloads.LayerNorm }

// Tensor is one array of a model by the name that transformers gives it, without its values.
type Tensor struct {
	Name  string
	Shape []int
}

// Tensors returns all that the model has, but a tied head: the embedding, the blocks one after another, the final norm,
// the head. In a block, norms come first in the order of its operators, then the parts of qkv, o, up and down from the
// top row to the bottom; a bias follows its matrix.
func (m *Model) Tensors() []Tensor {
	n := m.names()
	list := []Tensor{{n.embedding + ".weight", []int{m.Vocab, m.Hidden}}}
	add := func(name string, bias bool, shape ...int) {
		list = append(list, Tensor{name + ".weight", shape})
		if bias {
			list = append(list, Tensor{name + ".bias", shape[:1]})
		}
	}
	for layer := range m.Layers {
		names := n.at(layer)
		for _, s := range m.Norms(layer) {
			add(names.parts[s.Operator], s.Shift, s.Width)
		}
		for _, s := range m.shapes(layer) {
			for expert := range max(1, s.copies) {
				for _, p := range names.pieces(&s, expert) {
					add(p.name, p.bias, p.rows, s.in)
				}
			}
		}
	}
	add(n.norm, m.hasShift(), m.Hidden)
	if !m.Tied {
		list = append(list, Tensor{n.head + ".weight", []int{m.Vocab, m.Hidden}})
	}
	if m.HeadBias {
		list = append(list, Tensor{n.head + ".bias", []int{m.Vocab}})
	}
	return list
}
