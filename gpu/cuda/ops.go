//go:build cuda

package cuda

import (
	"math"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/gpu/kernels"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// The kernels with their parameters. Rows are the tokens of a chunk of prefill, or one.

func (b *backend) embed(ids driver.Pointer, rows int) error {
	d := b.shape.Hidden
	return b.kernels.Launch(kernels.Embed(d, rows), b.stream, b.buffers.x, b.model.embedding, ids, d)
}

// normalise works on rows of the residual stream from one on, and puts what it yields into the first rows of h.
func (b *backend) normalise(op gpu.Op, from, rows int) error {
	w, add, add2 := b.norm(op)
	d := b.shape.Hidden
	at := driver.Pointer(driver.Bytes[uint16](from * d))
	if add != 0 {
		add += at
	}
	if add2 != 0 {
		add2 += at
	}
	return b.kernels.Launch(kernels.Norm(rows), b.stream, b.buffers.h, b.buffers.x+at, add, add2, w.scale, w.shift, d, float32(b.shape.NormEps))
}

// product is a matrix times a vector.
func (b *backend) product(w *matrix, bits int, from, to driver.Pointer) error {
	l := kernels.Gemv(bits, w.out, w.in)
	if bits == weights.Half {
		return b.kernels.Launch(l, b.stream, to, w.half, from, w.bias, w.out, w.in)
	}
	return b.kernels.Launch(l, b.stream, to, w.planes, w.tables[bits], from, w.bias, w.out, w.in)
}

// expand makes fp16 of planes.
func (b *backend) expand(w *matrix, bits int, to driver.Pointer) error {
	return b.kernels.Launch(kernels.Dequant(w.out), b.stream, to, w.planes, w.tables[bits], bits, w.out, w.in)
}

// products is a matrix, as fp16, times the rows of another one.
func (b *backend) products(w *matrix, half, from, to driver.Pointer, rows int) error {
	return b.kernels.Launch(kernels.Gemm(rows, w.out), b.stream, to, from, half, w.bias, rows, w.out, w.in)
}

// activate makes FFN values of what the matrix before it yields.
func (b *backend) activate(rows int) error {
	n, on := b.shape.FFN, b.buffers
	if b.shape.Activation == workloads.Silu {
		return b.kernels.Launch(kernels.SiluMul(n, rows), b.stream, on.act, on.up, n)
	}
	return b.kernels.Launch(kernels.Gelu(n, rows), b.stream, on.act, on.up, n)
}

// ropeAppend rotates queries and keys, and appends keys and values to the cache.
func (s *sequence) ropeAppend(layer, rows int) error {
	m, b := s.backend.shape, s.backend
	keys, values := s.layer(layer)
	return b.kernels.Launch(kernels.RopeAppend(m.Heads, m.KVHeads, m.HeadDim, rows), b.stream, b.buffers.qkv, keys, values, s.ropeTable, s.state,
		m.Heads, m.KVHeads, m.HeadDim, m.RotaryDim, s.positions)
}

// layer is the cache of a layer.
func (s *sequence) layer(layer int) (keys, values driver.Pointer) {
	at := driver.Pointer(driver.Bytes[uint16](layer * s.backend.shape.KVWidth() * s.positions))
	return s.keys + at, s.values + at
}

// scale of the scores, for powers of two.
func (b *backend) scale() float32 { return float32(math.Log2E / math.Sqrt(float64(b.shape.HeadDim))) }

// splits is among how many blocks the positions of a KV head are shared out.
func (b *backend) splits() int {
	return kernels.Splits(b.shape.KVHeads, b.shape.MaxPositions, b.device.Info.SMs)
}

func (s *sequence) attend(layer int) error {
	m, b := s.backend.shape, s.backend
	keys, values := s.layer(layer)
	return b.kernels.Launch(kernels.Attention(m.Heads, m.KVHeads, b.splits()), b.stream, b.buffers.parts, b.buffers.qkv, keys, values, s.state,
		m.HeadDim, s.positions, b.splits(), b.scale())
}

func (b *backend) merge() error {
	return b.kernels.Launch(kernels.Merge(b.shape.Heads), b.stream, b.buffers.context, b.buffers.parts, b.shape.HeadDim, b.splits())
}

// attendRows is attention of a chunk, over the cache and causally over the chunk itself.
func (s *sequence) attendRows(layer, rows int) error {
	m, b := s.backend.shape, s.backend
	keys, values := s.layer(layer)
	return b.kernels.Launch(kernels.AttentionPrefill(rows, m.Heads), b.stream, b.buffers.context, b.buffers.qkv, keys, values, s.state, rows,
		m.Heads, m.KVHeads, m.HeadDim, m.Heads*m.HeadDim+2*m.KVWidth(), s.positions, b.scale())
}

// choose takes the most likely token and moves the state on by what the pass has read.
func (s *sequence) choose(read int) error {
	b := s.backend
	return b.kernels.Launch(kernels.Choose(), b.stream, s.stats, s.state, s.logits, b.buffers.choice, b.shape.Vocab, 1, read)
}

// launchOf is how an op of a decode pass is launched, for the table of a trace.
func (b *backend) launchOf(id int) gpu.Launch {
	m, op := b.shape, b.ops[id]
	var l kernels.Launch
	switch op.Kind {
	case gpu.Embed:
		l = kernels.Embed(m.Hidden, 1)
	case gpu.Normalise:
		l = kernels.Norm(1)
	case gpu.Product:
		l = kernels.Gemv(b.bits[len(b.bits)-1], op.Out, op.In) // of the lowest precision: blocks of others may be larger
		if op.Place == gpu.PlaceHead {
			l = kernels.Gemv(weights.Half, op.Out, op.In)
		}
	case gpu.Rope:
		l = kernels.RopeAppend(m.Heads, m.KVHeads, m.HeadDim, 1)
	case gpu.Attention:
		l = kernels.Attention(m.Heads, m.KVHeads, b.splits())
	case gpu.Merge:
		l = kernels.Merge(m.Heads)
	case gpu.Activation:
		l = kernels.SiluMul(m.FFN, 1)
	case gpu.Choose:
		l = kernels.Choose()
	}
	return gpu.Launch{Grid: l.Grid, Block: l.Block}
}
