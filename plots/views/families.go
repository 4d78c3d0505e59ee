package views

import (
	"fmt"
	"strings"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// familyItem is a family as JSON.
type familyItem struct {
	Family workloads.Family   `json:"family"`
	Also   []workloads.Family `json:"also,omitempty"`
	Block  string             `json:"block"` // what differs from llama where config.json says nothing else
}

// Families lists the families, with their values for JSON.
func Families() (*plots.Table, []any, error) {
	t := &plots.Table{Columns: []plots.Column{{Name: "family"}, {Name: "also", Width: 24}, {Name: "unlike llama, where config.json says nothing else", Width: 80}}}
	var values []any
	for _, f := range workloads.Families() {
		block := "the sizes of its class do not fit together: config.json has to give them"
		if m, err := workloads.OfClass(f); err == nil {
			block = unlikeLlama(m)
		}
		var also []string
		for _, name := range workloads.Aliases(f) {
			also = append(also, string(name))
		}
		v := familyItem{f, workloads.Aliases(f), block}
		values = append(values, v)
		t.Add(string(f), strings.Join(also, " "), v.Block)
	}
	return t, values, nil
}

// unlikeLlama says in what a model's blocks differ from llama's.
func unlikeLlama(m *workloads.Model) string {
	var all []string
	add := func(is bool, format string, args ...any) {
		if is {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	add(m.Norm != workloads.RMSNorm, "%s", m.Norm)
	add(m.BlockNorms == 4, "norms before and behind")
	add(m.NormsBehind, "norms behind")
	add(m.Parallel && m.BlockNorms == 1, "parallel, one norm")
	add(m.Parallel && m.BlockNorms == 2, "parallel, two norms")
	add(m.SubNorms, "norms before o_proj and down_proj")
	add(m.EmbedNorm, "norm of the embedding")
	add(m.QKNorm, "norms of q and k, %s", map[string]string{"": "each head", workloads.OwnNorms: "each head with weights of its own",
		workloads.WideNorms: "all heads as one", workloads.BareNorms: "each head that rotates, without weights"}[m.QKNormKind])
	add(m.LearnedPositions > 0, "learned positions")
	add(m.ALiBi, "ALiBi")
	add(m.Latent != nil, "latent attention")
	add(m.Chunked, "attention within chunks of %d", m.Window)
	add(m.RotaryDim > 0 && m.RotaryDim < m.HeadDim, "%d of %d values rotate", m.RotaryDim, m.HeadDim)
	add(m.KVHeads == 1, "one KV head")
	add(m.Window > 0 && m.LayerPattern == "" && m.WindowEvery < 2, "windows of %d", m.Window)
	add(m.WindowEvery == 2, "windows of %d in even layers", m.Window)
	add(m.LayerPattern != "", "layers %s", m.LayerPattern)
	add(m.Softcap, "soft caps")
	add(!m.GatedMLP, "%s without a gate", m.Activation)
	add(m.GatedMLP && m.Activation != workloads.Silu, "%s", m.Activation)
	add(m.Experts != nil, "experts")
	if biased := biases(m); biased != "" {
		all = append(all, "biases of "+biased)
	}
	add(m.Tied, "tied head")
	return strings.Join(all, "; ")
}

// biases names the matrices that have one.
func biases(m *workloads.Model) string {
	var all []string
	for _, b := range []struct {
		has  bool
		name string
	}{{m.QKVBias, "q, k, v"}, {m.OBias, "o"}, {m.MLPBias, "MLP"}, {m.HeadBias, "head"}} {
		if b.has {
			all = append(all, b.name)
		}
	}
	return strings.Join(all, ", ")
}
