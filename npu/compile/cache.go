package compile

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
)

// half is the keys, or the values, that somebody keeps of each position: so many heads of dim values. Positions whose keys
// share scales are a span, which is stored when it is whole; until then its keys are fp16, in the rest.
type half struct {
	formats.Cached
	heads, dim int
	shared     int // further values of a position, which every head has behind its own
}

// width is the number of values of a position.
func (h half) width() int { return h.heads*h.dim + h.shared }

// span is what the positions of a span take, codes and scales.
func (h half) span() unit.Bytes { return h.SpanBytes(h.heads, h.dim) + fp16.Of(int64(h.shared)) }

// plain is a position in fp16.
func (h half) plain() unit.Bytes { return fp16.Of(int64(h.width())) }

// spanned is what so many positions take, in whole spans.
func (h half) spanned(positions int) unit.Bytes {
	n := h.Span()
	return h.span() * unit.Bytes((positions+n-1)/n)
}

// newest is what a new position takes.
func (h half) newest() unit.Bytes {
	if h.Channels {
		return h.plain()
	}
	return h.span()
}

// whole is how many of so many positions are in whole spans: the others are in the rest.
func (h half) whole(positions int) int { return positions / h.Span() * h.Span() }

// scaledWork says of a product with what is cached how its codes become values. Scales of keys by token lie along the reduction of the scores;
// those of keys by channel, and of values in the context, across it.
func (h half) scaledWork(w *isa.Work, across bool) {
	if h.Group == formats.CacheGroupNone {
		return
	}
	w.Quantised, w.Group, w.ZeroPoints = true, h.Sharing(h.dim), h.ZeroPoints
	w.Across = across || h.Channels
}

// cache is where the keys, or the values, of a layer lie. Each sequence and each core has a slot of its own: the spans of
// the core's heads, position by position, and the rest.
//
//	sequence 0, core 0 │ sequence 0, core 1 │ … │ sequence 1, core 0 │ …
type cache struct {
	base  unit.Bytes
	slot  unit.Bytes // of a sequence and a core: the largest of them, in whole stripes
	rest  unit.Bytes // of a slot: where the rest is
	cores int
}

// at is where a core finds a sequence's positions.
func (c cache) at(sequence, core int) unit.Bytes {
	return c.base + c.slot*unit.Bytes(sequence*c.cores+core)
}

// takeCache takes room for the keys, or the values, of a layer.
func (a *allocator) takeCache(j Job, kept formats.Cached, part *unit.Bytes) cache {
	heads := (j.Model.KVHeads + a.cores - 1) / a.cores // of the core that has most
	h := half{Cached: kept, heads: heads, dim: j.Model.HeadDim}
	cores := min(a.cores, j.Model.KVHeads)
	if l := j.Model.Latent; l != nil {
		h.heads, h.dim, cores = 1, l.Width(), 1
	}
	c := cache{cores: cores, rest: h.spanned(max(j.positions(), j.Config.Graph.Context))}
	c.slot = c.rest
	if h.Channels {
		c.slot += h.plain() * unit.Bytes(h.Span())
	}
	c.slot = roundUp(c.slot, a.stripe)
	c.base = a.takeAt(rowBlock*a.stripe, c.slot*unit.Bytes(c.cores*max(j.Batch, 1)), part)
	return c
}

// fitsSpan refuses spans that are more than a tile: they are read as a whole.
func (c *Compiler) fitsSpan() error {
	heads := (c.model.KVHeads + c.cfg.Cores - 1) / c.cfg.Cores
	h := half{Cached: c.cfg.KV.Keys(), heads: heads, dim: c.model.HeadDim}
	if !h.Channels || h.span() <= c.tile {
		return nil
	}
	return fmt.Errorf("kv.group: the keys of %d positions that share scales, %d channels at %d bits, take %v on a core, and a tile has %v; "+
		"accepted: a smaller group, or a larger scratchpad.tile", h.Span(), h.width(), int(h.Bits), h.span(), c.tile)
}

// keys are what a core keeps of keys, values what it keeps of values: nothing, if it has no heads.
func (b *builder) keys(core int) half {
	from, to := b.heads(core)
	if l := b.model.Latent; l != nil {
		if b.decode {
			return b.latents()
		}
		return half{Cached: formats.Cached{Bits: fp16}, heads: to - from, dim: l.NopeDim, shared: l.RopeDim}
	}
	return half{Cached: b.cfg.KV.Keys(), heads: to - from, dim: b.model.HeadDim}
}

func (b *builder) values(core int) half {
	from, to := b.heads(core)
	if l := b.model.Latent; l != nil {
		if b.decode {
			return b.latents()
		}
		return half{Cached: formats.Cached{Bits: fp16}, heads: to - from, dim: l.ValueDim}
	}
	return half{Cached: b.cfg.KV.Values(), heads: to - from, dim: b.model.HeadDim}
}

// heads are the heads of keys and values that a core works on: none, if there are fewer than cores.
func (b *builder) heads(core int) (from, to int) {
	if b.absorbs() { // there is one, whose positions or sequences the cores share
		return 0, 1
	}
	return share(b.model.KVHeads, core, b.cores())
}

// idle reports whether a core has no heads.
func (b *builder) idle(core int) bool {
	from, to := b.heads(core)
	return from == to
}

// slotOf is the number of a core's slot in a cache. Cores without heads have none.
func (b *builder) slotOf(core int) int {
	if b.model.Latent != nil {
		return 0
	}
	if b.cores() <= b.model.KVHeads {
		return core
	}
	from, _ := b.heads(core)
	return from
}

// newKV is what a decode step appends to the caches, in all layers.
func (c *Compiler) newKV() unit.Bytes {
	m := c.model
	if m.Latent != nil {
		return c.latents().spanned(m.Layers) * unit.Bytes(c.batch)
	}
	var bits, scales int64
	for _, kept := range []formats.Cached{c.cfg.KV.Keys(), c.cfg.KV.Values()} {
		if kept.Channels { // until their span is whole
			kept = formats.Cached{Bits: fp16}
		}
		codes := kept
		codes.Group = formats.CacheGroupNone
		bits += int64(kept.Bits)
		scales += int64(kept.SpanBytes(m.KVHeads, m.HeadDim) - codes.SpanBytes(m.KVHeads, m.HeadDim))
	}
	return (unit.Bits(bits).Of(int64(m.KVWidth())*int64(m.Layers)) + unit.Bytes(scales*int64(m.Layers))) * unit.Bytes(c.batch)
}
