package compile

import (
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// fp32 is the width of a precision scheduler's weights.
const fp32 unit.Bits = 32

// Decide is what a precision scheduler computes between two decode passes, for each sequence of a batch.
type Decide struct {
	Products       []precision.Product // of fp32 weights, or of values computed before
	OtherWeights   unit.Bytes          // of fp32 weights that are no matrix: biases, norms
	VectorElements int64               // values through the vector unit
	Cache          bool                // keys and values of the last block are read once more
}

// weights is the size of the scheduler's weights in DRAM.
func (d *Decide) weights() unit.Bytes {
	n := d.OtherWeights
	for _, p := range d.Products {
		n += weightBytes(p)
	}
	return n
}

// weightBytes is what a product of a scheduler reads of its weights.
func weightBytes(p precision.Product) unit.Bytes {
	if !p.Weights {
		return 0
	}
	return fp32.Of(int64(p.N) * int64(p.K))
}

// DecodeDeciding is Decode with the scheduler's decision about the next pass behind it, on core 0: the decision waits for the
// logits and for the keys and values of this pass, and the next pass waits for the decision.
//
// The array has no 32-bit weights. A weight goes through it as two 16-bit halves, so that a product with weights takes twice
// its multiply-accumulates; its activations are fp16, as everywhere.
func (c *Compiler) DecodeDeciding(past int, at, before precision.Assignment) (*isa.Program, error) {
	b := c.decode(past, at, before)
	if _, err := b.step(); err != nil {
		return nil, err
	}
	if c.scheduler != nil {
		b.decide(c.scheduler)
	}
	return b.p, b.err
}

// decide appends the ops of a decision.
func (b *builder) decide(d *Decide) {
	b.cutScheduler()
	var deps, cached []int
	for i, o := range b.p.Ops {
		switch {
		case o.Kind == isa.Sample || o.Kind == isa.Head:
			deps = append(deps, i)
		case o.Kind == isa.KVAppend && o.Layer == b.model.Layers-1:
			cached = append(cached, i)
		}
	}
	elements := d.VectorElements * int64(b.rows)
	if d.Cache {
		deps = b.average(slices.Concat(deps, cached))
		elements = max(0, elements-b.cacheElements())
	}
	at := b.image.scheduler
	for i, p := range d.Products {
		b.cutProduct()
		deps = b.decideProduct(fmt.Sprintf("scheduler.%d", i), p, at, deps)
		at += weightBytes(p)
	}
	if elements > 0 || d.OtherWeights > 0 {
		b.cutProduct()
		b.add(isa.Op{Name: "scheduler.vector", Kind: isa.Sample, Layer: -1, Unit: isa.Vector, Deps: deps, Hold: b.params(at, d.OtherWeights),
			Work: isa.Work{Fn: isa.FnSoftmax, Elements: max(1, elements)}}, opScheduler)
	}
}

// cacheElements is the number of values in the last block's keys and values.
func (b *builder) cacheElements() int64 {
	return 2 * int64(b.model.KVWidth()) * int64(b.p.Context) * int64(b.rows)
}

// average reads the last block's keys and values, all sequences and all heads, and adds the heads up.
func (b *builder) average(deps []int) []int {
	block := &b.image.blocks[b.model.Layers-1]
	kv := b.cfg.KV
	var done []int
	read := func(name string, base, size unit.Bytes, values int64) {
		if values == 0 {
			return
		}
		o := isa.Op{Name: name, Kind: isa.Sample, Layer: -1, Unit: isa.Vector, Deps: deps, LoadAfter: deps}
		size = roundUp(size, b.image.stripe)
		tile := min(size, b.tile/b.image.stripe*b.image.stripe)
		o.Tiles = int((size + tile - 1) / tile)
		last := size - tile*unit.Bytes(o.Tiles-1)
		o.Loads = []isa.Slice{{Data: isa.KVRead, Step: tile, Tile: isa.Contiguous(base, tile),
			Last: isa.Contiguous(base+size-last, last)}}
		each := values / int64(o.Tiles)
		o.Work = isa.Work{Fn: isa.FnAdd, Elements: each}
		o.Last = isa.Work{Fn: isa.FnAdd, Elements: values - each*int64(o.Tiles-1)}
		done = append(done, b.add(o, opScheduler)...)
	}
	for _, side := range []struct {
		name string
		held cache
		kept formats.Cached
	}{{"scheduler.keys", block.key, kv.Keys()}, {"scheduler.values", block.value, kv.Values()}} {
		for sequence := range b.rows {
			for core := range side.held.cores {
				from, to := share(b.model.KVHeads, core, side.held.cores)
				h := half{Cached: side.kept, heads: to - from, dim: b.model.HeadDim}
				whole := h.whole(b.p.Context)
				base := side.held.at(sequence, core)
				read(side.name, base, h.spanned(whole), int64(h.width())*int64(whole))
				rest := b.p.Context - whole
				read(side.name, base+side.held.rest, h.plain()*unit.Bytes(rest), int64(h.width())*int64(rest))
			}
		}
	}
	return done
}

// decideProduct emits a product of a decision, with its weights tile by tile, some rows of them each.
func (b *builder) decideProduct(name string, p precision.Product, at unit.Bytes, deps []int) []int {
	o := isa.Op{Name: name, Kind: isa.Sample, Layer: -1, Unit: isa.Array, Deps: deps}
	n, k := p.N, p.K
	o.Tiles = 1
	if p.Weights {
		k *= int(fp32 / fp16)
		row := fp32.Of(int64(p.K))
		n = max(1, min(p.N, int(b.tile/row)))
		o.Tiles = (p.N + n - 1) / n
		if b.cfg.Count.Params {
			size := row * unit.Bytes(n)
			final := row * unit.Bytes(p.N-n*(o.Tiles-1))
			o.Loads = []isa.Slice{{Data: isa.Params, Step: size, Tile: isa.Contiguous(at, size),
				Last: isa.Contiguous(at+size*unit.Bytes(o.Tiles-1), final)}}
		}
	}
	o.Work = isa.Work{M: p.M * b.rows, N: n, K: k, Repeat: 1, Bits: fp16}
	o.Last = o.Work
	o.Last.N = p.N - n*(o.Tiles-1)
	return b.add(o, opScheduler)
}
