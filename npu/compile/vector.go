package compile

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// region is an activation of every token in DRAM: rows of width fp16 values. A program that keeps activations on chip
// ignores it.
type region struct {
	base  unit.Bytes
	width int
}

func (r region) row() unit.Bytes { return fp16.Of(int64(r.width)) }

// acts are the activations of a block.
type acts struct{ x, n, q, k, v, attn, f1, f2 region }

// placeActs places the spilled activations of a number of tokens one after the other, and returns where they end.
func placeActs(m *workloads.Model, tokens int, at, stripe unit.Bytes) (acts, unit.Bytes) {
	place := func(width int) region {
		r := region{at, width}
		at += roundUp(r.row()*unit.Bytes(tokens), stripe)
		return r
	}
	q, kv := m.Heads*m.HeadDim, m.KVWidth()
	a := acts{x: place(m.Hidden), n: place(m.Hidden), q: place(q), k: place(kv), v: place(kv), attn: place(max(q, m.Hidden)),
		f1: place(max(m.FFN, m.Hidden)), f2: place(m.FFN)}
	return a, at
}

// vec is a vector operator on rows of width values.
type vec struct {
	name   string
	kind   isa.Kind
	layer  int
	fn     isa.Fn
	width  int // elements per row
	rows   int
	in     []region // spilled inputs
	out    region   // spilled output, zero if there is none
	params []isa.Slice
	deps   []int
}

// vector emits a vector op: in one tile if activations are on chip, else in tiles of as many tokens as fit.
func (b *builder) vector(v vec) []int {
	o := isa.Op{Name: v.name, Kind: v.kind, Layer: v.layer, Unit: isa.Vector, Deps: v.deps, Hold: v.params,
		Work: isa.Work{Fn: v.fn, Elements: int64(v.rows) * int64(v.width)}}
	if v.layer >= 0 {
		o.Name = fmt.Sprintf("L%d.%s", v.layer, v.name)
	}
	if !b.spill || v.rows == 1 {
		return b.add(o)
	}
	row := v.out.row()
	for _, r := range v.in {
		row += r.row()
	}
	n := max(1, int(b.tile/row)) // tokens per tile
	o.Tiles = (v.rows + n - 1) / n
	last := v.rows - (o.Tiles-1)*n
	o.LoadAfter = v.deps
	for _, r := range v.in {
		o.Loads = append(o.Loads, rows(isa.ActRead, r, n, last, o.Tiles))
	}
	if v.out.width > 0 {
		o.Stores = []isa.Slice{rows(isa.ActWrite, v.out, n, last, o.Tiles)}
	}
	o.Work.Elements = int64(n) * int64(v.width)
	o.Last = isa.Work{Fn: v.fn, Elements: int64(last) * int64(v.width)}
	return b.add(o)
}

// rows slices a region into tiles of n rows, the last one shorter.
func rows(d isa.Data, r region, n, last, tiles int) isa.Slice {
	step := r.row() * unit.Bytes(n)
	return isa.Slice{Data: d, Step: step, Tile: isa.Contiguous(r.base, step),
		Last: isa.Contiguous(r.base+step*unit.Bytes(tiles-1), r.row()*unit.Bytes(last))}
}

// once is a slice that is fetched as a whole.
func once(d isa.Data, base, n unit.Bytes) isa.Slice {
	p := isa.Contiguous(base, n)
	return isa.Slice{Data: d, Tile: p, Last: p}
}

// params are small parameters of an op, unless the model of the machine leaves them out.
func (b *builder) params(base, n unit.Bytes) []isa.Slice {
	if !b.cfg.Count.Params || n == 0 {
		return nil
	}
	return []isa.Slice{once(isa.Params, base, n)}
}

// normCursor walks over the norms of a block in the order in which they are used.
func (b *builder) normCursor(base unit.Bytes) func() unit.Bytes {
	at := base
	return func() unit.Bytes {
		n := at
		at += normBytes(b.model)
		return n
	}
}

func (b *builder) normFn() isa.Fn {
	if b.model.Norm == workloads.LayerNorm {
		return isa.FnLayerNorm
	}
	return isa.FnRMSNorm
}

func (b *builder) norm(l int, name string, at unit.Bytes, in, out region, deps []int) []int {
	h := b.model.Hidden
	return b.vector(vec{name: name, kind: isa.Norm, layer: l, fn: b.normFn(), width: h, rows: b.tokens,
		in: []region{{in.base, h}}, out: region{out.base, h}, params: b.params(at, normBytes(b.model)), deps: deps})
}

// residual adds y to x.
func (b *builder) residual(l int, name string, act acts, y region, deps []int) []int {
	h := b.model.Hidden
	return b.vector(vec{name: name, kind: isa.Residual, layer: l, fn: isa.FnAdd, width: h, rows: b.tokens,
		in: []region{act.x, {y.base, h}}, out: act.x, deps: deps})
}

// embed reads one row of the embedding per token. Which rows is not known from lengths alone: rows are taken evenly
// spaced over the vocabulary in prefill, and the one at the position's index in decode.
func (b *builder) embed(x region) []int {
	m := b.model
	o := isa.Op{Name: "embed", Kind: isa.Embed, Layer: -1, Unit: isa.Vector,
		Work: isa.Work{Fn: isa.FnCopy, Elements: int64(b.tokens) * int64(m.Hidden)}}
	row := fp16.Of(int64(m.Hidden))
	n := b.tokens
	if b.spill {
		n = max(1, min(n, int(b.tile/(2*row))))
	}
	o.Tiles = (b.tokens + n - 1) / n
	last := b.tokens - (o.Tiles-1)*n
	stride := row * unit.Bytes(max(1, m.Vocab/b.tokens))
	base := b.image.embed + row*unit.Bytes(b.past%m.Vocab)
	if b.cfg.Count.Params {
		walk := isa.Pattern{Base: base, Turn: row, Planes: 1, Outer: n, OuterStride: stride}
		end := walk
		end.Base += stride * unit.Bytes(n*(o.Tiles-1))
		end.Outer = last
		o.Loads = []isa.Slice{{Data: isa.Params, Tile: walk, Last: end, Step: stride * unit.Bytes(n)}}
	}
	if b.spill {
		o.Stores = []isa.Slice{rows(isa.ActWrite, x, n, last, o.Tiles)}
	}
	o.Work.Elements = int64(n) * int64(m.Hidden)
	o.Last = isa.Work{Fn: isa.FnCopy, Elements: int64(last) * int64(m.Hidden)}
	return b.add(o)
}
