package cpu_test

import (
	"math"
	"testing"

	"github.com/x448/float16"

	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// reference is a transformer as its papers write it down: float64 throughout, no cache, no rounding, every position
// computed anew for every token. It shares nothing with the backends but the weights.
type reference struct {
	t    testing.TB
	m    *weights.Model
	src  weights.Source
	bits []int // precision of the pass that read each token

	blocks []*weights.Block
	ends   *weights.Ends
	dense  map[dense][]float64 // matrices that were read already
}

type dense struct {
	of   *weights.Matrix
	bits int
}

func values(h []uint16) []float64 {
	out := make([]float64, len(h))
	for i, v := range h {
		out[i] = float64(float16.Frombits(v).Float32())
	}
	return out
}

// times is W·x + b, with the bits of the code read one by one from the planes.
func (r *reference) times(w *weights.Matrix, bits int, x []float64) []float64 {
	all := r.dense[dense{w, bits}]
	if all == nil {
		for o := range w.Out {
			for c := range w.In {
				all = append(all, entry(w, bits, o, c))
			}
		}
		r.dense[dense{w, bits}] = all
	}
	y := make([]float64, w.Out)
	for o := range y {
		for c, v := range all[o*w.In : (o+1)*w.In] {
			y[o] += v * x[c]
		}
		if w.Bias != nil {
			y[o] += float64(float16.Frombits(w.Bias[o]).Float32())
		}
	}
	return y
}

// entry follows the layout of gpu/weights word for word.
func entry(w *weights.Matrix, bits, row, column int) float64 {
	if bits == weights.Half {
		return float64(float16.Frombits(w.Half[row*w.In+column]).Float32())
	}
	group := column / 1024
	lanes := min(32, w.In/32-32*group)
	inside := column % 1024
	part, lane, i := inside/(8*lanes), inside%(8*lanes)/8, inside%8
	p := part*8 + i
	bit := 16*(p/4%2) + 4*(p%4) + p/8
	code := 0
	for j := range bits {
		word := w.Planes[(j*w.Out+row)*(w.In/32)+32*group+lane]
		code = code<<1 | int(word>>bit&1)
	}
	return float64(float16.Frombits(w.Tables[bits][row<<bits+code]).Float32())
}

func normalised(n weights.Norm, eps float64, x []float64) []float64 {
	mean, square := 0.0, 0.0
	if n.Shift != nil {
		for _, v := range x {
			mean += v / float64(len(x))
		}
	}
	for _, v := range x {
		square += (v - mean) * (v - mean) / float64(len(x))
	}
	out := make([]float64, len(x))
	scale, shift := values(n.Scale), make([]float64, len(x))
	if n.Shift != nil {
		shift = values(n.Shift)
	}
	for i, v := range x {
		out[i] = (v-mean)/math.Sqrt(square+eps)*scale[i] + shift[i]
	}
	return out
}

// rotated turns the pairs (i, i+half) of a head.
func (r *reference) rotated(x []float64, position int) []float64 {
	out := append([]float64(nil), x...)
	half := r.m.RotaryDim / 2
	for i := range half {
		angle := float64(position) / math.Pow(r.m.RopeTheta, float64(2*i)/float64(r.m.RotaryDim))
		a, b := x[i], x[i+half]
		out[i], out[i+half] = a*math.Cos(angle)-b*math.Sin(angle), a*math.Sin(angle)+b*math.Cos(angle)
	}
	return out
}

func newReference(t testing.TB, src weights.Source) *reference {
	r := &reference{t: t, m: src.Model(), src: src, dense: map[dense][]float64{}}
	for l := range r.m.Layers {
		b, err := src.Block(l)
		if err != nil {
			t.Fatal(err)
		}
		r.blocks = append(r.blocks, b)
	}
	var err error
	if r.ends, err = src.Ends(); err != nil {
		t.Fatal(err)
	}
	return r
}

// logits are those after the last of the tokens.
func (r *reference) logits(tokens []int) []float64 {
	d := r.m.Hidden
	x := make([][]float64, len(tokens))
	for p, id := range tokens {
		x[p] = values(r.ends.Embedding[id*d : (id+1)*d])
	}
	for _, b := range r.blocks {
		r.block(b, x)
	}
	h := normalised(r.ends.Norm, r.m.NormEps, x[len(x)-1])
	return r.times(&r.ends.Head, weights.Half, h)
}

func (r *reference) block(b *weights.Block, x [][]float64) {
	m := r.m
	q, kv := m.Heads*m.HeadDim, m.KVWidth()
	var queries, keys, vals [][]float64
	inputs := make([][]float64, len(x))
	for p := range x {
		inputs[p] = normalised(b.Norms["input_norm"], m.NormEps, x[p])
		y := r.times(&b.QKV, r.bits[p], inputs[p])
		for head := range m.Heads + m.KVHeads {
			copy(y[head*m.HeadDim:], r.rotated(y[head*m.HeadDim:(head+1)*m.HeadDim], p))
		}
		queries, keys, vals = append(queries, y[:q]), append(keys, y[q:q+kv]), append(vals, y[q+kv:])
	}
	for p := range x {
		attended := make([]float64, q)
		for head := range m.Heads {
			at := head / (m.Heads / m.KVHeads) * m.HeadDim
			scores := make([]float64, p+1)
			total := 0.0
			for s := range scores {
				for i := range m.HeadDim {
					scores[s] += queries[p][head*m.HeadDim+i] * keys[s][at+i]
				}
				scores[s] = math.Exp(scores[s] / math.Sqrt(float64(m.HeadDim)))
				total += scores[s]
			}
			for s, w := range scores {
				for i := range m.HeadDim {
					attended[head*m.HeadDim+i] += w / total * vals[s][at+i]
				}
			}
		}
		o := r.times(&b.O, r.bits[p], attended)
		in := inputs[p]
		if !m.Parallel {
			for i := range o {
				x[p][i] += o[i]
			}
			in = normalised(b.Norms["mlp_norm"], m.NormEps, x[p])
		}
		up := r.times(&b.Up, r.bits[p], in)
		act := make([]float64, m.FFN)
		for i := range act {
			if m.Activation == workloads.Silu {
				act[i] = up[i] / (1 + math.Exp(-up[i])) * up[m.FFN+i]
			} else {
				act[i] = 0.5 * up[i] * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(up[i]+0.044715*math.Pow(up[i], 3))))
			}
		}
		down := r.times(&b.Down, r.bits[p], act)
		for i := range down {
			x[p][i] += down[i]
			if m.Parallel {
				x[p][i] += o[i]
			}
		}
	}
}
