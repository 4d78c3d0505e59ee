package weights

import (
	"fmt"
	"math/bits"
)

// Quantise makes planes and codebooks of the fp16 values, each row by itself. Those that are not finite are an error.
//
// As in Any-Precision LLM, a seed of few bits comes first and every further bit splits each cluster in two, so that the
// codes nest. Seed and splits are each the best possible in squared error of the values (Any-Precision weighs the values by
// the gradients on calibration text, which a simulator's user has not). Codebooks are means, so the error falls with every bit.
//
// On rows of 4,096 normal values, in squared error over variance, beside rounding to 2^n uniform steps between the least
// and the largest value:
//
//	bits      2     3      4       5       6        7        8
//	nested    0.12  0.034  0.0094  0.0024  0.00059  0.00014  0.000031
//	uniform   0.47  0.085  0.018   0.0043  0.0010   0.00026  0.000064
func (m *Matrix) Quantise() error {
	if m.In < lane || m.In%lane != 0 || len(m.Half) != m.Out*m.In {
		return fmt.Errorf("%d values of %d rows of %d columns; accepted: all of them, and columns in multiples of %d", len(m.Half), m.Out,
			m.In, lane)
	}
	m.allocate()
	return split(m.Out, 1, func(from, to int) error {
		q := newQuantiser(m.In)
		codes := make([]uint8, m.In)
		for row := from; row < to; row++ {
			if at := q.row(m.Half[row*m.In:(row+1)*m.In], codes); at >= 0 {
				return fmt.Errorf("row %d has a value that is not finite in column %d", row, at)
			}
			m.pack(row, codes)
			for n := MinBits; n <= Planes; n++ {
				copy(m.Tables[n][row<<n:], q.tables[n])
			}
		}
		return nil
	})
}

// quantiser clusters the values of one row after the other. Values are binary16, so there are few distinct ones: they are
// counted, and clusters are intervals of their order.
type quantiser struct {
	tables [Planes + 1][]uint16

	counts  [1 << 16]int32 // by order, see order; all 0 between rows
	present [1 << 10]uint64
	codes   [1 << 16]uint8

	orders []uint16  // distinct ones, ascending
	up     sums      // from the least value
	down   sums      // from the largest
	inv    []float64 // 1/n
	bounds [2][]int  // of clusters: cluster c is bounds[c] to bounds[c+1]
}

// sums are over the first i distinct values, each as often as it stands in the row.
type sums struct {
	n    []int32
	sum  []float64 // exact: multiples of 2^-24 below 2^29
	one  []float64 // gain of all of them as one cluster, see gain
	best []float64 // gain of the best two clusters of them
}

func newQuantiser(columns int) *quantiser {
	q := &quantiser{inv: make([]float64, columns+1)}
	for i := range q.inv {
		q.inv[i] = 1 / float64(max(1, i))
	}
	for n := MinBits; n <= Planes; n++ {
		q.tables[n] = make([]uint16, 1<<n)
	}
	for i := range q.bounds {
		q.bounds[i] = make([]int, 1<<Planes+1)
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

// row clusters a row: codes of 8 bits, one per column, and the tables. It returns the column of a value that is not finite,
// or -1.
func (q *quantiser) row(values []uint16, codes []uint8) int {
	for i, h := range values {
		if h&0x7c00 == 0x7c00 {
			clear(q.counts[:])
			clear(q.present[:])
			return i
		}
		o := order(h)
		q.counts[o]++
		q.present[o/64] |= 1 << (o % 64)
	}
	q.count()
	from, to := q.bounds[0], q.bounds[1]
	q.seed(from)
	q.entries(MinBits, from, nil)
	for n := MinBits; n < Planes; n++ {
		for c := range 1 << n {
			to[2*c], to[2*c+1] = from[c], q.divide(from[c], from[c+1])
		}
		to[2<<n] = len(q.orders)
		q.entries(n+1, to, q.tables[n])
		from, to = to, from
	}
	for c := range 1 << Planes {
		for _, o := range q.orders[from[c]:from[c+1]] {
			q.codes[o] = uint8(c)
		}
	}
	for i, h := range values {
		codes[i] = q.codes[order(h)]
	}
	return -1
}

// count lists the distinct values and their sums.
func (q *quantiser) count() {
	orders, u, d := q.orders[:0], &q.up, &q.down
	for i, word := range q.present {
		for ; word != 0; word &= word - 1 {
			orders = append(orders, uint16(64*i+bits.TrailingZeros64(word)))
		}
		q.present[i] = 0
	}
	q.orders = orders
	u.size(len(orders))
	d.size(len(orders))
	for i, o := range orders {
		k := q.counts[o]
		q.counts[o] = 0
		u.n[i+1], u.sum[i+1] = u.n[i]+k, u.sum[i]+float64(float64(k)*value(unorder(o)))
	}
	all := len(orders)
	for i := range all + 1 {
		d.n[i], d.sum[i] = u.n[all]-u.n[all-i], u.sum[all]-u.sum[all-i]
	}
}

// size makes room for n distinct values.
func (s *sums) size(n int) {
	if cap(s.n) <= n {
		s.n, s.sum = make([]int32, n+1), make([]float64, n+1)
		s.one, s.best = make([]float64, n+1), make([]float64, n+1)
	}
	s.n, s.sum, s.one, s.best = s.n[:n+1], s.sum[:n+1], s.one[:n+1], s.best[:n+1]
}

// unorder is the inverse of order.
func unorder(o uint16) uint16 {
	if o&0x8000 != 0 {
		return o &^ 0x8000
	}
	return ^o
}

// gain is by how much a cluster of distinct values i to j lowers the squared error below that of all values taken as 0:
// its sum squared by its size. The best clusters have the largest sum of gains.
func (q *quantiser) gain(s *sums, i, j int) float64 {
	sum := s.sum[j] - s.sum[i]
	return float64(float64(sum*sum) * q.inv[s.n[j]-s.n[i]])
}

// divide returns the first of the best places to divide a cluster; one of a single value has an empty upper half.
func (q *quantiser) divide(from, to int) int {
	at, most := to, -1.0
	for i := from + 1; i < to; i++ {
		if g := q.gain(&q.up, from, i) + q.gain(&q.up, i, to); g > most {
			at, most = i, g
		}
	}
	return at
}

// seed finds the best four clusters: the best two of all values below a place and the best two of all above, at the best
// place.
func (q *quantiser) seed(bounds []int) {
	all := len(q.orders)
	q.pairs(&q.up)
	q.pairs(&q.down)
	at, most := 0, -1.0
	for i := range all + 1 {
		if g := q.up.best[i] + q.down.best[all-i]; g > most {
			at, most = i, g
		}
	}
	copy(bounds, []int{0, q.divide(0, at), at, q.divide(at, all), all})
}

// pairs finds for each i the gain of the best two clusters of the first i values. Where the best place to divide moves only up
// as i grows, halving i again and again takes n·log n steps.
func (q *quantiser) pairs(s *sums) {
	for i := range s.one {
		s.one[i] = q.gain(s, 0, i)
	}
	q.pairsOf(s, 0, len(s.n), 0, len(s.n))
}

// pairsOf does so for from to to-1, whose best places are known to be from low to high-1.
func (q *quantiser) pairsOf(s *sums, from, to, low, high int) {
	if from >= to {
		return
	}
	middle := (from + to) / 2
	n, sum := s.n[middle], s.sum[middle]
	at, most := low, -1.0
	below := s.one[low:min(high, middle+1)]
	ns, sums := s.n[low:][:len(below)], s.sum[low:][:len(below)]
	for i, g := range below {
		above := sum - sums[i]
		if g += float64(float64(above*above) * q.inv[n-ns[i]]); g > most {
			at, most = low+i, g
		}
	}
	s.best[middle] = most
	q.pairsOf(s, from, middle, low, at+1)
	q.pairsOf(s, middle+1, to, at, high)
}

// entries fills the codebook of n bits with means. An empty cluster has the entry of the one it was split from; at the seed,
// the value beside it.
func (q *quantiser) entries(n int, bounds []int, parents []uint16) {
	for c := range 1 << n {
		from, to := bounds[c], bounds[c+1]
		switch {
		case from < to:
			q.tables[n][c] = half((q.up.sum[to] - q.up.sum[from]) / float64(q.up.n[to]-q.up.n[from]))
		case parents != nil:
			q.tables[n][c] = parents[c/2]
		default:
			q.tables[n][c] = unorder(q.orders[min(from, len(q.orders)-1)])
		}
	}
}
