package compile

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
)

// heads are the heads of keys and values that a core works on: none, if there are fewer than cores.
func (b *builder) heads(core int) (from, to int) { return share(b.model.KVHeads, core, b.cores()) }

// kvRow is one position of the K (or V) cache of a layer on a core.
func (b *builder) kvRow(core int) unit.Bytes {
	from, to := b.heads(core)
	return b.cfg.KV.Bits.Of(int64(to-from) * int64(b.model.HeadDim))
}

// slotOf is the number of a core's slot in a cache. Cores without heads have none.
func (b *builder) slotOf(core int) int {
	if b.cores() <= b.model.KVHeads {
		return core
	}
	from, _ := b.heads(core)
	return from
}

// ownHeads is a core's part of the keys or values of all rows, as its projections left them in DRAM.
func (b *builder) ownHeads(core int, r region) region {
	from, to := b.heads(core)
	dim := b.model.HeadDim
	return region{r.base + fp16.Of(int64(from)*int64(dim)*int64(b.rows)), (to - from) * dim}
}

// append converts the new keys and values to the cache's width and writes them behind the cached ones. In decode they
// are written together after the last block, if there is room for them: a write among reads costs two turnarounds of the
// bus, and the memory controller lets a handful of writes wait for more for as long as reads keep coming.
func (b *builder) append(l int, deps []int) []int {
	var done []int
	for core := range b.cores() {
		if b.kvRow(core) == 0 {
			continue
		}
		if b.decode {
			done = append(done, b.appendTokens(l, core, deps)...)
		} else {
			done = append(done, b.appendPrompt(l, core, deps)...)
		}
	}
	return done
}

// appendTokens appends a position to every sequence's cache. Nobody waits for it: what a step appends it has on chip, unless
// activations lie in DRAM. Then keys and values come from there, and their attention reads them again from the cache.
func (b *builder) appendTokens(l, core int, deps []int) []int {
	im := &b.image.blocks[l]
	from, to := b.heads(core)
	width := (to - from) * b.model.HeadDim
	row := b.kvRow(core)
	at := row * unit.Bytes(b.past)
	o := isa.Op{Name: b.label(l, "kv_append"), Kind: isa.KVAppend, Layer: l, Core: core, Unit: isa.Move}
	for s := range b.rows {
		slot := b.slotOf(core)
		o.Stores = append(o.Stores, oneTile(isa.KVWrite, im.key.at(s, slot)+at, row), oneTile(isa.KVWrite, im.value.at(s, slot)+at, row))
	}
	if b.spill {
		o.Deps, o.LoadAfter = deps, deps
		for _, r := range []region{b.activations[ops.K], b.activations[ops.V]} {
			own := b.ownHeads(core, r)
			o.Loads = append(o.Loads, oneTile(isa.ActRead, own.base, own.row()*unit.Bytes(b.rows)))
		}
		if b.cfg.KV.Bits != fp16 {
			o.Unit, o.Work = isa.Vector, isa.Work{Fn: isa.FnConvert, Elements: int64(2 * b.rows * width)}
		}
		return b.add(o, "kv_append")
	}
	o.Deps = b.on(core, deps)
	if b.cfg.KV.Bits != fp16 {
		o.Deps = b.onChip(l, core, opKVConvert, isa.KVAppend, isa.FnConvert, 2*b.rows*width, o.Deps)
	}
	if b.late {
		b.updates = append(b.updates, o)
	} else {
		b.add(o, "kv_append")
	}
	return nil
}

// appendPrompt appends the whole prompt of the first sequence.
func (b *builder) appendPrompt(l, core int, deps []int) []int {
	m, im := b.model, &b.image.blocks[l]
	first, end := b.heads(core)
	o := isa.Op{Name: b.label(l, "kv_append"), Kind: isa.KVAppend, Layer: l, Core: core, Unit: isa.Move, Deps: deps}
	width := int64(0) // of the conversion
	if b.cfg.KV.Bits != fp16 {
		o.Unit, width = isa.Vector, int64(2*(end-first)*m.HeadDim)
	}
	row := b.kvRow(core)
	in := fp16.Of(int64(end-first) * int64(m.HeadDim)) // of a token's keys, as they lie in DRAM
	n := b.rows
	if b.spill { // keys and values wait in DRAM at 16 bits: they come by tiles of tokens
		n = max(1, min(n, int(b.tile/(2*in+2*row))))
	}
	o.Tiles = (b.rows + n - 1) / n
	last := b.rows - (o.Tiles-1)*n
	if b.spill {
		o.LoadAfter = deps
		for _, r := range []region{b.activations[ops.K], b.activations[ops.V]} {
			o.Loads = append(o.Loads, rows(isa.ActRead, b.ownHeads(core, r), n, last, o.Tiles))
		}
	}
	slot := b.slotOf(core)
	for _, base := range []unit.Bytes{im.key.at(0, slot), im.value.at(0, slot)} {
		base += row * unit.Bytes(b.past)
		step := row * unit.Bytes(n)
		o.Stores = append(o.Stores, isa.Slice{Data: isa.KVWrite, Step: step, Tile: isa.Contiguous(base, step),
			Last: isa.Contiguous(base+step*unit.Bytes(o.Tiles-1), row*unit.Bytes(last))})
	}
	if width > 0 {
		o.Work = isa.Work{Fn: isa.FnConvert, Elements: width * int64(n)}
		o.Last = isa.Work{Fn: isa.FnConvert, Elements: width * int64(last)}
	}
	return b.add(o, "kv_append")
}

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
func (b *builder) attend(l int, rope, cached []int) []int {
	var done []int
	for core := range b.cores() {
		if b.kvRow(core) == 0 {
			continue
		}
		if !b.decode {
			done = append(done, b.attendPrompt(l, core, rope, cached)...)
			continue
		}
		end := b.padded(b.past + 1)
		rectangles := make([]span, b.rows)
		for s := range rectangles {
			rectangles[s] = span{core, s, 0, 1, end - min(end, b.model.WindowAt(l, end)), end}
		}
		done = append(done, b.attendSpans(l, rectangles, rope, cached)...)
	}
	return done
}

// attendPrompt takes the queries of a prompt in blocks.
func (b *builder) attendPrompt(l, core int, rope, cached []int) []int {
	block := b.queryBlock()
	var rectangles []span
	for q0 := 0; q0 < b.rows; q0 += block {
		q1 := min(q0+block, b.rows)
		end := b.padded(b.past + q1) // positions that the block's last query attends to, and their first
		rectangles = append(rectangles, span{core, 0, q0, q1, end - min(end, b.model.WindowAt(l, end)+q1-q0-1), end})
	}
	return b.attendSpans(l, rectangles, rope, cached)
}

// mostOps is how many operations a program may have: some 700 bytes each.
const mostOps = 1 << 22

// attentionOps is about how many operations the attention of a prompt takes in all layers, or more than mostOps: their number
// grows with the square of the prompt.
func (b *builder) attentionOps() (n int) {
	block := b.queryBlock()
	each := func(past, l int) {
		for core := range b.cores() {
			for q0 := 0; q0 < b.rows && n <= mostOps; q0 += block {
				s := span{core: core, q0: q0, q1: min(q0+block, b.rows)}
				s.c1 = b.padded(past + s.q1)
				s.c0 = s.c1 - min(s.c1, b.model.WindowAt(l, s.c1)+s.q1-s.q0-1)
				if b.kvRow(core) > 0 {
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
	from, to := b.heads(core)
	return (to - from) * (b.model.Heads / b.model.KVHeads)
}

// softmaxOf emits the scores of a chunk and their softmax: behind the array if the chunk is one tile, else when all of
// its scores are there. The first chunk of a block brings its queries from DRAM, if they lie there; the room keeps them
// for the others.
func (b *builder) softmaxOf(l int, s span, first bool, rope, cached []int) []int {
	o := b.attendChunk(l, s, isa.Scores, rope, cached)
	if b.spill && first {
		o.Hold = []isa.Slice{b.queriesOf(&s)}
	}
	if o.Tiles == 1 {
		o.Last.Then[0] = isa.FnSoftmax
		if b.model.Softcap {
			o.Last.Then = [3]isa.Fn{isa.FnSoftcap, isa.FnSoftmax}
		}
		o.Work.Then = o.Last.Then
		return b.add(o, "scores")
	}
	deps := b.add(o, "scores")
	n := s.queries() * b.headsOf(s.core) * s.positions()
	if b.model.Softcap {
		deps = b.onChip(l, s.core, "attention_softcap", isa.Softmax, isa.FnSoftcap, n, deps)
	}
	return b.onChip(l, s.core, "softmax", isa.Softmax, isa.FnSoftmax, n, deps)
}

// contextOf emits the context of a chunk, and its sum with that of the chunks before.
func (b *builder) contextOf(l int, s span, merge bool, deps, cached []int) []int {
	o := b.attendChunk(l, s, isa.Context, deps, cached)
	if merge && o.Tiles == 1 {
		o.Last.Then[0] = isa.FnSoftmaxMerge
		o.Work.Then = o.Last.Then
		return b.add(o, "context")
	}
	deps = b.add(o, "context")
	if !merge {
		return deps
	}
	return b.onChip(l, s.core, opSoftmaxMerge, isa.Softmax, isa.FnSoftmaxMerge, s.queries()*b.headsOf(s.core)*b.model.HeadDim, deps)
}

// queriesOf are a block's queries of a core, in DRAM.
func (b *builder) queriesOf(s *span) isa.Slice {
	q := b.activations[ops.Q]
	from, n := b.part(q.base+q.row()*unit.Bytes(s.row()), q.row()*unit.Bytes(s.queries()), s.core)
	return oneTile(isa.ActRead, from, n)
}

// attended writes a block's result to DRAM, where activations lie there.
func (b *builder) attended(l int, s span, deps []int) []int {
	if !b.spill {
		return deps
	}
	attended := b.activations[ops.Attended]
	base, n := b.part(attended.base+attended.row()*unit.Bytes(s.row()), attended.row()*unit.Bytes(s.queries()), s.core)
	return b.add(isa.Op{Name: b.label(l, opAttentionOut), Kind: isa.Context, Layer: l, Core: s.core, Unit: isa.Move, Deps: deps,
		Stores: []isa.Slice{oneTile(isa.ActWrite, base, n)}}, opAttentionOut)
}

// onChip is a core's vector op whose operands never leave the scratchpad.
func (b *builder) onChip(l, core int, name string, k isa.Kind, fn isa.Fn, elements int, deps []int) []int {
	return b.add(isa.Op{Name: b.label(l, name), Kind: k, Layer: l, Core: core, Unit: isa.Vector, Deps: deps,
		Work: isa.Work{Fn: fn, Elements: int64(elements)}}, name)
}

// attendChunk is Q·Kᵀ or P·V of one span. Grouped queries share the keys of their head, so a kv head is one product
// of group × queries rows. Tiles are cut along the positions.
func (b *builder) attendChunk(l int, s span, kind isa.Kind, deps, cached []int) isa.Op {
	im := &b.image.blocks[l]
	held, name := im.key, "scores"
	if kind == isa.Context {
		held, name = im.value, "context"
	}
	base := held.at(s.sequence, b.slotOf(s.core))
	o := isa.Op{Name: b.label(l, name), Kind: kind, Layer: l, Core: s.core, Unit: isa.Array, Deps: deps}
	if !b.decode || b.spill {
		o.LoadAfter = cached
	}
	inDRAM := s.c1 // the current token's row of a decode step is on chip
	if b.decode && !b.spill {
		inDRAM = min(s.c1, b.padded(b.past+1)-1)
	}
	row := b.kvRow(s.core)
	n := max(1, min(s.positions(), int(b.tile/row)))
	if q := int(b.image.stripe / row); q > 1 && n > q && !(b.promptInDRAM() && n == s.positions()) {
		n = n / q * q // whole stripes
	}
	stored := max(inDRAM-s.c0, 0)
	o.Tiles = max(1, (stored+n-1)/n)
	final := n * (o.Tiles - 1)
	if stored > 0 {
		// The DMA reads whole stripes: a ragged end is rounded up, over positions not yet written.
		o.Loads = []isa.Slice{{Data: isa.KVRead, Step: row * unit.Bytes(n), Tile: isa.Contiguous(base+row*unit.Bytes(s.c0), row*unit.Bytes(n)),
			Last: isa.Contiguous(base+row*unit.Bytes(s.c0+final), roundUp(row*unit.Bytes(stored-final), b.image.stripe))}}
	}
	o.Work = b.attentionWork(kind, &s, n)
	o.Last = b.attentionWork(kind, &s, s.positions()-final)
	b.explainAttention(&o, name)
	return o
}

// attentionWork is the array's work for n positions: scores have the positions as outputs, the context has them as the
// reduction.
func (b *builder) attentionWork(kind isa.Kind, s *span, n int) isa.Work {
	m := b.model
	from, to := b.heads(s.core)
	w := isa.Work{M: s.queries() * (m.Heads / m.KVHeads), Repeat: to - from, Bits: b.cfg.KV.Bits, N: n, K: m.HeadDim}
	if kind == isa.Context {
		w.N, w.K = m.HeadDim, n
	}
	return w
}
