package workloads

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/workloads/formats"
)

// modules says of which matrices a name or a pattern in a quantization_config speaks.
type modules func(layer int, matrix string) bool

// The matrices by the names of modules that hold them, in the implementations of the families: fused ones hold several.
var (
	attentionNames = []string{"q_proj", "k_proj", "v_proj", "o_proj", "q_a_proj", "q_b_proj", "kv_a_proj_with_mqa", KeyExpansion, ValueExpansion}
	qkvNames       = attentionNames[:3]
	mlpNames       = []string{"gate_proj", "up_proj", "down_proj", "fc1", "fc2"}
	moduleNames    = map[string][]string{
		"self_attn": attentionNames, "attn": attentionNames, "attention": attentionNames, "self_attention": attentionNames,
		"mlp": mlpNames, "feed_forward": mlpNames, "ffn": mlpNames,
		"qkv_proj": qkvNames, "query_key_value": qkvNames, "c_attn": qkvNames, "wqkv": qkvNames, "Wqkv": qkvNames, "W_pack": qkvNames,
		"kv_b_proj": attentionNames[7:], "kv_a_proj": {"kv_a_proj_with_mqa"},
		"dense": {"o_proj"}, "out_proj": {"o_proj"}, "wo": {"o_proj"},
		"gate_up_proj": {"gate_proj", "up_proj"}, "w1": {"gate_proj"}, "w2": {"down_proj"}, "w3": {"up_proj"},
		"c_fc": {"fc1"}, "dense_h_to_4h": {"fc1", "gate_proj", "up_proj"}, "dense_4h_to_h": {"fc2", "down_proj"},
		"lm_head": {formats.Head}, "output": {formats.Head}, "embed_out": {formats.Head},
		"embed_tokens": {formats.Embedding}, "wte": {formats.Embedding}, "embed_in": {formats.Embedding}, "word_embeddings": {formats.Embedding},
	}
)

// layerLists are what the lists of blocks are called.
var layerLists = []string{"layers", "h", "blocks", "block"}

// moduleList compiles names of modules as they stand in lists: whole (model.layers.3.self_attn.q_proj), from a dot to a dot
// (mlp.down_proj, lm_head), or with * for anything.
func moduleList(names []string) []modules {
	var all []modules
	for _, n := range names {
		all = append(all, module(n))
	}
	return all
}

// module compiles a name. One that speaks of no matrix here (a norm, a router, a vision tower) matches none.
func module(name string) modules {
	if strings.Contains(name, "*") {
		parts := strings.Split(name, "*")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		expression := regexp.MustCompile("^" + strings.Join(parts, ".*") + `(\..*)?$`)
		return matching(expression)
	}
	segments := strings.Split(strings.TrimSuffix(name, ".weight"), ".")
	layer, rest := layerOf(segments)
	if len(rest) == 0 { // all of a layer
		return func(l int, _ string) bool { return layer >= 0 && l == layer }
	}
	leaf := rest[len(rest)-1]
	matrices := moduleNames[leaf]
	switch {
	case leaf == "c_proj" && slices.Contains(rest, "mlp"): // gpt2 has two
		matrices = []string{"fc2"}
	case leaf == "c_proj":
		matrices = []string{"o_proj"}
	case matrices == nil && (slices.Contains(attentionNames, leaf) || slices.Contains(mlpNames, leaf)):
		matrices = []string{leaf}
	}
	experts, shared := slices.Contains(rest, "experts"), slices.Contains(rest, "shared_expert") || slices.Contains(rest, "shared_experts")
	return func(l int, matrix string) bool {
		owner, bare := owned(matrix)
		if layer >= 0 && l != layer || experts && owner != "experts" || shared && !strings.HasPrefix(owner, "shared") {
			return false
		}
		if leaf == "experts" || leaf == "shared_experts" || leaf == "shared_expert" {
			return owner != ""
		}
		return slices.Contains(matrices, bare)
	}
}

// owned splits the name of an expert's matrix, experts.up_proj.
func owned(matrix string) (owner, bare string) {
	if at := strings.LastIndexByte(matrix, '.'); at >= 0 {
		return matrix[:at], matrix[at+1:]
	}
	return "", matrix
}

// layerOf returns the number of the block in a module's name, Outside if there is none, and what follows it.
func layerOf(segments []string) (layer int, rest []string) {
	for i := range segments[:len(segments)-1] {
		if n, err := strconv.Atoi(segments[i+1]); err == nil && slices.Contains(layerLists, segments[i]) {
			return n, segments[i+2:]
		}
	}
	return formats.Outside, segments
}

// pattern compiles a regular expression that is compared from the start of a module's name on, as Python's re.match does.
func pattern(expression string) (modules, error) {
	compiled, err := regexp.Compile("^(?:" + expression + ")")
	if err != nil {
		return nil, fmt.Errorf("the pattern %.60q is not read: %w", expression, err)
	}
	return matching(compiled), nil
}

// matching compares an expression with the names that a matrix has in the usual implementations.
func matching(expression *regexp.Regexp) modules {
	return func(layer int, matrix string) bool {
		return slices.ContainsFunc(fullNames(layer, matrix), expression.MatchString)
	}
}

// fullNames returns how modules that hold a matrix are called: by itself, and fused with others.
func fullNames(layer int, matrix string) []string {
	owner, bare := owned(matrix)
	switch {
	case layer == formats.Outside && matrix == formats.Embedding:
		return []string{"model.embed_tokens"}
	case layer == formats.Outside:
		return []string{matrix}
	case owner != "": // of an expert: the first stands for all
		if owner == "experts" {
			owner = "experts.0"
		}
		name := fmt.Sprintf("model.layers.%d.mlp.%s.%s", layer, owner, bare)
		return []string{name, strings.Replace(name, ".shared_expert.", ".shared_experts.", 1)}
	case slices.Contains(attentionNames, bare):
		names := []string{fmt.Sprintf("model.layers.%d.self_attn.%s", layer, bare)}
		if bare == KeyExpansion || bare == ValueExpansion {
			names = append(names, fmt.Sprintf("model.layers.%d.self_attn.kv_b_proj", layer))
		}
		if slices.Contains(qkvNames, bare) {
			names = append(names, fmt.Sprintf("model.layers.%d.self_attn.qkv_proj", layer))
		}
		return names
	}
	names := []string{fmt.Sprintf("model.layers.%d.mlp.%s", layer, bare)}
	if bare == "gate_proj" || bare == "up_proj" {
		names = append(names, fmt.Sprintf("model.layers.%d.mlp.gate_up_proj", layer))
	}
	return names
}
