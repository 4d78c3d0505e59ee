package classifier

import (
	"fmt"
	"math"
	"slices"

	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Net is PMPD's network that guesses from the KV cache how long high precision is needed
// (pmpd/modules/scheduler/kv_cache_scheduler.py): a learned query attends to the keys and values, averaged over the
// heads, of the last block; the mean of what it gets goes through a layer norm and two linears to four classes.
type Net struct {
	Heads, Dim int
	SHA256     string // of the file

	query      []float32 // [heads, heads, dim]
	hidden, up []float32 // linear [heads·dim, heads·dim] and its bias
	out, bias  []float32 // linear [4, heads·dim] and its bias
	scale      []float32 // layer norm
	shift      []float32
}

// names are those of PMPD's state dictionary, in the order of Parameters.
func names() []string {
	return []string{"query", "project.0.weight", "project.0.bias", "project.2.weight", "project.2.bias", "ln.weight", "ln.bias"}
}

// shapes are those of the tensors of names.
func shapes(heads, dim int) [][]int {
	n := heads * dim
	const classes = precision.CandidateCount
	return [][]int{{heads, heads, dim}, {n, n}, {n}, {classes, n}, {classes}, {n}, {n}}
}

// Read reads the weights, under the names of PMPD's state dictionary.
func Read(path string) (*Net, error) {
	names := names()
	t, sum, err := read(path, names...)
	if err != nil {
		return nil, err
	}
	q := t[0].shape
	if len(q) != 3 || q[0] != q[1] {
		return nil, fmt.Errorf("%s: query is %v; accepted: [heads, heads, dim]", path, q)
	}
	for i, want := range shapes(q[0], q[2]) {
		if !slices.Equal(t[i].shape, want) {
			return nil, fmt.Errorf("%s: %s is %v; accepted: %v beside a query of %v", path, names[i], t[i].shape, want, q)
		}
	}
	return &Net{Heads: q[0], Dim: q[2], SHA256: sum, query: t[0].values, hidden: t[1].values, up: t[2].values, out: t[3].values,
		bias: t[4].values, scale: t[5].values, shift: t[6].values}, nil
}

// Scores returns the probabilities of the four classes. Inputs and weights are fp32 as in PMPD, sums fp64.
func (c *Net) Scores(kv *KV) ([]float64, error) {
	if kv.Heads != c.Heads || kv.Dim != c.Dim {
		return nil, fmt.Errorf("the cache has %d heads of %d values; accepted: %d of %d, those of the classifier", kv.Heads, kv.Dim,
			c.Heads, c.Dim)
	}
	return c.Guess(kv.Input()), nil
}

// Guess is Scores of what the network sees of a cache.
func (c *Net) Guess(in *Input) []float64 { return c.forward(in, nil).scores }

// state is what the layers made of an input, for the way back.
type state struct {
	attention [][]float64 // of each query, over the tokens, before dropout
	normed    []float64   // before scale and shift
	deviation float64     // by which they were divided
	x, h      []float64   // inputs of the two linears
	scores    []float64
}

// forward computes all layers. Keep, if given, holds what dropout leaves of each query's attention over the tokens: 0, or what
// is left of 1 without the dropped ones.
func (c *Net) forward(in *Input, keep []float64) *state {
	s := &state{}
	s.normed = c.pool(in, keep, s)
	s.deviation = standardise(s.normed)
	s.x = make([]float64, len(s.normed))
	for i, v := range s.normed {
		s.x[i] = float64(v*float64(c.scale[i])) + float64(c.shift[i])
	}
	s.h = linear(s.x, c.hidden, c.up)
	for i, v := range s.h {
		s.h[i] = max(v, 0)
	}
	s.scores = linear(s.h, c.out, c.bias)
	workloads.Softmax(s.scores)
	return s
}

// Input is what the network sees of a cache: keys and values, averaged over the heads, [tokens, dim] each.
type Input struct {
	Heads, Tokens, Dim int
	Key, Value         []float64
}

// Input returns what the network sees of the cache.
func (kv *KV) Input() *Input {
	return &Input{kv.Heads, kv.Tokens, kv.Dim, kv.mean(kv.Key), kv.mean(kv.Value)}
}

// mean returns the mean over the heads, [tokens, dim].
func (kv *KV) mean(x []float32) []float64 {
	n := kv.Tokens * kv.Dim
	out := make([]float64, n)
	for i, v := range x {
		out[i%n] += float64(v) / float64(kv.Heads)
	}
	return out
}

// pool attends with each of the heads·heads queries and returns the mean over the second heads. PMPD transposes the
// result before it flattens it: value d of head h is at d·heads + h.
func (c *Net) pool(in *Input, keep []float64, s *state) []float64 {
	x := make([]float64, c.Heads*c.Dim)
	for i := range c.Heads * c.Heads {
		q := c.query[i*c.Dim : (i+1)*c.Dim]
		weights := make([]float64, in.Tokens)
		for t := range weights {
			sum := 0.0
			for d, v := range q {
				sum += float64(float64(v) * in.Key[t*c.Dim+d])
			}
			weights[t] = sum / math.Sqrt(float64(c.Dim))
		}
		workloads.Softmax(weights)
		for t, w := range weights {
			if keep != nil {
				w *= keep[i*in.Tokens+t]
			}
			for d := range c.Dim {
				x[d*c.Heads+i/c.Heads] += w * in.Value[t*c.Dim+d] / float64(c.Heads)
			}
		}
		s.attention = append(s.attention, weights)
	}
	return x
}

// standardise gives a layer norm's values before scale and shift, and returns the deviation, with PyTorch's epsilon in it.
func standardise(x []float64) float64 {
	const epsilon = 1e-5
	mean, variance := 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x))
	}
	deviation := math.Sqrt(variance + epsilon)
	for i, v := range x {
		x[i] = (v - mean) / deviation
	}
	return deviation
}

// linear returns weight·x + bias, with one row of weights per output.
func linear(x []float64, weight, bias []float32) []float64 {
	out := make([]float64, len(bias))
	for i := range out {
		sum := float64(bias[i])
		for j, v := range x {
			sum += float64(float64(weight[i*len(x)+j]) * v)
		}
		out[i] = sum
	}
	return out
}
