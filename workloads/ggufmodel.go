package workloads

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
	"github.com/pmpdsim/pmpdsim/sim/unit/visible"
	"github.com/pmpdsim/pmpdsim/workloads/gguf"
)

// A GGUF file says of its model what a config.json says, by other names. It is read as one: the keys are translated, and the
// family's row does the rest. Biases, the head and the formats of weights are those of its tensors.

// loadGGUF reads a model's shape and formats, and the config.json that would say the same.
func loadGGUF(path string) (*Model, *Config, error) {
	file, err := gguf.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	g := &ggufModel{File: file, keys: map[string]any{}, byName: map[string]*gguf.Tensor{}}
	for _, t := range file.Tensors {
		g.byName[t.Name] = t
	}
	if err := g.translate(); err != nil {
		return nil, nil, err
	}
	data, err := json.Marshal(g.keys)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: a value of its metadata is no finite number; accepted: finite ones", path)
	}
	m, err := ParseConfig(ggufName(path), path, data)
	if err == nil {
		err = g.complete(m)
	}
	if err != nil {
		return nil, nil, err
	}
	return m, &Config{File: path, Data: data}, nil
}

// ggufName calls a model after its file.
func ggufName(path string) string {
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	stem, _, _ := strings.Cut(name, "-00001-of-")
	return visible.Line(stem)
}

// ggufModel is a file on its way to a model.
type ggufModel struct {
	*gguf.File
	architecture string
	byName       map[string]*gguf.Tensor
	keys         map[string]any // of config.json
}

// architectures are llama.cpp's names (gguf-py, constants.py, MODEL_ARCH_NAMES) of the families. Its llama has mistral's and
// mixtral's models, too.
var architectures = map[string]Family{
	"llama": "llama", "qwen": "qwen", "qwen2": "qwen2", "qwen3": "qwen3", "qwen2moe": "qwen2_moe", "qwen3moe": "qwen3_moe", "gemma": "gemma", "gemma2": "gemma2",
	"gemma3": "gemma3_text", "phi2": "phi", "phi3": "phi3", "phimoe": "phimoe", "stablelm": "stablelm", "starcoder2": "starcoder2", "gpt2": "gpt2",
	"gptneox": "gpt_neox", "gptj": "gptj", "falcon": "falcon", "bloom": "bloom", "mpt": "mpt", "baichuan": "baichuan", "internlm2": "internlm2",
	"granite": "granite", "granitemoe": "granitemoe", "command-r": "cohere", "cohere2": "cohere2", "exaone": "exaone", "exaone4": "exaone4", "olmo": "olmo",
	"olmo2": "olmo2", "olmoe": "olmoe", "chatglm": "chatglm", "glm4": "glm4", "minicpm": "minicpm", "nemotron": "nemotron", "orion": "orion",
	"deepseek2": DeepseekV2, "dots1": "dots1", "smollm3": "smollm3", "arcee": "arcee", "ernie4_5": "ernie4_5", "seed_oss": "seed_oss", "bitnet": "bitnet",
}

// translate makes the keys of a config.json.
func (g *ggufModel) translate() error {
	const key = "general.architecture"
	g.architecture, _ = gguf.Value[string](g.Meta, key)
	family, ok := architectures[g.architecture]
	if _, known := traitsOf(family); !ok || !known {
		var names []string
		for name, f := range architectures {
			if _, known := traitsOf(f); known {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		return fmt.Errorf("%s: %s: %q is not known; %s", g.Path, key, g.architecture, suggest.Accepted(g.architecture, names))
	}
	if n, _ := g.number("expert_count"); family == "llama" && n > 0 {
		family = "mixtral"
	}
	if n, _ := g.number("expert_gating_func"); family == DeepseekV2 && n == 2 { // sigmoids
		family = DeepseekV3
	}
	g.keys["model_type"] = family
	g.keys["tie_word_embeddings"] = g.byName["output.weight"] == nil
	for _, k := range []struct{ from, to string }{
		{"embedding_length", "hidden_size"}, {"block_count", "num_hidden_layers"}, {"feed_forward_length", "intermediate_size"},
		{"attention.head_count", "num_attention_heads"}, {"context_length", "max_position_embeddings"},
	} {
		if err := g.need(k.from, k.to); err != nil {
			return err
		}
	}
	if err := g.vocabulary(); err != nil {
		return err
	}
	for _, k := range []struct{ from, to string }{
		{"attention.head_count_kv", "num_key_value_heads"}, {"attention.key_length", "head_dim"}, {"attention.sliding_window", "sliding_window"},
		{"attention.layer_norm_rms_epsilon", "rms_norm_eps"}, {"attention.layer_norm_epsilon", "layer_norm_eps"}, {"rope.freq_base", "rope_theta"},
		{"attn_logit_softcapping", "attn_logit_softcapping"}, {"final_logit_softcapping", "final_logit_softcapping"},
		{"expert_used_count", "num_experts_per_tok"}, {"expert_feed_forward_length", "moe_intermediate_size"},
		{"expert_shared_feed_forward_length", "shared_expert_intermediate_size"},
	} {
		g.take(k.from, k.to)
	}
	g.tokens()
	if err := g.rope(); err != nil {
		return err
	}
	g.ofFamily(family)
	return nil
}

// number is an integer of the architecture; one that is given for each layer has to be the same in all.
func (g *ggufModel) number(key string) (int64, bool) {
	key = g.architecture + "." + key
	if list, ok := gguf.Value[[]int64](g.Meta, key); ok {
		alike := slices.Compact(slices.Clone(list))
		return append(alike, 0)[0], len(alike) == 1
	}
	return gguf.Value[int64](g.Meta, key)
}

// need translates a number that every model has.
func (g *ggufModel) need(from, to string) error {
	n, ok := g.number(from)
	if !ok || n < 1 || n > math.MaxInt32 {
		what := "is missing"
		if v, there := g.Meta[g.architecture+"."+from]; there {
			what = fmt.Sprintf("%.60s", fmt.Sprint(v))
		}
		return fmt.Errorf("%s: %s.%s: %s; accepted: a positive integer, the same for all layers", g.Path, g.architecture, from, what)
	}
	g.keys[to] = n
	return nil
}

// take translates a value that is there.
func (g *ggufModel) take(from, to string) {
	if n, ok := g.number(from); ok {
		g.keys[to] = n
	} else if v, there := gguf.Value[float64](g.Meta, g.architecture+"."+from); there {
		g.keys[to] = shortest(v)
	}
}

// shortest is the number that a float32 was made from.
func shortest(v float64) json.Number { return json.Number(fmt.Sprint(float32(v))) }

// vocabulary counts the rows of the embedding.
func (g *ggufModel) vocabulary() error {
	t := g.byName["token_embd.weight"]
	if t == nil || len(t.Shape) != 2 {
		return fmt.Errorf("%s: tensor token_embd.weight is missing, or no matrix; accepted: a GGUF file of a language model", g.Path)
	}
	g.keys["vocab_size"] = t.Shape[0]
	return nil
}

// rope translates which part of a head is rotated, and how frequencies are stretched.
func (g *ggufModel) rope() error {
	heads, _ := g.number("attention.head_count")
	width, _ := g.number("embedding_length")
	dim, ok := g.number("attention.key_length")
	if !ok {
		dim = width / heads
	}
	if rotated, ok := g.number("rope.dimension_count"); ok && dim > 0 && rotated != dim {
		g.keys["partial_rotary_factor"] = float64(rotated) / float64(dim)
	}
	if t := g.byName["rope_freqs.weight"]; t != nil && t.Type == 0 && t.Len() <= 1<<12 {
		return g.llama3(t)
	}
	kind, _ := gguf.Value[string](g.Meta, g.architecture+".rope.scaling.type")
	factor, ok := gguf.Value[float64](g.Meta, g.architecture+".rope.scaling.factor")
	if kind == "" || kind == "none" || !ok {
		return nil
	}
	scaling := map[string]any{"rope_type": kind, "factor": shortest(factor)}
	if n, ok := g.number("rope.scaling.original_context_length"); ok {
		scaling["original_max_position_embeddings"] = n
	}
	g.keys["rope_scaling"] = scaling
	return nil
}

// llama3 translates Llama 3's stretching of frequencies, of which files hold the factor for each: the last is the factor of its
// config.json, and what else stands there is the same for all models that have it (Llama 3.1 to 3.3, Exaone 4).
func (g *ggufModel) llama3(t *gguf.Tensor) error {
	var raw []byte
	if err := t.Pieces(0, t.Len(), func(_ int, part []byte) error { raw = append(raw, part...); return nil }); err != nil {
		return err
	}
	factor := math.Float32frombits(binary.LittleEndian.Uint32(raw[len(raw)-4:]))
	if !(factor > 1 && factor <= 1<<16) {
		return t.Errorf("ends with the factor %g; accepted: more than 1", factor)
	}
	g.keys["rope_scaling"] = map[string]any{"rope_type": "llama3", "factor": shortest(float64(factor)), "low_freq_factor": 1, "high_freq_factor": 4,
		"original_max_position_embeddings": 8192}
	return nil
}

// tokens translates those that begin a text, and end it or a turn.
func (g *ggufModel) tokens() {
	var ends []int64
	for _, name := range []string{"bos", "eos", "eot"} {
		n, ok := gguf.Value[int64](g.Meta, "tokenizer.ggml."+name+"_token_id")
		switch {
		case !ok || n < 0 || n >= int64(g.keys["vocab_size"].(int)):
		case name == "bos":
			g.keys["bos_token_id"] = n
		case !slices.Contains(ends, n):
			ends = append(ends, n)
		}
	}
	if g.keys["eos_token_id"] = nil; len(ends) > 0 {
		g.keys["eos_token_id"] = ends
	}
}

// ofFamily translates what only some families have.
func (g *ggufModel) ofFamily(family Family) {
	heads, _ := g.number("attention.head_count_kv")
	if n, ok := g.number("expert_count"); ok && n > 0 {
		key := "num_experts"
		if family == DeepseekV2 || family == DeepseekV3 || family == "dots1" {
			key = "n_routed_experts"
		} else if family == "mixtral" || family == "phimoe" || family == "granitemoe" {
			key = "num_local_experts"
		}
		g.keys[key] = n
	}
	switch family {
	case DeepseekV2, DeepseekV3:
		g.latent()
		g.sharedExperts()
	case "dots1":
		g.sharedExperts()
	case "falcon":
		g.keys["new_decoder_architecture"] = heads > 1
		g.keys["multi_query"], g.keys["num_kv_heads"] = heads == 1, heads
	case "stablelm":
		g.keys["use_parallel_residual"] = g.byName["blk.0.ffn_norm.weight"] == nil
		g.keys["qk_layernorm"] = g.byName["blk.0.attn_q_norm.weight"] != nil
	case "gpt_neox":
		if parallel, ok := gguf.Value[bool](g.Meta, g.architecture+".use_parallel_residual"); ok {
			g.keys["use_parallel_residual"] = parallel
		}
	case "granite":
		g.take("embedding_scale", "embedding_multiplier")
		g.take("attention.scale", "attention_multiplier")
		g.take("residual_scale", "residual_multiplier")
		g.take("logit_scale", "logits_scaling")
	case "gemma2", "gemma3_text":
		// No key has the scale of the scores: llama.cpp goes by the number of blocks (src/llama-model.cpp, LLM_TYPE_27B).
		g.keys["query_pre_attn_scalar"] = g.keys["head_dim"]
		if layers, _ := g.number("block_count"); layers == 46 || layers == 62 {
			width, _ := g.number("embedding_length")
			queries, _ := g.number("attention.head_count")
			g.keys["query_pre_attn_scalar"] = width / queries
		}
	case "chatglm":
		g.keys["multi_query_attention"], g.keys["multi_query_group_num"] = heads > 0, heads
	case "qwen2", "qwen3", "qwen2_moe", "qwen3_moe": // llama.cpp knows no windows of these
		delete(g.keys, "sliding_window")
		if family == "qwen3_moe" { // no key says it: llama.cpp's qwen3moe always does so (src/llama-model.cpp)
			g.keys["norm_topk_prob"] = true
		}
	}
}

// latent translates latent attention. Files whose cache holds what is compressed give its width as that of keys, and that of a
// head's keys apart.
func (g *ggufModel) latent() {
	delete(g.keys, "num_key_value_heads")
	delete(g.keys, "head_dim")
	delete(g.keys, "partial_rotary_factor")
	g.keys["q_lora_rank"] = nil
	for _, k := range []struct{ from, to string }{{"attention.q_lora_rank", "q_lora_rank"}, {"attention.kv_lora_rank", "kv_lora_rank"},
		{"rope.dimension_count", "qk_rope_head_dim"}, {"attention.value_length", "v_head_dim"}, {"attention.value_length_mla", "v_head_dim"}} {
		g.take(k.from, k.to)
	}
	key, ok := g.number("attention.key_length_mla")
	if !ok {
		key, _ = g.number("attention.key_length")
	}
	rotated, _ := g.number("rope.dimension_count")
	g.keys["qk_nope_head_dim"] = key - rotated
}

// sharedExperts translates which layers have experts, and how many all tokens share.
func (g *ggufModel) sharedExperts() {
	g.take("expert_shared_count", "n_shared_experts")
	g.take("leading_dense_block_count", "first_k_dense_replace")
	g.take("expert_group_count", "n_group")
	g.take("expert_group_used_count", "topk_group")
}
