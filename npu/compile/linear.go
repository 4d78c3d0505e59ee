package compile

import (
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
)

// stored is what the pass reads of a matrix of a layer.
func (b *builder) stored(layer int, m *matrix) copyOf {
	if m.fixed {
		return copyOf{matrix: m, bits: fp16}
	}
	bits := unit.Bits(b.at.At(layer, m.name))
	return copyOf{matrix: m, bits: bits, quantised: bits != fp16}
}

// linear emits y = x·Wᵀ for all rows of activations, with what is computed behind its tiles.
func (b *builder) linear(o *operator) []int {
	p := product{copyOf: b.stored(o.Layer, o.matrix), name: o.name, kind: isa.Linear, layer: o.Layer, rows: b.rows,
		in: b.activations[o.Reads[0]], out: b.activations[o.Makes[0]], deps: b.done[o.Reads[0]], expert: -1}
	p.in.width, p.out.width = p.k, p.matrix.rows
	if o.Makes[0] == ops.Routing {
		p.kind = isa.Router
	}
	if o.Experts > 0 {
		return b.experts(o, p)
	}
	return b.withFused(o, p)
}

// withFused emits a product with what is computed behind its tiles.
func (b *builder) withFused(o *operator, p product) []int {
	if b.cfg.Fusion != config.Elementwise {
		return b.bias(&p, b.product(p))
	}
	if p.hasBias {
		p.then = append(p.then, isa.FnBias)
	}
	for i := range o.fused { // its last operand is this product
		f := o.fused[i]
		f.Reads = f.Reads[:len(f.Reads)-1]
		p.then = append(p.then, b.functions(&o.fused[i])...)
		for _, v := range f.Reads {
			p.operands = append(p.operands, p.ofRows(b.activations[v]))
		}
		p.out = p.ofRows(b.activations[f.Makes[0]])
		p.deps = slices.Concat(p.deps, b.waitsOf(&p, &f))
	}
	return b.product(p)
}

// head emits the logits, with what is computed behind its tiles.
func (b *builder) head(o *operator) []int {
	head := copyOf{matrix: o.matrix, bits: b.image.headBits, quantised: b.image.headBits != fp16}
	p := product{copyOf: head, name: o.name, kind: isa.Head, layer: -1, rows: b.headRows(),
		deps: b.done[o.Reads[0]], expert: -1}
	from := len(b.p.Ops)
	if len(o.fused) == 0 {
		done := b.stream(&p)
		b.converts(&p, from)
		return b.bias(&p, done)
	}
	if p.hasBias { // what follows needs the whole logit
		p.then = append(p.then, isa.FnBias)
	}
	for i := range o.fused {
		p.then = append(p.then, b.functions(&o.fused[i])...)
	}
	done := b.stream(&p)
	b.converts(&p, from)
	return done
}

// product is a matrix product on its way into ops.
type product struct {
	copyOf
	name     string // of the operator, with those behind its tiles
	kind     isa.Kind
	layer    int
	rows     int      // of activations
	in, out  region   // in DRAM, if activations lie there
	then     []isa.Fn // behind its tiles
	operands []region // of then
	deps     []int
	after    []int // what its loads wait for, where activations lie on chip: a router
	expert   int   // place among the experts of the pass, from 0; -1: it is no expert's
	first    int   // rows of the experts before it
	apart    int   // rows of the input from one that it reads to the next; 0: they lie one behind the other
}

// bias adds the matrix's bias, if it has one.
func (b *builder) bias(p *product, deps []int) []int {
	m := p.matrix
	if !m.hasBias {
		return deps
	}
	return b.vector(vectorOp{name: m.name + ".bias", operator: p.name, kind: p.kind, layer: p.layer, fn: isa.FnBias, width: m.rows, rows: p.rows,
		in: []region{p.out}, out: []region{p.out}, params: b.params(m.bias+p.past, fp16.Of(int64(m.rows))), deps: deps})
}

// product emits a product whose activations lie on chip, or in DRAM.
func (b *builder) product(p product) []int {
	from := len(b.p.Ops)
	emit := b.stream
	if b.spill {
		emit = b.gemm
	}
	done := emit(&p)
	b.converts(&p, from)
	return done
}

// converts says what activations the runtime converts for a product, whose ops begin at from: all operands and results,
// once, wherever they lie and however many ops there are.
func (b *builder) converts(p *product, from int) {
	if from < len(b.p.Ops) {
		b.p.Ops[from].Converts = fp16.Of(int64(p.rows) * int64(p.k+p.matrix.rows))
	}
}

// op is a core's op of a product on m rows of activations, without its tiles.
func (b *builder) op(p *product, core, m int) isa.Op {
	o := isa.Op{Name: b.label(p.layer, p.name), Kind: p.kind, Layer: p.layer, Core: core, Unit: isa.Array, Deps: p.deps,
		LoadAfter: p.after, Work: p.work(m)}
	if copy(o.Work.Then[:], p.then) < len(p.then) {
		panic(fmt.Sprintf("compile: %d functions behind %s", len(p.then), p.name))
	}
	return o
}

// stream emits a product whose weights pass by activations that every core has on chip. Each core takes some of the tiles.
func (b *builder) stream(p *product) []int {
	d := p.data()
	tiles := p.tiling().tiles(p.matrix.rows)
	pass := b.streamPass(p, tiles)
	b.explainStream(p, tiles, pass)
	var done []int
	for core := range b.cores() {
		from, to := share(tiles, core, b.cores())
		if from == to {
			continue
		}
		o := b.op(p, core, p.rows)
		o.Pass = pass
		b.streamTiles(&o, p, d, from, to)
		done = append(done, b.add(o, p.name)...)
	}
	return done
}

// streamed is what a core's share of the tiles, the largest one, takes of the scratchpad: a tile, and what is held.
func (b *builder) streamed(p *product, each int) (tile, held unit.Bytes) {
	t := p.tiling()
	if p.book(p.matrix.rows) > b.tile {
		return p.bytes(t.rows) + p.book(t.rows), 0
	}
	return p.bytes(t.rows), p.book(min(each*t.rows, p.matrix.rows))
}

// streamPass chooses how many outputs a pass of the array takes where activations lie on chip.
func (b *builder) streamPass(p *product, tiles int) int {
	t := p.tiling()
	each := (tiles + b.cores() - 1) / b.cores()
	x := passing{work: p.work(p.rows), n: t.rows, tiles: each,
		rows: min(each*t.rows, p.matrix.rows)}
	var held unit.Bytes
	x.tile, held = b.streamed(p, each)
	x.room = b.cfg.Scratchpad.Size - b.p.Static - held
	x.memory = b.price.transfer(x.tile*unit.Bytes(each) + held)
	pass, _, _ := b.price.pass(&x)
	return pass
}

// streamTiles sets the loads of an op that walks over tiles [from, to) of a matrix. A codebook that fits into a tile comes
// first and stays for the whole op, so that the planes then stream without interruption; a larger one comes by tiles.
func (b *builder) streamTiles(o *isa.Op, p *product, d isa.Data, from, to int) {
	t := p.tiling()
	o.Tiles = to - from
	first := from * t.rows
	n := min(to*t.rows, p.matrix.rows) - first // rows of all of them
	last := n - (o.Tiles-1)*t.rows
	o.Loads = []isa.Slice{p.tilesOf(from, o.Tiles, d)}
	switch {
	case p.book(n) == 0:
	case p.book(p.matrix.rows) <= b.tile:
		o.Hold = append(o.Hold, p.bookSlice(first, n, 1, n))
	default:
		o.Loads = append(o.Loads, p.bookSlice(first, t.rows, o.Tiles, last))
	}
	o.Hold = append(o.Hold, b.fusedBias(p, first, n)...)
	o.Work.N = t.rows
	o.Last = o.Work
	o.Last.N = last
}

// fusedBias is the bias of n rows, if it is added behind the tiles.
func (b *builder) fusedBias(p *product, first, n int) []isa.Slice {
	if !slices.Contains(p.then, isa.FnBias) || !p.hasBias {
		return nil
	}
	return b.params(p.matrix.bias+p.past+fp16.Of(int64(first)), fp16.Of(int64(n)))
}

// gemm emits a product whose activations lie in DRAM, by the tiling that the search chose. Either blocks of tokens stay on chip
// and all weights stream past each, or some tiles of weights stay and all tokens stream past them. The cores share the tiles of
// weights, or the tokens.
func (b *builder) gemm(p *product) []int {
	g, err := b.chooseGEMM(p)
	if err != nil {
		b.fail("%w", err)
		return p.deps
	}
	all := p.tiling().tiles(p.matrix.rows)
	var done []int
	for core := range b.cores() {
		s := coreShare{tiles: [2]int{0, all}, tokens: [2]int{0, p.rows}}
		if g.split == splitTokens {
			s.tokens[0], s.tokens[1] = share(p.rows, core, b.cores())
		} else {
			s.tiles[0], s.tiles[1] = share(all, core, b.cores())
		}
		if s.tiles[0] == s.tiles[1] || s.tokens[0] == s.tokens[1] {
			continue
		}
		if g.hold == config.HoldTokens {
			done = append(done, b.holdTokens(p, core, s, g)...)
		} else {
			done = append(done, b.holdWeights(p, core, s, g)...)
		}
	}
	return done
}

// coreShare is a core's share of a product: tiles of weights by tokens, [from, to) each.
type coreShare struct{ tiles, tokens [2]int }

// outputs is a block of results: n rows of the matrix from first on, by m tokens from token on. In DRAM regions are blocked by
// the tiles that make them, so that each block is one contiguous write, and is read again as such.
type outputs struct{ first, n, token, m int }

func (p *product) at(r region, s outputs, tokens bool) isa.Pattern {
	r.width = p.matrix.rows
	size := fp16.Of(int64(s.n) * int64(s.m))
	if tokens { // a block of tokens holds the tiles' rows one after the other
		return isa.Contiguous(r.base+r.row()*unit.Bytes(s.token)+fp16.Of(int64(s.first)*int64(s.m)), size)
	}
	return isa.Contiguous(r.base+fp16.Of(int64(s.first)*int64(p.rows)+int64(s.n)*int64(s.token)), size)
}

// results sets the stores of an op, and the loads of what is added to its outputs.
func (p *product) results(o *isa.Op, step unit.Bytes, first, last outputs, tokens bool) {
	slice := func(d isa.Data, r region) isa.Slice {
		return isa.Slice{Data: d, Step: step, Tile: p.at(r, first, tokens), Last: p.at(r, last, tokens)}
	}
	for _, r := range p.operands {
		o.Loads = append(o.Loads, slice(isa.ActRead, r))
	}
	o.Stores = []isa.Slice{slice(isa.ActWrite, p.out)}
}

// holdTokens keeps blocks of tokens on chip and streams the weights past each.
func (b *builder) holdTokens(p *product, core int, s coreShare, g gemmTiling) []int {
	var done []int
	for t := s.tokens[0]; t < s.tokens[1]; t += g.tokens {
		k := min(g.tokens, s.tokens[1]-t)
		o := b.op(p, core, k)
		o.Pass = g.pass
		o.LoadAfter = p.deps
		in := p.reads(t, k)
		o.Hold = []isa.Slice{{Data: isa.ActRead, Tile: in, Last: in}}
		b.streamTiles(&o, p, p.data(), s.tiles[0], s.tiles[1])
		n, first := o.Work.N, s.tiles[0]*o.Work.N
		p.results(&o, fp16.Of(int64(n)*int64(k)), outputs{first, n, t, k}, outputs{first + n*(o.Tiles-1), o.Last.N, t, k}, true)
		done = append(done, b.add(o, p.name)...)
	}
	return done
}

// holdWeights keeps tiles of weights on chip and streams the tokens past them.
func (b *builder) holdWeights(p *product, core int, s coreShare, g gemmTiling) []int {
	t := p.tiling()
	var done []int
	for i := s.tiles[0]; i < s.tiles[1]; i += g.tiles {
		tiles := min(g.tiles, s.tiles[1]-i)
		first := i * t.rows
		n := min(tiles*t.rows, p.matrix.rows-first)
		o := b.op(p, core, g.tokens)
		o.LoadAfter = p.deps
		for j := range tiles {
			o.Hold = append(o.Hold, p.tilesOf(i+j, 1, p.data()))
		}
		if p.book(n) > 0 {
			o.Hold = append(o.Hold, p.bookSlice(first, n, 1, n))
		}
		o.Hold = append(o.Hold, b.fusedBias(p, first, n)...)
		tokens := s.tokens[1] - s.tokens[0]
		m := min(g.tokens, tokens)
		o.Tiles = (tokens + m - 1) / m
		last := tokens - (o.Tiles-1)*m
		o.Loads = []isa.Slice{{Data: isa.ActRead, Step: p.step() * unit.Bytes(m), Tile: p.reads(s.tokens[0], m),
			Last: p.reads(s.tokens[1]-last, last)}}
		p.results(&o, fp16.Of(int64(n)*int64(m)), outputs{first, n, s.tokens[0], m}, outputs{first, n, s.tokens[1] - last, last}, false)
		o.Work.N, o.Work.M = n, m
		o.Last = o.Work
		o.Last.M = last
		done = append(done, b.add(o, p.name)...)
	}
	return done
}
