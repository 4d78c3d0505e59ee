package classifier

import (
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/pmpdsim/pmpdsim/workloads/safetensors"
)

// New returns a network whose weights are all zero.
func New(heads, dim int) *Net {
	c := &Net{Heads: heads, Dim: dim}
	var p [][]float32
	for _, shape := range shapes(heads, dim) {
		n := 1
		for _, x := range shape {
			n *= x
		}
		p = append(p, make([]float32, n))
	}
	c.query, c.hidden, c.up, c.out, c.bias, c.scale, c.shift = p[0], p[1], p[2], p[3], p[4], p[5], p[6]
	return c
}

// Parameters are the weights themselves, to be changed by whoever trains the network: the query, weight and bias of the first
// linear, those of the second, scale and shift of the layer norm.
func (c *Net) Parameters() [][]float32 {
	return [][]float32{c.query, c.hidden, c.up, c.out, c.bias, c.scale, c.shift}
}

// Write writes the weights as Read reads them.
func (c *Net) Write(w io.Writer, metadata map[string]string) error {
	var tensors []*safetensors.Tensor
	for i, shape := range shapes(c.Heads, c.Dim) {
		tensors = append(tensors, safetensors.New(names()[i], safetensors.F32, shape, c.Parameters()[i]))
	}
	return safetensors.Write(w, tensors, metadata)
}

// Slope is how the loss of one example changes with the weights. Gradients of the two matrices are outer products: of each, the
// two vectors are kept.
type Slope struct {
	Loss   float64   // cross entropy of the right class, nats
	Scores []float64 // of the classes

	query, scale, shift []float64
	hidden, x           []float64 // by the results of the first linear; its inputs
	out, h              []float64 // by those of the second; its inputs
}

// Slope returns the slope of the loss at an input whose right class is known. PMPD's training takes the cross entropy of what is
// a softmax already, so that softmax is applied twice; this is that of the scores themselves. Keep is as Dropped makes it; nil:
// nothing is dropped.
func (c *Net) Slope(in *Input, class int, keep []float64) *Slope {
	s := c.forward(in, keep)
	g := &Slope{Loss: -math.Log(s.scores[class]), Scores: s.scores, x: s.x, h: s.h, out: slices.Clone(s.scores)}
	g.out[class]--
	g.hidden = back(g.out, c.out, len(s.h))
	for i, v := range s.h {
		if v <= 0 {
			g.hidden[i] = 0
		}
	}
	g.shift = back(g.hidden, c.hidden, len(s.x))
	n := len(s.x)
	g.scale = make([]float64, n)
	down, mean, along := make([]float64, n), 0.0, 0.0 // by the standardised values; its mean, and the mean of what points along them
	for i, v := range g.shift {
		g.scale[i] = v * s.normed[i]
		down[i] = v * float64(c.scale[i])
		mean += down[i] / float64(n)
		along += down[i] * s.normed[i] / float64(n)
	}
	for i := range down {
		down[i] = (down[i] - mean - s.normed[i]*along) / s.deviation
	}
	g.query = c.backAttention(in, s, keep, down)
	return g
}

// back returns how a linear's inputs change a loss that its results change by so much.
func back(results []float64, weight []float32, inputs int) []float64 {
	out := make([]float64, inputs)
	for i, r := range results {
		for j := range out {
			out[j] += r * float64(weight[i*inputs+j])
		}
	}
	return out
}

// backAttention returns how the query changes a loss that the pooled values change by so much.
func (c *Net) backAttention(in *Input, s *state, keep, pooled []float64) []float64 {
	query := make([]float64, len(c.query))
	by := make([]float64, in.Tokens) // attention
	for i, weights := range s.attention {
		mean := 0.0
		for t, w := range weights {
			by[t] = 0
			for d := range c.Dim {
				by[t] += pooled[d*c.Heads+i/c.Heads] * in.Value[t*c.Dim+d] / float64(c.Heads)
			}
			if keep != nil {
				by[t] *= keep[i*in.Tokens+t]
			}
			mean += w * by[t]
		}
		for t, w := range weights {
			score := w * (by[t] - mean) / math.Sqrt(float64(c.Dim))
			for d := range c.Dim {
				query[i*c.Dim+d] += score * in.Key[t*c.Dim+d]
			}
		}
	}
	return query
}

// Dropped is what Slope takes of dropout at a rate: for each query and token 0 where drawn, a number from 0 to 1, is below the
// rate, else 1/(1-rate), as in PyTorch.
func (c *Net) Dropped(in *Input, rate float64, drawn func() float64) []float64 {
	if rate < 0 || rate >= 1 {
		panic(fmt.Sprintf("classifier: dropout of %v", rate))
	}
	keep := make([]float64, c.Heads*c.Heads*in.Tokens)
	for i := range keep {
		if drawn() >= rate {
			keep[i] = 1 / (1 - rate)
		}
	}
	return keep
}

// Gradient is the mean gradient of some examples, in the order of Parameters. It depends on their order, in the last bits.
func (c *Net) Gradient(of []*Slope) [][]float64 {
	g := make([][]float64, len(names()))
	for i, p := range c.Parameters() {
		g[i] = make([]float64, len(p))
	}
	share := 1 / float64(len(of))
	for _, s := range of {
		for k, own := range [][]float64{s.query, nil, s.hidden, nil, s.out, s.scale, s.shift} {
			for i, x := range own {
				g[k][i] += share * x
			}
		}
		outer(g[1], share, s.hidden, s.x)
		outer(g[3], share, s.out, s.h)
	}
	return g
}

// outer adds a share of the outer product of two vectors.
func outer(to []float64, share float64, rows, columns []float64) {
	for i, r := range rows {
		if r == 0 {
			continue // half of a ReLU's
		}
		row := to[i*len(columns) : (i+1)*len(columns)]
		for j, x := range columns {
			row[j] += share * r * x
		}
	}
}
