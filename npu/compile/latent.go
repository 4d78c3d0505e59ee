package compile

import (
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/plan"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
)

// Latent attention (workloads.Latent). A prompt is attended to with keys and values of all heads, which are expanded from what
// is cached and never cached themselves: on chip, or in DRAM with the other activations. A decode pass absorbs the expansion:
// scores and context are over the cache, whose positions all heads share. A chunk of it is fetched once, for both: half of a
// room in the scratchpad keeps it from its scores to its context.

// latentsOf refuses what is not modelled of latent attention.
func latentsOf(j Job) error {
	if j.Model.Latent == nil {
		return nil
	}
	name, kv, g := j.Model.Name, j.Config.KV, j.Config.Graph
	passes, _, _ := g.Prefill(j.Prompt)
	switch {
	case kv.Apart():
		return fmt.Errorf("kv.key_bits: %s caches what keys and values are expanded from, not %d-bit keys and %d-bit values; accepted: the same for both",
			name, kv.Keys().Bits, kv.Values().Bits)
	case kv.Keys().Channels:
		return fmt.Errorf("kv.key_scales: %s caches what keys and values are expanded from, which has no scales by %s; accepted: %s", name,
			config.KeysByChannel, config.KeysByToken)
	case j.Decide != nil && j.Decide.Cache:
		return fmt.Errorf("schedule: a classifier of the KV cache reads keys and values, which %s does not cache; accepted: another schedule", name)
	case g.Context > 0:
		return fmt.Errorf("graph.context: %s expands keys and values of the positions that are there; accepted: 0", name)
	case passes > 1:
		return fmt.Errorf("graph.prefill_chunk: a prompt of %d tokens takes %d passes, and %s would have to expand keys and values of earlier ones again; "+
			"accepted: 0, or at least the prompt", j.Prompt, passes, name)
	}
	return nil
}

// latents are what a position takes in the cache.
func (c *Compiler) latents() half {
	return half{Cached: c.cfg.KV.Keys(), heads: 1, dim: c.model.Latent.Width()}
}

// absorbs reports whether attention is over what keys and values would be expanded from.
func (b *builder) absorbs() bool { return b.decode && b.model.Latent != nil }

// queryDim is the number of values of a head's query, resultDim of what attention yields for a head.
func (b *builder) queryDim() int {
	if b.absorbs() {
		return b.model.Latent.Width()
	}
	return b.model.HeadDim
}

func (b *builder) resultDim() int {
	switch l := b.model.Latent; {
	case l == nil:
		return b.model.HeadDim
	case b.decode:
		return l.KVRank
	default:
		return l.ValueDim
	}
}

// latentWidth is the number of values that a token has between the norm and the end of attention.
func latentWidth(m *workloads.Model, decode bool) int {
	l := m.Latent
	n := l.QRank + l.Width() + m.Heads*(m.HeadDim+l.ValueDim)
	if decode {
		return n + m.Heads*(l.Width()+l.KVRank)
	}
	return n + m.Heads*(l.NopeDim+l.ValueDim)
}

// latentRoom is the part of the scratchpad that keeps two chunks of the cache in a decode pass.
func latentRoom(c *config.Config) unit.Bytes { return c.Scratchpad.Size / 8 }

// headProduct emits the product of each head's values with its rows of a matrix, in tiles of rows. The core that has a tile has
// its heads.
func (b *builder) headProduct(o *operator) []int {
	p := product{copyOf: b.stored(o.Layer, o.matrix), name: o.name, kind: isa.Linear, layer: o.Layer, rows: b.rows, deps: b.done[o.Reads[0]], expert: -1}
	in, out := b.activations[o.Reads[0]], b.activations[o.Makes[0]]
	width := p.matrix.rows // of the input
	if !o.Transposed {
		width = o.Heads * p.k
	}
	tiles := p.tiling().tiles(p.matrix.rows)
	part := func(d isa.Data, r region, width, first int, op *isa.Op) isa.Slice {
		size := func(rows int) unit.Bytes {
			return fp16.Of(int64(b.rows) * int64(width) * int64(rows) / int64(p.matrix.rows))
		}
		n, final := op.Work.N, first+op.Work.N*(op.Tiles-1)
		return isa.Slice{Data: d, Step: size(n), Tile: isa.Contiguous(r.base+size(first), size(n)),
			Last: isa.Contiguous(r.base+size(final), size(op.Last.N))}
	}
	var done []int
	for core := range b.cores() {
		from, to := share(tiles, core, b.cores())
		if from == to {
			continue
		}
		op := b.op(&p, core, b.rows)
		op.Deps = b.on(core, p.deps)
		b.streamTiles(&op, &p, p.data(), from, to)
		if b.spill {
			first := from * p.tiling().rows
			op.LoadAfter = p.deps
			op.Loads = append(op.Loads, part(isa.ActRead, in, width, first, &op))
			op.Stores = append(op.Stores, part(isa.ActWrite, out, o.Width, first, &op))
		}
		op.Work, op.Last = p.ofHeads(o, op.Work), p.ofHeads(o, op.Last)
		b.explainHeads(&op, o)
		done = append(done, b.add(op, p.name)...)
	}
	return done
}

// ofHeads turns the work on rows of a matrix into that on the heads that they belong to: rows of a part of a head are a product
// of their own. Where the rows are the reduction, so are their scales.
func (p *product) ofHeads(o *operator, w isa.Work) isa.Work {
	each := gcd(w.N, p.perHead)
	w.Repeat = w.N / each
	w.N = each
	if !o.Transposed {
		return w
	}
	w.N, w.K = w.K, each
	if w.Group > 0 {
		w.Across = true
	}
	return w
}

func gcd(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

// explainHeads notes how a product of heads is cut: its tiles were chosen with the layout.
func (b *builder) explainHeads(op *isa.Op, o *operator) {
	b.explain(op.Layer, func() plan.Choice {
		w := op.WorkAt(0)
		c := plan.Choice{Operator: o.name, M: w.M, N: w.N, K: w.K, Bits: w.Bits, Held: "activations", Split: "heads", TileRows: w.N * w.Repeat,
			TileTokens: w.M, Tiles: op.Tiles, TileBytes: op.TileBytes(0), HeldBytes: op.HoldBytes(), Considered: 1}
		c.Compute, c.Memory = b.price.work(w, op.Tiles), b.price.transfer(c.TileBytes*unit.Bytes(op.Tiles)+c.HeldBytes)
		c.Estimate = max(c.Compute, c.Memory)
		return c
	})
}

// attendLatents emits the attention of a decode pass. Every core has the queries of all heads. The cores share the sequences of
// a batch that has one for each of them, or lies in DRAM; else the positions, and put their results together. Then each core
// has what its heads have gathered of all sequences.
func (b *builder) attendLatents(l int, cached []int) []int {
	ready := b.gather(l, b.model.Heads*b.queryDim(), b.done[ops.Absorbed])
	bySequence := b.rows >= b.cores() || b.spill
	end := b.past + 1
	var done []int
	working := 0 // cores
	for core := range b.cores() {
		var rectangles []span
		for s := range b.rows {
			r := span{core, s, 0, 1, 0, end}
			if !bySequence {
				r.c0, r.c1 = share(end, core, b.cores())
			}
			if r.c0 < r.c1 && (!bySequence || s%b.cores() == core) {
				rectangles = append(rectangles, r)
			}
		}
		if len(rectangles) > 0 {
			working++
			done = append(done, b.attendSpans(l, rectangles, ready, cached)...)
		}
	}
	if b.cores() == 1 || b.spill {
		return done
	}
	return b.collect(l, bySequence, working, done)
}

// collect gives each core what the others have gathered for its heads: of their sequences in fp16, or parts of all sums, with
// their largest scores and the sums of weights, in fp32.
func (b *builder) collect(l int, bySequence bool, working int, deps []int) (done []int) {
	for core := range b.cores() {
		from, to := share(b.model.Heads, core, b.cores())
		if from == to {
			continue
		}
		others := working
		if core < working {
			others--
		}
		missing := fp32.Of(int64(others*b.rows) * int64((to-from)*(b.resultDim()+2)))
		if bySequence {
			own := (b.rows - core + b.cores() - 1) / b.cores()
			missing = fp16.Of(int64(b.rows-own) * int64((to-from)*b.resultDim()))
		}
		ready := deps
		if missing > 0 {
			ready = b.add(isa.Op{Name: b.label(l, opExchange), Kind: isa.Exchange, Layer: l, Core: core, Unit: isa.Move, Deps: deps,
				Gather: missing}, opExchange)
		}
		if !bySequence && working > 1 {
			ready = b.onChip(l, core, opSoftmaxMerge, isa.Softmax, isa.FnSoftmaxMerge, (working-1)*b.rows*(to-from)*b.resultDim(), ready)
		}
		done = append(done, ready...)
	}
	return done
}

// attendLatentChunk is Q·Kᵀ or P·V of a chunk of latent attention.
func (b *builder) attendLatentChunk(l int, s span, kind isa.Kind, h half, deps, cached []int) isa.Op {
	name := "scores"
	if kind == isa.Context {
		name = "context"
	}
	o := isa.Op{Name: b.label(l, name), Kind: kind, Layer: l, Core: s.core, Unit: isa.Array, Deps: deps, Tiles: 1}
	n := s.positions()
	switch {
	case b.absorbs() && kind == isa.Scores:
		n = b.loadLatents(&o, l, &s, h, cached)
	case !b.decode && b.spill:
		n = b.loadExpanded(&o, &s, kind, h, cached)
	}
	final := n * (o.Tiles - 1)
	o.Work = b.attentionWork(kind, &s, h, n)
	o.Last = b.attentionWork(kind, &s, h, s.positions()-final)
	return o
}

// keeping is what a core's room for chunks of the cache has been used for: so many chunks, and the ops that read each for the
// last time.
type keeping struct {
	chunks int
	read   [][]int
}

// keep takes the half of a core's room that the chunk before the last one had, and returns what has to be over before.
func (b *builder) keep(core int) []int {
	if b.kept == nil {
		b.kept = make([]keeping, b.cores())
	}
	k := &b.kept[core]
	k.chunks++
	if n := k.chunks - 3; n >= 0 {
		return k.read[n]
	}
	return nil
}

// loadLatents brings a chunk of the cache into the half of its room that has been free for longer, in tiles of so many
// positions. The current token's are on chip, unless activations lie in DRAM.
func (b *builder) loadLatents(o *isa.Op, l int, s *span, h half, cached []int) int {
	stored := s.positions()
	if s.c1 == b.past+1 && !b.spill {
		stored--
	}
	n := b.positionsOfTile(h, s.positions())
	o.Tiles = max(1, (stored+n-1)/n)
	if b.spill {
		o.LoadAfter = cached
	}
	o.LoadAfter = slices.Concat(o.LoadAfter, b.keep(s.core))
	final := n * (o.Tiles - 1)
	if stored > 0 {
		base := b.image.blocks[l].key.at(s.sequence, 0) + h.spanned(s.c0)
		o.Loads = []isa.Slice{{Data: isa.KVRead, Step: h.spanned(n), Tile: isa.Contiguous(base, h.spanned(n)),
			Last: isa.Contiguous(base+h.spanned(final), roundUp(h.spanned(stored-final), b.image.stripe))}}
	}
	return n
}

// loadExpanded brings a chunk of expanded keys, with those that all heads share, or of values from DRAM.
func (b *builder) loadExpanded(o *isa.Op, s *span, kind isa.Kind, h half, cached []int) int {
	n := s.positions()
	if most := int(b.tile / h.span()); most < n {
		n = max(1, most)
	}
	o.Tiles = (s.positions() + n - 1) / n
	o.LoadAfter = cached
	last := s.positions() - n*(o.Tiles-1)
	from, _ := b.heads(s.core)
	load := func(r region, width, first int) {
		r.base += fp16.Of(int64(first)*int64(b.rows)) + fp16.Of(int64(width)*int64(s.c0))
		r.width = width
		o.Loads = append(o.Loads, rows(isa.ActRead, r, n, last, o.Tiles))
	}
	if kind == isa.Context {
		load(b.activations[ops.V], h.width(), from*h.dim)
		return n
	}
	load(b.activations[ops.K], h.heads*h.dim, from*h.dim)
	load(b.activations[ops.Latent], h.shared, b.model.Latent.KVRank)
	return n
}
