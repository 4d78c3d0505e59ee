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
	name       string
	rows, k    int
	flat       unit.Bits  // width if not quantised (16, or lm_head's), 0 if there is no such copy
	flatBase   unit.Bytes // of the unquantised copy
	planeBase  unit.Bytes
	planes     int              // stored planes, 0 if none
	planeBytes unit.Bytes       // one plane, padded to whole turns
	turn       unit.Bytes       // contiguous bytes of one plane
	books      [fp16]unit.Bytes // codebook base of each precision in use
	bias       unit.Bytes       // base of the bias vector
	hasBias    bool
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

// allocator hands out DRAM from address 0 in whole stripes.
type allocator struct{ next, stripe unit.Bytes }

func (a *allocator) take(n unit.Bytes, part *unit.Bytes) unit.Bytes {
	base := a.next
	n = roundUp(n, a.stripe)
	a.next += n
	*part += n
	return base
}

func roundUp(n, to unit.Bytes) unit.Bytes { return (n + to - 1) / to * to }

// newImage lays a model out for the given weight precisions (ascending, without repeats), a number of KV positions and
// a number of tokens whose activations may have to be spilled.
func newImage(c *config.Config, m *workloads.Model, precisions []unit.Bits, positions, spilled int, stripe unit.Bytes) (*Image, error) {
	im := &Image{Capacity: c.DRAM.Capacity, stripe: stripe, kvRow: c.KV.Bits.Of(int64(m.KVWidth()))}
	a := &allocator{stripe: stripe}
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
		im.head = matrix{name: "lm_head", rows: m.Vocab, k: m.Hidden, flat: c.Head.Bits, hasBias: m.HeadBias && c.Count.Params}
		if m.Tied && c.Head.Bits == fp16 && c.Count.Params {
			im.head.flatBase = im.embed
		} else {
			im.head.flatBase = a.take(c.Head.Bits.Of(int64(m.Vocab)*int64(m.Hidden)), &f.FP16)
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
		im.act = a.take(spillBytes(m, spilled, stripe), &f.Activations)
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
			m.flat = fp16
			m.flatBase = a.take(fp16.Of(int64(w.Out)*int64(w.In)), &f.FP16)
			continue
		}
		m.planes = max(m.planes, int(p))
	}
	if m.planes > 0 {
		m.turn = c.Weights.Chunk * unit.Bytes(c.DRAM.Channels)
		for m.turn > 64 && quantum(m.rowBytes(), m.turn) > m.rows {
			m.turn /= 2 // a matrix smaller than one round of turns
		}
		m.planeBytes = roundUp(m.rowBytes()*unit.Bytes(w.Out), m.turn)
		m.planeBase = a.take(m.planeBytes*unit.Bytes(m.planes), &f.Planes)
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

// quantum is the smallest number of rows of rb bytes that is a whole number of turns.
func quantum(rb, turn unit.Bytes) int {
	g, b := rb, turn
	for b != 0 {
		g, b = b, g%b
	}
	return int(turn / g)
}

// sortedPrecisions returns the distinct precisions in ascending order.
func sortedPrecisions(p []unit.Bits) []unit.Bits {
	p = slices.Clone(p)
	slices.Sort(p)
	return slices.Compact(p)
}
