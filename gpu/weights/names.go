package weights

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/workloads"
)

// names are those of a family's tensors in transformers (src/transformers/models/<family>/modeling_<family>.py).
type names struct {
	family          workloads.Family
	embedding, norm string
	prefix          string // of a layer
	input, post     string
}

func (m *Model) names() names {
	n := names{
		family: m.Family, embedding: "model.embed_tokens.weight", norm: "model.norm", input: "input_layernorm",
		post: "post_attention_layernorm",
	}
	if m.Family == workloads.Phi {
		n.norm = "model.final_layernorm"
	}
	return n
}

// layer puts the prefix of a layer before its names.
func (n names) layer(layer int) names {
	n.prefix = fmt.Sprintf("model.layers.%d.", layer)
	n.input, n.post = n.prefix+n.input, n.prefix+n.post
	return n
}

// linear is the name of a matrix of a block, by its name in workloads.
func (n names) linear(name string) string {
	switch name {
	case "q_proj", "k_proj", "v_proj":
		return n.prefix + "self_attn." + name
	case "o_proj":
		if n.family == workloads.Phi {
			return n.prefix + "self_attn.dense"
		}
		return n.prefix + "self_attn.o_proj"
	}
	return n.prefix + "mlp." + name
}

func (m *Model) hasShift() bool { return m.Norm == workloads.LayerNorm }

// Tensor is one array of a model by the name that transformers gives it, without its values.
type Tensor struct {
	Name  string
	Shape []int
}

// Tensors returns all that the model has, but a tied head: the embedding, the blocks one after another, the final norm,
// the head. In a block, norms come first, then the parts of qkv, o, up and down from the top row to the bottom; a bias
// follows its matrix.
func (m *Model) Tensors() []Tensor {
	n := m.names()
	list := []Tensor{{n.embedding, []int{m.Vocab, m.Hidden}}}
	norm := func(name string) {
		list = append(list, Tensor{name + ".weight", []int{m.Hidden}})
		if m.hasShift() {
			list = append(list, Tensor{name + ".bias", []int{m.Hidden}})
		}
	}
	linear := func(name string, l workloads.Linear) {
		list = append(list, Tensor{name + ".weight", []int{l.Out, l.In}})
		if l.Bias {
			list = append(list, Tensor{name + ".bias", []int{l.Out}})
		}
	}
	for layer := range m.Layers {
		names := n.layer(layer)
		norm(names.input)
		if !m.Parallel {
			norm(names.post)
		}
		for _, s := range m.shapes() {
			for _, part := range s.parts {
				linear(names.linear(part.Name), part)
			}
		}
	}
	norm(n.norm)
	if !m.Tied {
		list = append(list, Tensor{"lm_head.weight", []int{m.Vocab, m.Hidden}})
	}
	if m.HeadBias {
		list = append(list, Tensor{"lm_head.bias", []int{m.Vocab}})
	}
	return list
}
