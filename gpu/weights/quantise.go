package weights

import (
	"fmt"
	"math"
	"math/bits"
)

// The seeds that a quantiser may begin with. Any-Precision's default is 3 bits (its paper, section 3.2), and PMPD's checkpoints
// have 2 (fwtan/any-precision-llm, pmpd_bench.sh: anyprec-…-w4_orig2), the fewest that PMPD runs.
const (
	MinSeed = 2
	MaxSeed = 3
)

// QuantiseOptions say how a matrix is quantised. The zero value: from a seed of 2 bits, all weights alike.
type QuantiseOptions struct {
	Seed int // bits of the seed, MinSeed to MaxSeed; 0: MinSeed
	// Sensitivities, [Out][In], say how much the square of each weight's error counts: numbers that are finite and not negative.
	// Only their ratios within a row matter, so a tensor may have any scale. A row of zeros, and nil, count all alike.
	Sensitivities []float32
}

// Quantise makes planes and codebooks of the fp16 values, each row by itself. Those that are not finite are an error.
//
// As in Any-Precision LLM (section 3.2; SNU-ARC/any-precision-llm, quantization/quantize.py), a seed of few bits comes first
// and every further bit splits each cluster in two, so that the codes nest. Seed and splits are each the best possible in
// squared error, weighed by the sensitivities: splits are so there, too, and its seed is what 50 rounds of Lloyd's algorithm
// find. Codebooks are weighed means, so the error falls with every bit. Weights that are 0 count there for nothing, as they are
// outliers that were taken out; here they count as others do.
//
// A seed of 3 bits has 2-bit codes, too, which Any-Precision has not: the code of 2 bits is that of 3 without its last bit,
// and as codes ascend with the values, the eight clusters fall into four pairs of neighbours in one way. That costs at 2 bits
// and gains at 3.
//
// On rows of 4,096 normal values, in squared error over variance, beside rounding to 2^n uniform steps between the least
// and the largest value:
//
//	bits            2     3      4       5       6        7        8
//	seed of 2 bits  0.12  0.034  0.0094  0.0024  0.00059  0.00014  0.000031
//	uniform         0.47  0.085  0.018   0.0043  0.0010   0.00026  0.000064
func (m *Matrix) Quantise(o QuantiseOptions) error {
	if o.Seed == 0 {
		o.Seed = MinSeed
	}
	switch {
	case m.In < lane || m.In%lane != 0 || len(m.Half) != m.Out*m.In:
		return fmt.Errorf("%d values of %d rows of %d columns; accepted: all of them, and columns in multiples of %d", len(m.Half), m.Out,
			m.In, lane)
	case o.Seed < MinSeed || o.Seed > MaxSeed:
		return fmt.Errorf("a seed of %d bits; accepted: %d to %d", o.Seed, MinSeed, MaxSeed)
	case o.Sensitivities != nil && len(o.Sensitivities) != len(m.Half):
		return fmt.Errorf("%d sensitivities of %d weights; accepted: one for each", len(o.Sensitivities), len(m.Half))
	}
	m.allocate()
	return split(m.Out, 1, func(from, to int) error {
		q := newQuantiser(m.In, o.Seed)
		codes := make([]uint8, m.In)
		for row := from; row < to; row++ {
			at := row * m.In
			if bad := q.put(m.Half[at : at+m.In]); bad >= 0 {
				return fmt.Errorf("row %d has a value that is not finite in column %d", row, bad)
			}
			if o.Sensitivities != nil {
				if bad := q.weigh(o.Sensitivities[at : at+m.In]); bad >= 0 {
					return fmt.Errorf("row %d has the sensitivity %g in column %d; accepted: a finite number that is not negative", row,
						o.Sensitivities[at+bad], bad)
				}
			}
			q.row(codes)
			m.pack(row, codes)
			for n := MinBits; n <= Planes; n++ {
				copy(m.Tables[n][row<<n:], q.tables[n])
			}
		}
		return nil
	})
}

// quantiser clusters the values of one row after the other. Values are binary16, so there are few distinct ones: what each
// counts for is added up, and clusters are intervals of their order.
type quantiser struct {
	seedBits int
	tables   [Planes + 1][]uint16

	row16  []uint16 // the row by order, see order
	counts []int64  // what each column counts for; 1 where nobody has weighed them
	ones   []int64

	masses  [1 << 16]int64 // what each order counts for; all 0 between rows
	present [1 << 10]uint64
	codes   [1 << 16]uint8

	orders  []uint16  // distinct ones, ascending
	mass    []float64 // what each counts for
	moment  []float64 // that times its value
	up      sums      // from the least value
	down    sums      // from the largest
	between [2][]int  // clusters: cluster c is from between[c] to between[c+1]
}

func newQuantiser(columns, seed int) *quantiser {
	q := &quantiser{seedBits: seed, row16: make([]uint16, columns), counts: make([]int64, columns), ones: make([]int64, columns)}
	for i := range q.ones {
		q.ones[i] = 1
	}
	for n := MinBits; n <= Planes; n++ {
		q.tables[n] = make([]uint16, 1<<n)
	}
	for i := range q.between {
		q.between[i] = make([]int, 1<<Planes+1)
	}
	return q
}

// order maps binary16 to integers in the order of the values; -0 is 0.
func order(h uint16) uint16 {
	if h&0x8000 == 0 || h == 0x8000 {
		return h | 0x8000
	}
	return ^h
}

// unorder is the inverse of order.
func unorder(o uint16) uint16 {
	if o&0x8000 != 0 {
		return o &^ 0x8000
	}
	return ^o
}

// put takes the values of a row, which count alike until they are weighed. It returns the column of one that is not finite, or -1.
func (q *quantiser) put(values []uint16) int {
	for i, h := range values {
		if h&0x7c00 == 0x7c00 {
			return i
		}
		q.row16[i] = order(h)
	}
	copy(q.counts, q.ones)
	return -1
}

// most is what the most sensitive weight of a row counts for. The others count in proportion, as integers, so that sums of
// them are exact (2^30 times the 2^23 columns that fit float64's 53 bits). None counts for nothing: a weight that calibration
// never used, or less than that share, has the least say, and a row of such counts them alike.
const most = 1 << 30

// weigh makes sensitivities what the columns count for. It returns the column of one that is not accepted, or -1.
func (q *quantiser) weigh(sensitivities []float32) int {
	largest := 0.0
	for i, s := range sensitivities {
		v := float64(s)
		if !(v >= 0) || math.IsInf(v, 1) {
			return i
		}
		largest = max(largest, v)
	}
	if largest == 0 {
		return -1
	}
	for i, s := range sensitivities {
		q.counts[i] = max(1, int64(math.Round(float64(s)/largest*most)))
	}
	return -1
}

// row clusters the row: codes of 8 bits, one per column, and the tables.
func (q *quantiser) row(codes []uint8) {
	for i, o := range q.row16 {
		q.masses[o] += q.counts[i]
		q.present[o/64] |= 1 << (o % 64)
	}
	q.count()
	from, to := q.between[0], q.between[1]
	q.seed(from)
	for n := MinBits; n < q.seedBits; n++ { // fewer bits than the seed's: neighbours together
		for c := range 1<<n + 1 {
			to[c] = from[c<<(q.seedBits-n)]
		}
		q.entries(n, to)
	}
	q.entries(q.seedBits, from)
	for n := q.seedBits; n < Planes; n++ {
		for c := range 1 << n {
			to[2*c], to[2*c+1] = from[c], q.divide(from[c], from[c+1])
		}
		to[2<<n] = len(q.orders)
		q.entries(n+1, to)
		from, to = to, from
	}
	for c := range 1 << Planes {
		for _, o := range q.orders[from[c]:from[c+1]] {
			q.codes[o] = uint8(c)
		}
	}
	for i, o := range q.row16 {
		codes[i] = q.codes[o]
	}
}

// count lists the distinct values and their sums.
func (q *quantiser) count() {
	q.orders, q.mass, q.moment = q.orders[:0], q.mass[:0], q.moment[:0]
	for i, word := range q.present {
		for ; word != 0; word &= word - 1 {
			o := uint16(64*i + bits.TrailingZeros64(word))
			mass := float64(q.masses[o])
			q.masses[o] = 0
			q.orders, q.mass = append(q.orders, o), append(q.mass, mass)
			q.moment = append(q.moment, float64(mass*value(unorder(o))))
		}
		q.present[i] = 0
	}
	all := len(q.orders)
	q.up.size(all, q.seedBits)
	q.down.size(all, q.seedBits)
	for i := range all {
		q.up.add(i, q.mass[i], q.moment[i])
		q.down.add(i, q.mass[all-1-i], q.moment[all-1-i])
	}
}

// entries fills the codebook of n bits with means. An empty cluster has the entry of the one it was split from; the narrowest
// ones, which were split from none, the value beside it.
func (q *quantiser) entries(n int, between []int) {
	for c := range 1 << n {
		from, to := between[c], between[c+1]
		switch {
		case from < to:
			mass, moment := q.total(from, to)
			q.tables[n][c] = half(moment / mass)
		case n > MinBits:
			q.tables[n][c] = q.tables[n-1][c/2]
		default:
			q.tables[n][c] = unorder(q.orders[min(from, len(q.orders)-1)])
		}
	}
}
