//go:build cuda

package check

import (
	"fmt"
	"math"
	"slices"

	"github.com/pmpdsim/pmpdsim/gpu/kernels"
)

// attend is attention of one query over the first n positions of a KV head's cache.
func attend(q, keys, values []float64, n, hd int) []float64 {
	p, most, sum := make([]float64, n), math.Inf(-1), 0.0
	for j := range n {
		for e := range hd {
			p[j] += q[e] * keys[j*hd+e] / math.Sqrt(float64(hd))
		}
		most = max(most, p[j])
	}
	for j := range p {
		p[j] = math.Exp(p[j] - most)
		sum += p[j]
	}
	out := make([]float64, hd)
	for j := range p {
		for e := range hd {
			out[e] += p[j] / sum * values[j*hd+e]
		}
	}
	return out
}

func scale(hd int) float32 { return float32(math.Log2E / math.Sqrt(float64(hd))) }

// filled makes a cache whose first n positions are given and whose others are NaN: nothing may read them.
func filled(in []uint16, kv, n, tmax, hd int) []uint16 {
	out := make([]uint16, kv*tmax*hd)
	for i := range out {
		out[i] = 0xffff
		if p := i / hd % tmax; p < n {
			out[i] = in[i]
		}
	}
	return out
}

// biased adds to values 0, 2, 4 and 6 of every head's, in turns.
func biased(x []uint16, hd int, even, odd float64) {
	for head := 0; head < len(x); head += hd {
		for d, by := range []float64{even, odd, even, odd} {
			x[head+2*d] = half(wide(x[head+2*d]) + by)
		}
	}
}

var attentionOfADecodeStep = Check{
	Name: "attention", run: func(t reporter, r *rig) {
		for _, c := range []struct {
			h, kv, hd, n, splits int
			bias                 float64 // of k, and a quarter of it of q, in four of eight values that lie in one lane
		}{
			{2, 2, 64, 1, 4, 0}, {4, 2, 128, 77, 4, 0}, {3, 1, 32, 9, 1, 0}, {8, 2, 80, 130, 8, 0}, {5, 1, 96, 31, 3, 0}, {12, 2, 40, 64, 2, 0},
			{14, 2, 64, 257, 5, 0}, {16, 2, 128, 200, 16, 0}, {2, 1, 128, 200, 4, 300}, {2, 1, 64, 100, 2, 120}, {6, 1, 80, 700, 16, 0},
			{1, 1, 128, 1100, 20, 0}, {3, 1, 64, 129, 9, 0}, {2, 2, 96, 65, 9, 0}, {3, 1, 128, 90, 2, 0}, {8, 2, 64, 150, 3, 0},
			{5, 1, 64, 40, 1, 0}, {7, 1, 72, 140, 4, 0}, {8, 1, 32, 80, 2, 0},
		} {
			tmax := c.n + 3
			rng := source(uint64(c.hd + c.n))
			q := normal(rng, c.h*c.hd, 0, 1)
			k, v := normal(rng, c.kv*tmax*c.hd, 0, 1), normal(rng, c.kv*tmax*c.hd, 0, 1)
			biased(q, c.hd, c.bias/4, -c.bias/4)
			biased(k, c.hd, c.bias, c.bias)
			part, o, counts := poison[float32](r, c.h*c.splits*(2+c.hd)), poison[uint16](r, len(q)), put(r, make([]uint32, c.kv))
			state := put(r, []uint32{0, uint32(c.n - 1), 0, 0})
			r.run(kernels.Attention(c.h, c.kv, c.hd, c.splits), o, part, counts, put(r, q), put(r, filled(k, c.kv, c.n, tmax, c.hd)),
				put(r, filled(v, c.kv, c.n, tmax, c.hd)), state, c.h/c.kv, c.hd, tmax, c.splits, scale(c.hd))
			if left := get[uint32](r, counts, c.kv); slices.Max(left) != 0 {
				t.Errorf("%+v: counts are %d after it, want 0", c, left)
			}
			var want []float64
			wq, wk, wv := wides(q), wides(k), wides(v)
			for head := range c.h {
				at := head / (c.h / c.kv) * tmax * c.hd
				want = append(want, attend(wq[head*c.hd:][:c.hd], wk[at:], wv[at:], c.n, c.hd)...)
			}
			near(t, fmt.Sprintf("%+v", c), get[uint16](r, o, len(q)), want, 2e-3)
		}
	},
}

var attentionOfPrefillIsCausal = Check{
	Name: "attention-prefill", run: func(t reporter, r *rig) {
		for _, c := range []struct{ h, kv, hd, m, past int }{{2, 2, 64, 1, 0}, {2, 1, 128, 70, 0}, {2, 2, 80, 65, 61}, {3, 1, 40, 5, 130}, {7, 1, 32, 3, 64}} {
			n := c.past + c.m
			tmax, width := n+2, (c.h+2*c.kv)*c.hd
			rng := source(uint64(c.hd + c.m))
			qkv := normal(rng, c.m*width, 0, 1)
			k, v := normal(rng, c.kv*tmax*c.hd, 0, 1), normal(rng, c.kv*tmax*c.hd, 0, 1)
			o := poison[uint16](r, c.m*c.h*c.hd)
			r.run(kernels.AttentionPrefill(c.m, c.h), o, put(r, qkv), put(r, filled(k, c.kv, n, tmax, c.hd)), put(r, filled(v, c.kv, n, tmax, c.hd)),
				put(r, []uint32{0, uint32(c.past), 0, 0}), c.m, c.h, c.kv, c.hd, width, tmax, scale(c.hd))
			var want []float64
			wq, wk, wv := wides(qkv), wides(k), wides(v)
			for row := range c.m {
				for head := range c.h {
					at := head / (c.h / c.kv) * tmax * c.hd
					want = append(want, attend(wq[row*width+head*c.hd:][:c.hd], wk[at:], wv[at:], c.past+row+1, c.hd)...)
				}
			}
			near(t, fmt.Sprintf("%+v", c), get[uint16](r, o, len(want)), want, 2e-3)
		}
	},
}
