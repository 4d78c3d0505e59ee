//go:build cuda

package cuda

import (
	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/gpu/kernels"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
)

// defaultRows of a chunk of prefill: enough that turning planes into a fp16 matrix, once a chunk, is little beside
// multiplying with it.
const defaultRows = 512

// buffers hold what ops hand on, [rows][values] binary16 each; a decode pass uses the first row. Sequences share them:
// one runs at a time.
type buffers struct {
	x, h     driver.Pointer // residual stream, normalised
	qkv      driver.Pointer // q, k and v, one behind the other in a row
	context  driver.Pointer // of all heads
	o, down  driver.Pointer // to be added to x
	up, act  driver.Pointer
	parts    driver.Pointer // of attention, float32
	counts   driver.Pointer // of attention, a word a KV head, 0 between kernels
	expanded driver.Pointer // a matrix as fp16; 0 if planes are never used
	choice   driver.Pointer // shares of the kernel choose, float32
	scored   driver.Pointer // logits of scoredRows rows; 0 until some are asked for
}

// plan is what the sizes of the buffers depend on.
type plan struct {
	model  *weights.Model
	bits   []int
	rows   int   // of a chunk of prefill
	splits int   // of the positions in attention, at most
	apart  int64 // bytes of parts of matrices that are there apart, too
}

// sized lists the buffers with their bytes.
func (b *buffers) sized(p plan) []sized {
	m := p.model
	q, kv, up := m.Heads*m.HeadDim, m.KVWidth(), upWidth(m)
	half := func(values int) int64 { return 2 * int64(p.rows) * int64(values) }
	all := []sized{{&b.x, half(m.Hidden)}, {&b.h, half(m.Hidden)}, {&b.qkv, half(q + 2*kv)}, {&b.context, half(q)}, {&b.o, half(m.Hidden)},
		{&b.down, half(m.Hidden)}, {&b.up, half(up)}, {&b.act, half(m.FFN)}, {&b.parts, 4 * int64(m.Heads*p.splits*(m.HeadDim+2))},
		{&b.counts, countBytes(m)}, {&b.choice, 4 * kernels.ChooseParts}}
	if len(p.bits) > 1 || p.bits[0] != weights.Half {
		largest := max((q+2*kv)*m.Hidden, m.Hidden*q, up*m.Hidden, m.Hidden*m.FFN)
		all = append(all, sized{&b.expanded, 2 * int64(largest)})
	}
	return all
}

type sized struct {
	at    *driver.Pointer
	bytes int64
}

// upWidth is the rows of the matrix before the activation.
func upWidth(m *weights.Model) int {
	if m.GatedMLP {
		return 2 * m.FFN
	}
	return m.FFN
}

// countBytes is what the counts of attention take.
func countBytes(m *weights.Model) int64 { return driver.Bytes[uint32](m.KVHeads) }

// scratch is what the buffers take.
func (p plan) scratch() (bytes int64) {
	for _, s := range new(buffers).sized(p) {
		bytes += s.bytes
	}
	return bytes
}

func newBuffers(p plan, in *memory) (*buffers, error) {
	b := &buffers{}
	for _, s := range b.sized(p) {
		at, err := in.alloc(s.bytes)
		if err != nil {
			return nil, err
		}
		*s.at = at
	}
	return b, nil
}
