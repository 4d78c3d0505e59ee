package workloads

import (
	"encoding/json"
	"slices"
)

// expertKeys is how a family's config.json says which experts its blocks have, with the defaults of its configuration
// class. An empty key is one that the family does not read.
type expertKeys struct {
	count      string // how many a layer has
	countOr    int
	perTokenOr int    // of num_experts_per_tok
	width      string // of an expert
	widthOr    int    // 0: intermediate_size, with the default of its class
	dense      string // width of the MLP of dense layers; empty: intermediate_size
	shared     string // width of the shared expert
	sharedOr   int
	sharedN    string // or how many shared experts there are, each as wide as a routed one
	sharedNOr  int
	sharedOne  bool // or one of an expert's width, always
	sharedGate bool
	scoring    Scoring
	grouped    bool // reads n_group and topk_group
	bias       bool // the router has one
	layers     func(f *fields, m *Model) (dense []int)
}

// The keys of the families (src/transformers/models/<family>/configuration_<family>.py; what routers do from
// modeling_<family>.py beside it).
var (
	// mixtral, phimoe and granitemoe call the width of an expert intermediate_size. mixtral normalises the softmax over all
	// experts by the sum of the chosen ones.
	localExperts = expertKeys{count: "num_local_experts", countOr: 8, perTokenOr: 2, width: "intermediate_size", scoring: SoftmaxAll}
	qwenExperts  = expertKeys{count: "num_experts", width: "moe_intermediate_size", scoring: SoftmaxAll, layers: qwenDense}
)

// mixtralExperts and the others are the rows of those families.
func mixtralExperts() *expertKeys { k := localExperts; return &k }

func phimoeExperts() *expertKeys { k := localExperts; k.countOr = 16; return &k }

func graniteExperts() *expertKeys { k := localExperts; k.scoring = SoftmaxChosen; return &k }

func graniteSharedExperts() *expertKeys {
	k := graniteExperts()
	k.shared = "shared_intermediate_size"
	return k
}

func olmoeExperts() *expertKeys {
	k := localExperts
	k.count, k.countOr, k.perTokenOr = "num_experts", 64, 8
	return &k
}

func qwen2Experts() *expertKeys {
	k := qwenExperts
	k.countOr, k.perTokenOr, k.widthOr = 60, 4, 1408
	k.shared, k.sharedOr, k.sharedGate = "shared_expert_intermediate_size", 5632, true
	return &k
}

func qwen3Experts() *expertKeys {
	k := qwenExperts
	k.countOr, k.perTokenOr, k.widthOr = 128, 8, 768
	return &k
}

// deepseekV2Experts: the scoring and the groups are V2's; V3 (deepseekV3Experts) takes sigmoids, with a correction that is
// added before the choice.
func deepseekV2Experts() *expertKeys {
	return &expertKeys{count: "n_routed_experts", countOr: 64, perTokenOr: 6, width: "moe_intermediate_size", widthOr: 1407,
		sharedN: "n_shared_experts", sharedNOr: 2, scoring: SoftmaxAll, grouped: true, layers: deepseekDense(0)}
}

func deepseekV3Experts() *expertKeys {
	return &expertKeys{count: "n_routed_experts", countOr: 256, perTokenOr: 8, width: "moe_intermediate_size", widthOr: 2048,
		sharedN: "n_shared_experts", sharedNOr: 1, scoring: SigmoidAll, bias: true, grouped: true, layers: deepseekDense(3)}
}

// dotsExperts and glmExperts are deepseek_v3's with other numbers.
func dotsExperts() *expertKeys {
	k := deepseekV3Experts()
	k.countOr, k.perTokenOr, k.widthOr, k.sharedNOr, k.layers = 128, 6, 1408, 2, deepseekDense(0)
	return k
}

func glmExperts() *expertKeys {
	k := deepseekV3Experts()
	k.countOr, k.widthOr, k.layers = 128, 1408, deepseekDense(1)
	return k
}

// llama4Experts: dense layers are as wide as intermediate_size_mlp, experts and the shared one as intermediate_size.
func llama4Experts() *expertKeys {
	return &expertKeys{count: "num_local_experts", countOr: 16, perTokenOr: 1, width: "intermediate_size", widthOr: 8192,
		dense: "intermediate_size_mlp", sharedOne: true, scoring: SigmoidAll, layers: llama4Dense}
}

// expertCounts are the keys that say how many experts there are. A family reads one of them at most.
var expertCounts = []string{"num_local_experts", "num_experts", "n_routed_experts"}

// experts reads what experts a model has.
func (f *fields) experts(m *Model, k *expertKeys) {
	if k != nil && k.count == "num_experts" && !f.has(k.count) && f.has("num_local_experts") { // as transformers 5 writes it
		k.count = "num_local_experts"
	}
	for _, key := range expertCounts {
		if k == nil || key != k.count {
			f.refuse(key, "is not modelled: "+string(m.Family)+" models have no such option", "0, 1, or no such key", "0", "1")
		}
	}
	if k == nil {
		for _, key := range []string{"num_experts_per_tok", "moe_intermediate_size"} {
			f.refuse(key, "is not modelled: "+string(m.Family)+" models have no experts", "0, or no such key", "0")
		}
		return
	}
	if string(f.raw[k.count]) == "0" { // qwen2_moe and qwen3_moe: dense
		return
	}
	e := &Experts{Count: f.countOr(k.count, k.countOr), PerToken: f.countOr("num_experts_per_tok", k.perTokenOr),
		SharedGate: k.sharedGate, Scoring: k.scoring, RouterBias: k.bias}
	if k.widthOr > 0 {
		e.Width = f.countOr(k.width, k.widthOr)
	} else {
		e.Width = m.FFN
	}
	f.sharedExperts(e, k)
	if k.grouped && f.has("n_group") && f.has("topk_group") && string(f.raw["n_group"]) != "1" {
		e.Groups, e.TopGroups = f.count("n_group"), f.count("topk_group")
		if f.textOr("topk_method", "") == "greedy" { // V2 then ignores the groups
			e.Groups, e.TopGroups = 0, 0
		}
	}
	if k.dense != "" {
		m.FFN = f.countOr(k.dense, m.FFN)
	}
	if k.layers != nil {
		e.Dense = k.layers(f, m)
	}
	if f.err == nil && len(e.Dense) < m.Layers {
		m.Experts = e
	}
}

// sharedExperts reads the width of what every token takes.
func (f *fields) sharedExperts(e *Experts, k *expertKeys) {
	switch {
	case k.sharedOne:
		e.Shared = e.Width
	case k.shared != "" && string(f.raw[k.shared]) != "0" && (k.sharedOr > 0 || f.has(k.shared)):
		e.Shared = f.countOr(k.shared, k.sharedOr)
	case k.sharedN != "" && string(f.raw[k.sharedN]) != "0" && !f.isNull(k.sharedN):
		e.Shared = f.countOr(k.sharedN, k.sharedNOr) * e.Width
	}
	e.SharedGate = e.SharedGate && e.Shared > 0
}

// denseLayers lists the layers of which sparse is false.
func denseLayers(m *Model, sparse func(l int) bool) (dense []int) {
	for l := range m.Layers {
		if !sparse(l) {
			dense = append(dense, l)
		}
	}
	return dense
}

// qwenDense: one layer in decoder_sparse_step has experts, unless it is among mlp_only_layers.
func qwenDense(f *fields, m *Model) []int {
	step, only := f.countOr("decoder_sparse_step", 1), f.layerList("mlp_only_layers", m)
	return denseLayers(m, func(l int) bool { return (l+1)%step == 0 && !slices.Contains(only, l) })
}

// deepseekDense: first_k_dense_replace layers are dense, and of the others all but one in moe_layer_freq, which only the
// authors' code reads.
func deepseekDense(firstOr int) func(f *fields, m *Model) []int {
	return func(f *fields, m *Model) []int {
		first, every := firstOr, f.countOr("moe_layer_freq", 1)
		if string(f.raw["first_k_dense_replace"]) == "0" {
			first = 0
		} else {
			first = f.countOr("first_k_dense_replace", first)
		}
		return denseLayers(m, func(l int) bool { return l >= first && l%every == 0 })
	}
}

// llama4Dense: the layers of moe_layers have experts, or one in interleave_moe_layer_step.
func llama4Dense(f *fields, m *Model) []int {
	if f.has("moe_layers") {
		sparse := f.layerList("moe_layers", m)
		return denseLayers(m, func(l int) bool { return slices.Contains(sparse, l) })
	}
	step := f.countOr("interleave_moe_layer_step", 1)
	return denseLayers(m, func(l int) bool { return (l+1)%step == 0 })
}

// layerList reads a list of layers; absent and null mean none.
func (f *fields) layerList(key string, m *Model) (layers []int) {
	if !f.has(key) {
		return nil
	}
	err := json.Unmarshal(f.raw[key], &layers)
	if err != nil || slices.ContainsFunc(layers, func(l int) bool { return l < 0 || l >= m.Layers }) {
		f.fail(key, "%s is not usable; accepted: a list of layers from 0 to %d", f.show(key), m.Layers-1)
	}
	return layers
}
