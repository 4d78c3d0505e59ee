package weights_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/x448/float16"
	"pgregory.net/rapid"

	"github.com/pmpdsim/pmpdsim/gpu/weights"
)

func half(x float64) uint16 { return float16.Fromfloat32(float32(x)).Bits() }

func quantised(t testing.TB, rows, in int, values []uint16) *weights.Matrix {
	t.Helper()
	m := &weights.Matrix{Name: "m", Out: rows, In: in, Half: values}
	if err := m.Quantise(weights.QuantiseOptions{}); err != nil {
		t.Fatal(err)
	}
	return m
}

func normal(seed uint64, n int, scale float64) []uint16 {
	r := rand.New(rand.NewPCG(seed, 0))
	out := make([]uint16, n)
	for i := range out {
		out[i] = half(r.NormFloat64() * scale)
	}
	return out
}

func codesOf(m *weights.Matrix, row, bits int) []uint8 {
	codes := make([]uint8, m.In)
	m.Codes(row, bits, codes)
	return codes
}

// spreadOf is the squared error of values about their mean, in two passes.
func spreadOf(values []float64) float64 {
	mean, sum := 0.0, 0.0
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		sum += (v - mean) * (v - mean)
	}
	return sum
}

// clusters are the values of a row by their codes, ascending within each.
func clusters(m *weights.Matrix, row, bits int) [][]float64 {
	out := make([][]float64, 1<<bits)
	for i, c := range codesOf(m, row, bits) {
		out[c] = append(out[c], value(m.Half[row*m.In+i]))
	}
	for _, c := range out {
		slices.Sort(c)
	}
	return out
}

func total(clusters [][]float64) float64 {
	sum := 0.0
	for _, c := range clusters {
		sum += spreadOf(c)
	}
	return sum
}

// bestOf is the least squared error of sorted values in k clusters: every way to cut them is tried.
func bestOf(values []float64, k int) float64 {
	if k == 1 || len(values) == 0 {
		return spreadOf(values)
	}
	best := math.Inf(1)
	for i := range len(values) + 1 {
		if i > 0 && i < len(values) && values[i-1] == values[i] {
			continue // equal values have one code
		}
		best = min(best, spreadOf(values[:i])+bestOf(values[i:], k-1))
	}
	return best
}

func TestSeedAndSplitsAreTheBestThereAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := 32
		some := rapid.SliceOfN(rapid.OneOf(
			rapid.Map(rapid.IntRange(-4, 4), func(i int) uint16 { return half(float64(i)) }),
			rapid.Map(rapid.Float64Range(-2, 2), half),
			rapid.SampledFrom([]uint16{0x0000, 0x8000, 0x0001, 0x8001, 0x7bff, 0xfbff}),
		), 1, 14).Draw(t, "values")
		row := make([]uint16, in)
		for i := range row {
			row[i] = some[rapid.IntRange(0, len(some)-1).Draw(t, "which")]
		}
		m := &weights.Matrix{Out: 1, In: in, Half: row}
		if err := m.Quantise(weights.QuantiseOptions{}); err != nil {
			t.Fatal(err)
		}
		sorted := slices.Concat(clusters(m, 0, 2)...)
		if !slices.IsSorted(sorted) {
			t.Fatalf("clusters overlap: %v", sorted)
		}
		near := func(got, want float64) bool { return got <= want*(1+1e-9)+1e-12*spreadOf(sorted) }
		if got, want := total(clusters(m, 0, 2)), bestOf(sorted, 4); !near(got, want) {
			t.Fatalf("seed has squared error %g, %g is possible", got, want)
		}
		for n := 2; n < weights.Planes; n++ {
			children := clusters(m, 0, n+1)
			for c, parent := range clusters(m, 0, n) {
				if got, want := total(children[2*c:2*c+2]), bestOf(parent, 2); !near(got, want) {
					t.Fatalf("%d bits: cluster %v is split with squared error %g, %g is possible", n, parent, got, want)
				}
			}
		}
	})
}

func TestLargeRowsAgreeWithDynamicProgramming(t *testing.T) {
	for _, in := range []int{256, 1120} {
		row := normal(uint64(in), in, 0.02)
		m := quantised(t, 1, in, row)
		sorted := slices.Concat(clusters(m, 0, 2)...)
		if got, want := total(clusters(m, 0, 2)), dynamic(sorted, 4); math.Abs(got/want-1) > 1e-9 {
			t.Errorf("%d values: squared error %g, dynamic programming finds %g", in, got, want)
		}
	}
}

// dynamic is the textbook's k-means of sorted values: least error of the first j in k clusters, from that in k-1.
func dynamic(values []float64, k int) float64 {
	n := len(values)
	sum, squares := make([]float64, n+1), make([]float64, n+1)
	for i, v := range values {
		sum[i+1], squares[i+1] = sum[i]+v, squares[i]+v*v
	}
	least := make([]float64, n+1)
	for j := 1; j <= n; j++ {
		least[j] = squares[j] - sum[j]*sum[j]/float64(j)
	}
	for range k - 1 {
		next := make([]float64, n+1)
		for j := 1; j <= n; j++ {
			next[j] = math.Inf(1)
			for i := range j {
				s := sum[j] - sum[i]
				next[j] = min(next[j], least[i]+squares[j]-squares[i]-s*s/float64(j-i))
			}
		}
		least = next
	}
	return least[n]
}

func TestCodesNestAndTablesAreTheMeansOfTheirClusters(t *testing.T) {
	for _, in := range []int{32, 992, 1024, 1056, 4096} {
		const rows = 3
		m := quantised(t, rows, in, normal(uint64(in), rows*in, 0.02))
		for row := range rows {
			all := codesOf(m, row, weights.Planes)
			before := math.Inf(1)
			for n := weights.MinBits; n <= weights.Planes; n++ {
				codes := codesOf(m, row, n)
				for i, c := range all {
					if codes[i] != c>>(weights.Planes-n) {
						t.Fatalf("%d columns, column %d: code %d with %d bits, %d with 8", in, i, codes[i], n, c)
					}
				}
				table := m.Tables[n][row<<n : (row+1)<<n]
				if !slices.IsSortedFunc(table, func(a, b uint16) int { return int(1e6 * (value(a) - value(b))) }) {
					t.Errorf("%d columns, %d bits: the codebook does not ascend", in, n)
				}
				parts := clusters(m, row, n)
				for c, values := range parts {
					mean := 0.0
					for _, v := range values {
						mean += v / float64(len(values))
					}
					if got := value(table[c]); len(values) > 0 && math.Abs(got-mean) > math.Abs(mean)/2048+1e-7 {
						t.Errorf("%d columns, %d bits: code %d is %g, the mean of its values %g", in, n, c, got, mean)
					} else if n > weights.MinBits && len(values) == 0 && table[c] != m.Tables[n-1][row<<(n-1)+c/2] {
						t.Errorf("%d columns, %d bits: empty code %d is %g", in, n, c, got)
					}
				}
				if e := total(parts); e >= before && before > 0 {
					t.Errorf("%d columns, %d bits: squared error %g, %g with one fewer", in, n, e, before)
				} else {
					before = e
				}
			}
		}
	}
}

func TestRowsOfFewValuesAreExactAtTheBitsThatCountThem(t *testing.T) {
	for name, values := range map[string][]float64{
		"one": {0.3}, "zero": {0, math.Copysign(0, -1)}, "two": {-1, 2}, "four": {-1, 0, 0.5, 7}, "extremes": {-65504, 65504, 1e-7},
	} {
		row := make([]uint16, 64)
		for i := range row {
			row[i] = half(values[i*i%len(values)])
		}
		m := quantised(t, 1, len(row), row)
		got := make([]uint16, len(row))
		for n := weights.MinBits; n <= weights.Planes; n++ {
			m.Row(0, n, make([]uint8, len(row)), got)
			for i := range row {
				if value(got[i]) != value(row[i]) {
					t.Errorf("%s: %g became %g with %d bits", name, value(row[i]), value(got[i]), n)
				}
			}
			for c, h := range m.Tables[n] {
				if float16.Frombits(h).IsNaN() || float16.Frombits(h).IsInf(0) {
					t.Errorf("%s: code %d of %d bits is not finite", name, c, n)
				}
			}
		}
	}
}

// The documented place of each column, word by word.
func TestPlanesLieAsDocumented(t *testing.T) {
	for in := 32; in <= 11008; in += 32 * (1 + in/300) {
		const rows = 2
		m := quantised(t, rows, in, normal(uint64(in), rows*in, 1))
		for row := range rows {
			codes := codesOf(m, row, weights.Planes)
			for word := range in / 32 {
				group, l := word/32, word%32
				lanes := min(32, in/32-32*group)
				for p := range 32 {
					column := 1024*group + p/8*8*lanes + 8*l + p%8
					bit := 16*(p/4%2) + 4*(p%4) + p/8
					for j := range weights.Planes {
						got := m.Planes[(j*rows+row)*in/32+word] >> bit & 1
						if want := uint32(codes[column]) >> (7 - j) & 1; got != want {
							t.Fatalf("%d columns: plane %d, word %d, bit %d is %d, the code of column %d is %08b", in, j, word, bit, got,
								column, codes[column])
						}
					}
				}
			}
		}
	}
}

func TestQuantiserDoesNotHangOnWorkers(t *testing.T) {
	values := normal(1, 37*96, 1)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	a := quantised(t, 37, 96, values)
	runtime.GOMAXPROCS(5)
	if b := quantised(t, 37, 96, values); !reflect.DeepEqual(a, b) {
		t.Error("5 workers yield other planes than 1")
	}
}

func TestQuantiserRefusesWhatIsNotFinite(t *testing.T) {
	values := normal(1, 3*64, 1)
	values[64+5] = 0xfc00
	m := &weights.Matrix{Out: 3, In: 64, Half: values}
	if err := m.Quantise(weights.QuantiseOptions{}); err == nil || !strings.Contains(err.Error(), "row 1 has a value that is not finite in column 5") {
		t.Errorf("got %v", err)
	}
	for _, m := range []*weights.Matrix{{Out: 1, In: 40, Half: values[:40]}, {Out: 2, In: 32, Half: values[:32]}, {Out: 1}} {
		if err := m.Quantise(weights.QuantiseOptions{}); err == nil || !strings.Contains(err.Error(), "accepted: all of them, and columns in multiples of 32") {
			t.Errorf("%d of %dx%d: %v", len(m.Half), m.Out, m.In, err)
		}
	}
}

// The figures of the comment of Quantise.
func TestErrorsOnNormalRows(t *testing.T) {
	const in, rows = 4096, 8
	said := map[int][2]float64{2: {0.12, 0.47}, 3: {0.034, 0.085}, 4: {0.0094, 0.018}, 5: {0.0024, 0.0043}, 6: {0.00059, 0.0010},
		7: {0.00014, 0.00026}, 8: {0.000031, 0.000064}}
	m := quantised(t, rows, in, normal(9, rows*in, 0.02))
	got := make([]uint16, in)
	for n := weights.MinBits; n <= weights.Planes; n++ {
		nested, uniform, variance := 0.0, 0.0, 0.0
		for row := range rows {
			values := m.Half[row*in : (row+1)*in]
			m.Row(row, n, make([]uint8, in), got)
			least, largest := math.Inf(1), math.Inf(-1)
			for _, h := range values {
				least, largest = min(least, value(h)), max(largest, value(h))
			}
			step := (largest - least) / float64(int(1)<<n-1)
			for i, h := range values {
				v := value(h)
				u := least + step*math.Round((v-least)/step)
				nested += (v - value(got[i])) * (v - value(got[i]))
				uniform += (v - u) * (v - u)
				variance += v * v
			}
		}
		nested, uniform = nested/variance, uniform/variance
		if math.Abs(nested/said[n][0]-1) > 0.06 || math.Abs(uniform/said[n][1]-1) > 0.06 {
			t.Errorf("%d bits: squared error %.2g, %.2g when rounded to uniform steps; want %g and %g", n, nested, uniform, said[n][0], said[n][1])
		}
	}
}

func BenchmarkQuantise(b *testing.B) {
	for _, in := range []int{2048, 4096, 11008} {
		b.Run(fmt.Sprint(in), func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			const rows = 64
			m := &weights.Matrix{Out: rows, In: in, Half: normal(1, rows*in, 0.02)}
			n := 0
			for b.Loop() {
				if err := m.Quantise(weights.QuantiseOptions{}); err != nil {
					b.Fatal(err)
				}
				n += rows
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(n*in)/1e6/b.Elapsed().Seconds(), "Mweights/s")
		})
	}
}
