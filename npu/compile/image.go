package compile

import (
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/plan"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
)

// fp16 is the width of activations, of unquantised weights and of codebook entries.
const fp16 unit.Bits = 16

// block is one transformer block in DRAM.
type block struct {
	attention []matrix
	mlp       []matrix
	norms     unit.Bytes // norm weights, and biases for LayerNorm, of the block, in order of use
	key       cache
	value     cache
}

// matrix is the nth matrix of the block, in execution order.
func (b *block) matrix(n int) *matrix {
	if n < len(b.attention) {
		return &b.attention[n]
	}
	return &b.mlp[n-len(b.attention)]
}

// image is the memory map of a model on an NPU.
type image struct {
	footprint plan.Footprint

	blocks    []block
	embed     table
	positions unit.Bytes // their embedding, where it is learned
	embedNorm unit.Bytes
	finalNorm unit.Bytes
	head      matrix
	headBits  unit.Bits
	act       unit.Bytes // spilled activations
	scheduler unit.Bytes // weights of a precision scheduler, behind everything else
	stripe    unit.Bytes // one interleave granule of every channel: allocations and DMA reads are whole stripes
	end       unit.Bytes
}

// newImage lays a model out for a job, with room for the activations of so many tokens if they have to be spilled.
func newImage(j Job, price pricing, spilled int) (*image, error) {
	c, m := j.Config, j.Model
	stripe, err := c.Stripe()
	if err != nil {
		return nil, err
	}
	im := &image{stripe: stripe}
	a := &allocator{stripe: stripe, chosen: map[tilingKey]tiling{}, cores: c.Cores, fixed: c.Tiling.Rows, cost: price.passes(j)}
	f := &im.footprint
	if c.Count.Params {
		im.layEmbedding(a, j)
		if n := m.LearnedPositions; n > 0 {
			im.positions = a.take(fp16.Of(int64(n)*int64(m.Hidden)), &f.FP16)
		}
		if m.EmbedNorm {
			im.embedNorm = a.take(normBytes(m), &f.FP16)
		}
	}
	im.blocks = make([]block, m.Layers)
	for l := range im.blocks {
		if err := im.layBlock(a, j, l); err != nil {
			return nil, err
		}
	}
	if c.Count.Params {
		im.finalNorm = a.take(normBytes(m), &f.FP16)
	}
	if c.Count.Head {
		if err := im.layHead(a, j); err != nil {
			return nil, err
		}
	}
	for l := range im.blocks {
		b := &im.blocks[l]
		b.key = a.takeCache(j, c.KV.Keys(), &f.KV)
		if m.Latent == nil {
			b.value = a.takeCache(j, c.KV.Values(), &f.KV)
		}
	}
	if spilled > 0 {
		_, size := placeActivations(m, spilled, 0, stripe)
		im.act = a.takeAt(rowBlock*stripe, size, &f.Activations)
	}
	if j.Decide != nil && c.Count.Params {
		im.scheduler = a.take(j.Decide.weights(), &f.FP16)
	}
	im.end = a.next
	return im, nil
}

// layBlock places the matrices and the norms of a layer.
func (im *image) layBlock(a *allocator, j Job, l int) error {
	b, m, f := &im.blocks[l], j.Model, &im.footprint
	for _, w := range m.Projections() {
		mx, err := layLinear(a, f, j, l, w)
		if err != nil {
			return err
		}
		b.attention = append(b.attention, mx)
	}
	if m.Sparse(l) {
		var err error
		if b.mlp, err = layExperts(f, a, j, l); err != nil {
			return err
		}
	}
	for _, w := range denseMLP(m, l) {
		mx, err := layLinear(a, f, j, l, w)
		if err != nil {
			return err
		}
		b.mlp = append(b.mlp, mx)
	}
	if j.Config.Count.Params {
		b.norms = a.take(fp16.Of(m.BlockNormParams()), &f.FP16)
	}
	return nil
}

// layLinear places a matrix of a layer in the format and the widths that it has in the job.
func layLinear(a *allocator, f *plan.Footprint, j Job, l int, w workloads.Linear) (matrix, error) {
	if w.Fixed {
		x, err := layMatrix(j.Config, a, f, w, formats.Format{}, []unit.Bits{fp16})
		x.fixed = true
		return x, err
	}
	return layMatrix(j.Config, a, f, w, j.Model.Stored.At(l, w.Name), j.bitsOf(l, w.Name))
}

// positions is the length of a sequence at the end of the job. The last token is never an input: its room stays empty.
// Padding of the last chunk of a prompt is overwritten.
func (j Job) positions() int {
	passes, chunk, last := j.Config.Graph.Prefill(j.Prompt)
	return max((passes-1)*chunk+last, j.Prompt+j.Passes+1)
}

// layMatrix places one block matrix: an fp16 copy if 16 is among the precisions; for the others nested planes up to the
// highest, or a packed copy of each; codebooks or scales for each.
func layMatrix(c *config.Config, a *allocator, f *plan.Footprint, w workloads.Linear, file formats.Format, precisions []unit.Bits) (matrix, error) {
	m := matrix{name: w.Name, rows: w.Out, k: w.In, perHead: w.PerHead, file: file, hasBias: w.Bias && c.Count.Params}
	if len(precisions) == 0 {
		return m, fmt.Errorf("compile: %s: no weight precision given", w.Name)
	}
	for _, p := range precisions {
		m.format(c, p, c.Weights.Format)
	}
	if err := m.layCopies(c, a, f, precisions); err != nil {
		return m, err
	}
	for _, p := range precisions {
		if n := m.bookBytes(w.Out, p); n > 0 {
			m.books[p] = a.take(n, &f.Codebooks)
		}
	}
	if m.hasBias {
		m.bias = a.take(fp16.Of(int64(w.Out)), &f.FP16)
	}
	return m, nil
}

func (m *matrix) layCopies(c *config.Config, a *allocator, f *plan.Footprint, precisions []unit.Bits) error {
	stored := 0 // planes
	for _, p := range precisions {
		var err error
		switch {
		case p == fp16:
			err = m.layDense(c, a, fp16, false, &f.FP16)
		case c.Weights.Layout == config.Packed, m.formats[p].Dense > 0:
			err = m.layDense(c, a, p, true, &f.Planes)
		default:
			stored = max(stored, int(p))
		}
		if err != nil {
			return err
		}
	}
	if stored == 0 {
		return nil
	}
	return m.layPlanes(c, a, stored, &f.Planes)
}

// normBytes are the parameters of a norm of the residual stream.
func normBytes(m *workloads.Model) unit.Bytes { return fp16.Of(m.Norm.Params(m.Hidden)) }

// bitsOf returns the distinct precisions of a matrix of a layer in ascending order.
func (j Job) bitsOf(layer int, matrix string) []unit.Bits {
	all := make([]unit.Bits, len(j.Precisions))
	for i, at := range j.Precisions {
		all[i] = unit.Bits(at.At(layer, matrix))
	}
	slices.Sort(all)
	return slices.Compact(all)
}
