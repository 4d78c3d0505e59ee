package compile

import (
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/plan"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
	"github.com/pmpdsim/pmpdsim/workloads/routing"
)

// All experts of a layer lie in DRAM, each in a stretch of its own that is laid out like that of the first:
//
//	expert 0: gate, up, down, and their codebooks │ expert 1: the same, apart bytes on │ …
//
// A pass reads the experts that its tokens take. Which these are, the router says: loads of experts wait for its result
// (isa.Op.LoadAfter), and as loads are released in program order, so do all loads behind them. The shared expert comes
// first in a program, because it can be fetched before the router is done. An operator works through all touched experts
// before the next operator begins (a grouped product), each expert on the rows of the tokens that take it. On chip these
// rows are where they are; in DRAM they are gathered row by row, from places that are taken to be evenly spaced.

// layExperts places what a layer with experts has in place of an MLP.
func layExperts(f *plan.Footprint, a *allocator, j Job, l int) ([]matrix, error) {
	m := j.Model
	matrices := append([]workloads.Linear{m.RouterMatrix()}, m.SharedExpert()...)
	if m.Experts.SharedGate {
		matrices = append(matrices, m.SharedGateMatrix())
	}
	var all []matrix
	for _, w := range matrices {
		x, err := layLinear(a, f, j, l, w)
		if err != nil {
			return nil, err
		}
		all = append(all, x)
	}
	var one plan.Footprint // of an expert
	block := rowBlock * a.stripe
	a.next = roundUp(a.next, block)
	begin, first := a.next, len(all)
	for _, w := range m.Expert() {
		x, err := layLinear(a, &one, j, l, w)
		if err != nil {
			return nil, err
		}
		all = append(all, x)
	}
	apart := roundUp(a.next-begin, block)
	a.next = begin + apart*unit.Bytes(m.Experts.Count)
	for i := range all[first:] {
		all[first+i].apart = apart
	}
	count := unit.Bytes(m.Experts.Count)
	f.Planes += one.Planes * count
	f.Codebooks += one.Codebooks * count
	f.FP16 += one.FP16 * count
	return all, nil
}

// denseMLP is the MLP of a layer without experts.
func denseMLP(m *workloads.Model, l int) []workloads.Linear {
	if m.Sparse(l) {
		return nil
	}
	return m.MLP()
}

// ffnWidth is the most values that a token has between the matrices of an MLP: of all experts that it takes together.
func ffnWidth(m *workloads.Model) int {
	e := m.Experts
	switch {
	case e == nil:
		return m.FFN
	case len(e.Dense) > 0:
		return max(m.FFN, e.Shared, e.PerToken*e.Width)
	}
	return max(e.Shared, e.PerToken*e.Width)
}

// expertsWidth is the most values of a token that a block with experts keeps at once: the router's, and what the shared
// expert, the experts' first matrices or their last ones read and make.
func expertsWidth(m *workloads.Model) int {
	e := m.Experts
	if e == nil {
		return 0
	}
	out := 0 // of the shared expert
	if e.Shared > 0 {
		out = m.Hidden
	}
	of := 2 // values between the matrices
	if !m.GatedMLP {
		of = 1
	}
	return e.Count + max(of*e.Shared, out+of*e.PerToken*e.Width, out+e.PerToken*(e.Width+m.Hidden))
}

// touch is an expert with the number of rows of activations that go through it.
type touch struct{ expert, rows int }

// route finds which experts a pass touches in a layer, in the order of their numbers. Tokens that fill up the last chunk of a
// prompt take what those of the prompt take, from its first one on.
func (b *builder) route(layer int) {
	rows := make([]int, b.model.Experts.Count)
	var list []int
	for i := range b.rows {
		t := routing.Token{Position: (b.past + i) % b.p.Tokens}
		if b.decode {
			t = routing.Token{Sequence: i, Position: b.past}
		}
		list = b.routing.Experts(list[:0], layer, t)
		for _, e := range list {
			rows[e]++
		}
	}
	b.touched = b.touched[:0]
	for e, n := range rows {
		if n > 0 {
			b.touched = append(b.touched, touch{e, n})
		}
	}
	b.p.Experts.Add(len(b.touched))
}

// choose emits what a router does with its logits.
func (b *builder) choose(o *operator) []int {
	at := b.activations[ops.Routing].base
	v := vectorOp{name: o.name, operator: o.name, kind: isa.Router, layer: o.Layer, fn: b.functions(&o.Op)[0], width: o.Width, rows: b.rows,
		whole: true, in: []region{{at, o.Width}}, out: []region{{at, o.Width}}, deps: b.waits(&o.Op)}
	rounds := 1
	if o.Kind == ops.TopK {
		b.route(o.Layer)
		rounds = o.Rounds
		v.out[0].width = 2 * b.model.Experts.PerToken // numbers and weights
	}
	var done []int
	for core := range b.cores() {
		x, ok := b.vectorOn(core, &v)
		switch {
		case !ok:
			continue
		case len(x.Loads) == 0: // each round waits for the one before
			x.Tiles = rounds
		default:
			x.Work.Elements *= int64(rounds)
			x.Last.Elements *= int64(rounds)
		}
		done = append(done, b.add(x, v.operator)...)
	}
	return done
}

// experts emits a product of all touched experts, given that of one but for its rows.
func (b *builder) experts(o *operator, p product) []int {
	var done []int
	b.products = nil
	in := o.Reads[0]
	for i, t := range b.touched {
		x := p
		x.past, x.expert, x.rows = o.matrix.apart*unit.Bytes(t.expert), i, t.rows
		x.out = x.ofRows(p.out)
		x.deps = append([]int{}, b.doneOf(in, i)...)
		if in == ops.Normed {
			x.deps = append(x.deps, b.done[ops.Routing]...)
			x.apart = spread(b.rows, t.rows)
			x.in.base += x.in.row() * unit.Bytes(t.expert%max(1, x.apart))
		} else {
			x.in.base += x.in.row() * unit.Bytes(x.first)
		}
		x.after = b.done[ops.Routing]
		made := b.withFused(o, x)
		b.products = append(b.products, made)
		done = append(done, made...)
		p.first += t.rows
	}
	return done
}

// doneOf is what the reader of an expert's rows of a value waits for.
func (b *builder) doneOf(v ops.Value, expert int) []int {
	if each := b.each[v]; expert >= 0 && each != nil {
		return each[expert]
	}
	return b.done[v]
}

// waitsOf is waits for what is computed behind the tiles of a product.
func (b *builder) waitsOf(p *product, o *ops.Op) (deps []int) {
	if p.expert < 0 {
		return b.waits(o)
	}
	for _, v := range o.Reads {
		deps = append(deps, b.doneOf(v, p.expert)...)
	}
	return deps
}

// keepEach notes which ops make the rows of each expert, if those that read them wait for nothing else.
func (b *builder) keepEach(o *operator, direct bool) {
	for _, v := range o.makes() {
		if delete(b.each, v); direct && o.Experts > 0 && o.Kind == ops.Linear {
			b.each[v] = b.products
		}
	}
}

// spread is how far apart n of all rows lie, in rows, if they are evenly spaced: a power of two, so that the experts of
// many sizes meet few patterns of banks.
func spread(all, n int) int {
	apart := 1
	for 2*apart*n <= all {
		apart *= 2
	}
	return apart
}

// combine emits the sum of what the experts yield.
func (b *builder) combine(o *operator) []int {
	h := b.model.Hidden
	v := vectorOp{name: o.name, operator: o.name, kind: isa.Router, layer: o.Layer, fn: isa.FnAdd, rows: b.rows,
		in: []region{{b.activations[ops.Experts].base, o.Experts * h}}, out: []region{{b.activations[o.Makes[0]].base, h}}, deps: b.waits(&o.Op)}
	v.width = int(o.At(1, 0).Elements)
	if b.model.Experts.Shared > 0 {
		v.in = append(v.in, region{b.activations[ops.SharedOut].base, h})
	}
	return b.vector(v)
}

// ofRows is a region that the rows of all experts share, from the rows of this one on.
func (p *product) ofRows(r region) region {
	if p.expert < 0 {
		return r
	}
	r.width = p.matrix.rows
	r.base += r.row() * unit.Bytes(p.first)
	return r
}

// step is from one row of the input to the next.
func (p *product) step() unit.Bytes { return p.in.row() * unit.Bytes(max(1, p.apart)) }

// reads is the DRAM pattern of n rows of the input.
func (p *product) reads(from, n int) isa.Pattern {
	base := p.in.base + p.step()*unit.Bytes(from)
	if p.apart <= 1 {
		return isa.Contiguous(base, p.in.row()*unit.Bytes(n))
	}
	return isa.Pattern{Base: base, Turn: p.in.row(), Planes: 1, Outer: n, OuterStride: p.step()}
}

// data is the class of traffic that the product's weights are.
func (p *product) data() isa.Data {
	switch {
	case p.kind == isa.Head:
		return isa.HeadWeights
	case p.expert >= 0:
		return isa.Experts
	}
	return isa.Weights
}

// meanRows is how many rows an expert has in a pass, if all have as many.
func (b *builder) meanRows() int {
	e := b.model.Experts
	return max(1, b.rows*e.PerToken/e.Count)
}
