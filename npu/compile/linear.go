package compile

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// stored is what the pass reads of a block's matrix.
func (b *builder) stored(m *matrix) copyOf {
	return copyOf{matrix: m, bits: b.bits, quantised: b.bits != fp16}
}

// stream sets the loads of an op that walks over all tiles of c. A codebook that fits into a tile comes first and stays
// for the whole op, so that the planes then stream without interruption; a larger one comes by tiles.
func (b *builder) stream(o *isa.Op, c copyOf, d isa.Data) {
	t := c.tiling()
	o.Tiles = t.tiles(c.rows)
	last := c.rows - (o.Tiles-1)*t.rows
	o.Loads = []isa.Slice{c.tilesOf(0, o.Tiles, d)}
	switch {
	case c.book(c.rows) == 0:
	case c.book(c.rows) <= b.tile:
		o.Hold = append(o.Hold, c.bookSlice(0, c.rows, 1, c.rows))
	default:
		o.Loads = append(o.Loads, c.bookSlice(0, t.rows, o.Tiles, last))
	}
	o.Work.N = t.rows
	o.Last = o.Work
	o.Last.N = last
}

// linear emits y = x·Wᵀ for all tokens.
func (b *builder) linear(l int, m *matrix, in, out region, deps []int) []int {
	c := b.stored(m)
	in.width, out.width = m.k, m.rows
	if b.spill {
		return b.gemm(l, c, in, out, deps)
	}
	o := b.product(l, c, isa.Linear, b.tokens, deps)
	b.stream(&o, c, isa.Weights)
	return b.bias(l, m, out, b.add(o))
}

// product is an array op without its tiles.
func (b *builder) product(l int, c copyOf, k isa.Kind, tokens int, deps []int) isa.Op {
	o := isa.Op{Name: c.name, Kind: k, Layer: l, Unit: isa.Array, Deps: deps,
		Work: isa.Work{M: tokens, K: c.k, Repeat: 1, Bits: c.bits, Quantised: c.quantised}}
	if l >= 0 {
		o.Name = fmt.Sprintf("L%d.%s", l, c.name)
	}
	return o
}

// bias adds the matrix's bias, if it has one and the machine's model counts parameters.
func (b *builder) bias(l int, m *matrix, out region, deps []int) []int {
	if !m.hasBias {
		return deps
	}
	return b.vector(vec{name: m.name + ".bias", kind: isa.Linear, layer: l, fn: isa.FnBias, width: m.rows, rows: b.tokens,
		in: []region{out}, out: out, params: b.params(m.bias, fp16.Of(int64(m.rows))), deps: deps})
}

// head emits the logits of the last token.
func (b *builder) head(deps []int) []int {
	m := &b.image.head
	c := copyOf{matrix: m, bits: b.cfg.Head.Bits}
	o := b.product(-1, c, isa.Head, 1, deps)
	b.stream(&o, c, isa.HeadWeights)
	h := b.add(o)
	if m.hasBias {
		h = b.vector(vec{name: "lm_head.bias", kind: isa.Head, layer: -1, fn: isa.FnBias, width: m.rows, rows: 1,
			params: b.params(m.bias, fp16.Of(int64(m.rows))), deps: h})
	}
	return h
}

// gemm emits a product whose activations lie in DRAM. Either a block of tokens stays on chip and all weights stream
// past it, or some tiles of weights stay and all tokens stream past them; the one that moves fewer bytes is taken. What is
// held leaves room for two tiles with outputs of half their size, and some to spare.
func (b *builder) gemm(l int, c copyOf, in, out region, deps []int) []int {
	hold := b.cfg.Scratchpad.Size - b.p.Static - 7*b.tile/2
	t := c.tiling()
	tokens := min(b.tokens, int(hold/in.row()), int(b.tile/2/fp16.Of(int64(t.rows))))
	tiles := int(hold / (c.bytes(t.rows) + c.book(t.rows)))
	if tokens <= 0 && tiles <= 0 {
		b.fail("%s: neither one token nor one tile of weights fits into %v of scratchpad", c.name, hold)
		return deps
	}
	weights, acts := c.bytes(c.rows), in.row()*unit.Bytes(b.tokens)
	holdTokens := tiles <= 0
	if tokens > 0 && tiles > 0 {
		blocks := unit.Bytes((b.tokens + tokens - 1) / tokens)
		rounds := unit.Bytes((t.tiles(c.rows) + tiles - 1) / tiles)
		holdTokens = blocks*weights+acts <= weights+rounds*acts
	}
	if holdTokens {
		return b.bias(l, c.matrix, out, b.holdTokens(l, c, in, out, tokens, deps))
	}
	return b.bias(l, c.matrix, out, b.holdWeights(l, c, in, out, tiles, deps))
}

// holdTokens keeps blocks of tokens on chip and streams the weights past each.
func (b *builder) holdTokens(l int, c copyOf, in, out region, tokens int, deps []int) []int {
	var done []int
	for t := 0; t < b.tokens; t += tokens {
		m := min(tokens, b.tokens-t)
		o := b.product(l, c, isa.Linear, m, deps)
		o.LoadAfter = deps
		o.Hold = []isa.Slice{once(isa.ActRead, in.base+in.row()*unit.Bytes(t), in.row()*unit.Bytes(m))}
		b.stream(&o, c, isa.Weights)
		// A tile's output is one contiguous piece: m tokens × n values inside the token block's part of the region.
		piece := func(first, n int) isa.Pattern {
			return isa.Contiguous(out.base+out.row()*unit.Bytes(t)+fp16.Of(int64(first)*int64(m)), fp16.Of(int64(n)*int64(m)))
		}
		n := o.Work.N
		o.Stores = []isa.Slice{{Data: isa.ActWrite, Step: fp16.Of(int64(n) * int64(m)), Tile: piece(0, n), Last: piece(n*(o.Tiles-1), o.Last.N)}}
		done = append(done, b.add(o)...)
	}
	return done
}

// holdWeights keeps some tiles of weights on chip and streams the tokens past them.
func (b *builder) holdWeights(l int, c copyOf, in, out region, tiles int, deps []int) []int {
	t := c.tiling()
	m := max(1, min(b.tokens, int(b.tile/(in.row()+fp16.Of(int64(tiles*t.rows))))))
	var done []int
	for i := 0; i < t.tiles(c.rows); i += tiles {
		n := min(tiles, t.tiles(c.rows)-i)
		first := i * t.rows
		k := min(n*t.rows, c.rows-first)
		o := b.product(l, c, isa.Linear, m, deps)
		o.LoadAfter = deps
		for j := range n {
			o.Hold = append(o.Hold, c.tilesOf(i+j, 1, isa.Weights))
		}
		if c.book(k) > 0 {
			o.Hold = append(o.Hold, c.bookSlice(first, k, 1, k))
		}
		o.Tiles = (b.tokens + m - 1) / m
		last := b.tokens - (o.Tiles-1)*m
		o.Loads = []isa.Slice{rows(isa.ActRead, in, m, last, o.Tiles)}
		// Here a tile's output is m tokens × k values inside the row block's part of the region.
		piece := func(t, m int) isa.Pattern {
			return isa.Contiguous(out.base+fp16.Of(int64(first)*int64(b.tokens)+int64(k)*int64(t)), fp16.Of(int64(k)*int64(m)))
		}
		o.Stores = []isa.Slice{{Data: isa.ActWrite, Step: fp16.Of(int64(k) * int64(m)), Tile: piece(0, m), Last: piece(m*(o.Tiles-1), last)}}
		o.Work.N = k
		o.Last = o.Work
		o.Last.M = last
		done = append(done, b.add(o)...)
	}
	return done
}
