package gpu

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
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
	Params     int64  // of a norm, or the norm of a product: its weights; of embed the values of a token's rows
	Norm       Place  // of a product that normalises what it reads: the norm's weights; only of Launches
	Then       Kind   // of a product: what becomes of its result, Add, Rope or Activation; only of Launches
	Makes      int    // of a product with Then: the values that come of it
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
	f := fuser{m: m, list: ops.DecodeStep(m)}
	for i := range f.list {
		o := &f.list[i]
		switch o.Kind {
		case ops.Linear, ops.HeadProduct, ops.Head:
			f.product(i, o)
		case ops.Norm, ops.HeadNorm, ops.Residual:
			f.norm(i, o)
		case ops.Rope, ops.Scores, ops.ScoreCap, ops.ScoreBias, ops.Softmax, ops.KVAppend, ops.Context:
			f.attention(i, o)
		case ops.Score, ops.TopK, ops.Combine:
			f.experts(i, o)
		case ops.Embed:
			f.add(o, Op{Kind: Embed, Place: PlaceEmbedding, Out: m.Hidden, In: 1, Params: o.Params})
		case ops.Activation:
			f.add(o, Op{Kind: Activation, Out: o.Width / max(1, o.Experts), In: f.all[len(f.all)-1].Out,
				Experts: o.Experts})
		case ops.LogitCap:
			f.add(o, Op{Kind: LogitCap, Out: m.Vocab, In: m.Vocab})
		case ops.Sample:
			f.add(o, Op{Kind: Choose, Out: 1, In: m.Vocab})
		default:
			panic(fmt.Sprintf("gpu: no op for %s of %s", o.Name, m.Name))
		}
	}
	return f.all
}

// fuser makes ops of operators.
type fuser struct {
	m     *workloads.Model
	list  []ops.Op
	all   []Op
	names []string // of the operators that the next op takes along
	parts []Part   // of the product that is being put together
	adds  int      // results that the next norm adds
}

func (f *fuser) add(o *ops.Op, op Op) {
	op.Name, op.Layer = ops.Fused(append(f.names, o.Name)...), o.Layer
	if o.Layer >= 0 {
		op.Name = fmt.Sprintf("L%d.%s", o.Layer, op.Name)
	}
	f.names = nil
	f.all = append(f.all, op)
}

// along leaves an operator to the op that follows.
func (f *fuser) along(o *ops.Op) { f.names = append(f.names, o.Name) }

func (f *fuser) product(i int, o *ops.Op) {
	whole := []Part{{o.Name, o.Matrix.Out}}
	switch o.Kind {
	case ops.HeadProduct:
		f.add(o, Op{Kind: HeadProduct, Place: Place(o.Name), Out: o.Matrix.Out, In: o.Matrix.In, Parts: whole,
			Heads:      o.Heads,
			Transposed: o.Transposed})
		return
	case ops.Head:
		f.add(o, Op{Kind: Product, Place: PlaceHead, Out: o.Matrix.Out, In: o.Matrix.In, Parts: whole})
		return
	}
	rows := o.Matrix.Out // with those of the parts above
	for _, p := range f.parts {
		rows -= p.Rows
	}
	f.parts = append(f.parts, Part{o.Name, rows})
	apart := f.m.Latent != nil && o.Makes[0] == ops.Q // the cache has rows of its own
	if next := &f.list[i+1]; !apart && next.Kind == ops.Linear && slices.Equal(next.Reads, o.Reads) {
		f.along(o)
		next.Matrix.Out += o.Matrix.Out
		return
	}
	f.add(o, Op{Kind: Product, Place: placeOf(o), Out: o.Matrix.Out, In: o.Matrix.In, Parts: f.parts, Experts: o.Experts})
	f.parts = nil
}

// norm is a norm of the residual stream, which adds results to it before, or of a result, or additions that no norm
// follows.
func (f *fuser) norm(i int, o *ops.Op) {
	d := f.m.Hidden
	switch {
	case o.Kind == ops.HeadNorm:
		f.add(o, Op{Kind: ResultNorm, Place: Place(o.Name), Out: o.Width, In: o.Width, Heads: o.Heads, Params: o.Params})
	case o.Kind == ops.Norm && o.Makes[0] == o.Reads[0]:
		f.add(o, Op{Kind: ResultNorm, Place: Place(o.Name), Out: o.Width, In: o.Width, Heads: 1, Params: o.Params})
	case o.Kind == ops.Norm:
		f.add(o, Op{Kind: Normalise, Place: placeOf(o), Out: d, In: d, Adds: f.adds, Params: o.Params})
		f.adds = 0
	case f.list[i+1].Kind == ops.Norm && f.list[i+1].Reads[0] == ops.Stream:
		f.along(o)
		f.adds = len(o.Reads) - 1
	default:
		place := PlaceDown
		if slices.Contains(o.Reads, ops.Attention) {
			place = PlaceO
		}
		f.add(o, Op{Kind: Add, Place: place, Out: d, In: d, Adds: len(o.Reads) - 1})
	}
}

func (f *fuser) attention(i int, o *ops.Op) {
	switch o.Kind {
	case ops.KVAppend:
		width := f.m.Heads*f.m.HeadDim + f.m.CacheWidth()
		f.add(o, Op{Kind: Rope, Out: width, In: width})
	case ops.Context:
		f.add(o, Op{Kind: Attention, Out: o.Width, In: f.list[i-2].Width})
		merge := *o
		merge.Name = ops.SoftmaxMerge
		f.add(&merge, Op{Kind: Merge, Out: o.Width, In: o.Width})
	default:
		f.along(o)
	}
}

// experts are the choice of a router, which is one op, and the sum of what they make.
func (f *fuser) experts(i int, o *ops.Op) {
	next := f.list[i+1].Kind
	switch {
	case o.Kind == ops.Combine:
		f.add(o, Op{Kind: Combine, Out: f.m.Hidden, In: f.m.Hidden, Experts: o.Experts})
	case next == ops.Score || next == ops.TopK:
		f.along(o)
	default:
		f.add(o, Op{Kind: Route, Out: f.m.Experts.PerToken, In: f.m.Experts.Count})
	}
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
