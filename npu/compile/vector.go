package compile

import (
	"cmp"

	"github.com/pmpdsim/pmpdsim/npu/config"
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
	name     string
	operator string // "" is the name
	kind     isa.Kind
	layer    int
	fn       isa.Fn
	width    int // elements per row
	rows     int
	whole    bool     // every core does all rows, or all its tokens, in full: a reduction, or operands that all have
	in       []region // spilled inputs
	out      region   // spilled output, zero if there is none
	params   []isa.Slice
	deps     []int
}

// perRow is what a row moves to and from DRAM where activations lie there; 0: its operands are on chip all the same.
func (v *vec) perRow() unit.Bytes {
	n := v.out.row()
	for _, r := range v.in {
		n += r.row()
	}
	return n
}

// vector emits a vector operator. If activations are on chip each core works on its share of every row; else on its share of
// the tokens, in tiles of as many as fit.
func (b *builder) vector(v vec) []int {
	var done []int
	for core := range b.cores() {
		if o, ok := b.vectorOn(core, &v); ok {
			done = append(done, b.add(o, cmp.Or(v.operator, v.name))...)
		}
	}
	return done
}

func (b *builder) vectorOn(core int, v *vec) (isa.Op, bool) {
	o := isa.Op{Name: b.name(v.layer, v.name), Kind: v.kind, Layer: v.layer, Core: core, Unit: isa.Vector, Deps: v.deps, Hold: v.params}
	if b.spill && v.rows > 1 && v.perRow() > 0 {
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
					o.Hold = append(o.Hold, once(s.Data, base, n))
				}
			}
		}
	}
	o.Work = isa.Work{Fn: v.fn, Elements: int64(v.rows) * int64(to-from)}
	return o, to > from
}

// vectorSpilled cuts a core's share of the tokens into tiles.
func (b *builder) vectorSpilled(o isa.Op, v *vec) (isa.Op, bool) {
	from, to := share(v.rows, o.Core, b.cores())
	if from == to {
		return o, false
	}
	n := min(max(1, int(b.tile/v.perRow())), to-from) // tokens per tile
	o.Tiles = (to - from + n - 1) / n
	last := to - from - (o.Tiles-1)*n
	o.LoadAfter = v.deps
	slice := func(d isa.Data, r region) isa.Slice {
		return rows(d, region{r.base + r.row()*unit.Bytes(from), r.width}, n, last, o.Tiles)
	}
	for _, r := range v.in {
		o.Loads = append(o.Loads, slice(isa.ActRead, r))
	}
	if v.out.width > 0 {
		o.Stores = []isa.Slice{slice(isa.ActWrite, v.out)}
	}
	o.Work = isa.Work{Fn: v.fn, Elements: int64(n) * int64(v.width)}
	o.Last = isa.Work{Fn: v.fn, Elements: int64(last) * int64(v.width)}
	return o, true
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
	return b.vector(vec{name: name, kind: isa.Norm, layer: l, fn: b.normFn(), width: h, rows: b.rows, whole: true,
		in: []region{{in.base, h}}, out: region{out.base, h}, params: b.params(at, normBytes(b.model)), deps: deps})
}

// residual adds what a matrix has made to x.
func (b *builder) residual(name string, act acts, x []int) *tail {
	return &tail{name: name, kind: isa.Residual, fns: []isa.Fn{isa.FnAdd}, width: b.model.Hidden, in: []region{act.x}, out: act.x, deps: x}
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
		done = append(done, b.onChip(l, core, "quantise", isa.Activation, isa.FnConvert, n*width, deps)...)
	}
	return done
}

// embed reads one row of the embedding per row of activations, on every core. Which rows is not known from lengths alone:
// they are taken evenly spaced over the vocabulary in prefill and in a batch, and the one at the position's index in decode.
func (b *builder) embed(x region) []int {
	m := b.model
	row := fp16.Of(int64(m.Hidden))
	stride := row * unit.Bytes(max(1, m.Vocab/b.rows))
	base := b.image.embed
	if b.decode {
		base += row * unit.Bytes(b.past%max(1, m.Vocab/b.rows))
	}
	var done []int
	for core := range b.cores() {
		o := isa.Op{Name: "embed", Kind: isa.Embed, Layer: -1, Core: core, Unit: isa.Vector}
		from, to, n := 0, b.rows, b.rows
		if b.spill {
			from, to = share(b.rows, core, b.cores())
			n = max(1, min(to-from, int(b.tile/(2*row))))
		}
		if from == to {
			continue
		}
		o.Tiles = (to - from + n - 1) / n
		last := to - from - (o.Tiles-1)*n
		if b.cfg.Count.Params {
			walk := isa.Pattern{Base: base + stride*unit.Bytes(from), Turn: row, Planes: 1, Outer: n, OuterStride: stride}
			end := walk
			end.Base += stride * unit.Bytes(n*(o.Tiles-1))
			end.Outer = last
			o.Loads = []isa.Slice{{Data: isa.Params, Tile: walk, Last: end, Step: stride * unit.Bytes(n)}}
		}
		if b.spill {
			o.Stores = []isa.Slice{rows(isa.ActWrite, region{x.base + x.row()*unit.Bytes(from), x.width}, n, last, o.Tiles)}
		}
		o.Work = isa.Work{Fn: isa.FnCopy, Elements: int64(n) * int64(m.Hidden)}
		o.Last = isa.Work{Fn: isa.FnCopy, Elements: int64(last) * int64(m.Hidden)}
		done = append(done, b.add(o, "embed")...)
	}
	return done
}
