package array

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// The array register by register: an oracle that knows no formula. Values move by one PE a cycle, and a product counts
// as done in the cycle in which its last sum has left; the sums must be the product of the matrices.

// grid is the matrix of registers of one kind.
func grid(rows, cols int) [][]int {
	g := make([][]int, rows)
	for i := range g {
		g[i] = make([]int, cols)
	}
	return g
}

func at(m [][]int, i, j int) int {
	if i >= 0 && i < len(m) && j >= 0 && j < len(m[i]) {
		return m[i][j]
	}
	return 0 // beyond the edge: a PE without work
}

// plane is bit p of a weight.
func plane(weight, p int) int { return weight >> p & 1 }

// stationary holds blocks of held (K × N) in a rows×cols array, streams the rows of passing (T × K) past them plane by
// plane, and adds the sums of the folds of K below the columns. It returns T × N sums and the cycles.
func stationary(rows, cols, planes int, held, passing [][]int, mul func(held, passing, p int) int) ([][]int, unit.Cycles) {
	k, n, length := len(held), len(held[0]), len(passing)
	out := grid(length, n)
	var cycles unit.Cycles
	for c0 := 0; c0 < n; c0 += cols {
		for r0 := 0; r0 < k; r0 += rows {
			weights := grid(rows, cols)
			for i := range rows { // in at the top, the lowest row first
				copy(weights[1:], slices.Clone(weights[:rows-1]))
				weights[0] = make([]int, cols)
				for c := range cols {
					weights[0][c] = at(held, r0+rows-1-i, c0+c)
				}
				cycles++
			}
			sums, step := grid(rows, cols), 0
			for left := length * planes * cols; left > 0; step++ {
				next := grid(rows, cols)
				for r := range rows {
					for c := range cols {
						s := step - r - c // what this PE sees now entered row 0 of column 0 so long ago
						next[r][c] = at(sums, r-1, c)
						if s >= 0 && s < length*planes {
							next[r][c] += mul(weights[r][c], at(passing, s%length, r0+r), s/length)
						}
					}
				}
				sums = next
				for c := range cols { // out at the bottom
					if s := step - (rows - 1) - c; s >= 0 && s < length*planes {
						if left--; c0+c < n {
							out[s%length][c0+c] += sums[rows-1][c] << (s / length)
						}
					}
				}
				cycles++
			}
		}
	}
	return out, cycles
}

// outputs keeps sums in the PEs: left (M × K) enters from the left and top (K × N) from above, K by K and plane by
// plane, and the sums are shifted out below.
func outputs(rows, cols, planes int, left, top [][]int) ([][]int, unit.Cycles) {
	m, k, n := len(left), len(top), len(top[0])
	out := grid(m, n)
	var cycles unit.Cycles
	for c0 := 0; c0 < n; c0 += cols {
		for r0 := 0; r0 < m; r0 += rows {
			sums := grid(rows, cols)
			for step, todo := 0, k*planes*rows*cols; todo > 0; step++ {
				for r := range rows {
					for c := range cols {
						if s := step - r - c; s >= 0 && s < k*planes {
							sums[r][c] += at(left, r0+r, s/planes) * plane(at(top, s/planes, c0+c), s%planes) << (s % planes)
							todo--
						}
					}
				}
				cycles++
			}
			for i := range rows {
				for c := range cols {
					if r := r0 + rows - 1 - i; r < m && c0+c < n {
						out[r][c0+c] = sums[rows-1][c]
					}
				}
				copy(sums[1:], slices.Clone(sums[:rows-1]))
				cycles++
			}
		}
	}
	return out, cycles
}

func transposed(m [][]int) [][]int {
	t := grid(len(m[0]), len(m))
	for i := range m {
		for j := range m[i] {
			t[j][i] = m[i][j]
		}
	}
	return t
}

func TestProductsTakeTheCyclesOfTheRegisters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side := func(name string, most int) int { return rapid.IntRange(1, most).Draw(t, name) }
		r, c, planes := side("rows", 5), side("cols", 5), side("planes", 3)
		m, n, k := side("M", 9), side("N", 9), side("K", 9)
		x, w := grid(m, k), grid(k, n)
		for i := range k {
			for j := range m {
				x[j][i] = rapid.IntRange(-9, 9).Draw(t, "activation")
			}
			for j := range n {
				w[i][j] = rapid.IntRange(0, 1<<planes-1).Draw(t, "weight")
			}
		}
		want := grid(m, n)
		for i := range m {
			for j := range n {
				for l := range k {
					want[i][j] += x[i][l] * w[l][j]
				}
			}
		}
		for _, flow := range config.Dataflows() {
			var got [][]int
			var cycles unit.Cycles
			switch flow {
			case config.WeightStationary:
				got, cycles = stationary(r, c, planes, w, x, func(held, passing, p int) int { return plane(held, p) * passing })
			case config.OutputStationary:
				got, cycles = outputs(r, c, planes, x, w)
			case config.InputStationary:
				got, cycles = stationary(r, c, planes, transposed(x), transposed(w), func(held, passing, p int) int { return held * plane(passing, p) })
				got = transposed(got)
			}
			if !slices.EqualFunc(got, want, func(a, b []int) bool { return slices.Equal(a, b) }) {
				t.Fatalf("%s: got %v, want %v", flow, got, want)
			}
			a, err := NewArray(machine(config.BitSerialWeight, func(m *config.Config) {
				m.Array.Dataflow, m.Array.Rows, m.Array.Cols, m.Array.BitsPerCycle, m.Array.DoubleBuffer = flow, r, c, 1, false
			}))
			if err != nil {
				t.Fatal(err)
			}
			if model := a.Cycles(isa.Work{M: m, N: n, K: k, Repeat: 1, Bits: unit.Bits(planes)}); model != cycles {
				t.Fatalf("%s: %d cycles, the registers take %d", flow, model, cycles)
			}
		}
	})
}
