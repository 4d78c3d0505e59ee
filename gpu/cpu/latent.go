package cpu

import (
	"math"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// latent is what a pass makes in latent attention (package ops, DecodeStep): queries and what they are expanded from,
// compressed keys and values, queries that have been multiplied with what expands keys, and what attention gathers of
// the compressed values. Prefill has the same form: it attends to what the cache keeps, too.
type latent struct {
	qa, q, kva, absorbed, gathered [][]float32
}

// headProduct multiplies each head's values with its rows of a matrix: queries with those that expand keys, transposed, or
// what attention has gathered with those that expand values.
func (s *step) headProduct(op gpu.Op, at precision.Assignment) error {
	m, bits := s.matrix(op), op.RowBits(at)
	rows := m.Out / op.Heads
	out := make([][]float32, len(s.q))
	for r := range out {
		out[r] = make([]float32, m.Out)
		if op.Transposed {
			out[r] = make([]float32, op.Heads*m.In)
		}
	}
	if op.Transposed {
		s.absorbed = out
	} else {
		s.attended = out
	}
	return s.share(op.Heads, func(from, to int) {
		codes, row, w := make([]uint8, m.In), make([]uint16, m.In), make([]float32, m.In)
		for o := from * rows; o < to*rows; o++ {
			m.Row(o, bits[o], codes, row)
			for i, h := range row {
				w[i] = s.value[h]
			}
			head := o / rows
			for r := range out {
				if !op.Transposed {
					out[r][o] = half(s.dot(w, s.gathered[r][head*m.In:][:m.In]))
					continue
				}
				v, to := s.q[r][head*s.model.HeadDim+o%rows], out[r][head*m.In:][:m.In]
				for i, x := range w {
					to[i] += v * x
				}
			}
		}
		if !op.Transposed {
			return
		}
		for r := range out {
			for i, v := range out[r][from*m.In : to*m.In] {
				out[r][from*m.In+i] = half(v)
			}
		}
	})
}

// latentAppend rotates the last values of each query and of the key that all heads share, and appends this key behind the
// compressed keys and values.
func (s *step) latentAppend(layer int) {
	m := s.model
	l, width := m.Latent, m.CacheWidth()
	for r, row := range s.kva {
		table := s.rope[r*l.RopeDim : (r+1)*l.RopeDim]
		for head := range m.Heads {
			s.rotate(s.q[r][head*m.HeadDim+l.NopeDim:][:l.RopeDim], table)
		}
		s.rotate(row[l.KVRank:], table)
		of := s.rows[r].sequence
		kept := of.keys[layer][s.rows[r].position*width:][:width]
		copy(kept, row)
		of.quantise(kept, of.cached.Keys, width)
	}
}

// attendLatent is causal attention of the absorbed queries over what the cache keeps, which all heads share.
func (s *step) attendLatent(layer int) error {
	m, l := s.model, s.model.Latent
	width, scale := m.CacheWidth(), 1/float32(math.Sqrt(float64(m.HeadDim)))
	if m.ScoreScale > 0 {
		scale = float32(m.ScoreScale)
	}
	s.gathered = make([][]float32, len(s.q))
	for r := range s.gathered {
		s.gathered[r] = make([]float32, m.Heads*l.KVRank)
	}
	add := blas32.Implementation()
	return s.share(m.Heads, func(from, to int) {
		scores, query := make([]float32, s.longest()), make([]float32, width)
		for head := from; head < to; head++ {
			for r := range s.q {
				copy(query, s.absorbed[r][head*l.KVRank:][:l.KVRank])
				copy(query[l.KVRank:], s.q[r][head*m.HeadDim+l.NopeDim:][:l.RopeDim])
				keys := s.rows[r].sequence.keys[layer]
				seen, most := scores[:s.rows[r].position+1], float32(math.Inf(-1))
				for p := range seen {
					seen[p] = s.dot(query, keys[p*width:][:width]) * scale
					most = max(most, seen[p])
				}
				total, out := float32(0), s.gathered[r][head*l.KVRank:][:l.KVRank]
				for p, score := range seen {
					w := float32(math.Exp(float64(score - most)))
					total += w
					add.Saxpy(l.KVRank, w, keys[p*width:], 1, out, 1)
				}
				for i := range out {
					out[i] = half(out[i] / total)
				}
			}
		}
	})
}
