package compile

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
)

// span is a rectangle of attention on one core: queries [q0,q1) of a sequence against positions [c0,c1).
type span struct{ core, sequence, q0, q1, c0, c1 int }

func (s *span) queries() int   { return s.q1 - s.q0 }
func (s *span) row() int       { return s.sequence + s.q0 } // of the activations: a decode step has one for each sequence
func (s *span) positions() int { return s.c1 - s.c0 }

// attend emits scores, softmax and context. Queries are taken in blocks and the context in chunks such that the scores
// of a block and a chunk fit into the room set aside for them; with more than one chunk the partial results are merged
// (online softmax, FlashAttention). A block is computed as a rectangle: masked corners cost what the rest costs.
//
// In decode the current token's key and value are still on chip, so only the past positions come from DRAM, and they
// can be fetched ahead. In prefill the prompt's keys and values are read back from the cache after they were appended.
func (b *builder) attend(o *operator) []int {
	l, rope, cached := o.Layer, b.done[ops.Q], b.done[ops.Cache]
	if b.model.Latent == nil && !b.model.Rotated(l) { // no operator has had both
		rope = slices.Concat(rope, b.done[ops.K])
	}
	switch {
	case b.absorbs():
		return b.attendLatents(l, cached)
	case b.model.Latent != nil: // keys and values are those that the prompt's were expanded to
		cached = b.madeBy(ops.K, ops.V)
		if !b.spill {
			rope = slices.Concat(rope, cached)
		}
	}
	var done []int
	for core := range b.cores() {
		if b.idle(core) {
			continue
		}
		if !b.decode {
			done = append(done, b.attendPrompt(l, core, rope, cached)...)
			continue
		}
		end := b.padded(b.past + 1)
		rectangles := make([]span, b.rows)
		for s := range rectangles {
			rectangles[s] = span{core, s, 0, 1, b.keys(core).whole(end - min(end, b.model.WindowAt(l, end))), end}
		}
		done = append(done, b.attendSpans(l, rectangles, rope, cached)...)
	}
	return done
}

// attendPrompt takes the queries of a prompt in blocks.
func (b *builder) attendPrompt(l, core int, rope, cached []int) []int {
	block := b.queryBlock()
	var rectangles []span
	for q0 := 0; q0 < b.rows; {
		s := b.blockOf(l, core, b.past, q0, block)
		s.c0 = b.keys(core).whole(s.c0)
		rectangles = append(rectangles, s)
		q0 = s.q1
	}
	return b.attendSpans(l, rectangles, rope, cached)
}

// blockOf is a block of queries from q0 on behind past positions, with the positions that any of them attends to. A block ends
// with a chunk, where attention is within chunks.
func (b *builder) blockOf(l, core, past, q0, block int) span {
	s := span{core: core, q0: q0, q1: min(q0+block, b.rows)}
	chunked := b.model.Chunked && b.model.Windowed(l)
	if chunked {
		s.q1 = min(s.q1, q0+b.model.Window-(past+q0)%b.model.Window)
	}
	s.c1 = b.padded(past + s.q1)
	reach := b.model.WindowAt(l, s.c1)
	if !chunked {
		reach += s.q1 - s.q0 - 1
	}
	s.c0 = s.c1 - min(s.c1, reach)
	return s
}

// mostOps is how many operations a program may have: some 700 bytes each.
const mostOps = 1 << 22

// attentionOps is about how many operations the attention of a prompt takes in all layers, or more than mostOps: their number
// grows with the square of the prompt.
func (b *builder) attentionOps() (n int) {
	block := b.queryBlock()
	each := func(past, l int) {
		for core := range b.cores() {
			for q0 := 0; q0 < b.rows && n <= mostOps; {
				s := b.blockOf(l, core, past, q0, block)
				q0 = s.q1
				if !b.idle(core) {
					positions := b.chunkOf(&s, 2)
					n += 2 * ((s.positions() + positions - 1) / positions)
				}
			}
		}
	}
	for pass := range b.passes {
		for l := range b.model.Layers {
			each(pass*b.rows, l)
		}
	}
	return n
}

// attendSpans emits rectangles of one core that do not depend on each other. The scores of the next chunk are asked for before the
// context of this one, so that the array has work while the vector unit makes the softmax: the room holds the scores of two.
//
//	array   scores 0 │ scores 1  │ context 0 │ scores 2  │ context 1 │ …
//	vector           │ softmax 0 │ softmax 1 │           │ softmax 2 │
func (b *builder) attendSpans(l int, rectangles []span, rope, cached []int) []int {
	if !b.spill {
		rope = b.on(rectangles[0].core, rope)
	}
	type chunk struct {
		span
		first, last bool // of its rectangle
		softmax     []int
	}
	var chunks []chunk
	for _, r := range rectangles {
		n := b.chunkOf(&r, len(rectangles))
		for c0 := r.c0; c0 < r.c1; c0 += n {
			s := r
			s.c0, s.c1 = c0, min(c0+n, r.c1)
			chunks = append(chunks, chunk{span: s, first: c0 == r.c0, last: s.c1 == r.c1})
		}
	}
	if l == 0 { // what is to come is known: long prompts make a great many ops
		b.p.Ops = slices.Grow(b.p.Ops, 2*len(chunks)*b.model.Layers*b.cores())
	}
	var done, before []int
	finish := func(c *chunk) {
		deps := c.softmax
		if !c.first {
			deps = slices.Concat(deps, before)
		}
		before = b.contextOf(l, c.span, !c.first, deps, cached)
		if c.last {
			done = append(done, b.attended(l, c.span, before)...)
		}
	}
	for i := range chunks {
		c := &chunks[i]
		c.softmax = b.softmaxOf(l, c.span, c.first, rope, cached)
		if i > 0 {
			finish(&chunks[i-1])
		}
	}
	finish(&chunks[len(chunks)-1])
	return done
}

// headsOf is the number of a core's query heads.
func (b *builder) headsOf(core int) int {
	if b.absorbs() {
		return b.model.Heads
	}
	from, to := b.heads(core)
	return (to - from) * (b.model.Heads / b.model.KVHeads)
}

// softmaxOf emits the scores of a chunk and their softmax: behind the array if the chunk is one tile, else when all of
// its scores are there. The first chunk of a block brings its queries from DRAM, if they lie there; the room keeps them
// for the others.
func (b *builder) softmaxOf(l int, s span, first bool, rope, cached []int) []int {
	fns, names := b.scoreFns()
	parts := b.partsOfKeys(&s)
	var deps []int
	for i, part := range parts {
		o := b.attendChunk(l, s, isa.Scores, part, rope, cached)
		if b.spill && first && i == 0 {
			o.Hold = []isa.Slice{b.queriesOf(&s)}
		}
		b.join(&o, "scores")
		if o.AtOnce() && len(parts) == 1 {
			copy(o.Last.Then[:], fns)
			o.Work.Then = o.Last.Then
			return b.add(o, "scores")
		}
		deps = append(deps, b.add(o, "scores")...)
	}
	n := s.queries() * b.headsOf(s.core) * s.positions()
	for i, fn := range fns {
		deps = b.onChip(l, s.core, names[i], isa.Softmax, fn, n, deps)
	}
	return deps
}

// scoreFns are what the vector unit computes of scores, and the operators that they are.
func (b *builder) scoreFns() (fns []isa.Fn, names []string) {
	if b.model.Softcap {
		fns, names = append(fns, isa.FnSoftcap), append(names, "attention_softcap")
	}
	if b.model.ALiBi { // the distance times the head's slope
		fns, names = append(fns, isa.FnAdd), append(names, "alibi")
	}
	return append(fns, isa.FnSoftmax), append(names, "softmax")
}

// contextOf emits the context of a chunk, and its sum with that of the chunks before.
func (b *builder) contextOf(l int, s span, merge bool, deps, cached []int) []int {
	o := b.attendChunk(l, s, isa.Context, part{s.c0, s.c1, false}, deps, cached)
	b.join(&o, "context")
	behind := merge && o.Tiles == 1 // of several, each has a part of every sum
	if behind {
		o.Last.Then[0] = isa.FnSoftmaxMerge
		o.Work.Then = o.Last.Then
	}
	deps = b.add(o, "context")
	if b.absorbs() {
		b.kept[s.core].read = append(b.kept[s.core].read, deps)
	}
	if !merge || behind {
		return deps
	}
	return b.onChip(l, s.core, opSoftmaxMerge, isa.Softmax, isa.FnSoftmaxMerge, s.queries()*b.headsOf(s.core)*b.resultDim(), deps)
}

// queriesOf are a block's queries of a core, in DRAM.
func (b *builder) queriesOf(s *span) isa.Slice {
	q := b.activations[ops.Q]
	if b.absorbs() {
		q = b.activations[ops.Absorbed]
		return oneTile(isa.ActRead, q.base+q.row()*unit.Bytes(s.row()), q.row()*unit.Bytes(s.queries()))
	}
	from, n := b.part(q.base+q.row()*unit.Bytes(s.row()), q.row()*unit.Bytes(s.queries()), s.core)
	return oneTile(isa.ActRead, from, n)
}

// attended writes a block's result to DRAM, where activations lie there.
func (b *builder) attended(l int, s span, deps []int) []int {
	if !b.spill {
		return deps
	}
	attended := b.activations[ops.Attended]
	attended.width = b.model.Heads * b.resultDim()
	base, n := b.part(attended.base+attended.row()*unit.Bytes(s.row()), attended.row()*unit.Bytes(s.queries()), s.core)
	if b.absorbs() { // a core has all heads of its sequences
		attended = b.activations[ops.Gathered]
		base, n = attended.base+attended.row()*unit.Bytes(s.row()), attended.row()
	}
	return b.add(isa.Op{Name: b.label(l, opAttentionOut), Kind: isa.Context, Layer: l, Core: s.core, Unit: isa.Move, Deps: deps,
		Stores: []isa.Slice{oneTile(isa.ActWrite, base, n)}}, opAttentionOut)
}

// onChip is a core's vector op whose operands never leave the scratchpad.
func (b *builder) onChip(l, core int, name string, k isa.Kind, fn isa.Fn, elements int, deps []int) []int {
	return b.add(isa.Op{Name: b.label(l, name), Kind: k, Layer: l, Core: core, Unit: isa.Vector, Deps: deps,
		Work: isa.Work{Fn: fn, Elements: int64(elements)}}, name)
}

// part is the positions [c0,c1) of a chunk whose keys, or values, lie in one way: keys by channel are in whole spans, or in
// the rest.
type part struct {
	c0, c1 int
	rest   bool
}

// partsOfKeys are the parts of a chunk's keys.
func (b *builder) partsOfKeys(s *span) []part {
	k := b.keys(s.core)
	if !k.Channels {
		return []part{{s.c0, s.c1, false}}
	}
	end := b.spansEnd(k)
	var all []part
	if s.c0 < end {
		all = append(all, part{s.c0, min(s.c1, end), false})
	}
	if s.c1 > end {
		all = append(all, part{max(s.c0, end), s.c1, true})
	}
	return all
}

// spansEnd is the position behind those that are stored in whole spans: a graph's padding is taken to be.
func (b *builder) spansEnd(k half) int {
	there := b.past + b.rows
	if b.decode {
		there = b.past + 1
	}
	stored := there
	if b.decode && !b.spill { // the current token is on chip
		stored--
	}
	return b.padded(there) - (there - k.whole(stored))
}

// attendChunk is Q·Kᵀ or P·V of a part of a span. Grouped queries share the keys of their head, so a kv head is one product
// of group × queries rows. Tiles are cut along the positions.
func (b *builder) attendChunk(l int, s span, kind isa.Kind, p part, deps, cached []int) isa.Op {
	im := &b.image.blocks[l]
	held, h, name := im.key, b.keys(s.core), "scores"
	if kind == isa.Context {
		held, h, name = im.value, b.values(s.core), "context"
	}
	if b.model.Latent != nil {
		return b.attendLatentChunk(l, s, kind, h, deps, cached)
	}
	base := held.at(s.sequence, b.slotOf(s.core)) + h.spanned(p.c0)
	if p.rest {
		base = held.at(s.sequence, b.slotOf(s.core)) + held.rest + h.plain()*unit.Bytes(p.c0-b.spansEnd(h))
		h.Cached = formats.Cached{Bits: fp16}
	}
	o := isa.Op{Name: b.label(l, name), Kind: kind, Layer: l, Core: s.core, Unit: isa.Array, Deps: deps}
	if !b.decode || b.spill {
		o.LoadAfter = cached
	}
	inDRAM := p.c1 // the current token's row of a decode step is on chip
	if b.decode && !b.spill {
		inDRAM = min(p.c1, b.padded(b.past+1)-1)
	}
	positions := p.c1 - p.c0
	n := b.positionsOfTile(h, positions)
	stored := max(inDRAM-p.c0, 0)
	o.Tiles = max(1, (stored+n-1)/n)
	final := n * (o.Tiles - 1)
	if stored > 0 {
		// The DMA reads whole stripes: a ragged end is rounded up, over positions not yet written.
		o.Loads = []isa.Slice{{Data: isa.KVRead, Step: h.spanned(n), Tile: isa.Contiguous(base, h.spanned(n)),
			Last: isa.Contiguous(base+h.spanned(final), roundUp(h.spanned(stored-final), b.image.stripe))}}
	}
	o.Work = b.attentionWork(kind, &s, h, n)
	o.Last = b.attentionWork(kind, &s, h, positions-final)
	return o
}

// join lets a pass of the array take what lies in several tiles, where that is faster.
func (b *builder) join(o *isa.Op, name string) {
	o.Reduced = o.Kind == isa.Context
	if o.Tiles > 1 {
		x := passing{work: o.Work, n: o.Work.N, tiles: o.Tiles, rows: o.Work.N*(o.Tiles-1) + o.Last.N, across: o.Reduced, tile: o.TileBytes(0)}
		if o.Reduced {
			x.n, x.rows = o.Work.K, o.Work.K*(o.Tiles-1)+o.Last.K
		}
		x.room = b.cfg.Scratchpad.Size - b.p.Static - o.HoldBytes()
		x.memory = b.price.transfer(x.tile*unit.Bytes(o.Tiles) + o.HoldBytes())
		o.Pass, _, _ = b.price.pass(&x)
	}
	o.Reduced = o.Reduced && o.Pass > 0
	b.explainAttention(o, name)
}

// positionsOfTile is how many of so many positions are fetched at once: what fits into a tile, in whole spans and stripes.
func (b *builder) positionsOfTile(h half, positions int) int {
	n := max(1, min(positions, int(b.tile/h.span())*h.Span()))
	if q := int(b.image.stripe/h.span()) * h.Span(); q > 1 && n > q && !(b.promptInDRAM() && n == positions) {
		n = n / q * q // whole stripes
	}
	if n < positions {
		n = max(h.whole(n), h.Span())
	}
	return n
}

// attentionWork is the array's work for n positions: scores have the positions as outputs, the context has them as the
// reduction.
func (b *builder) attentionWork(kind isa.Kind, s *span, h half, n int) isa.Work {
	w := isa.Work{M: s.queries() * (b.headsOf(s.core) / h.heads), Repeat: h.heads, Bits: h.Bits, N: n, K: b.queryDim()}
	if kind == isa.Context {
		w.N, w.K = b.resultDim(), n
	}
	h.scaledWork(&w, kind == isa.Context)
	return w
}
