package cpu

import (
	"cmp"
	"context"
	"math"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// product multiplies the rows that an op reads with its matrix, each part of which has bits of its own. The head keeps its fp16
// weights.
func (s *step) product(op gpu.Op, at precision.Assignment) error {
	if op.Experts > 0 {
		return s.products(op, at)
	}
	m := s.matrix(op)
	in, out := s.h, &s.qkv
	switch op.Place {
	case gpu.PlaceO:
		in, out = s.attended, &s.o
	case gpu.PlaceUp:
		out = &s.up
	case gpu.PlaceDown:
		in, out = s.activated, &s.down
	case gpu.PlaceQ:
		out = &s.q
	case gpu.PlaceQA:
		out = &s.qa
	case gpu.PlaceQB:
		in, out = s.qa, &s.q
	case gpu.PlaceKVA:
		out = &s.kva
	case gpu.PlaceRouter:
		out, at = &s.routing, precision.Uniform(weights.Half)
	case gpu.PlaceSharedUp:
		out = &s.up
	case gpu.PlaceSharedDown:
		in, out = s.activated, &s.shared
	case gpu.PlaceSharedGate:
		out, at = &s.sharedBy, precision.Uniform(weights.Half)
	case gpu.PlaceHead:
		out, at = &s.logits, precision.Uniform(weights.Half)
	}
	y, err := s.multiply(m, op.RowBits(at), in)
	if *out = y; op.Place == gpu.PlaceHead && s.model.LogitScale > 0 {
		for _, logits := range y {
			for i, v := range logits {
				logits[i] = half(v * float32(s.model.LogitScale))
			}
		}
	}
	return err
}

// blockBytes is what the operands of a block of rows take: with a vector they fit into the first-level cache of today's CPUs,
// 32 KiB or more.
const blockBytes = 24 << 10

// blockRows is how many rows make a block.
func blockRows(columns int) int { return max(1, blockBytes/4/columns) }

// multiply returns the product of a matrix, whose rows have bits of their own, with each of some vectors. A block of rows becomes
// operands once for all vectors.
func (b *backend) multiply(m *weights.Matrix, bits []int, in [][]float32) ([][]float32, error) {
	operands, err := b.operands(m, bits)
	if err != nil {
		return nil, err
	}
	y, all, x := make([][]float32, len(in)), make([]float32, len(in)*m.Out), make([]float32, len(in)*m.In)
	for r := range in {
		y[r] = all[r*m.Out : (r+1)*m.Out : (r+1)*m.Out]
		arrange(x[r*m.In:(r+1)*m.In], in[r])
	}
	block := blockRows(m.In)
	return y, b.share(m.Out, func(from, to int) {
		rows, w := reader{backend: b, of: m, operands: operands}, make([][]float32, block)
		for o := from; o < to; o += block {
			n := min(block, to-o)
			for i := range n {
				w[i] = rows.read(i, o+i, bits[o+i])
			}
			for r := range y {
				v := x[r*m.In : (r+1)*m.In]
				for i := range n {
					y[r][o+i] = b.dot(w[i], v)
				}
			}
			for r := range y {
				for i, sum := range y[r][o : o+n] {
					if m.Bias != nil {
						sum += b.value[m.Bias[o+i]]
					}
					y[r][o+i] = half(sum)
				}
			}
		}
	})
}

// share gives parts of 0…n-1 to the workers, until somebody has ended the run. No part's result depends on where it begins.
func (b *backend) share(n int, work func(from, to int)) error {
	workers := max(1, min(b.options.Workers, n))
	part := max(1, n/(workers*partsEach))
	var next atomic.Int64
	run := func() error {
		for {
			to := int(next.Add(int64(part)))
			from := to - part
			if from >= n {
				return nil
			}
			if b.ctx.Err() != nil {
				return context.Cause(b.ctx)
			}
			work(from, min(n, to))
		}
	}
	var g errgroup.Group
	for range workers - 1 {
		g.Go(run)
	}
	err := run()
	return cmp.Or(err, g.Wait())
}

// eachRow works on rows of a pass, which several workers share where there are many. Whoever has ended the run is heard before the
// next op.
func (b *backend) eachRow(rows int, work func(r int)) {
	if rows < fewRows {
		for r := range rows {
			work(r)
		}
		return
	}
	_ = b.share(rows, func(from, to int) {
		for r := from; r < to; r++ {
			work(r)
		}
	})
}

// fewRows are done before another worker is at hand.
const fewRows = 4

// partsEach is how many parts a worker has of what is shared, so that one who is held up leaves some to the others.
const partsEach = 8

// attend is causal attention of the rows over the cache, in fp32.
func (s *step) attend(layer int) error {
	m := s.model
	if m.Latent != nil {
		return s.attendLatent(layer)
	}
	group, dim, width := m.Heads/m.KVHeads, m.HeadDim, m.KVWidth()
	scale := 1 / float32(math.Sqrt(float64(dim)))
	if m.ScoreScale > 0 {
		scale = float32(m.ScoreScale)
	}
	s.attended = make([][]float32, len(s.qkv))
	for r := range s.attended {
		s.attended[r] = make([]float32, m.Heads*dim)
	}
	slope, add := slopes(m), blas32.Implementation()
	return s.share(m.Heads, func(from, to int) {
		scores := make([]float32, s.longest())
		for head := from; head < to; head++ {
			at := head / group * dim
			for r, row := range s.qkv {
				of, past := s.rows[r].sequence, s.rows[r].position+1
				first := past - m.WindowAt(layer, past)
				seen := scores[:past-first]
				keys, values := of.keys[layer][first*width+at:], of.values[layer][first*width+at:]
				plain, whole := of.plainKeys(layer, past-1)
				q := row[head*dim : (head+1)*dim]
				most := float32(math.Inf(-1))
				for p := range seen {
					if first+p >= whole {
						keys = plain[first*width+at:]
					}
					seen[p] = s.dot(q, keys[p*width:][:dim]) * scale
					if m.ScoreCap > 0 {
						seen[p] = capped(seen[p], m.ScoreCap)
					}
					if slope != nil {
						seen[p] -= slope[head] * float32(len(seen)-1-p)
					}
					most = max(most, seen[p])
				}
				total := float32(0)
				out := s.attended[r][head*dim : (head+1)*dim]
				for p, score := range seen {
					w := float32(math.Exp(float64(score - most)))
					total += w
					add.Saxpy(dim, w, values[p*width:], 1, out, 1)
				}
				for i := range out {
					out[i] = half(out[i] / total)
				}
			}
		}
	})
}
