package classifier

import (
	"fmt"
	"math"
	"slices"

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

// Read reads the weights, under the names of PMPD's state dictionary.
func Read(path string) (*Net, error) {
	names := []string{"query", "project.0.weight", "project.0.bias", "project.2.weight", "project.2.bias", "ln.weight", "ln.bias"}
	t, sum, err := read(path, names...)
	if err != nil {
		return nil, err
	}
	q := t[0].shape
	if len(q) != 3 || q[0] != q[1] {
		return nil, fmt.Errorf("%s: query is %v; accepted: [heads, heads, dim]", path, q)
	}
	n := q[0] * q[2]
	const classes = precision.CandidateCount
	for i, want := range [][]int{q, {n, n}, {n}, {classes, n}, {classes}, {n}, {n}} {
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
	x := c.pool(kv.mean(kv.Key), kv.mean(kv.Value), kv.Tokens)
	normalise(x, c.scale, c.shift)
	h := linear(x, c.hidden, c.up)
	for i, v := range h {
		h[i] = max(v, 0)
	}
	scores := linear(h, c.out, c.bias)
	softmax(scores)
	return scores, nil
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
func (c *Net) pool(key, value []float64, tokens int) []float64 {
	x := make([]float64, c.Heads*c.Dim)
	weights := make([]float64, tokens)
	for i := range c.Heads * c.Heads {
		q := c.query[i*c.Dim : (i+1)*c.Dim]
		for t := range weights {
			sum := 0.0
			for d, v := range q {
				sum += float64(float64(v) * key[t*c.Dim+d])
			}
			weights[t] = sum / math.Sqrt(float64(c.Dim))
		}
		softmax(weights)
		for t, w := range weights {
			for d := range c.Dim {
				x[d*c.Heads+i/c.Heads] += w * value[t*c.Dim+d] / float64(c.Heads)
			}
		}
	}
	return x
}

// normalise is a layer norm with PyTorch's epsilon.
func normalise(x []float64, scale, shift []float32) {
	const epsilon = 1e-5
	mean, variance := 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x))
	}
	for i, v := range x {
		x[i] = float64((v-mean)/math.Sqrt(variance+epsilon)*float64(scale[i])) + float64(shift[i])
	}
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

func softmax(x []float64) {
	most, sum := slices.Max(x), 0.0
	for i, v := range x {
		x[i] = math.Exp(v - most)
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
}
