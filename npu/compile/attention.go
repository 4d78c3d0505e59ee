package compile

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// attention emits the projections, the cache update and the attention of one block.
func (b *builder) attention(l int, act acts, n []int) []int {
	m, im := b.model, &b.image.blocks[l]
	q := b.linear(l, &im.attention[0], act.n, act.q, n)
	k := b.linear(l, &im.attention[1], act.n, act.k, n)
	v := b.linear(l, &im.attention[2], act.n, act.v, n)
	qw, kw := m.Heads*m.HeadDim, m.KVWidth()
	if m.QKNorm {
		at := im.norms + normBytes(m)*unit.Bytes(m.BlockNorms)
		q = b.vector(vec{name: "qk_norm", kind: isa.Norm, layer: l, fn: b.normFn(), width: qw + kw, rows: b.tokens,
			in: []region{act.q, act.k}, out: act.q, params: b.params(at, qkNormBytes(m)), deps: join(q, k)})
		k = q
	}
	rotated := (m.Heads + m.KVHeads) * m.RotaryDim
	r := b.vector(vec{name: "rope", kind: isa.Rope, layer: l, fn: isa.FnRope, width: rotated, rows: b.tokens,
		in: []region{act.q, act.k}, out: act.q, deps: join(q, k)})
	cached := b.append(l, act, join(r, v))
	o := b.attend(l, act, r, cached)
	return b.linear(l, &im.attention[3], act.attn, act.attn, o)
}

// append converts the new keys and values to the cache's width and writes them behind the cached ones. In decode they
// are written together after the last block: a write among reads costs two turnarounds of the bus, and the memory
// controller lets a handful of writes wait for more for as long as reads keep coming.
func (b *builder) append(l int, act acts, deps []int) []int {
	m, im := b.model, &b.image.blocks[l]
	if b.tokens == 1 {
		if b.cfg.KV.Bits != fp16 {
			deps = b.onChip(l, "kv_convert", isa.KVAppend, isa.FnConvert, 2*m.KVWidth(), deps)
		}
		at, n := b.image.kvRow*unit.Bytes(b.past), b.image.kvRow
		b.late = append(b.late, isa.Op{Name: fmt.Sprintf("L%d.kv_append", l), Kind: isa.KVAppend, Layer: l, Unit: isa.Move, Deps: deps,
			Stores: []isa.Slice{once(isa.KVWrite, im.key+at, n), once(isa.KVWrite, im.value+at, n)}})
		return nil
	}
	o := isa.Op{Name: fmt.Sprintf("L%d.kv_append", l), Kind: isa.KVAppend, Layer: l, Unit: isa.Move, Deps: deps}
	width := int64(0) // of the conversion
	if b.cfg.KV.Bits != fp16 {
		o.Unit, width = isa.Vector, int64(2*m.KVWidth())
	}
	n := b.tokens
	if b.spill { // keys and values wait in DRAM at 16 bits: they come by tiles of tokens
		n = max(1, min(n, int(b.tile/(act.k.row()+act.v.row()+2*b.image.kvRow))))
	}
	o.Tiles = (b.tokens + n - 1) / n
	last := b.tokens - (o.Tiles-1)*n
	if b.spill {
		o.LoadAfter = deps
		o.Loads = []isa.Slice{rows(isa.ActRead, act.k, n, last, o.Tiles), rows(isa.ActRead, act.v, n, last, o.Tiles)}
	}
	row := b.image.kvRow
	for _, base := range []unit.Bytes{im.key + row*unit.Bytes(b.past), im.value + row*unit.Bytes(b.past)} {
		step := row * unit.Bytes(n)
		o.Stores = append(o.Stores, isa.Slice{Data: isa.KVWrite, Step: step, Tile: isa.Contiguous(base, step),
			Last: isa.Contiguous(base+step*unit.Bytes(o.Tiles-1), row*unit.Bytes(last))})
	}
	if width > 0 {
		o.Work = isa.Work{Fn: isa.FnConvert, Elements: width * int64(n)}
		o.Last = isa.Work{Fn: isa.FnConvert, Elements: width * int64(last)}
	}
	return b.add(o)
}

// attend emits scores, softmax and context. Queries are taken in blocks and the context in chunks such that the scores
// of a block and a chunk fit into the room set aside for them; with more than one chunk the partial results are merged
// (online softmax, FlashAttention). A block is computed as a rectangle: masked corners cost what the rest costs.
//
// In decode the current token's key and value are still on chip, so only the past positions come from DRAM, and they
// can be fetched ahead. In prefill the prompt's keys and values are read back from the cache after they were appended.
func (b *builder) attend(l int, act acts, rope, cached []int) []int {
	m := b.model
	room := int(scoreBytes(b.cfg))
	queries := b.queryBlock(room)
	var done []int
	for q0 := 0; q0 < b.tokens; q0 += queries {
		q1 := min(q0+queries, b.tokens)
		end := b.past + q1 // positions that the block's last query attends to, and their first
		start := end - min(end, m.WindowAt(l, end)+q1-q0-1)
		chunk := max(1, room/2/(2*(q1-q0)*m.Heads))
		deps := rope
		for c0 := start; c0 < end; c0 += chunk {
			c1 := min(c0+chunk, end)
			s := b.attendChunk(l, act, span{q0, q1, c0, c1}, isa.Scores, deps, cached)
			if m.Softcap {
				s = b.onChip(l, "attention_softcap", isa.Softmax, isa.FnSoftcap, (q1-q0)*m.Heads*(c1-c0), s)
			}
			p := b.onChip(l, "softmax", isa.Softmax, isa.FnSoftmax, (q1-q0)*m.Heads*(c1-c0), s)
			deps = b.attendChunk(l, act, span{q0, q1, c0, c1}, isa.Context, p, cached)
			if c0 > start {
				deps = b.onChip(l, "softmax_merge", isa.Softmax, isa.FnSoftmaxMerge, (q1-q0)*m.Heads*m.HeadDim, deps)
			}
		}
		if b.spill {
			deps = b.add(isa.Op{Name: fmt.Sprintf("L%d.attention_out", l), Kind: isa.Context, Layer: l, Unit: isa.Move, Deps: deps,
				Stores: []isa.Slice{once(isa.ActWrite, act.attn.base+act.attn.row()*unit.Bytes(q0), act.attn.row()*unit.Bytes(q1-q0))}})
		}
		done = append(done, deps...)
	}
	return done
}

// queryBlock is how many queries are worked on at a time: all of them if half of the room holds their partial results
// (fp32, beside scores for at least 64 positions), else as many as do, a multiple of 16 if possible.
func (b *builder) queryBlock(room int) int {
	m := b.model
	each := max(4*m.Heads*m.HeadDim, 2*64*m.Heads)
	n := max(1, room/2/each)
	if n >= b.tokens {
		return b.tokens
	}
	if n > 16 {
		n = n / 16 * 16
	}
	return n
}

// onChip is a vector op whose operands never leave the scratchpad.
func (b *builder) onChip(l int, name string, k isa.Kind, fn isa.Fn, elements int, deps []int) []int {
	return b.add(isa.Op{Name: fmt.Sprintf("L%d.%s", l, name), Kind: k, Layer: l, Unit: isa.Vector, Deps: deps,
		Work: isa.Work{Fn: fn, Elements: int64(elements)}})
}

// span is a rectangle of attention: queries [q0,q1) against positions [c0,c1).
type span struct{ q0, q1, c0, c1 int }

// attendChunk emits Q·Kᵀ or P·V of one span. Grouped queries share the keys of their head, so a kv head is one product
// of group × queries rows. Tiles are cut along the positions.
func (b *builder) attendChunk(l int, act acts, s span, kind isa.Kind, deps, cached []int) []int {
	im := &b.image.blocks[l]
	base, name := im.key, "scores"
	if kind == isa.Context {
		base, name = im.value, "context"
	}
	o := isa.Op{Name: fmt.Sprintf("L%d.%s", l, name), Kind: kind, Layer: l, Unit: isa.Array, Deps: deps}
	if b.spill && kind == isa.Scores {
		o.LoadAfter = cached
		o.Hold = []isa.Slice{once(isa.ActRead, act.q.base+act.q.row()*unit.Bytes(s.q0), act.q.row()*unit.Bytes(s.q1-s.q0))}
	} else if b.tokens > 1 {
		o.LoadAfter = cached
	}
	inDRAM := s.c1 // the current token's row of a decode step is on chip
	if b.tokens == 1 {
		inDRAM = min(s.c1, b.past)
	}
	row := b.image.kvRow
	n := max(1, min(s.c1-s.c0, int(b.tile/row)))
	if q := int(b.image.stripe / row); q > 1 && n > q {
		n = n / q * q // whole stripes
	}
	stored := max(inDRAM-s.c0, 0)
	tiles := max(1, (stored+n-1)/n)
	o.Tiles = tiles
	final := n * (tiles - 1)
	if stored > 0 {
		// The DMA reads whole stripes: a ragged end is rounded up, over positions not yet written.
		o.Loads = []isa.Slice{{Data: isa.KVRead, Step: row * unit.Bytes(n), Tile: isa.Contiguous(base+row*unit.Bytes(s.c0), row*unit.Bytes(n)),
			Last: isa.Contiguous(base+row*unit.Bytes(s.c0+final), roundUp(row*unit.Bytes(stored-final), b.image.stripe))}}
	}
	o.Work = b.attentionWork(kind, s.q1-s.q0, n)
	o.Last = b.attentionWork(kind, s.q1-s.q0, s.c1-s.c0-final)
	return b.add(o)
}

// attentionWork is the array's work for n positions: scores have the positions as outputs, the context has them as the
// reduction.
func (b *builder) attentionWork(kind isa.Kind, queries, n int) isa.Work {
	m := b.model
	w := isa.Work{M: queries * (m.Heads / m.KVHeads), Repeat: m.KVHeads, Bits: b.cfg.KV.Bits, N: n, K: m.HeadDim}
	if kind == isa.Context {
		w.N, w.K = m.HeadDim, n
	}
	return w
}
