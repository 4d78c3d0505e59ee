package compile

import (
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
)

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
		if b.idle(core) || b.model.Latent != nil && core > 0 { // the first core writes what all share
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

// fresh is one side of what is appended: where it is, where it goes, and how it lies there.
type fresh struct {
	half
	from region // in DRAM, if activations lie there
	to   unit.Bytes
	rest bool // to wait in fp16 until its span is whole
}

// stored is what n positions take where they go.
func (f *fresh) stored(n int) unit.Bytes {
	if f.rest {
		return f.plain() * unit.Bytes(n)
	}
	return f.spanned(n)
}

// converted is how many values of a position change their width.
func (f *fresh) converted() int64 {
	if f.rest || f.Bits == fp16 {
		return 0
	}
	return int64(f.width())
}

// freshOf returns the new keys and values of a sequence on a core, from position at on: of latent attention what both are
// expanded from.
func (b *builder) freshOf(l, core, sequence, at int) []fresh {
	im, slot := &b.image.blocks[l], b.slotOf(core)
	if b.model.Latent != nil {
		h := b.latents()
		return []fresh{{half: h, from: b.activations[ops.Latent], to: im.key.at(sequence, slot) + h.spanned(at)}}
	}
	k := fresh{half: b.keys(core), from: b.ownHeads(core, b.activations[ops.K])}
	v := fresh{half: b.values(core), from: b.ownHeads(core, b.activations[ops.V])}
	k.to = im.key.at(sequence, slot) + k.spanned(k.whole(at))
	v.to = im.value.at(sequence, slot) + v.spanned(at)
	if k.Channels {
		k.rest = true
		k.to = im.key.at(sequence, slot) + im.key.rest + k.plain()*unit.Bytes(at-k.whole(at))
	}
	return []fresh{k, v}
}

// appendTokens appends a position to every sequence's cache. Nobody waits for it: what a step appends it has on chip, unless
// activations lie in DRAM. Then keys and values come from there, and their attention reads them again from the cache.
func (b *builder) appendTokens(l, core int, deps []int) []int {
	o := isa.Op{Name: b.label(l, "kv_append"), Kind: isa.KVAppend, Layer: l, Core: core, Unit: isa.Move}
	var converted int64
	for s := range b.rows {
		for _, f := range b.freshOf(l, core, s, b.past) {
			if b.spill || !b.completes(f.half) {
				o.Stores = append(o.Stores, oneTile(isa.KVWrite, f.to, f.newest()))
			}
			converted += f.converted()
			if s == 0 && b.spill {
				o.Loads = append(o.Loads, oneTile(isa.ActRead, f.from.base, f.from.row()*unit.Bytes(b.rows)))
			}
		}
	}
	if b.spill {
		o.Deps, o.LoadAfter = deps, deps
		if converted > 0 {
			o.Unit, o.Work = isa.Vector, isa.Work{Fn: isa.FnConvert, Elements: converted}
		}
		done := b.add(o, "kv_append")
		return append(done, b.completeSpans(l, core, done)...)
	}
	o.Deps = b.on(core, deps)
	if converted > 0 {
		o.Deps = b.onChip(l, core, opKVConvert, isa.KVAppend, isa.FnConvert, int(converted), o.Deps)
	}
	if b.late {
		b.updates = append(b.updates, o)
	} else {
		b.add(o, "kv_append")
	}
	b.completeSpans(l, core, o.Deps)
	return nil
}

// completes reports whether the token of a decode pass makes a span of keys whole, which is then stored in full.
func (b *builder) completes(k half) bool { return k.Channels && k.whole(b.past+1) > b.past }

// completeSpans quantises the keys of the spans that the new token makes whole, a sequence at a time.
func (b *builder) completeSpans(l, core int, deps []int) (done []int) {
	k := b.keys(core)
	if !b.completes(k) {
		return nil
	}
	held := &b.image.blocks[l].key
	there := k.Span() - 1 // the last position is on chip
	if b.spill {
		there++
	}
	for s := range b.rows {
		base := held.at(s, b.slotOf(core))
		o := b.quantiseSpan(l, core, k, base+k.spanned(k.whole(b.past)), deps)
		b.loadRest(&o, k, base+held.rest, there)
		if b.spill {
			o.LoadAfter = deps
		}
		if b.late && !b.spill {
			b.updates = append(b.updates, o)
			continue
		}
		done = append(done, b.add(o, "kv_append")...)
	}
	return done
}

// headsOfTile is how many heads of a span are quantised at a time: what they take, before and after, is a tile at most.
func (b *builder) headsOfTile(k half) int {
	each := k.plain()*unit.Bytes(k.Span()) + k.span()
	return max(1, min(k.heads, int(b.tile*unit.Bytes(k.heads)/each)))
}

// quantiseSpan turns the fp16 keys of a span into codes, some heads at a time: in a span, heads lie one behind the other.
func (b *builder) quantiseSpan(l, core int, k half, to unit.Bytes, deps []int) isa.Op {
	n := b.headsOfTile(k)
	o := isa.Op{Name: b.label(l, "kv_append"), Kind: isa.KVAppend, Layer: l, Core: core, Unit: isa.Vector, Deps: deps, Tiles: (k.heads + n - 1) / n}
	last := k.heads - (o.Tiles-1)*n
	step := k.SpanBytes(n, k.dim)
	o.Stores = []isa.Slice{{Data: isa.KVWrite, Step: step, Tile: isa.Contiguous(to, step),
		Last: isa.Contiguous(to+step*unit.Bytes(o.Tiles-1), k.SpanBytes(last, k.dim))}}
	o.Work = isa.Work{Fn: isa.FnConvert, Elements: int64(k.Span()) * int64(n) * int64(k.dim)}
	o.Last = isa.Work{Fn: isa.FnConvert, Elements: int64(k.Span()) * int64(last) * int64(k.dim)}
	return o
}

// loadRest brings the same heads of so many positions of the rest.
func (b *builder) loadRest(o *isa.Op, k half, from unit.Bytes, positions int) {
	n := b.headsOfTile(k)
	walk := func(first, heads int) isa.Pattern {
		return isa.Pattern{Base: from + fp16.Of(int64(first)*int64(k.dim)), Turn: fp16.Of(int64(heads) * int64(k.dim)), Planes: 1,
			Outer: positions, OuterStride: k.plain()}
	}
	first := n * (o.Tiles - 1)
	o.Loads = []isa.Slice{{Data: isa.KVRead, Step: fp16.Of(int64(n) * int64(k.dim)), Tile: walk(0, n), Last: walk(first, k.heads-first)}}
}

// appendPrompt appends the whole prompt of the first sequence.
func (b *builder) appendPrompt(l, core int, deps []int) []int {
	sides := b.freshOf(l, core, 0, b.past)
	if !sides[0].rest {
		return b.appendRows(l, core, deps, 0, b.rows, sides...)
	}
	k, v := sides[0], sides[1]
	done := b.appendRows(l, core, deps, 0, b.rows, v)
	whole := k.whole(b.rows) // a pass begins with a span
	if whole < b.rows {
		done = append(done, b.appendRows(l, core, deps, whole, b.rows, k)...)
	}
	held := &b.image.blocks[l].key
	for at := 0; at < whole; at += k.Span() {
		o := b.quantiseSpan(l, core, k.half, held.at(0, b.slotOf(core))+k.spanned(b.past+at), deps)
		if b.spill {
			o.LoadAfter = deps
			b.loadSpan(&o, k, at)
		}
		done = append(done, b.add(o, "kv_append")...)
	}
	return done
}

// loadSpan brings the same heads of a span's keys from where the projection left them in DRAM.
func (b *builder) loadSpan(o *isa.Op, k fresh, at int) {
	b.loadRest(o, k.half, k.from.base+k.from.row()*unit.Bytes(at), k.Span())
	o.Loads[0].Data = isa.ActRead
}

// appendRows appends the keys or values, or both, of tokens [from, to) of a prompt.
func (b *builder) appendRows(l, core int, deps []int, from, to int, sides ...fresh) []int {
	o := isa.Op{Name: b.label(l, "kv_append"), Kind: isa.KVAppend, Layer: l, Core: core, Unit: isa.Move, Deps: deps}
	var converted int64
	var each unit.Bytes // of a token, in DRAM before and after
	for i := range sides {
		converted += sides[i].converted()
		each += sides[i].plain() + sides[i].newest()
	}
	n := to - from
	if b.spill { // keys and values wait in DRAM at 16 bits: they come by tiles of tokens
		n = max(1, min(n, int(b.tile/each)))
	}
	o.Tiles = (to - from + n - 1) / n
	last := to - from - (o.Tiles-1)*n
	if b.spill {
		o.LoadAfter = deps
		for i := range sides {
			r := sides[i].from
			r.base += r.row() * unit.Bytes(from)
			o.Loads = append(o.Loads, rows(isa.ActRead, r, n, last, o.Tiles))
		}
	}
	for i := range sides {
		f := &sides[i]
		step := f.stored(n)
		o.Stores = append(o.Stores, isa.Slice{Data: isa.KVWrite, Step: step, Tile: isa.Contiguous(f.to, step),
			Last: isa.Contiguous(f.to+step*unit.Bytes(o.Tiles-1), f.stored(last))})
	}
	if converted > 0 {
		o.Unit = isa.Vector
		o.Work = isa.Work{Fn: isa.FnConvert, Elements: converted * int64(n)}
		o.Last = isa.Work{Fn: isa.FnConvert, Elements: converted * int64(last)}
	}
	return b.add(o, "kv_append")
}
