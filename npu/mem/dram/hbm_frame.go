package dram

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// eachRow calls f on every row that the state holds, always in the same order.
func (s *hbmState) eachRow(f func(row *int64)) {
	s.eachRequest(func(r *request) { f(&r.row) })
	for i := range s.bank {
		if s.open>>i&1 == 1 {
			f(&s.bank[i].row)
		}
	}
}

// eachRequest calls f on every request inside.
func (s *hbmState) eachRequest(f func(r *request)) {
	for _, q := range []*hbmQueue{&s.queue[hbmRead], &s.queue[hbmWrite], &s.active} {
		for i := range q.r[:q.n] {
			f(&q.r[i])
		}
	}
}

// eachTimer calls f on every earliest clock of a command.
func (s *hbmState) eachTimer(f func(t *int64)) {
	for i := range s.bank {
		b := &s.bank[i]
		for _, t := range []*int64{&b.act, &b.pre, &b.column[0], &b.column[1]} {
			f(t)
		}
	}
	for i := range s.group {
		g := &s.group[i]
		for _, t := range []*int64{&g.act, &g.column[0], &g.column[1]} {
			f(t)
		}
	}
	for i := range s.pseudo {
		p := &s.pseudo[i]
		for _, t := range []*int64{&p.act, &p.pre, &p.preAll, &p.refresh, &p.column[0], &p.column[1]} {
			f(t)
		}
	}
	f(&s.rowBus)
}

// freeze makes frame from the channel's state: clocks count from now, rows are codes, tags are ranks among the
// transfers inside. (See frame.go.)
func (l *hbmLane) freeze(frame *hbmState, names *rowCoder) {
	*frame = l.hbmState
	s, now := frame, l.clock
	s.eachRow(func(row *int64) { *row = names.code(*row) })
	s.rankArrivals(now)
	s.eachRequest(func(r *request) { r.tag = rankOf(l.inside, r.tag) })
	// A timer that has run out by the next clock holds nothing back any more.
	since := func(t *int64) {
		if *t -= now; *t <= 1 {
			*t = 0
		}
	}
	s.eachTimer(since)
	for i := range s.pseudo {
		p := &s.pseudo[i]
		for n := range p.acts { // what an ACT window has left; the oldest ACT's is in p.act already
			left := l.pseudo[i].acts[(p.oldest+int64(n))&3] + l.gaps.window
			if since(&left); n == 0 {
				left = 0
			}
			p.acts[n] = left - l.gaps.window
		}
		p.oldest = 0
		if s.refreshDue == never {
			p.preAll, p.refresh = 0, 0
		}
	}
	if s.refreshDue != never {
		s.refreshDue -= now
	}
	if l.half {
		s.shift = (s.shift + now) & 1
	}
	s.clock = 0
}

// rankArrivals replaces arrivals by their order: 0 for now, -1 for the latest clock before it, and so on. The controller
// asks only who came first.
func (s *hbmState) rankArrivals(now int64) {
	var buffer [3 * hbmQueueSize]int64
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

// thaw puts the channel into a frame, at clock 0, with real rows; tags are ranks. feeding says that the last transfer
// inside is still being fed.
func (l *hbmLane) thaw(frame *hbmState, base int64, foreign []int64, ranks int, feeding bool) {
	l.hbmState = *frame
	l.eachRow(func(row *int64) { *row = decodeRow(*row, base, foreign) })
	l.inside = l.inside[:0]
	for i := range ranks {
		l.inside = append(l.inside, outstanding{tag: uint32(i), fed: !feeding || i < ranks-1})
	}
	l.eachRequest(func(r *request) { l.inside[r.tag].left++ })
	l.done = l.done[:0]
	l.counts = stats.DRAM{}
	l.quiet = 0
	l.refreshed = false
}
