//go:build cuda

package check

import (
	"fmt"
	"math"

	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/gpu/kernels"
)

// normed is a product of norm(x) and what becomes of its result.
type normed struct {
	n, k, then       int
	layer, bias      bool // LayerNorm, else RMSNorm
	h, kv, hd, rot   int  // of ThenRope: n is (h+2·kv)·hd
	mean             float64
	most             float64 // relative error
	position, states int     // of ThenRope: the position, and how many the cache has
}

var normedProducts = Check{
	Name: "norm-gemv", run: func(t reporter, r *rig) {
		for _, bits := range []int{2, 3, 4, 5, 6, 7, 8, 16} {
			for _, c := range []normed{
				{n: 19, k: 256, then: kernels.ThenWrite, most: 2e-3},
				{n: 16, k: 2560, then: kernels.ThenWrite, layer: true, bias: true, mean: 3, most: 2e-3},
				{n: 33, k: 1056, then: kernels.ThenGelu, layer: true, bias: true, most: 3e-3},
				{n: 2 * 21, k: 896, then: kernels.ThenSilu, most: 3e-3},
				{n: 2 * 8, k: 2048, then: kernels.ThenSilu, bias: true, layer: true, most: 3e-3},
				{n: (3 + 2) * 24, k: 288, then: kernels.ThenRope, bias: true, h: 3, kv: 1, hd: 24, rot: 24, position: 4, states: 5, most: 2e-3},
				{n: (2 + 4) * 40, k: 320, then: kernels.ThenRope, layer: true, h: 2, kv: 2, hd: 40, rot: 10, states: 3, most: 2e-3},
				{n: (1 + 2) * 8, k: 64, then: kernels.ThenRope, h: 1, kv: 1, hd: 8, position: 1, states: 2, most: 2e-3},
			} {
				c.check(t, r, bits)
			}
		}
	},
}

func (c normed) check(t reporter, r *rig, bits int) {
	t.Helper()
	const eps = 1e-5
	rng := source(uint64(c.n + c.k + bits))
	m, fp16 := newPlaned(rng, c.n, c.k), normal(rng, c.n*c.k, 0, 0.05)
	x, gamma, beta, bias := normal(rng, c.k, c.mean, 1), normal(rng, c.k, 1, 0.1), normal(rng, c.k, 0, 0.1), normal(rng, c.n, 0, 0.5)
	weight, args := func(row, col int) uint16 { return m.at(bits, row, col) }, []any{put(r, m.planes), nil}
	if bits == 16 {
		weight, args = func(row, col int) uint16 { return fp16[row*c.k+col] }, []any{put(r, fp16)}
	} else {
		args[1] = put(r, m.tables[bits])
	}
	var shift, added any
	if c.layer {
		shift = put(r, beta)
	}
	if c.bias {
		added = put(r, bias)
	}
	cs := make([]float32, c.states*c.rot+4)
	for i := range c.rot / 2 {
		sin, cos := math.Sincos(float64(c.position) * math.Pow(10000, -2*float64(i)/float64(c.rot)))
		at := c.position*c.rot + 2*i
		cs[at], cs[at+1] = float32(cos), float32(sin)
	}
	cache := max(1, c.kv*c.states*c.hd)
	y, kc, vc := poison[uint16](r, c.n), poison[uint16](r, cache), poison[uint16](r, cache)
	args = append([]any{y}, args...)
	args = append(args, put(r, x), put(r, gamma), shift, added, kc, vc, put(r, cs), put(r, []uint32{0, uint32(c.position), 0, 0}),
		c.then, c.n, c.k, float32(eps), c.h, c.kv, max(2, c.hd), c.rot, c.states)
	r.run(kernels.NormGemv(bits, c.n, c.k), args...)

	h := c.normalised(wides(x), wides(gamma), wides(beta), eps)
	want := make([]float64, c.n)
	for row := range want {
		for col := range c.k {
			want[row] += wide(weight(row, col)) * h[col]
		}
		if c.bias {
			want[row] += wide(bias[row])
		}
	}
	near(t, fmt.Sprintf("%+v at %d bits", c, bits), c.written(r, y, kc, vc), c.after(want, cs), c.most)
}

// normalised is the norm of x.
func (c normed) normalised(x, gamma, beta []float64, eps float64) []float64 {
	var mean, square float64
	for _, v := range x {
		mean += v / float64(c.k)
	}
	if !c.layer {
		mean = 0
	}
	for _, v := range x {
		square += (v - mean) * (v - mean) / float64(c.k)
	}
	h := make([]float64, c.k)
	for i, v := range x {
		h[i] = (v - mean) / math.Sqrt(square+eps) * gamma[i]
		if c.layer {
			h[i] += beta[i]
		}
	}
	return h
}

// after is what becomes of the results.
func (c normed) after(y []float64, cs []float32) []float64 {
	switch c.then {
	case kernels.ThenSilu:
		for i, g := range y[:c.n/2] {
			y[i] = g / (1 + math.Exp(-g)) * y[c.n/2+i]
		}
		return y[:c.n/2]
	case kernels.ThenGelu:
		for i, v := range y {
			y[i] = 0.5 * v * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v)))
		}
	case kernels.ThenRope:
		for head := range c.h + c.kv {
			for i := range c.rot / 2 {
				at := c.position*c.rot + 2*i
				cos, sin := float64(cs[at]), float64(cs[at+1])
				a, b := &y[head*c.hd+i], &y[head*c.hd+i+c.rot/2]
				*a, *b = *a*cos-*b*sin, *b*cos+*a*sin
			}
		}
	}
	return y
}

// written collects what the kernel wrote: of ThenRope q, then what it appended for each KV head.
func (c normed) written(r *rig, y, kc, vc driver.Pointer) []uint16 {
	switch c.then {
	case kernels.ThenSilu:
		return get[uint16](r, y, c.n/2)
	case kernels.ThenRope:
		have := get[uint16](r, y, c.h*c.hd)
		for _, cache := range []driver.Pointer{kc, vc} {
			all := get[uint16](r, cache, c.kv*c.states*c.hd)
			for head := range c.kv {
				at := (head*c.states + c.position) * c.hd
				have = append(have, all[at:at+c.hd]...)
				for i := range c.states * c.hd {
					if p := head*c.states*c.hd + i; (p < at || p >= at+c.hd) && all[p] != 0xffff {
						r.t.Errorf("%+v: value %d of the cache was written", c, p)
					}
				}
			}
		}
		return have
	}
	return get[uint16](r, y, c.n)
}

// A product that is added to the residual stream is rounded before, as if it were written and added by another kernel.
var productsThatAreAdded = Check{
	Name: "gemv-adds", run: func(t reporter, r *rig) {
		const n, k = 37, 288
		rng := source(5)
		m, fp16 := newPlaned(rng, n, k), normal(rng, n*k, 0, 0.05)
		x, stream, other := put(r, normal(rng, k, 0, 1)), normal(rng, n, 0, 1), normal(rng, n, 0, 1)
		for _, bits := range []int{2, 3, 4, 5, 6, 7, 8, 16} {
			weights := []any{put(r, fp16)}
			if bits < 16 {
				weights = []any{put(r, m.planes), put(r, m.tables[bits])}
			}
			alone := poison[uint16](r, n)
			r.run(kernels.Gemv(bits, n, k), append(append([]any{alone}, weights...), x, nil, nil, nil, n, k)...)
			plain := get[uint16](r, alone, n)
			for _, two := range []bool{false, true} {
				y, add2 := put(r, stream), any(nil)
				if two {
					add2 = put(r, other)
				}
				r.run(kernels.Gemv(bits, n, k), append(append([]any{y}, weights...), x, nil, y, add2, n, k)...)
				for i, got := range get[uint16](r, y, n) {
					sum := float32(wide(stream[i]))
					if two {
						sum += float32(wide(other[i]))
					}
					if want := half(float64(sum + float32(wide(plain[i])))); got != want {
						t.Errorf("%d bits, two %v: row %d is %g, want %g", bits, two, i, wide(got), wide(want))
					}
				}
			}
		}
	},
}
