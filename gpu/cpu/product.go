package cpu

import (
	"math"

	"golang.org/x/sync/errgroup"

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
				logits[i] = s.half(v * float32(s.model.LogitScale))
			}
		}
	}
	return err
}

// multiply returns the product of a matrix, whose rows have bits of their own, with each of some vectors.
func (s *step) multiply(m *weights.Matrix, bits []int, in [][]float32) ([][]float32, error) {
	y := make([][]float32, len(in))
	for r := range y {
		y[r] = make([]float32, m.Out)
	}
	return y, s.share(m.Out, func(from, to int) {
		codes, row, w := make([]uint8, m.In), make([]uint16, m.In), make([]float32, m.In)
		for o := from; o < to; o++ {
			m.Row(o, bits[o], codes, row)
			for i, h := range row {
				w[i] = s.value[h]
			}
			bias := float32(0)
			if m.Bias != nil {
				bias = s.value[m.Bias[o]]
			}
			for r, x := range in {
				y[r][o] = s.half(dot(w, x) + bias)
			}
		}
	})
}

// dot is a scalar product in fp32, in eight parts whose order never changes.
func dot(a, b []float32) float32 {
	var p [8]float32
	b = b[:len(a)]
	for ; len(a) >= 8; a, b = a[8:], b[8:] {
		p[0] += a[0] * b[0]
		p[1] += a[1] * b[1]
		p[2] += a[2] * b[2]
		p[3] += a[3] * b[3]
		p[4] += a[4] * b[4]
		p[5] += a[5] * b[5]
		p[6] += a[6] * b[6]
		p[7] += a[7] * b[7]
	}
	for i := range a {
		p[i] += a[i] * b[i]
	}
	return (p[0] + p[4]) + (p[1] + p[5]) + (p[2] + p[6]) + (p[3] + p[7])
}

// share gives parts of 0…n-1 to the workers. No part's result depends on where it begins.
func (b *backend) share(n int, work func(from, to int)) error {
	workers := max(1, min(b.options.Workers, n))
	part := (n + workers - 1) / workers
	var g errgroup.Group
	for from := 0; from < n; from += part {
		g.Go(func() error { work(from, min(n, from+part)); return nil })
	}
	return g.Wait()
}

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
	slope := slopes(m)
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
					seen[p] = dot(q, keys[p*width:][:dim]) * scale
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
					for i, v := range values[p*width:][:dim] {
						out[i] += w * v
					}
				}
				for i := range out {
					out[i] = s.half(out[i] / total)
				}
			}
		}
	})
}
