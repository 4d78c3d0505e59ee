package config

import "fmt"

// Graphs is what a pass was compiled for, where a runtime takes graphs of fixed shapes: what is shorter is padded. The
// zero value is of shapes as they come.
type Graphs struct {
	// Context is the positions that attention always takes; 0: those that are there.
	Context int `yaml:"context,omitempty" json:"context,omitzero" default:"0"`
	// PrefillChunk is the tokens of a prefill pass, of which a prompt takes as many as it needs; 0: the whole prompt.
	PrefillChunk int `yaml:"prefill_chunk,omitempty" json:"prefill_chunk,omitzero" default:"0"`
	// PrefillExact says that Context is of decode passes alone: a prefill pass takes the positions that are there.
	PrefillExact bool `yaml:"prefill_exact,omitempty" json:"prefill_exact,omitzero" default:"false"`
	// PrefillRagged says that the last pass of a prompt takes the tokens that are left; otherwise it is padded to PrefillChunk.
	PrefillRagged bool `yaml:"prefill_ragged,omitempty" json:"prefill_ragged,omitzero" default:"false"`
}

// IsZero reports whether shapes are taken as they come: results and fingerprints leave the section out.
func (g Graphs) IsZero() bool { return g == Graphs{} }

// Prefill returns the passes of a prompt, the tokens of each, and those of the last.
func (g Graphs) Prefill(prompt int) (passes, tokens, last int) {
	if g.PrefillChunk == 0 || g.PrefillRagged && g.PrefillChunk >= prompt {
		return 1, prompt, prompt
	}
	passes = (prompt + g.PrefillChunk - 1) / g.PrefillChunk
	if g.PrefillRagged {
		return passes, g.PrefillChunk, prompt - (passes-1)*g.PrefillChunk
	}
	return passes, g.PrefillChunk, g.PrefillChunk
}

// mostPositions bounds a graph: more than any model has.
const mostPositions = 1 << 24

func (k *checker) graph(g Graphs) {
	k.within("graph.context", int64(g.Context), 0, mostPositions)
	k.within("graph.prefill_chunk", int64(g.PrefillChunk), 0, mostPositions)
	if g.Context > 0 && g.PrefillChunk > g.Context {
		k.add("graph.prefill_chunk", fmt.Sprintf("%d tokens, but the graphs have %d positions; accepted: 0 to %d", g.PrefillChunk, g.Context, g.Context),
			"graph.context")
	}
}
