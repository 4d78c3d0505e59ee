package compile

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// copyOf is the stored form of a matrix that a pass at some precision reads.
type copyOf struct {
	*matrix
	bits   unit.Bits
	planar bool // nested planes and a codebook, else flat rows
}

func (b *builder) stored(m *matrix) copyOf {
	return copyOf{matrix: m, bits: b.bits, planar: b.bits != fp16}
}

// bytes is what n rows bring into the scratchpad.
func (c copyOf) bytes(n int) unit.Bytes {
	if !c.planar {
		return c.bits.Of(int64(n) * int64(c.k))
	}
	return roundUp(c.rowBytes()*unit.Bytes(n), c.turn)*unit.Bytes(c.bits) + c.book(n) // the book may be held instead: a little less
}

// book is the codebook of n rows, nothing if the machine's model leaves codebooks out.
func (c copyOf) book(n int) unit.Bytes {
	if !c.planar || c.books[c.bits] == 0 {
		return 0
	}
	return bookBytes(n, c.bits)
}

// rowsWithin returns how many rows to take at a time: as many as fit into limit, in steps of whole turns and of whole
// array columns if possible.
func (b *builder) rowsWithin(c copyOf, limit unit.Bytes) (int, error) {
	q := b.rowStep(c, limit)
	n := q
	for n+q <= c.rows && c.bytes(n+q) <= limit {
		n += q
	}
	if c.bytes(min(n, c.rows)) > limit {
		return 0, fmt.Errorf("%s: %d rows of %d values at %d bits take %v, and only %v of scratchpad are there for a tile; make scratchpad.tile larger or weights.chunk smaller",
			c.name, n, c.k, c.bits, c.bytes(n), limit)
	}
	return n, nil
}

// rowStep is the granularity of rowsWithin. Within half of the limit it grows until tiles begin at the same place of a row
// block, the stretch of addresses that visits every bank of every channel once: walks of equal tiles then meet equal banks.
func (b *builder) rowStep(c copyOf, limit unit.Bytes) int {
	q, row := 1, c.bits.Of(int64(c.k))
	if c.planar {
		q, row = quantum(c.rowBytes(), c.turn), c.rowBytes()*unit.Bytes(c.planes)
	}
	if cols := b.cfg.Array.Cols; q < cols && cols%q == 0 && c.bytes(cols) <= limit {
		q = cols
	}
	for block := rowBlock * b.image.stripe; row*unit.Bytes(q)%block != 0 && c.bytes(2*q) <= limit/2; {
		q *= 2
	}
	return q
}

// rowBlock is the size of a row block in stripes: 16 banks × 2 KiB rows in granules of 256 B a channel (LPDDR5).
const rowBlock = 16 * 2048 / 256

// weightSlices are the loads of rows [first, first+n) and of the tiles-1 tiles that follow, the last one shorter.
func (b *builder) weightSlices(c copyOf, first, n, tiles, last int, d isa.Data) []isa.Slice {
	walk := func(row, n int) isa.Pattern { return b.walk(c, row, n) }
	final := first + n*(tiles-1)
	s := isa.Slice{Data: d, Tile: walk(first, n), Last: walk(final, last)}
	if tiles > 1 {
		s.Step = walk(first+n, n).Base - s.Tile.Base
	}
	return []isa.Slice{s}
}

// bookSlice is the codebook of the same rows.
func (c copyOf) bookSlice(first, n, tiles, last int) isa.Slice {
	base := c.books[c.bits]
	final := first + n*(tiles-1)
	return isa.Slice{Data: isa.Codebooks, Step: bookBytes(n, c.bits),
		Tile: isa.Contiguous(base+bookBytes(first, c.bits), bookBytes(n, c.bits)),
		Last: isa.Contiguous(base+bookBytes(final, c.bits), bookBytes(last, c.bits))}
}

// stream sets the loads of an op that walks over all rows of c, n at a time. A codebook that fits into a tile comes
// first and stays for the whole op, so that the planes then stream without interruption; a larger one comes by tiles.
func (b *builder) stream(o *isa.Op, c copyOf, n int, d isa.Data) {
	o.Tiles = (c.rows + n - 1) / n
	last := c.rows - (o.Tiles-1)*n
	o.Loads = b.weightSlices(c, 0, n, o.Tiles, last, d)
	switch {
	case c.book(c.rows) == 0:
	case c.holdsBook(b.tile):
		o.Hold = append(o.Hold, c.bookSlice(0, c.rows, 1, c.rows))
	default:
		o.Loads = append(o.Loads, c.bookSlice(0, n, o.Tiles, last))
	}
	o.Work.N = n
	o.Last = o.Work
	o.Last.N = last
}

// holdsBook says that the whole codebook is held, not fetched by tiles.
func (c copyOf) holdsBook(tile unit.Bytes) bool { return c.book(c.rows) <= tile }

// walk is the DRAM pattern of n rows.
func (b *builder) walk(c copyOf, row, n int) isa.Pattern {
	if !c.planar {
		return isa.Contiguous(c.flatBase+c.bits.Of(int64(row)*int64(c.k)), c.bits.Of(int64(n)*int64(c.k)))
	}
	turns := roundUp(c.rowBytes()*unit.Bytes(n), c.turn) / c.turn
	at := c.rowBytes() * unit.Bytes(row) / c.turn // turns before this row
	p := isa.Pattern{Turn: c.turn, Planes: int(c.bits), Outer: int(turns)}
	if b.planeMajor() {
		p.PlaneStride, p.OuterStride = c.planeBytes, c.turn
	} else {
		p.PlaneStride, p.OuterStride = c.turn, c.turn*unit.Bytes(c.planes)
	}
	p.Base = c.planeBase + at*p.OuterStride
	return p
}

// linear emits y = x·Wᵀ for all tokens.
func (b *builder) linear(l int, m *matrix, in, out region, deps []int) []int {
	c := b.stored(m)
	in.width, out.width = m.k, m.rows
	if b.spill {
		return b.gemm(l, c, in, out, deps)
	}
	n, err := b.rowsWithin(c, b.tile)
	if err != nil {
		b.fail("%w", err)
		return deps
	}
	o := b.product(l, c, isa.Linear, b.tokens, deps)
	b.stream(&o, c, n, isa.Weights)
	return b.bias(l, m, out, b.add(o))
}

// product is an array op without its tiles.
func (b *builder) product(l int, c copyOf, k isa.Kind, tokens int, deps []int) isa.Op {
	o := isa.Op{Name: c.name, Kind: k, Layer: l, Unit: isa.Array, Deps: deps,
		Work: isa.Work{M: tokens, K: c.k, Repeat: 1, Bits: c.bits, Quantised: c.planar}}
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
	c := copyOf{matrix: m, bits: m.flat}
	n, err := b.rowsWithin(c, b.tile)
	if err != nil {
		b.fail("%w", err)
		return deps
	}
	o := b.product(-1, c, isa.Head, 1, deps)
	b.stream(&o, c, n, isa.HeadWeights)
	h := b.add(o)
	if m.hasBias {
		h = b.vector(vec{name: "lm_head.bias", kind: isa.Head, layer: -1, fn: isa.FnBias, width: m.rows, rows: 1,
			params: b.params(m.bias, fp16.Of(int64(m.rows))), deps: h})
	}
	return h
}

// gemm emits a product whose activations lie in DRAM. Either a block of tokens stays on chip and all weights stream
// past it, or a block of weights stays and all tokens stream past it; the one that moves fewer bytes is taken. The held
// block may take a quarter of the stream region, so that the next block can be fetched while this one is in use.
func (b *builder) gemm(l int, c copyOf, in, out region, deps []int) []int {
	hold := (b.cfg.Scratchpad.Size - b.p.Static) / 4
	tokens := min(b.tokens, int(hold/in.row()))
	n, err := b.rowsWithin(c, hold)
	if tokens == 0 || err != nil {
		b.fail("%s: neither one token nor one block of rows fits into %v of scratchpad", c.name, hold)
		return deps
	}
	weights, acts := c.bytes(c.rows), in.row()*unit.Bytes(b.tokens)
	blocks := unit.Bytes((b.tokens + tokens - 1) / tokens)
	rounds := unit.Bytes((c.rows + n - 1) / n)
	var done []int
	if blocks*weights+acts <= weights+rounds*acts {
		done = b.holdTokens(l, c, in, out, tokens, deps)
	} else {
		done = b.holdWeights(l, c, in, out, n, deps)
	}
	return b.bias(l, c.matrix, out, done)
}

// holdTokens keeps blocks of tokens on chip and streams the weights past each.
func (b *builder) holdTokens(l int, c copyOf, in, out region, tokens int, deps []int) []int {
	n, err := b.rowsWithin(c, b.tile)
	if err != nil {
		b.fail("%w", err)
		return deps
	}
	for c.bytes(n)+fp16.Of(int64(n)*int64(tokens)) > 2*b.tile && n > 1 {
		n = (n + 1) / 2
		if q := quantum(c.rowBytes(), max(c.turn, 1)); c.planar && n%q != 0 {
			n = max(q, n/q*q)
			break
		}
	}
	var done []int
	for t := 0; t < b.tokens; t += tokens {
		m := min(tokens, b.tokens-t)
		o := b.product(l, c, isa.Linear, m, deps)
		o.LoadAfter = deps
		o.Hold = []isa.Slice{once(isa.ActRead, in.base+in.row()*unit.Bytes(t), in.row()*unit.Bytes(m))}
		b.stream(&o, c, n, isa.Weights)
		last := o.Last.N
		// A tile's output is one contiguous piece: m tokens × n values inside the token block's part of the region.
		piece := func(first, n int) isa.Pattern {
			return isa.Contiguous(out.base+out.row()*unit.Bytes(t)+fp16.Of(int64(first)*int64(m)), fp16.Of(int64(n)*int64(m)))
		}
		o.Stores = []isa.Slice{{Data: isa.ActWrite, Step: fp16.Of(int64(n) * int64(m)), Tile: piece(0, n), Last: piece(n*(o.Tiles-1), last)}}
		done = append(done, b.add(o)...)
	}
	return done
}

// holdWeights keeps blocks of weight rows on chip and streams the tokens past each.
func (b *builder) holdWeights(l int, c copyOf, in, out region, n int, deps []int) []int {
	m := max(1, min(b.tokens, int(b.tile/(in.row()+fp16.Of(int64(n))))))
	var done []int
	for r := 0; r < c.rows; r += n {
		k := min(n, c.rows-r)
		o := b.product(l, c, isa.Linear, m, deps)
		o.LoadAfter = deps
		o.Hold = b.weightSlices(c, r, k, 1, k, isa.Weights)
		if c.book(k) > 0 {
			o.Hold = append(o.Hold, c.bookSlice(r, k, 1, k))
		}
		o.Tiles = (b.tokens + m - 1) / m
		last := b.tokens - (o.Tiles-1)*m
		o.Loads = []isa.Slice{rows(isa.ActRead, in, m, last, o.Tiles)}
		// Here a tile's output is m tokens × k values inside the row block's part of the region.
		piece := func(t, m int) isa.Pattern {
			return isa.Contiguous(out.base+fp16.Of(int64(r)*int64(b.tokens)+int64(k)*int64(t)), fp16.Of(int64(k)*int64(m)))
		}
		o.Stores = []isa.Slice{{Data: isa.ActWrite, Step: fp16.Of(int64(k) * int64(m)), Tile: piece(0, m), Last: piece(m*(o.Tiles-1), last)}}
		o.Work.N = k
		o.Last = o.Work
		o.Last.M = last
		done = append(done, b.add(o)...)
	}
	return done
}

func (b *builder) planeMajor() bool { return b.cfg.Weights.Layout == config.PlaneMajor }
