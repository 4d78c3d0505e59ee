//go:build cuda

package check

import (
	"fmt"
	"math"
	"slices"

	"github.com/pmpdsim/pmpdsim/gpu/kernels"
)

var embedCopiesRows = Check{
	Name: "embed", run: func(t reporter, r *rig) {
		for _, d := range []int{32, 896, 2560} {
			const vocab = 50
			table, ids := normal(source(1), vocab*d, 0, 1), []uint32{7, 49, 0, 7}
			x := poison[uint16](r, len(ids)*d)
			r.run(kernels.Embed(d, len(ids)), x, put(r, table), put(r, ids), d)
			var want []uint16
			for _, id := range ids {
				want = append(want, table[int(id)*d:int(id+1)*d]...)
			}
			if !slices.Equal(get[uint16](r, x, len(want)), want) {
				t.Errorf("d %d: not the rows of the table", d)
			}
		}
	},
}

var normAddsThenNormalises = Check{
	Name: "norm", run: func(t reporter, r *rig) {
		for _, d := range []int{256, 896, 2048, 2560, 4864} {
			for adds := range 3 {
				for _, layer := range []bool{false, true} {
					normCase{d: d, rows: 3, adds: adds, layer: layer, deviation: 1}.check(t, r)
				}
			}
		}
		// a mean of 1,000 deviations: the square of the mean is past binary32's resolution of the variance
		normCase{d: 2048, rows: 1, layer: true, mean: 100, deviation: 0.1}.check(t, r)
	},
}

type normCase struct {
	d, rows, adds   int
	layer           bool
	mean, deviation float64
}

func (c normCase) check(t reporter, r *rig) {
	t.Helper()
	const eps = 1e-5
	rng := source(uint64(c.d + c.adds))
	x, gamma, beta := normal(rng, c.rows*c.d, c.mean, c.deviation), normal(rng, c.d, 1, 0.1), normal(rng, c.d, 0, 0.1)
	sum := wides(x)
	adds := []any{nil, nil}
	for i := range c.adds {
		a := normal(rng, len(x), 0, 1)
		adds[i] = put(r, a)
		for j := range sum {
			sum[j] = float64(float32(sum[j]) + float32(wide(a[j]))) // sums are binary32 until they are rounded
		}
	}
	var shift any
	if c.layer {
		shift = put(r, beta)
	}
	dx, dy := put(r, x), poison[uint16](r, len(x))
	r.run(kernels.Norm(c.rows), dy, dx, adds[0], adds[1], put(r, gamma), shift, c.d, float32(eps))
	what := fmt.Sprintf("%+v", c)
	residual := get[uint16](r, dx, len(x))
	want := make([]float64, len(x))
	for row := range c.rows {
		at := row * c.d
		var mean, square float64
		for i := range c.d {
			if residual[at+i] != half(sum[at+i]) {
				t.Fatalf("%s: residual %d is %g, want %g", what, at+i, wide(residual[at+i]), sum[at+i])
			}
			mean += wide(residual[at+i]) / float64(c.d)
		}
		if !c.layer {
			mean = 0
		}
		for i := range c.d {
			square += math.Pow(wide(residual[at+i])-mean, 2) / float64(c.d)
		}
		for i := range c.d {
			want[at+i] = (wide(residual[at+i]) - mean) / math.Sqrt(square+eps) * wide(gamma[i])
			if c.layer {
				want[at+i] += wide(beta[i])
			}
		}
	}
	near(t, what, get[uint16](r, dy, len(x)), want, 5e-4)
}

var ropeTurnsAndAppends = Check{
	Name: "rope", run: func(t reporter, r *rig) {
		for _, c := range []struct{ h, kv, hd, rot, rows, past int }{
			{8, 8, 64, 64, 1, 0}, {8, 2, 128, 128, 5, 3}, {4, 4, 80, 20, 2, 6}, {14, 2, 64, 64, 1, 11}, {3, 1, 96, 24, 7, 1}, {2, 1, 40, 0, 1, 2},
		} {
			const tmax = 12
			width := (c.h + 2*c.kv) * c.hd
			qkv := normal(source(uint64(c.hd)), c.rows*width, 0, 1)
			cs := make([]float32, tmax*c.rot+4)
			for p := range tmax {
				for i := range c.rot / 2 {
					s, cos := math.Sincos(float64(p) * math.Pow(10000, -2*float64(i)/float64(c.rot)))
					cs[p*c.rot+2*i], cs[p*c.rot+2*i+1] = float32(cos), float32(s)
				}
			}
			cache := c.kv * tmax * c.hd
			dq, dk, dv := put(r, qkv), poison[uint16](r, cache), poison[uint16](r, cache)
			r.run(kernels.RopeAppend(c.h, c.kv, c.hd, c.rows), dq, dk, dv, put(r, cs), put(r, []uint32{0, uint32(c.past), 0, 0}),
				c.h, c.kv, c.hd, c.rot, tmax)
			got, k, v := get[uint16](r, dq, len(qkv)), get[uint16](r, dk, cache), get[uint16](r, dv, cache)
			var have []uint16
			var want []float64
			written := 0
			for row := range c.rows {
				pos := c.past + row
				for head := range c.h + 2*c.kv {
					in := wides(qkv[row*width+head*c.hd:][:c.hd])
					out := slices.Clone(in)
					for i := range c.rot / 2 {
						co, si := float64(cs[pos*c.rot+2*i]), float64(cs[pos*c.rot+2*i+1])
						if j := i + c.rot/2; head < c.h+c.kv {
							out[i], out[j] = in[i]*co-in[j]*si, in[j]*co+in[i]*si
						}
					}
					want = append(want, out...)
					switch {
					case head < c.h:
						have = append(have, got[row*width+head*c.hd:][:c.hd]...)
					case head < c.h+c.kv:
						have = append(have, k[((head-c.h)*tmax+pos)*c.hd:][:c.hd]...)
						written += c.hd
					default:
						have = append(have, v[((head-c.h-c.kv)*tmax+pos)*c.hd:][:c.hd]...)
					}
				}
			}
			near(t, fmt.Sprintf("%+v", c), have, want, 4e-4)
			untouched := 0
			for _, x := range k {
				if x == 0xffff {
					untouched++
				}
			}
			if untouched != cache-written {
				t.Errorf("%+v: %d of the cache's keys were left alone, want %d", c, untouched, cache-written)
			}
		}
	},
}

var activations = Check{
	Name: "activations", run: func(t reporter, r *rig) {
		for _, n := range []int{768, 4864, 5632} {
			const rows = 2
			in := normal(source(3), rows*2*n, 0, 2)
			for i, v := range []float64{-65504, -100, -20, 0, 20, 100, 240} { // far out: neither NaN nor infinite
				in[i] = half(v)
			}
			dy := poison[uint16](r, rows*n)
			r.run(kernels.SiluMul(n, rows), dy, put(r, in), n)
			want := make([]float64, rows*n)
			for row := range rows {
				for i := range n {
					g, u := wide(in[row*2*n+i]), wide(in[row*2*n+n+i])
					want[row*n+i] = g / (1 + math.Exp(-g)) * u
				}
			}
			near(t, fmt.Sprintf("silu·up of %d", n), get[uint16](r, dy, rows*n), want, 5e-4)
			dy = poison[uint16](r, rows*n)
			r.run(kernels.Gelu(n, rows), dy, put(r, in[:rows*n]), n)
			for i := range want {
				x := wide(in[i])
				want[i] = 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
			}
			near(t, fmt.Sprintf("gelu of %d", n), get[uint16](r, dy, rows*n), want, 5e-4)
		}
	},
}

var copyCopies = Check{
	Name: "copy", run: func(t reporter, r *rig) {
		for _, n := range []int{1, 255, 5000, 20000} { // of 16 bytes; 20,000: the loop of four loads
			in := normal(source(9), 8*n, 0, 1)
			to := poison[uint16](r, 8*n)
			r.run(kernels.Copy(1), to, put(r, in), n)
			if !slices.Equal(get[uint16](r, to, 8*n), in) {
				t.Errorf("%d: not a copy", n)
			}
		}
		r.run(kernels.Empty())
	},
}
