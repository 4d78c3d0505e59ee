//go:build cuda

package check

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/pmpdsim/pmpdsim/gpu/kernels"
)

// planed is a matrix as gpu/weights lays it out, made by the words of its package comment and not by its code.
type planed struct {
	n, k   int
	codes  []uint8
	planes []uint32
	tables [9][]uint16
}

func newPlaned(rng *rand.Rand, n, k int) *planed {
	m := &planed{n: n, k: k, codes: make([]uint8, n*k), planes: make([]uint32, 8*n*k/32)}
	for i := range m.codes {
		m.codes[i] = uint8(rng.Uint32())
	}
	for row := range n {
		for group := 0; group*1024 < k; group++ {
			lanes := min(32, (k-group*1024)/32)
			for lane := range lanes {
				for p := range 32 {
					code := m.codes[row*k+1024*group+p/8*8*lanes+8*lane+p%8]
					for j := range 8 {
						m.planes[(j*n+row)*(k/32)+group*32+lane] |= uint32(code>>(7-j)&1) << (16*(p/4%2) + 4*(p%4) + p/8)
					}
				}
			}
		}
	}
	for bits := 2; bits <= 8; bits++ {
		m.tables[bits] = normal(rng, n<<bits, 0, 0.02)
	}
	return m
}

// at is a weight at a precision, binary16.
func (m *planed) at(bits, row, col int) uint16 {
	return m.tables[bits][row<<bits+int(m.codes[row*m.k+col]>>(8-bits))]
}

var productShapes = []struct{ n, k int }{{19, 32}, {9, 256}, {33, 896}, {24, 2048}, {17, 2560}, {5, 4864}, {8, 5632}, {7, 1056}, {6, 9856}}

var gemvAtEveryPrecision = Check{
	Name: "gemv", run: func(t reporter, r *rig) {
		for i, s := range productShapes {
			rng := source(uint64(i))
			m, x, bias := newPlaned(rng, s.n, s.k), normal(rng, s.k, 0, 1), normal(rng, s.n, 0, 0.5)
			fp16 := normal(rng, s.n*s.k, 0, 0.02)
			planes, dx := put(r, m.planes), put(r, x)
			for _, bits := range []int{2, 3, 4, 5, 6, 7, 8, 16} {
				weight := func(row, col int) uint16 { return fp16[row*s.k+col] }
				args := []any{put(r, fp16)}
				if bits < 16 {
					weight = func(row, col int) uint16 { return m.at(bits, row, col) }
					args = []any{planes, put(r, m.tables[bits])}
				}
				want := make([]float64, s.n)
				for row := range want {
					for col := range s.k {
						want[row] += wide(weight(row, col)) * wide(x[col])
					}
				}
				for _, biased := range []bool{false, true} {
					var b any
					if biased {
						b = put(r, bias)
						for row := range want {
							want[row] += wide(bias[row])
						}
					}
					y := poison[uint16](r, s.n)
					r.run(kernels.Gemv(bits, s.n, s.k), append(append([]any{y}, args...), dx, b, nil, nil, s.n, s.k)...)
					near(t, fmt.Sprintf("%dx%d at %d bits, bias %v", s.n, s.k, bits, biased), get[uint16](r, y, s.n), want, 1.5e-3)
				}
			}
		}
	},
}

var dequantIsExact = Check{
	Name: "dequant", run: func(t reporter, r *rig) {
		for i, s := range productShapes {
			m := newPlaned(source(uint64(i)), s.n, s.k)
			planes := put(r, m.planes)
			for bits := 2; bits <= 8; bits++ {
				out := poison[uint16](r, s.n*s.k)
				r.run(kernels.Dequant(s.n), out, planes, put(r, m.tables[bits]), bits, s.n, s.k)
				var want []uint16
				for row := range s.n {
					for col := range s.k {
						want = append(want, m.at(bits, row, col))
					}
				}
				if !slices.Equal(get[uint16](r, out, len(want)), want) {
					t.Errorf("%dx%d at %d bits: not the table's values", s.n, s.k, bits)
				}
			}
		}
	},
}

var gemmWithTails = Check{
	Name: "gemm", run: func(t reporter, r *rig) {
		for i, s := range []struct{ m, n, k int }{{1, 1, 32}, {5, 17, 64}, {64, 64, 96}, {65, 130, 256}, {129, 127, 160}} {
			rng := source(uint64(i))
			a, b, bias := normal(rng, s.m*s.k, 0, 1), normal(rng, s.n*s.k, 0, 0.1), normal(rng, s.n, 0, 1)
			want := make([]float64, s.m*s.n)
			wa, wb := wides(a), wides(b)
			for y := range s.m {
				for x := range s.n {
					for k := range s.k {
						want[y*s.n+x] += wa[y*s.k+k] * wb[x*s.k+k]
					}
				}
			}
			da, db := put(r, a), put(r, b)
			for _, large := range []bool{false, true} {
				l := kernels.Gemm(s.m, s.n)
				var with any
				if large { // as for a product with many tiles, and this once with a bias
					l = kernels.Gemm(128*128, 128)
					l.Grid = [3]int{(s.m + 127) / 128, (s.n + 127) / 128, 1}
					with = put(r, bias)
					for j := range want {
						want[j] += wide(bias[j%s.n])
					}
				}
				c := poison[uint16](r, s.m*s.n)
				r.run(l, c, da, db, with, s.m, s.n, s.k)
				near(t, fmt.Sprintf("%s %+v", l.Kernel, s), get[uint16](r, c, s.m*s.n), want, 5e-4)
			}
		}
	},
}
