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

// weights are the parameters that say what a matrix is.
func (w *matrix) weights(bits int) []any {
	if bits == weights.Half {
		return []any{w.half}
	}
	return []any{w.planes, w.tables[bits]}
}

// product is a matrix times a vector. add and add2 are added to the result, if they are there.
func (b *backend) product(w *matrix, bits int, from, to, add, add2 driver.Pointer) error {
	params := append([]any{to}, w.weights(bits)...)
	return b.kernels.Launch(kernels.Gemv(bits, w.out, w.in), b.stream, append(params, from, w.bias, add, add2, w.out, w.in)...)
}

// then is what becomes of the result of a product of the normalised residual stream.
type then struct {
	number       int // of kernels.ThenWrite and so on
	heads        int // of ThenRope: so many heads of q, so many of k; what follows is v
	kvHeads      int
	keys, values driver.Pointer
}

var thenWrite = then{number: kernels.ThenWrite}

func (s *sequence) then(op gpu.Op) then {
	m := s.backend.shape
	switch {
	case op.Then == gpu.Rope:
		keys, values := s.layer(op.Layer)
		return then{kernels.ThenRope, m.Heads, m.KVHeads, keys, values}
	case op.Then == gpu.Activation && m.Activation == workloads.Silu:
		return then{number: kernels.ThenSilu}
	case op.Then == gpu.Activation:
		return then{number: kernels.ThenGelu}
	}
	return thenWrite
}

// of is that of n heads from one on, which all are of q, of k or of v: a part of the matrix.
func (t then) of(first, n int) then {
	heads, kvHeads := t.heads, t.kvHeads
	t.heads, t.kvHeads = 0, 0
	switch {
	case first == 0 && n >= heads+kvHeads:
		t.heads, t.kvHeads = heads, kvHeads
	case first < heads:
		t.heads = n
	case first < heads+kvHeads:
		t.kvHeads = n
	}
	return t
}

// ofNorm is a matrix times the normalised residual stream, and what becomes of it.
func (s *sequence) ofNorm(op gpu.Op, w *matrix, bits int, to driver.Pointer, t then) error {
	m, b := s.backend.shape, s.backend
	norm := b.scales(op.Norm, op.Layer)
	params := append([]any{to}, w.weights(bits)...)
	params = append(params, b.buffers.x, norm.scale, norm.shift, w.bias, t.keys, t.values, s.ropeTable, s.state,
		t.number, w.out, w.in, float32(m.NormEps), t.heads, t.kvHeads, m.HeadDim, m.RotaryDim, s.positions)
	return b.kernels.Launch(kernels.NormGemv(bits, w.out, w.in), b.stream, params...)
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

// splits is among how many blocks the positions of a KV head are shared out at most, where there may be so many.
func (b *backend) splits(positions int) int {
	return kernels.Splits(b.shape.KVHeads, positions, b.device.Info.SMs)
}

func (s *sequence) attend(layer int) error {
	m, b := s.backend.shape, s.backend
	keys, values := s.layer(layer)
	splits := b.splits(s.positions)
	return b.kernels.Launch(kernels.Attention(m.Heads, m.KVHeads, m.HeadDim, splits), b.stream, b.buffers.context, b.buffers.parts,
		b.buffers.counts, b.buffers.qkv, keys, values, s.state, m.Heads/m.KVHeads, m.HeadDim, s.positions, splits, b.scale())
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
	case gpu.Product:
		bits := b.bits[len(b.bits)-1] // of the lowest precision: blocks of others may be larger
		if op.Place == gpu.PlaceHead {
			bits = weights.Half
		}
		l = kernels.Gemv(bits, op.Out, op.In)
		if op.Norm != "" {
			l = kernels.NormGemv(bits, op.Out, op.In)
		}
	case gpu.Attention: // of a sequence with all positions that the model has
		l = kernels.Attention(m.Heads, m.KVHeads, m.HeadDim, b.splits(m.MaxPositions))
	case gpu.Choose:
		l = kernels.Choose()
	}
	return gpu.Launch{Grid: l.Grid, Block: l.Block}
}
