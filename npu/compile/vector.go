package compile

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
)

// vectorOp is a vector operator on rows of width values.
type vectorOp struct {
	name     string // of its ops
	operator string // that they count for
	kind     isa.Kind
	layer    int
	fn       isa.Fn
	width    int // elements per row
	rows     int
	whole    bool     // every core does all rows, or all its tokens, in full: a reduction, or operands that all have
	in       []region // inputs that may lie in DRAM
	out      []region // outputs that may lie in DRAM
	params   []isa.Slice
	deps     []int
}

// bytesPerRow is what a row moves to and from DRAM where activations lie there; 0: its operands are on chip all the same.
func (v *vectorOp) bytesPerRow() unit.Bytes {
	var n unit.Bytes
	for _, r := range slices.Concat(v.in, v.out) {
		n += r.row()
	}
	return n
}

// vector emits a vector operator. If activations are on chip each core works on its share of every row; else on its share of
// the tokens, in tiles of as many as fit.
func (b *builder) vector(v vectorOp) []int {
	var done []int
	for core := range b.cores() {
		if o, ok := b.vectorOn(core, &v); ok {
			done = append(done, b.add(o, v.operator)...)
		}
	}
	return done
}

func (b *builder) vectorOn(core int, v *vectorOp) (isa.Op, bool) {
	o := isa.Op{Name: b.label(v.layer, v.name), Kind: v.kind, Layer: v.layer, Core: core, Unit: isa.Vector, Deps: v.deps, Hold: v.params}
	if b.spill && v.rows > 1 && v.bytesPerRow() > 0 {
		return b.vectorSpilled(o, v)
	}
	from, to := 0, v.width
	if !v.whole {
		from, to = share(v.width, core, b.cores())
		o.Deps = b.on(core, v.deps)
		if b.cores() > 1 {
			o.Hold = nil
			for _, s := range v.params {
				if base, n := b.part(s.Last.Base, s.Last.Bytes(), core); n > 0 {
					o.Hold = append(o.Hold, oneTile(s.Data, base, n))
				}
			}
		}
	}
	o.Work = isa.Work{Fn: v.fn, Elements: int64(v.rows) * int64(to-from)}
	return o, to > from
}

// vectorSpilled cuts a core's share of the tokens into tiles.
func (b *builder) vectorSpilled(o isa.Op, v *vectorOp) (isa.Op, bool) {
	from, to := share(v.rows, o.Core, b.cores())
	if from == to {
		return o, false
	}
	n := min(max(1, int(b.tile/v.bytesPerRow())), to-from) // tokens per tile
	o.Tiles = (to - from + n - 1) / n
	last := to - from - (o.Tiles-1)*n
	o.LoadAfter = v.deps
	slice := func(d isa.Data, r region) isa.Slice {
		return rows(d, region{r.base + r.row()*unit.Bytes(from), r.width}, n, last, o.Tiles)
	}
	for _, r := range v.in {
		o.Loads = append(o.Loads, slice(isa.ActRead, r))
	}
	for _, r := range v.out {
		o.Stores = append(o.Stores, slice(isa.ActWrite, r))
	}
	o.Work = isa.Work{Fn: v.fn, Elements: int64(n) * int64(v.width)}
	o.Last = isa.Work{Fn: v.fn, Elements: int64(last) * int64(v.width)}
	return o, true
}

// elementwise emits an operator element by element as a vector operator of its own.
func (b *builder) elementwise(o *operator) []int {
	fns := b.functions(&o.Op)
	v := vectorOp{name: o.name, operator: o.name, layer: o.Layer, fn: fns[0], width: o.Width * len(fns), rows: b.rows, whole: o.whole,
		deps: b.waits(&o.Op)}
	switch o.Kind {
	case ops.Residual:
		v.kind = isa.Residual
	case ops.Activation:
		v.kind = isa.Activation
	case ops.LogitCap:
		v.kind, v.rows = isa.Head, b.headRows()
	case ops.Sample:
		v.kind, v.rows = isa.Sample, b.headRows()
	}
	if o.Last { // logits are on chip
		return b.vector(v)
	}
	for _, r := range o.Reads {
		v.in = append(v.in, b.activations[r])
	}
	v.in[len(v.in)-1].width = o.Width // the region may be shared with a wider value
	v.out = []region{b.activations[o.Makes[0]]}
	if o.Kind == ops.Activation {
		v.in[0].width, v.out[0].width = o.Width, o.Width
	}
	return b.vector(v)
}

// madeBy returns the ops that make some values.
func (b *builder) madeBy(values ...ops.Value) (deps []int) {
	for _, v := range values {
		deps = append(deps, b.done[v]...)
	}
	return deps
}

// waits returns the ops that an operator waits for, those of the value made last first.
func (b *builder) waits(o *ops.Op) (deps []int) {
	for _, v := range slices.Backward(o.Reads) {
		deps = append(deps, b.done[v]...)
	}
	return deps
}

// norm emits a norm of rows: of the residual stream, of what is to be added to it, of all heads of q; the final one of
// the last token alone.
func (b *builder) norm(o *operator) []int {
	h := o.Width
	v := vectorOp{name: o.name, operator: o.name, kind: isa.Norm, layer: o.Layer, fn: b.normFn(), width: h, rows: b.rows, whole: true,
		in: []region{{b.activations[o.Reads[0]].base, h}}, params: b.params(o.params, fp16.Of(o.Params)), deps: b.done[o.Reads[0]]}
	if o.Last {
		b.addUpdates(v.deps)
		v.rows = b.headRows()
	} else {
		v.out = []region{{b.activations[o.Makes[0]].base, h}}
	}
	return b.vector(v)
}

// queriesAndKeys emits the norm of all heads, or their rotation: one operator on queries and keys, where they are.
func (b *builder) queriesAndKeys(o *operator) []int {
	q, k := b.activations[ops.Q], b.activations[o.makes()[1]]
	if b.model.Latent != nil {
		k = region{k.base, b.model.Latent.RopeDim}
	}
	v := vectorOp{name: o.name, operator: o.name, kind: isa.Rope, layer: o.Layer, fn: isa.FnRope, width: o.Width, rows: b.rows,
		in: []region{q, k}, out: []region{q, k}, deps: b.madeBy(o.makes()...)}
	if o.Kind == ops.HeadNorm {
		v.kind, v.fn, v.width, v.params = isa.Norm, b.normFn(), q.width+k.width, b.params(o.params, fp16.Of(o.Params+o.fused[0].Params))
	}
	return b.vector(v)
}

// params are small parameters of an op, unless the model of the machine leaves them out.
func (b *builder) params(base, n unit.Bytes) []isa.Slice {
	if !b.cfg.Count.Params || n == 0 {
		return nil
	}
	return []isa.Slice{oneTile(isa.Params, base, n)}
}

func (b *builder) normFn() isa.Fn {
	if b.model.Norm == workloads.RMSNorm {
		return isa.FnRMSNorm
	}
	return isa.FnLayerNorm
}

// quantise turns rows of width values into the integers that the array takes, if it takes any. Activations in DRAM stay
// fp16: they are turned as they come and go.
func (b *builder) quantise(l, width int, deps []int) []int {
	if b.cfg.Array.Activations != config.INT8 {
		return deps
	}
	var done []int
	for core := range b.cores() {
		n := b.rows
		if b.spill {
			from, to := share(b.rows, core, b.cores())
			n = to - from
		}
		done = append(done, b.onChip(l, core, opQuantise, isa.Activation, isa.FnConvert, n*width, deps)...)
	}
	return done
}
