package weights

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/workloads"
)

// names are those of a family's tensors in transformers (src/transformers/models/<family>/modeling_<family>.py), without
// .weight and .bias.
type names struct {
	embedding, norm, head string
	positions, embedNorm  string
	layer                 string            // what stands before the names of a layer; %d is its number
	parts                 map[string]string // of a layer, by operator (package ops); %e is the number of an expert, %h of a head
	fused                 map[string]fused  // one tensor for the rows of several operators, by the matrix (Matrix.Name)
	columns               bool              // matrices of a layer have a row for each input (gpt2's Conv1D)
}

// fused is a tensor that has all rows of a matrix, or those of all experts.
type fused struct {
	name    string
	all     func(m *Model) int               // rows of the tensor; nil: those of the matrix
	columns bool                             // it has a row for each input, and a name without .weight
	order   func(m *Model) func(row int) int // where a row of the matrix lies in the tensor; nil: at the same place
}

// llama is how most families call their tensors.
func llama() names {
	return names{
		embedding: "model.embed_tokens", norm: "model.norm", head: "lm_head", layer: "model.layers.%d.",
		fused: map[string]fused{},
		parts: map[string]string{
			"input_norm": "input_layernorm", "mlp_norm": "post_attention_layernorm",
			"post_attention_norm": "post_attention_layernorm", "post_mlp_norm": "post_feedforward_layernorm",
			"q_proj": "self_attn.q_proj", "k_proj": "self_attn.k_proj", "v_proj": "self_attn.v_proj",
			"o_proj": "self_attn.o_proj",
			"q_norm": "self_attn.q_norm", "k_norm": "self_attn.k_norm",
			"gate_proj": "mlp.gate_proj", "up_proj": "mlp.up_proj", "down_proj": "mlp.down_proj",
			"fc1": "mlp.fc1", "fc2": "mlp.fc2",
			"attention_sub_norm": "self_attn.attn_sub_norm", "mlp_sub_norm": "mlp.ffn_sub_norm",
			"router": "mlp.gate", "shared_expert_gate": "mlp.shared_expert_gate",
			"shared_expert.gate_proj": "mlp.shared_expert.gate_proj",
			"shared_expert.up_proj":   "mlp.shared_expert.up_proj",
			"shared_expert.down_proj": "mlp.shared_expert.down_proj",
			"experts.gate_proj":       "mlp.experts.%e.gate_proj", "experts.up_proj": "mlp.experts.%e.up_proj",
			"experts.down_proj": "mlp.experts.%e.down_proj",
		},
	}
}

// calls gives operators other names: pairs of them.
func (n *names) calls(pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		n.parts[pairs[i]] = pairs[i+1]
	}
}

// gpt is how GPT-2 and its kin call what lies outside the blocks, and the blocks.
func (n *names) gpt(layer string) {
	n.embedding, n.positions, n.norm = "transformer.wte", "transformer.wpe", "transformer.ln_f"
	n.layer = "transformer." + layer + ".%d."
	n.calls("input_norm", "ln_1", "mlp_norm", "ln_2", "o_proj", "attn.c_proj", "fc1", "mlp.c_fc", "fc2", "mlp.c_proj")
}

// dense is how GPT-NeoX and its kin call the matrices of a block.
func (n *names) dense(attention string) {
	n.fused[qkvMatrix] = fused{name: attention + ".query_key_value", order: byGroup}
	n.calls("o_proj", attention+".dense", "fc1", "mlp.dense_h_to_4h", "fc2", "mlp.dense_4h_to_h")
}

// namesOf says what differs in a family; false where nobody has written it down.
func namesOf(m *workloads.Model) (names, bool) {
	n := llama()
	switch m.Family {
	case workloads.Llama, workloads.Mistral, workloads.Qwen2, workloads.Qwen3, workloads.Qwen2MoE, workloads.Qwen3MoE,
		"bitnet",
		"ernie4_5", "exaone4", "gemma", "granite", "helium", "internlm3", "minicpm", "ministral", "olmo", "olmo2",
		"olmo3", "seed_oss",
		"smollm3", "cohere", "cohere2", "ministral3", "olmoe", "internlm", "orion":
	case "hunyuan_v1_dense":
		n.calls("q_norm", "self_attn.query_layernorm", "k_norm", "self_attn.key_layernorm")
	case "internlm2":
		n.embedding, n.head = "model.tok_embeddings", "output"
		n.fused[qkvMatrix] = fused{name: "attention.wqkv", order: byGroup}
		n.calls("input_norm", "attention_norm", "mlp_norm", "ffn_norm", "o_proj", "attention.wo", "gate_proj",
			"feed_forward.w1",
			"up_proj", "feed_forward.w3", "down_proj", "feed_forward.w2")
	case workloads.StableLM:
		n.calls("q_norm", "self_attn.q_layernorm.norms.%h", "k_norm", "self_attn.k_layernorm.norms.%h")
	case "nemotron", "arcee", "jais2":
		n.calls("fc1", "mlp.up_proj", "fc2", "mlp.down_proj")
	case workloads.Gemma2, "gemma3_text", "vaultgemma":
		n.calls("mlp_norm", "pre_feedforward_layernorm")
	case "glm4":
		n.calls("post_attention_norm", "post_self_attn_layernorm", "post_mlp_norm", "post_mlp_layernorm")
		n.fused[upMatrix] = fused{name: "mlp.gate_up_proj"}
	case "glm":
		n.fused[upMatrix] = fused{name: "mlp.gate_up_proj"}
	case workloads.Phi3:
		n.fused[qkvMatrix], n.fused[upMatrix] = fused{name: "self_attn.qkv_proj"}, fused{name: "mlp.gate_up_proj"}
	case "starcoder2":
		n.calls("fc1", "mlp.c_fc", "fc2", "mlp.c_proj")
	case workloads.Phi:
		n.norm = "model.final_layernorm"
		n.calls("o_proj", "self_attn.dense", "q_norm", "self_attn.q_layernorm", "k_norm", "self_attn.k_layernorm")
	case workloads.Mixtral, workloads.PhiMoE:
		n.calls("router", "block_sparse_moe.gate", "experts.gate_proj", "block_sparse_moe.experts.%e.w1",
			"experts.up_proj", "block_sparse_moe.experts.%e.w3", "experts.down_proj", "block_sparse_moe.experts.%e.w2")
	case workloads.GraniteMoE:
		n.calls("router", "block_sparse_moe.router.layer")
		n.fused["experts_up"], n.fused["experts_down"] = fused{name: "block_sparse_moe.input_linear"},
			fused{name: "block_sparse_moe.output_linear"}
	case "granitemoeshared":
		n.calls("router", "block_sparse_moe.router.layer")
		n.fused["experts_up"], n.fused["experts_down"] = fused{name: "block_sparse_moe.input_linear"},
			fused{name: "block_sparse_moe.output_linear"}
		n.fused["shared_up"], n.fused["shared_down"] = fused{name: "shared_mlp.input_linear"},
			fused{name: "shared_mlp.output_linear"}
	case "dots1", "glm4_moe":
		n.deepseek()
	case "llama4_text":
		n.calls("gate_proj", "feed_forward.gate_proj", "up_proj", "feed_forward.up_proj", "down_proj",
			"feed_forward.down_proj", "router", "feed_forward.router",
			"shared_expert.gate_proj", "feed_forward.shared_expert.gate_proj", "shared_expert.up_proj",
			"feed_forward.shared_expert.up_proj",
			"shared_expert.down_proj", "feed_forward.shared_expert.down_proj")
		n.fused["experts_up"] = fused{name: "feed_forward.experts.gate_up_proj", columns: true}
		n.fused["experts_down"] = fused{name: "feed_forward.experts.down_proj", columns: true}
	case workloads.DeepseekV2, workloads.DeepseekV3, "minicpm3":
		n.latent()
	default:
		return n, n.gpts(m)
	}
	return n, true
}

// deepseek is how deepseek and its kin call shared experts, and what is added to a router's scores.
func (n *names) deepseek() {
	n.calls("router.bias", "mlp.gate.e_score_correction_bias", "shared_expert.gate_proj", "mlp.shared_experts.gate_proj",
		"shared_expert.up_proj", "mlp.shared_experts.up_proj", "shared_expert.down_proj", "mlp.shared_experts.down_proj")
}

// latent are the tensors of latent attention.
func (n *names) latent() {
	n.deepseek()
	n.calls("q_a_proj", "self_attn.q_a_proj", "q_b_proj", "self_attn.q_b_proj", "kv_a_proj_with_mqa",
		"self_attn.kv_a_proj_with_mqa",
		"q_a_norm", "self_attn.q_a_layernorm", "kv_a_norm", "self_attn.kv_a_layernorm")
	// Of each head first the rows that make its key, then those that make its value.
	part := func(value bool) fused {
		return fused{
			name: "self_attn.kv_b_proj",
			all:  func(m *Model) int { return m.Heads * (m.Latent.NopeDim + m.Latent.ValueDim) },
			order: func(m *Model) func(row int) int {
				nope, values := m.Latent.NopeDim, m.Latent.ValueDim
				return func(row int) int {
					if value {
						return row/values*(nope+values) + nope + row%values
					}
					return row/nope*(nope+values) + row%nope
				}
			},
		}
	}
	n.fused[workloads.KeyExpansion], n.fused[workloads.ValueExpansion] = part(false), part(true)
}

// gpts are the families that are like GPT-2 or GPT-NeoX.
func (n *names) gpts(m *workloads.Model) bool {
	switch m.Family {
	case "gpt2":
		n.gpt("h")
		n.columns, n.fused[qkvMatrix] = true, fused{name: "attn.c_attn"}
	case "gpt_bigcode":
		n.gpt("h")
		n.fused[qkvMatrix] = fused{name: "attn.c_attn", order: byGroup}
	case "gpt_neo":
		n.gpt("h")
		n.calls("q_proj", "attn.attention.q_proj", "k_proj", "attn.attention.k_proj", "v_proj", "attn.attention.v_proj",
			"o_proj", "attn.attention.out_proj")
	case "gptj", "codegen":
		n.gpt("h")
		n.calls("q_proj", "attn.q_proj", "k_proj", "attn.k_proj", "v_proj", "attn.v_proj", "o_proj", "attn.out_proj",
			"fc1", "mlp.fc_in", "fc2", "mlp.fc_out")
		if m.Family == "codegen" {
			n.fused[qkvMatrix] = fused{name: "attn.qkv_proj", order: fourShards}
		}
	case "qwen":
		n.gpt("h")
		n.fused[qkvMatrix] = fused{name: "attn.c_attn"}
		n.calls("gate_proj", "mlp.w2", "up_proj", "mlp.w1", "down_proj", "mlp.c_proj")
	case "chatglm":
		n.embedding, n.norm, n.head = "transformer.embedding.word_embeddings", "transformer.encoder.final_layernorm",
			"transformer.output_layer"
		n.layer = "transformer.encoder.layers.%d."
		n.fused[qkvMatrix], n.fused[upMatrix] = fused{name: "self_attention.query_key_value"},
			fused{name: "mlp.dense_h_to_4h"}
		n.calls("o_proj", "self_attention.dense", "down_proj", "mlp.dense_4h_to_h")
	case "exaone":
		n.gpt("h")
		n.calls("q_proj", "attn.attention.q_proj", "k_proj", "attn.attention.k_proj", "v_proj", "attn.attention.v_proj",
			"o_proj", "attn.attention.out_proj", "gate_proj", "mlp.c_fc_0", "up_proj", "mlp.c_fc_1", "down_proj",
			"mlp.c_proj")
	case "mpt":
		n.gpt("blocks")
		n.norm, n.fused[qkvMatrix] = "transformer.norm_f", fused{name: "attn.Wqkv"}
		n.calls("input_norm", "norm_1", "mlp_norm", "norm_2", "o_proj", "attn.out_proj", "fc1", "ffn.up_proj", "fc2",
			"ffn.down_proj")
	case "opt":
		n.embedding, n.positions, n.norm = "model.decoder.embed_tokens", "model.decoder.embed_positions",
			"model.decoder.final_layer_norm"
		n.layer = "model.decoder.layers.%d."
		n.calls("input_norm", "self_attn_layer_norm", "mlp_norm", "final_layer_norm", "o_proj", "self_attn.out_proj",
			"fc1", "fc1", "fc2", "fc2")
	case "gpt_neox":
		n.embedding, n.norm, n.head, n.layer = "gpt_neox.embed_in", "gpt_neox.final_layer_norm", "embed_out",
			"gpt_neox.layers.%d."
		n.dense("attention")
	case "persimmon":
		n.norm = "model.final_layernorm"
		n.calls("q_norm", "self_attn.q_layernorm", "k_norm", "self_attn.k_layernorm")
		n.dense("self_attn")
	case "bloom", "falcon":
		n.embedding, n.embedNorm, n.norm = "transformer.word_embeddings", "transformer.word_embeddings_layernorm",
			"transformer.ln_f"
		n.layer = "transformer.h.%d."
		n.dense("self_attention")
		if m.Parallel && m.BlockNorms == 2 {
			n.calls("input_norm", "ln_attn", "mlp_norm", "ln_mlp")
		}
	default:
		return false
	}
	return true
}

// byGroup: a tensor has the query heads of a KV head, then its key, then its value, and after these those of the next.
func byGroup(m *Model) func(row int) int {
	dim, q, kv := m.HeadDim, m.Heads*m.HeadDim, m.KVWidth()
	group := m.Heads / m.KVHeads
	return func(row int) int {
		head, within := row/dim, row%dim
		of, at := head/group, head%group
		switch {
		case row >= q+kv:
			of, at = (row-q-kv)/dim, group+1
		case row >= q:
			of, at = (row-q)/dim, group
		}
		return (of*(group+2)+at)*dim + within
	}
}

// fourShards: a tensor has a quarter of the queries, of the values, of the keys, and after these the next quarters: the
// shards on which CodeGen was trained.
func fourShards(m *Model) func(row int) int {
	width := m.Heads * m.HeadDim
	part := width / 4
	return func(row int) int {
		at := []int{0, 2, 1}[row/width] // of q, k, v
		row %= width
		return (row/part*3+at)*part + row%part
	}
}

// families returns those whose tensors have names here.
func families() []workloads.Family {
	return slices.DeleteFunc(workloads.Families(), func(f workloads.Family) bool {
		_, ok := namesOf(&workloads.Model{Family: f})
		return !ok
	})
}

// names are those of the model's family. Load has refused others; a model made by hand has llama's.
func (m *Model) names() names {
	n, ok := namesOf(m.Model)
	if !ok {
		return llama()
	}
	return n
}

// at puts what stands before the names of a layer before them.
func (n names) at(layer int) names {
	prefix := strings.ReplaceAll(n.layer, "%d", fmt.Sprint(layer))
	n.parts, n.fused = maps.Clone(n.parts), maps.Clone(n.fused)
	for k := range n.parts {
		n.parts[k] = prefix + n.parts[k]
	}
	for k, f := range n.fused {
		f.name = prefix + f.name
		n.fused[k] = f
	}
	return n
}
