package gpu

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
)

// Kind is what an op computes, spelt as in the ops table of a trace.
type Kind string

// The kinds. x is the residual stream, h what a norm makes of it.
const (
	Embed       Kind = "embed"       // x = h = row of the embedding
	Add         Kind = "add"         // x += what the blocks before have made (Adds of them); h = x: no norm follows
	Normalise   Kind = "norm"        // x += what the blocks before have made (Adds of them); h = norm(x)
	ResultNorm  Kind = "result_norm" // norm of what a product has made, in its place; of q and k, of each of the Heads
	HeadProduct Kind = "head_gemv"   // of each head's values with its rows of a matrix
	Product     Kind = "gemv"        // matrix times vector, plus bias
	Rope        Kind = "rope"        // rotates q and k where the layer does that, appends k and v to the cache
	Attention   Kind = "attention"   // scores, softmax and context over a share of the positions each
	Merge       Kind = "merge"       // the shares of the positions together
	Activation  Kind = "activation"  // silu(gate)·up, gelu(fc1)
	Route       Kind = "route"       // which experts each token takes, and their weights
	Combine     Kind = "combine"     // weighted sum of what the experts have made
	LogitCap    Kind = "logit_cap"   // cap·tanh(x/cap) of the logits
	Choose      Kind = "choose"      // most likely token and what schedulers watch
)

// Place says which weights an op uses.
type Place string

// The places.
const (
	PlaceEmbedding   Place = "embed"
	PlaceInput       Place = "input_norm"
	PlaceQKV         Place = "qkv" // q, k and v, one below the other
	PlaceO           Place = "o"
	PlaceQ           Place = "q_proj" // of latent attention, apart; so are those that follow
	PlaceQA          Place = "q_a_proj"
	PlaceQB          Place = "q_b_proj"
	PlaceKVA         Place = "kv_a_proj_with_mqa"
	PlaceKB          Place = workloads.KeyExpansion
	PlaceVB          Place = workloads.ValueExpansion
	PlaceQANorm      Place = "q_a_norm"
	PlaceKVANorm     Place = "kv_a_norm"
	PlacePost        Place = "mlp_norm" // none in a parallel block
	PlaceUp          Place = "up"       // gate and up, one below the other, or fc1
	PlaceDown        Place = "down"     // down, or fc2
	PlaceQNorm       Place = "q_norm"
	PlaceKNorm       Place = "k_norm"
	PlaceAfterO      Place = "post_attention_norm" // of what o makes
	PlaceAfterDown   Place = "post_mlp_norm"       // of what down makes
	PlaceEmbedNorm   Place = "embed_norm"          // of x
	PlaceInO         Place = "attention_sub_norm"  // of what o reads
	PlaceInDown      Place = "mlp_sub_norm"        // of what down reads
	PlaceRouter      Place = "router"
	PlaceSharedUp    Place = "shared_up" // of the expert that every token takes
	PlaceSharedDown  Place = "shared_down"
	PlaceSharedGate  Place = "shared_gate" // what weights it
	PlaceExpertsUp   Place = "experts_up"  // of the experts that a token takes
	PlaceExpertsDown Place = "experts_down"
	PlaceFinal       Place = "final_norm"
	PlaceHead        Place = "lm_head"
)

// Op is one step of a decode pass: some operators of the model (package workloads/ops) as one.
type Op struct {
	Name       string // "L3.q_proj+k_proj+v_proj": the operators' names, in execution order, behind the layer of the last
	Kind       Kind
	Place      Place  // empty where no weights are used
	Layer      int    // -1 outside the blocks
	Out, In    int    // of a product; of others In values become Out values
	Parts      []Part // of a product: the matrices that are one here, from top to bottom
	Adds       int    // of a norm: results added to x before, 0 to 2: the last ones of down, or of o and down
	Heads      int    // of a norm of a result: as many parts of it are normalised each by itself
	Transposed bool   // of a product of heads: what goes in is of the matrix's rows
	Params     int64  // of a norm: its weights; of embed the values of a token's rows
	Experts    int    // of what is done for each expert that a token takes: how many these are; Out and In are of one
}

// Ops lists what a decode pass of a model does, in order. It fuses the operators of the model: products of the same vector
// are one, results are added to the residual stream by the norm that follows, attention is one operator and a second one
// that puts the shares of the positions together:
//
//	sequential:  norm qkv rope attention merge o | norm(+o) up act down | next block's norm (+down)
//	parallel:    norm qkv rope attention merge o   up act down          | next block's norm (+o +down)
//
// Norms of results stay operators of their own. It panics where a model has an operator that no backend has; package
// weights refuses such models.
func Ops(m *workloads.Model) []Op {
	q := m.Heads * m.HeadDim
	var all []Op
	var names []string // of the operators that the next op takes along
	var parts []Part   // of the product that is being put together
	add := func(o *ops.Op, op Op) {
		op.Name, op.Layer = ops.Fused(append(names, o.Name)...), o.Layer
		if o.Layer >= 0 {
			op.Name = fmt.Sprintf("L%d.%s", o.Layer, op.Name)
		}
		names = nil
		all = append(all, op)
	}
	adds := 0
	list := ops.DecodeStep(m)
	for i := range list {
		o := &list[i]
		switch o.Kind {
		case ops.Embed:
			add(o, Op{Kind: Embed, Place: PlaceEmbedding, Out: m.Hidden, In: 1, Params: o.Params})
		case ops.Residual:
			if adds = len(o.Reads) - 1; list[i+1].Kind == ops.Norm && list[i+1].Reads[0] == ops.Stream {
				names = append(names, o.Name)
				continue
			}
			place := PlaceDown
			if slices.Contains(o.Reads, ops.Attention) {
				place = PlaceO
			}
			add(o, Op{Kind: Add, Place: place, Out: m.Hidden, In: m.Hidden, Adds: adds})
			adds = 0
		case ops.HeadNorm:
			add(o, Op{Kind: ResultNorm, Place: Place(o.Name), Out: o.Width, In: o.Width, Heads: o.Heads, Params: o.Params})
		case ops.Norm:
			if o.Makes[0] == o.Reads[0] {
				add(o, Op{Kind: ResultNorm, Place: Place(o.Name), Out: o.Width, In: o.Width, Heads: 1, Params: o.Params})
				continue
			}
			add(o, Op{Kind: Normalise, Place: placeOf(o), Out: m.Hidden, In: m.Hidden, Adds: adds, Params: o.Params})
			adds = 0
		case ops.Linear:
			rows := o.Matrix.Out // with those of the parts above
			for _, p := range parts {
				rows -= p.Rows
			}
			parts = append(parts, Part{o.Name, rows})
			if next := &list[i+1]; (m.Latent == nil || o.Makes[0] != ops.Q) && next.Kind == ops.Linear && slices.Equal(next.Reads, o.Reads) {
				names, list[i+1].Matrix.Out = append(names, o.Name), next.Matrix.Out+o.Matrix.Out
				continue
			}
			add(o, Op{Kind: Product, Place: placeOf(o), Out: o.Matrix.Out, In: o.Matrix.In, Parts: parts, Experts: o.Experts})
			parts = nil
		case ops.Rope, ops.Scores, ops.ScoreCap, ops.ScoreBias, ops.Softmax: // with the operator that follows
			names = append(names, o.Name)
		case ops.KVAppend:
			add(o, Op{Kind: Rope, Out: q + m.CacheWidth(), In: q + m.CacheWidth()})
		case ops.HeadProduct:
			add(o, Op{Kind: HeadProduct, Place: Place(o.Name), Out: o.Matrix.Out, In: o.Matrix.In, Parts: []Part{{o.Name, o.Matrix.Out}}, Heads: o.Heads,
				Transposed: o.Transposed})
		case ops.Context:
			add(o, Op{Kind: Attention, Out: o.Width, In: list[i-2].Width})
			merge := *o
			merge.Name = ops.SoftmaxMerge
			add(&merge, Op{Kind: Merge, Out: o.Width, In: o.Width})
		case ops.Activation:
			add(o, Op{Kind: Activation, Out: o.Width / max(1, o.Experts), In: all[len(all)-1].Out, Experts: o.Experts})
		case ops.Score, ops.TopK:
			if next := list[i+1].Kind; next == ops.Score || next == ops.TopK {
				names = append(names, o.Name)
				continue
			}
			add(o, Op{Kind: Route, Out: m.Experts.PerToken, In: m.Experts.Count})
		case ops.Combine:
			add(o, Op{Kind: Combine, Out: m.Hidden, In: m.Hidden, Experts: o.Experts})
		case ops.Head:
			add(o, Op{Kind: Product, Place: PlaceHead, Out: o.Matrix.Out, In: o.Matrix.In, Parts: []Part{{o.Name, o.Matrix.Out}}})
		case ops.LogitCap:
			add(o, Op{Kind: LogitCap, Out: m.Vocab, In: m.Vocab})
		case ops.Sample:
			add(o, Op{Kind: Choose, Out: 1, In: m.Vocab})
		default:
			panic(fmt.Sprintf("gpu: no op for %s of %s", o.Name, m.Name))
		}
	}
	return all
}

// placeOf is where the weights of a norm or a product lie.
func placeOf(o *ops.Op) Place {
	if o.Kind == ops.Norm {
		return Place(o.Name)
	}
	switch o.Makes[0] {
	case ops.V:
		return PlaceQKV
	case ops.Attention:
		return PlaceO
	case ops.Up:
		switch {
		case o.Experts > 0:
			return PlaceExpertsUp
		case strings.HasPrefix(o.Name, "shared_expert."):
			return PlaceSharedUp
		}
		return PlaceUp
	case ops.MLP:
		return PlaceDown
	case ops.Routing:
		return PlaceRouter
	case ops.Q, ops.QLatent, ops.Latent: // of latent attention: by the name of the matrix
		return Place(o.Name)
	case ops.SharedOut:
		return PlaceSharedDown
	case ops.SharedBy:
		return PlaceSharedGate
	case ops.Experts:
		return PlaceExpertsDown
	}
	panic("gpu: no weights for " + o.Name)
}
