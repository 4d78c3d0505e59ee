package gpu

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/workloads"
)

// Kind is what an op computes, spelt as in the ops table of a trace.
type Kind string

// The kinds. x is the residual stream, h what a norm makes of it.
const (
	Embed      Kind = "embed"      // x = row of the embedding
	Normalise  Kind = "norm"       // x += what the blocks before have made (Adds of them); h = norm(x)
	Product    Kind = "gemv"       // matrix times vector, plus bias
	Rope       Kind = "rope"       // rotates q and k, appends k and v to the cache
	Attention  Kind = "attention"  // scores, softmax and context over a share of the positions each
	Merge      Kind = "merge"      // the shares of the positions together
	Activation Kind = "activation" // silu(gate)·up, gelu(fc1)
	Choose     Kind = "choose"     // most likely token and what schedulers watch
)

// Place says which weights an op uses.
type Place string

// The places.
const (
	PlaceEmbedding Place = "embed"
	PlaceInput     Place = "input_norm"
	PlaceQKV       Place = "qkv" // q, k and v, one below the other
	PlaceO         Place = "o"
	PlacePost      Place = "post_norm" // none in a parallel block
	PlaceUp        Place = "up"        // gate and up, one below the other, or fc1
	PlaceDown      Place = "down"      // down, or fc2
	PlaceFinal     Place = "final_norm"
	PlaceHead      Place = "lm_head"
)

// Op is one step of a decode pass.
type Op struct {
	Name    string // "L3.qkv"
	Kind    Kind
	Place   Place // empty where no weights are used
	Layer   int   // -1 outside the blocks
	Out, In int   // of a product; of others In values become Out values
	Adds    int   // of a norm: results added to x before, 0 to 2: the last ones of down, or of o and down
}

// Ops lists what a decode pass of a model does, in order:
//
//	sequential:  norm qkv rope attention merge o | norm(+o) up act down | next block's norm (+down)
//	parallel:    norm qkv rope attention merge o   up act down          | next block's norm (+o +down)
func Ops(m *workloads.Model) []Op {
	q, kv := m.Heads*m.HeadDim, m.KVWidth()
	up := m.FFN
	if m.GatedMLP {
		up *= 2
	}
	var ops []Op
	layer, prefix := -1, ""
	add := func(name string, kind Kind, place Place, out, in, adds int) {
		ops = append(ops, Op{prefix + name, kind, place, layer, out, in, adds})
	}
	add("embed", Embed, PlaceEmbedding, m.Hidden, 1, 0)
	adds := 0
	for layer = range m.Layers {
		prefix = fmt.Sprintf("L%d.", layer)
		add("input_norm", Normalise, PlaceInput, m.Hidden, m.Hidden, adds)
		add("qkv", Product, PlaceQKV, q+2*kv, m.Hidden, 0)
		add("rope", Rope, "", q+2*kv, q+2*kv, 0)
		add("attention", Attention, "", q, q, 0)
		add("merge", Merge, "", q, q, 0)
		add("o", Product, PlaceO, m.Hidden, q, 0)
		adds = 2
		if !m.Parallel {
			add("post_norm", Normalise, PlacePost, m.Hidden, m.Hidden, 1)
			adds = 1
		}
		add("up", Product, PlaceUp, up, m.Hidden, 0)
		add("activation", Activation, "", m.FFN, up, 0)
		add("down", Product, PlaceDown, m.Hidden, m.FFN, 0)
	}
	layer, prefix = -1, ""
	add("final_norm", Normalise, PlaceFinal, m.Hidden, m.Hidden, adds)
	add("lm_head", Product, PlaceHead, m.Vocab, m.Hidden, 0)
	add("choose", Choose, "", 1, m.Vocab, 0)
	return ops
}
