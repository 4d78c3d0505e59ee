package dram

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// A frame is a channel's state freed from when, where and for whom it is: clocks count from now, rows are codes, and
// tags are ranks among the transfers inside. The controller is a deterministic function of its state, compares clocks
// only with clocks, and rows only for equality: from equal frames, equal walks lead to equal frames.
//
// Row codes: an even code 2d is the row d above the row base of the position of the walk being fed; it stands for rows
// that the walk may visit. An odd code 2i+1 is the i-th other row by first appearance, which the walk never visits.

// rowCoder gives codes to rows. Rows in [low, high) may be visited by the walk.
type rowCoder struct {
	base, low, high int64
	foreign         []int64
}

func (n *rowCoder) code(row int64) int64 {
	if row >= n.low && row < n.high {
		return 2 * (row - n.base)
	}
	for i, f := range n.foreign {
		if f == row {
			return int64(2*i + 1)
		}
	}
	n.foreign = append(n.foreign, row)
	return int64(2*len(n.foreign) - 1)
}

// decodeRow is the inverse of code.
func decodeRow(code, base int64, foreign []int64) int64 {
	if code&1 == 0 {
		return base + code>>1
	}
	return foreign[code>>1]
}

// eachRow calls f on every row that the state holds, always in the same order.
func (s *state) eachRow(f func(row *int64)) {
	for _, q := range []*queue{&s.read, &s.write, &s.active} {
		for i := range q.n {
			f(&q.r[i].row)
		}
	}
	if s.pending == 1 {
		f(&s.acting.row)
	}
	for i := range s.bank {
		if s.bank[i].status == open {
			f(&s.bank[i].row)
		}
	}
}

// eachRequest calls f on every request inside.
func (s *state) eachRequest(f func(r *request)) {
	for _, q := range []*queue{&s.read, &s.write, &s.active} {
		for i := range q.n {
			f(&q.r[i])
		}
	}
	if s.pending == 1 {
		f(&s.acting)
	}
}

// freeze makes frame from the channel's state.
func (c *channel) freeze(frame *state, names *rowCoder) {
	*frame = c.state
	s, now := frame, c.clock
	s.eachRow(func(row *int64) { *row = names.code(*row) })
	s.rankArrivals(now)
	s.eachRequest(func(r *request) { r.tag = rankOf(c.inside, r.tag) })
	// A timer that has run out by the next clock holds nothing back any more.
	since := func(t *int64) {
		if *t -= now; *t <= 1 {
			*t = 0
		}
	}
	for i := range c.banks {
		b := &s.bank[i]
		since(&b.act)
		since(&b.column)
		since(&b.pre)
		since(&b.refresh)
		if c.refresh != PerBank {
			b.refresh = 0
		}
	}
	for i := range s.group {
		since(&s.group[i].read)
		since(&s.group[i].write)
		since(&s.group[i].act)
	}
	for _, t := range []*int64{&s.nextRead, &s.nextWrite, &s.nextAct, &s.nextPre, &s.nextPreAll, &s.nextRefreshAll, &s.nextRefreshBank, &s.wckOff} {
		since(t)
	}
	if c.refresh != AllBank {
		s.nextPreAll, s.nextRefreshAll = 0, 0
	}
	if c.refresh != PerBank {
		s.nextRefreshBank = 0
	}
	// What an ACT window has left; the oldest ACT's is in nextAct already.
	s.acts = [4]int64{-c.timing.TFAW}
	s.oldest = 0
	for i := 1; i < 4; i++ {
		left := c.acts[(c.oldest+int64(i))&3] + c.timing.TFAW
		since(&left)
		s.acts[i] = left - c.timing.TFAW
	}
	if s.refreshDue != never {
		s.refreshDue -= now
	}
	if s.pending == 1 {
		s.deadline -= now
	}
	s.clock = 0
}

// rankArrivals replaces arrivals by their order: 0 for now, -1 for the latest clock before it, and so on. The controller
// asks only who came first. (Writes may linger in their queue for as long as reads keep coming: ages would never repeat.)
func (s *state) rankArrivals(now int64) {
	var buffer [2*queueSize + maxBanks + 1]int64
	clocks := buffer[:0]
	s.eachRequest(func(r *request) {
		if r.arrive != now {
			clocks = append(clocks, r.arrive)
		}
	})
	slices.Sort(clocks)
	clocks = slices.Compact(clocks)
	s.eachRequest(func(r *request) {
		i, _ := slices.BinarySearch(clocks, r.arrive)
		r.arrive = int64(i - len(clocks))
	})
}

// rankOf is the position of a transfer among those inside.
func rankOf(inside []outstanding, tag uint32) uint32 {
	for i := range inside {
		if inside[i].tag == tag {
			return uint32(i)
		}
	}
	panic("dram: a queued burst belongs to no transfer")
}

// thaw puts the channel into a frame, at clock 0, with real rows; tags are ranks. feeding says that the last transfer
// inside is still being fed.
func (c *channel) thaw(frame *state, base int64, foreign []int64, ranks int, feeding bool) {
	c.state = *frame
	c.eachRow(func(row *int64) { *row = decodeRow(*row, base, foreign) })
	c.inside = c.inside[:0]
	for i := range ranks {
		c.inside = append(c.inside, outstanding{tag: uint32(i), fed: !feeding || i < ranks-1})
	}
	c.eachRequest(func(r *request) { c.inside[r.tag].left++ })
	c.done = c.done[:0]
	c.counts = stats.DRAM{}
	c.quiet = 0
	c.refreshed, c.allHits = false, [2]bool{}
}
