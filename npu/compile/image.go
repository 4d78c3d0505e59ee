package compile

import (
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// fp16 is the width of activations, of unquantised weights and of codebook entries.
const fp16 unit.Bits = 16

// Footprint is what a deployment occupies in DRAM, by part.
type Footprint struct {
	Planes      unit.Bytes `json:"planes"`      // quantised weights of the blocks: as many nested planes as the highest precision needs
	Codebooks   unit.Bytes `json:"codebooks"`   // one set per precision in use
	FP16        unit.Bytes `json:"fp16"`        // unquantised block weights (only if a precision is 16), lm_head, embedding, norms, biases
	KV          unit.Bytes `json:"kv"`          // cache of every position of the run
	Activations unit.Bytes `json:"activations"` // spilled in prefill
}

// Total is the sum.
func (f Footprint) Total() unit.Bytes {
	return f.Planes + f.Codebooks + f.FP16 + f.KV + f.Activations
}

// matrix is one weight matrix in DRAM: rows of K values, one row per output.
type matrix struct {
	name      string
	rows, k   int
	flat      unit.Bits  // width if not quantised (16, or lm_head's), 0 if there is no such copy
	flatBase  unit.Bytes // of the unquantised copy
	flatTile  tiling
	planes    int // stored planes, 0 if none
	planeBase unit.Bytes
	planeTile tiling
	plane     unit.Bytes       // plane-major: distance between planes, else 0
	turn      unit.Bytes       // contiguous bytes of one plane
	books     [fp16]unit.Bytes // codebook base of each precision in use
	bias      unit.Bytes       // base of the bias vector
	hasBias   bool
}

// rowBytes is the size of one row in one plane.
func (m *matrix) rowBytes() unit.Bytes { return unit.Bits(1).Of(int64(m.k)) }

// block is one transformer block in DRAM.
type block struct {
	attention [4]matrix
	mlp       []matrix
	norms     unit.Bytes // norm weights, and biases for LayerNorm, of the block, in order of use
	key       unit.Bytes // K cache: positions × KV width
	value     unit.Bytes
}

// Image is the memory map of a model on an NPU.
type Image struct {
	Footprint Footprint
	Capacity  unit.Bytes // of the NPU's DRAM

	blocks    []block
	embed     unit.Bytes
	finalNorm unit.Bytes
	head      matrix
	act       unit.Bytes // spilled activations
	kvRow     unit.Bytes // one position of the K (or V) cache of a layer
	stripe    unit.Bytes // one interleave granule of every channel: allocations and DMA reads are whole stripes
	end       unit.Bytes
}

// allocator hands out DRAM from address 0. Large pieces start at a row block, small ones at a stripe.
type allocator struct {
	next, stripe unit.Bytes
	chosen       map[tilingKey]tiling // of earlier layers: they repeat
}

// tilingKey is what a choice of tile depends on within an image.
type tilingKey struct {
	rows, k int
	planar  bool
	align   unit.Bytes
}

func (a *allocator) take(n unit.Bytes, part *unit.Bytes) unit.Bytes {
	align := a.stripe
	if n >= rowBlock*a.stripe {
		align *= rowBlock
	}
	a.next = roundUp(a.next, align)
	base := a.next
	n = roundUp(n, a.stripe)
	a.next += n
	*part += n
	return base
}

func roundUp(n, to unit.Bytes) unit.Bytes { return (n + to - 1) / to * to }

// tiling is how a matrix lies in DRAM: tiles of rows outputs, stride bytes apart. A tile is what the DMA fetches at once.
type tiling struct {
	rows   int
	stride unit.Bytes
}

// rowBlock is the size of a row block in stripes, the stretch of addresses that visits each row buffer of all channels
// once: 16 banks × 2 KiB rows in granules of 256 B a channel (LPDDR5).
const rowBlock = 16 * 2048 / 256

// tile chooses the rows of a tile: bytes(n) of them at most limit, and little space lost to starting each tile at a row
// block, so that equal tiles meet equal banks. Of sizes within 1 % of the densest, the largest.
func (a *allocator) tile(key tilingKey, bytes func(n int) unit.Bytes, limit unit.Bytes) (tiling, bool) {
	if t, ok := a.chosen[key]; ok {
		return t, true
	}
	rows := key.rows
	stride := func(n int) unit.Bytes { return roundUp(bytes(n), key.align) }
	best := 0.0
	var t tiling
	for pass := range 2 {
		for n := 1; n <= rows && bytes(n) <= limit; n++ {
			density := float64(n) / float64(stride(n))
			if pass == 0 {
				best = max(best, density)
			} else if density >= 0.99*best {
				t = tiling{n, stride(n)}
			}
		}
	}
	if t.rows > 0 {
		a.chosen[key] = t
	}
	return t, t.rows > 0
}

func (t tiling) tiles(rows int) int { return (rows + t.rows - 1) / t.rows }

// total is the space of all tiles, of which the last may be smaller.
func (t tiling) total(rows int, bytes func(n int) unit.Bytes) unit.Bytes {
	full := t.tiles(rows) - 1
	return t.stride*unit.Bytes(full) + bytes(rows-full*t.rows)
}

// newImage lays a model out for the given weight precisions (ascending, without repeats), a number of KV positions and
// a number of tokens whose activations may have to be spilled.
func newImage(c *config.Config, m *workloads.Model, precisions []unit.Bits, positions, spilled int, stripe unit.Bytes) (*Image, error) {
	im := &Image{Capacity: c.DRAM.Capacity, stripe: stripe, kvRow: c.KV.Bits.Of(int64(m.KVWidth()))}
	a := &allocator{stripe: stripe, chosen: map[tilingKey]tiling{}}
	f := &im.Footprint
	if c.Count.Params {
		im.embed = a.take(fp16.Of(int64(m.Vocab)*int64(m.Hidden)), &f.FP16)
	}
	im.blocks = make([]block, m.Layers)
	for l := range im.blocks {
		b := &im.blocks[l]
		for i, w := range m.Attention() {
			mx, err := layMatrix(c, a, f, w, precisions)
			if err != nil {
				return nil, err
			}
			b.attention[i] = mx
		}
		for _, w := range m.MLP() {
			mx, err := layMatrix(c, a, f, w, precisions)
			if err != nil {
				return nil, err
			}
			b.mlp = append(b.mlp, mx)
		}
		if c.Count.Params {
			b.norms = a.take(normBytes(m)*unit.Bytes(m.BlockNorms)+qkNormBytes(m), &f.FP16)
		}
	}
	if c.Count.Params {
		im.finalNorm = a.take(normBytes(m), &f.FP16)
	}
	if c.Count.Head {
		im.head = matrix{name: "lm_head", rows: m.Vocab, k: m.Hidden, hasBias: m.HeadBias && c.Count.Params}
		tied := m.Tied && c.Head.Bits == fp16 && c.Count.Params
		if err := im.head.layFlat(c, a, f, c.Head.Bits, tied); err != nil {
			return nil, err
		}
		if tied {
			im.head.flatBase = im.embed
		}
		if im.head.hasBias {
			im.head.bias = a.take(fp16.Of(int64(m.Vocab)), &f.FP16)
		}
	}
	for l := range im.blocks {
		b := &im.blocks[l]
		b.key = a.take(im.kvRow*unit.Bytes(positions), &f.KV)
		b.value = a.take(im.kvRow*unit.Bytes(positions), &f.KV)
	}
	if spilled > 0 {
		_, size := placeActs(m, spilled, 0, stripe)
		im.act = a.take(size, &f.Activations)
	}
	im.end = a.next
	return im, nil
}

// layMatrix places one block matrix: an fp16 copy if 16 is among the precisions, nested planes up to the highest other
// one, a codebook for each.
func layMatrix(c *config.Config, a *allocator, f *Footprint, w workloads.Linear, precisions []unit.Bits) (matrix, error) {
	m := matrix{name: w.Name, rows: w.Out, k: w.In, hasBias: w.Bias && c.Count.Params}
	for _, p := range precisions {
		if p == fp16 {
			if err := m.layFlat(c, a, f, fp16, false); err != nil {
				return m, err
			}
			continue
		}
		m.planes = max(m.planes, int(p))
	}
	if m.planes > 0 {
		if err := m.layPlanes(c, a, f); err != nil {
			return m, err
		}
		if c.Count.Codebooks {
			for _, p := range precisions {
				if p != fp16 {
					m.books[p] = a.take(bookBytes(w.Out, p), &f.Codebooks)
				}
			}
		}
	}
	if m.hasBias {
		m.bias = a.take(fp16.Of(int64(w.Out)), &f.FP16)
	}
	if m.flat == 0 && m.planes == 0 {
		return m, fmt.Errorf("compile: %s: no weight precision given", w.Name)
	}
	return m, nil
}

// layFlat places an unquantised copy. A tied head shares the embedding's rows, which lie one behind the other.
func (m *matrix) layFlat(c *config.Config, a *allocator, f *Footprint, bits unit.Bits, tied bool) error {
	m.flat = bits
	bytes := func(n int) unit.Bytes { return bits.Of(int64(n) * int64(m.k)) }
	align := rowBlock * a.stripe
	if tied {
		align = 1
	}
	var ok bool
	if m.flatTile, ok = a.tile(tilingKey{m.rows, m.k, false, align}, bytes, c.TileBytes()); !ok {
		return m.tooLarge(bytes(1), bits, c)
	}
	if !tied {
		m.flatBase = a.take(m.flatTile.total(m.rows, bytes), &f.FP16)
	}
	return nil
}

// layPlanes places the nested planes. A tile has all planes of its rows, turn by turn (interleaved) or one after the other
// in regions of their own (plane-major).
func (m *matrix) layPlanes(c *config.Config, a *allocator, f *Footprint) error {
	m.turn = c.Weights.Chunk * unit.Bytes(c.DRAM.Channels)
	for m.turn > 64 && m.turn > m.rowBytes()*unit.Bytes(m.rows) {
		m.turn /= 2 // a matrix smaller than a turn
	}
	planes := unit.Bytes(m.planes)
	of := func(n int) unit.Bytes { return roundUp(m.rowBytes()*unit.Bytes(n), m.turn) }
	book := 0
	if highest := unit.Bits(m.planes); c.Count.Codebooks && bookBytes(m.rows, highest) > c.TileBytes() {
		book = int(bookBytes(1, highest)) // it comes with its rows
	}
	together := func(n int) unit.Bytes { return of(n)*planes + unit.Bytes(n*book) }
	var ok bool
	if m.planeTile, ok = a.tile(tilingKey{m.rows, m.k, true, rowBlock * a.stripe}, together, c.TileBytes()); !ok {
		return m.tooLarge(together(1), unit.Bits(m.planes), c)
	}
	m.planeTile.stride = roundUp(of(m.planeTile.rows)*planes, rowBlock*a.stripe)
	if c.Weights.Layout == config.PlaneMajor {
		m.planeTile.stride = roundUp(of(m.planeTile.rows), rowBlock*a.stripe)
		m.plane = roundUp(m.planeTile.total(m.rows, of), rowBlock*a.stripe)
		m.planeBase = a.take(m.plane*planes, &f.Planes)
		return nil
	}
	m.planeBase = a.take(m.planeTile.total(m.rows, func(n int) unit.Bytes { return of(n) * planes }), &f.Planes)
	return nil
}

func (m *matrix) tooLarge(row unit.Bytes, bits unit.Bits, c *config.Config) error {
	return fmt.Errorf("%s: one row of %d values at %d bits takes %v in a tile, and a tile has %v; accepted: a larger scratchpad.tile or a smaller weights.chunk",
		m.name, m.k, bits, row, c.TileBytes())
}

// bookBytes is the codebook of n rows: 2^bits fp16 values for each output row (any-precision quantisation).
func bookBytes(rows int, p unit.Bits) unit.Bytes { return unit.Bytes(rows) * 2 << p }

// normBytes is one norm's weights; LayerNorm has as many biases.
func normBytes(m *workloads.Model) unit.Bytes {
	n := fp16.Of(int64(m.Hidden))
	if m.Norm == workloads.LayerNorm {
		n *= 2
	}
	return n
}

func qkNormBytes(m *workloads.Model) unit.Bytes {
	if !m.QKNorm {
		return 0
	}
	return fp16.Of(2 * int64(m.HeadDim))
}

// sortedPrecisions returns the distinct precisions in ascending order.
func sortedPrecisions(p []unit.Bits) []unit.Bits {
	p = slices.Clone(p)
	slices.Sort(p)
	return slices.Compact(p)
}
