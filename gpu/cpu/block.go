package cpu

import (
	"cmp"
	"math"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// embed makes the residual stream of the tokens, which blocks without a norm before attention read as it is.
func (s *step) embed() {
	d, scale := s.model.Hidden, float32(cmp.Or(s.model.EmbedScale, 1))
	s.x = make([][]float32, len(s.rows))
	s.eachRow(len(s.rows), func(r int) {
		row := s.rows[r]
		s.x[r] = make([]float32, d)
		for i, h := range s.ends.Embedding[row.token*d : (row.token+1)*d] {
			s.x[r][i] = half(s.value[h] * scale)
		}
		if s.ends.Positions != nil {
			at := row.position + s.model.FirstPosition
			for i, h := range s.ends.Positions[at*d : (at+1)*d] {
				s.x[r][i] = half(s.x[r][i] + s.value[h])
			}
		}
	})
	s.h = s.x
}

// add adds to the residual stream what the products before have made, and rounds it.
func (s *step) add(op gpu.Op) {
	scale := float32(cmp.Or(s.model.ResidualScale, 1))
	s.eachRow(len(s.x), func(r int) {
		x := s.x[r]
		switch {
		case op.Adds == 2:
			for i := range x {
				x[i] = half(x[i] + scale*s.o[r][i] + scale*s.down[r][i])
			}
		case op.Adds == 1 && (op.Place == gpu.PlacePost || op.Place == gpu.PlaceO):
			for i := range x {
				x[i] = half(x[i] + scale*s.o[r][i])
			}
		case op.Adds == 1:
			for i := range x {
				x[i] = half(x[i] + scale*s.down[r][i])
			}
		}
	})
}

// normalise adds, and normalises the residual stream.
func (s *step) normalise(op gpu.Op) {
	w := s.norm(op)
	s.add(op)
	if op.Place == gpu.PlaceFinal {
		s.x = s.wanted()
	}
	s.h = make([][]float32, len(s.x))
	s.eachRow(len(s.x), func(r int) {
		s.h[r] = make([]float32, len(s.x[r]))
		s.normed(s.h[r], s.x[r], w)
	})
}

// resultNorm normalises what an op has made, in its place.
func (s *step) resultNorm(op gpu.Op) {
	rows, from := s.qkv, 0
	if s.model.RotateFirst && !s.rotated && (op.Place == gpu.PlaceQNorm || op.Place == gpu.PlaceKNorm) {
		s.waiting = append(s.waiting, op)
		return
	}
	switch op.Place {
	case gpu.PlaceKNorm:
		from = s.model.Heads * s.model.HeadDim
	case gpu.PlaceAfterO:
		rows = s.o
	case gpu.PlaceAfterDown:
		rows = s.down
	case gpu.PlaceEmbedNorm:
		rows = s.x
	case gpu.PlaceInO:
		rows = s.attended
	case gpu.PlaceInDown:
		rows = s.activated
	case gpu.PlaceQANorm:
		rows = s.qa
	case gpu.PlaceKVANorm: // the rest of the row rotates
		rows = s.kva
	}
	w, width := s.norm(op), op.In/op.Heads
	own := len(w.Scale) > width // each head has weights of its own
	s.eachRow(len(rows), func(r int) {
		row := rows[r]
		for head := range op.Heads {
			part, of := row[from+head*width:][:width], w
			if own {
				of.Scale = w.Scale[head*width:][:width]
			}
			s.normed(part, part, of)
		}
	})
}

// normed puts the norm of x into to, rounded. Weights that there are none of are 1 and 0. Some families' weights are what is
// added to 1.
func (s *step) normed(to, x []float32, w weights.Norm) {
	var mean, square, one float32
	if s.model.Norm != workloads.RMSNorm {
		mean = sum(x, func(v float32) float32 { return v }) / float32(len(x))
	}
	if s.model.NormOne {
		one = 1
	}
	square = sum(x, func(v float32) float32 { return (v - mean) * (v - mean) }) / float32(len(x))
	scale := 1 / float32(math.Sqrt(float64(square)+s.model.NormEps))
	for i, v := range x {
		y := (v - mean) * scale
		if len(w.Scale) > 0 {
			y *= one + s.value[w.Scale[i]]
		}
		if len(w.Shift) > 0 {
			y += s.value[w.Shift[i]]
		}
		to[i] = half(y)
	}
}

// sum adds f of all values, in eight parts as a vector unit would.
func sum(x []float32, f func(float32) float32) (total float32) {
	var parts [8]float32
	for i, v := range x {
		parts[i%8] += f(v)
	}
	for _, p := range parts {
		total += p
	}
	return total
}

// angles are those of the rows. Some kinds of stretching go by what the cache holds: for a prompt that is all of it, behind a
// prompt it is what a pass of that token alone would find.
func (s *step) angles() {
	for _, t := range s.turns {
		for at, end := t.past, t.past+t.to-t.from; at < end; {
			to := end
			if t.past > 0 {
				to = at + 1
			}
			s.rope = append(s.rope, gpu.RopeRows(s.model, false, at, to, to)...)
			if s.model.WindowTheta > 0 {
				s.ropeWindow = append(s.ropeWindow, gpu.RopeRows(s.model, true, at, to, to)...)
			}
			at = to
		}
	}
	if s.model.WindowTheta <= 0 {
		s.ropeWindow = s.rope
	}
}

// ropeAppend rotates q and k by their positions, where the layer does that, and appends k and v to the cache.
func (s *step) ropeAppend(layer int) {
	m := s.model
	if m.Latent != nil {
		s.latentAppend(layer)
		return
	}
	q, width, all := m.Heads*m.HeadDim, m.KVWidth(), s.rope
	if m.Windowed(layer) {
		all = s.ropeWindow
	}
	s.eachRow(len(s.qkv), func(r int) {
		if m.Rotated(layer) {
			for head := range m.Heads + m.KVHeads {
				v := s.qkv[r][head*m.HeadDim : (head+1)*m.HeadDim]
				s.rotate(v, all[r*m.RotaryDim:(r+1)*m.RotaryDim])
			}
		}
	})
	s.rotated = true
	for _, op := range s.waiting {
		s.resultNorm(op)
	}
	s.waiting, s.rotated = nil, false
	for r, row := range s.qkv {
		to, at := s.rows[r].sequence, s.rows[r].position
		s.growQueries(layer, at, row[:q])
		copy(to.keys[layer][at*width:(at+1)*width], row[q:q+width])
		copy(to.values[layer][at*width:(at+1)*width], row[q+width:])
		to.store(layer, at)
	}
}

// growQueries makes the queries of a position larger, where the family does that.
func (s *step) growQueries(layer, position int, q []float32) {
	m, at := s.model, float64(position)
	if m.GrowStill {
		at++
	}
	if m.QueryGrowth == 0 || m.GrowStill && m.Rotated(layer) {
		return
	}
	by := float32(1 + m.QueryGrowth*math.Log(1+math.Floor(at/m.QueryStep)))
	for i, v := range q {
		q[i] = half(v * by)
	}
}

// rotate turns pairs of a head's values: those at the same place of both halves, or neighbours.
func (s *step) rotate(v, table []float32) {
	pairs := len(table) / 2
	for j := range pairs {
		at, other := j, j+pairs
		if s.model.RotateNeighbours {
			at, other = 2*j, 2*j+1
		}
		a, b, cos, sin := v[at], v[other], table[2*j], table[2*j+1]
		v[at], v[other] = half(a*cos-b*sin), half(b*cos+a*sin)
	}
}
