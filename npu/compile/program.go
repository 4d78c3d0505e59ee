package compile

import (
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/plan"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// builder makes one program.
type builder struct {
	*Compiler
	p           *isa.Program
	decode      bool
	rows        int // of activations: tokens of a prompt, or sequences of a batch
	past        int
	passes      int                  // over the chunks of a prompt
	last        int                  // rows of the last of them; 0: all have as many
	at          precision.Assignment // bits of the weights
	spill       bool
	activations map[ops.Value]region  // where they lie, if in DRAM
	done        map[ops.Value][]int   // the ops that make a value: what a reader waits for
	each        map[ops.Value][][]int // of the experts' values: those that make each expert's rows
	touched     []touch               // the experts of the layer
	products    [][]int               // of each of them, of the operator emitted last
	before      []int                 // the last op of the chunk of a prompt before
	updates     []isa.Op              // of the caches in a decode step, to be added after the last block
	gathered    []int                 // the ops behind the attention that was emitted last
	kept        []keeping             // latent attention in decode: what each core has had in its room
	chosen      map[gemmKey]gemmTiling
	labels      map[string]string // of the ops of the layer labelled
	labelled    int
	piece       int  // that the ops added belong to
	fresh       bool // the next op begins another one
	layer       int  // of the operator emitted last
	choices     []plan.Choice
	explaining  bool
	err         error
}

func (c *Compiler) builder(name string, rows, past int, at precision.Assignment) *builder {
	p := &isa.Program{Name: name, Bits: unit.Bits(at.Max()), Tokens: rows, Context: past + rows, Operators: c.names, Runtime: c.runtime}
	p.Ops = make([]isa.Op, 0, (24*c.model.Layers+8)*c.cfg.Cores)
	return &builder{Compiler: c, p: p, chosen: map[gemmKey]gemmTiling{}, labels: map[string]string{}, rows: rows, past: past, passes: 1, at: at,
		layer: -1, done: map[ops.Value][]int{}, each: map[ops.Value][][]int{}}
}

// add appends an op and returns the list that depends on it.
func (b *builder) add(o isa.Op, operator string) []int {
	o.Tiles = max(o.Tiles, 1)
	if o.Last == (isa.Work{}) {
		o.Last = o.Work
	}
	i, ok := b.index[operator]
	if !ok {
		panic("compile: no operator is called " + operator)
	}
	o.Operator = i
	if b.fresh && len(b.p.Ops) > 0 {
		b.piece++
	}
	b.fresh = false
	o.Piece = b.piece
	b.p.Ops = append(b.p.Ops, o)
	return []int{len(b.p.Ops) - 1}
}

// label is what an op of a layer is called: one text for all ops of the name.
func (b *builder) label(layer int, operator string) string {
	if layer < 0 {
		return operator
	}
	if layer != b.labelled {
		clear(b.labels)
		b.labelled = layer
	}
	name, ok := b.labels[operator]
	if !ok {
		name = fmt.Sprintf("L%d.%s", layer, operator)
		b.labels[operator] = name
	}
	return name
}

func (b *builder) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf("compile "+b.p.Name+": "+format, args...)
	}
}

// step emits the operators of the pass in order: of every chunk of a prompt, each after the one before.
func (b *builder) step() (*isa.Program, error) {
	b.p.Static = b.staticOf(b.headRows())
	b.activations, _ = placeActivations(b.model, b.rows, b.image.act, b.image.stripe)
	for pass := range b.passes {
		if pass == b.passes-1 && b.last > 0 {
			b.rows = b.last
		}
		all := b.operators
		if b.decode {
			all = b.decoding
		}
		for i := range all {
			b.emit(&all[i])
		}
		b.before = []int{len(b.p.Ops) - 1}
		b.past += b.rows
	}
	return b.p, b.err
}

// padded returns the positions that a token attends to, of which so many are there: those of the graph, if it has a
// number of its own.
func (b *builder) padded(positions int) int {
	if !b.decode && b.cfg.Graph.PrefillExact {
		return positions
	}
	return max(positions, b.cfg.Graph.Context)
}

// headRows is the number of rows that go through lm_head: the last of a prompt, or one of each sequence.
func (b *builder) headRows() int {
	if b.decode {
		return b.rows
	}
	return 1
}

// addUpdates adds the cache updates of a decode step, behind everything else that it reads and writes.
func (b *builder) addUpdates(deps []int) {
	for _, o := range b.updates {
		o.Deps = slices.Concat(o.Deps, deps)
		b.add(o, "kv_append")
	}
}

// emit emits an operator, and notes what those that read its values wait for.
func (b *builder) emit(o *operator) {
	b.cut(o)
	var made []int
	switch o.Kind {
	case ops.Embed:
		made = b.embed(b.activations[ops.Stream])
	case ops.Norm:
		made = b.norm(o)
	case ops.HeadNorm, ops.Rope:
		made = b.queriesAndKeys(o)
	case ops.Linear:
		made = b.linear(o)
	case ops.Score, ops.TopK:
		made = b.choose(o)
	case ops.Combine:
		made = b.combine(o)
	case ops.Activation, ops.Residual, ops.LogitCap, ops.Sample:
		made = b.elementwise(o)
	case ops.KVAppend:
		made = b.append(o.Layer, b.madeBy(o.Reads...))
	case ops.Scores: // with the softmax and the context: chunk by chunk
		b.gathered = b.attend(o)
		return
	case ops.ScoreCap, ops.ScoreBias, ops.Softmax:
		return
	case ops.Context:
		made = b.gathered
	case ops.HeadProduct:
		made = b.headProduct(o)
	case ops.Head:
		made = b.head(o)
	default:
		panic("compile: no operator of kind " + string(o.Kind))
	}
	direct := made
	if o.gather {
		made = b.gather(o.Layer, o.Width, made)
	}
	if o.quantise {
		width := o.Width
		if o.Kind == ops.Rope { // what keys and values are expanded from
			width = b.model.Latent.KVRank
		}
		made = b.quantise(o.Layer, width, made)
	}
	b.keepEach(o, slices.Equal(made, direct))
	for _, v := range o.makes() {
		b.done[v] = made
	}
}
