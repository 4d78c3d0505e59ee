package stats

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/isa"
)

// Between returns the counts of a step at num/den of the way from a to b, two steps of one machine: each number lies on the
// line between those of a and b, rounded down or up, and sums that a and b keep are kept (Check). 0 ≤ num ≤ den, den > 0.
func Between(a, b *Counts, num, den int64) Counts {
	l := line{uint64(num), uint64(den)}
	var c Counts
	from, to, out := a.numbers(), b.numbers(), c.numbers()
	for i := range out {
		*out[i] = l.at(*from[i], *to[i])
	}
	if l.rest(int64(a.Cycles), int64(b.Cycles)) > 0 {
		c.Cycles++ // up: no unit is then busy for longer than the step
	}
	aLaws, bLaws := a.sums(), b.sums()
	for i, s := range c.sums() {
		l.share(*s.total, 1, aLaws[i], bLaws[i], s)
	}
	c.DispatchBusy, c.HostBusy = c.ByKind[isa.Dispatch], c.ByKind[isa.Host]
	burst := min(a.burst(), b.burst()) // 0 where one of them has none, else the same of both
	l.traffic(a, b, &c, burst)
	l.requests(a, b, &c, burst)
	return c
}

// line is a place between two numbers: num/den of the way from the first to the second.
type line struct{ num, den uint64 }

// at is the number at that place, rounded down.
func (l line) at(a, b int64) int64 {
	up, low := b >= a, uint64(b-a)
	if !up {
		low = uint64(a - b)
	}
	high, low := bits.Mul64(low, l.num)
	q, rest := bits.Div64(high, low, l.den) // high < den, because num ≤ den and the difference has 63 bits
	switch {
	case up:
		return a + int64(q)
	case rest > 0:
		return a - int64(q) - 1
	default:
		return a - int64(q)
	}
}

// rest is what at leaves, in parts of den.
func (l line) rest(a, b int64) uint64 {
	low := uint64(b - a)
	if b < a {
		low = uint64(a - b)
	}
	high, low := bits.Mul64(low, l.num)
	_, rest := bits.Div64(high, low, l.den)
	if b < a && rest > 0 {
		return l.den - rest
	}
	return rest
}

// sum is a number that is the sum of others.
type sum struct {
	total *int64
	parts []*int64
}

func (s sum) holds() bool {
	n := int64(0)
	for _, p := range s.parts {
		n += *p
	}
	return n == *s.total
}

// share makes parts of a total, in whole units: each is rounded down, and those that lose most by that get one more unit until
// the sum is the total. Where a or b do not keep the sum, the parts stay as they are.
func (l line) share(total, unit int64, a, b, out sum) {
	if !a.holds() || !b.holds() {
		return
	}
	left := total / unit
	type part struct {
		at   *int64
		rest uint64
	}
	var parts []part
	for i, to := range out.parts {
		from, until := *a.parts[i]/unit, *b.parts[i]/unit
		n := l.at(from, until)
		*to = n * unit
		left -= n
		if rest := l.rest(from, until); rest > 0 {
			parts = append(parts, part{to, rest})
		}
	}
	slices.SortStableFunc(parts, func(x, y part) int { return cmp.Compare(y.rest, x.rest) })
	for i := range parts[:min(max(left, 0), int64(len(parts)))] {
		*parts[i].at += unit
	}
}

// traffic shares the bytes of the step among classes of data, and among operators, in whole bursts.
func (l line) traffic(a, b, c *Counts, burst int64) {
	unit := max(burst, 1)
	aTotal, bTotal := int64(a.DRAMBytes()), int64(b.DRAMBytes())
	total := l.at(aTotal/unit, bTotal/unit) * unit
	of := func(n *Counts, total *int64) (data, operators sum) {
		data, operators = sum{total: total}, sum{total: total}
		for i := range n.Traffic {
			data.parts = append(data.parts, (*int64)(&n.Traffic[i]))
		}
		for i := range n.Operators {
			operators.parts = append(operators.parts, (*int64)(&n.Operators[i].Bytes))
		}
		return data, operators
	}
	aData, aOps := of(a, &aTotal)
	bData, bOps := of(b, &bTotal)
	cData, cOps := of(c, &total)
	l.share(total, unit, aData, bData, cData)
	l.share(total, unit, aOps, bOps, cOps)
}

// requests makes bursts of the bytes of each class, and hits, misses and conflicts of the bursts.
func (l line) requests(a, b, c *Counts, burst int64) {
	for i := range c.DRAMBy {
		x, y, z := &a.DRAMBy[i], &b.DRAMBy[i], &c.DRAMBy[i]
		total := l.at(x.Reads+x.Writes, y.Reads+y.Writes)
		if burst > 0 {
			total = int64(c.Traffic[i]) / burst
		}
		l.requester(total, x, y, z)
	}
	l.requester(l.at(a.Agents.Reads+a.Agents.Writes, b.Agents.Reads+b.Agents.Writes), &a.Agents, &b.Agents, &c.Agents)
	aSums, bSums := a.byRequester(), b.byRequester()
	for i, s := range c.byRequester() {
		if aSums[i].holds() && bSums[i].holds() {
			*s.total = 0
			for _, p := range s.parts {
				*s.total += *p
			}
		}
	}
}

// requester shares the bursts of one requester.
func (l line) requester(total int64, a, b, c *Requester) {
	of := func(r *Requester, all *int64) (ways, rows sum) {
		return sum{all, []*int64{&r.Reads, &r.Writes}}, sum{all, []*int64{&r.RowHits, &r.RowMisses, &r.RowConflicts}}
	}
	aAll, bAll := a.Reads+a.Writes, b.Reads+b.Writes
	aWays, aRows := of(a, &aAll)
	bWays, bRows := of(b, &bAll)
	cWays, cRows := of(c, &total)
	l.share(total, 1, aWays, bWays, cWays)
	l.share(total, 1, aRows, bRows, cRows)
	l.share(c.Reads, 1, a.latencies(), b.latencies(), c.latencies())
}

// latencies are the reads of r by their latency.
func (r *Requester) latencies() sum {
	s := sum{total: &r.Reads}
	for i := range r.Latency {
		s.parts = append(s.parts, &r.Latency[i])
	}
	return s
}

// burst is how many bytes a request moves; 0 where the classes do not have one number of them, as with an ideal memory.
func (c *Counts) burst() (burst int64) {
	for i := range c.DRAMBy {
		requests := c.DRAMBy[i].Reads + c.DRAMBy[i].Writes
		bytes := int64(c.Traffic[i])
		if requests == 0 && bytes == 0 {
			continue
		}
		if requests == 0 || bytes%requests != 0 || burst > 0 && bytes/requests != burst {
			return 0
		}
		burst = bytes / requests
	}
	return burst
}
