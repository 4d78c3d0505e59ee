package dram

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/stats"
)

var _ lane = (*hbmLane)(nil)

// hbmLane is one HBM channel, stepped, with what feeds it.
type hbmLane struct {
	hbmController
	mapping *Mapping
	exact   bool // step every clock
	inside  []outstanding
	done    []mark // completions that have become certain
	quiet   int    // ticks in a row that did nothing
}

// newHBMLane is a channel of an HBM system at power-on.
func newHBMLane(o *Options, m *Mapping) (*hbmLane, error) {
	c, err := newHBMController(o.Standard, o.Refresh)
	if err != nil {
		return nil, err
	}
	return &hbmLane{hbmController: *c, mapping: m, exact: o.Exact}, nil
}

func (l *hbmLane) run(release int64, j *job) int64 {
	l.advanceTo(release)
	if j != nil {
		l.transfer(j)
	}
	return l.clock
}

// hbmFeed is a transfer being fed: a cursor with the place of its next burst.
type hbmFeed struct {
	cursor
	place place
	write bool
}

// enter starts feeding a transfer.
func (l *hbmLane) enter(tag uint32) { l.inside = append(l.inside, outstanding{tag: tag}) }

// feed hands in what a channel takes at this clock, and says whether the queue is full.
func (l *hbmLane) feed(f *hbmFeed) (blocked bool) {
	o := &l.inside[len(l.inside)-1]
	for l.offered < injectPerClock && f.left > 0 {
		if !l.offer(f.place, f.write, o.tag) {
			return true
		}
		o.left++
		if f.step(); f.left > 0 {
			f.place = l.mapping.locate(f.next())
		}
	}
	o.fed = f.left == 0
	return false
}

// transfer feeds the whole of j, starting at this clock.
func (l *hbmLane) transfer(j *job) {
	f := hbmFeed{cursor: begin(j.walk), write: j.write}
	f.place = l.mapping.locate(f.next())
	l.enter(j.tag)
	for blocked := l.feed(&f); f.left > 0; blocked = l.feed(&f) {
		l.advance(blocked, never)
	}
}

// advance ticks once. Clocks in which nothing can happen are skipped up to limit if no burst can enter.
func (l *hbmLane) advance(blocked bool, limit int64) {
	switch l.tick() {
	case finished:
		l.quiet = 0
		l.count(l.issued)
	case changed:
		l.quiet = 0
	case nothing:
		if !blocked {
			l.quiet = 0
		} else if l.quiet++; l.quiet >= skipAfter && !l.exact {
			l.skip(limit)
		}
	}
}

// count notes that a burst of a transfer has been served; bursts of one transfer all read or all write, so that the last
// one served is the last to arrive.
func (l *hbmLane) count(served column) {
	i := slices.IndexFunc(l.inside, func(o outstanding) bool { return o.tag == served.tag })
	o := &l.inside[i]
	if o.left--; o.left == 0 && o.fed {
		l.done = append(l.done, mark(served))
		l.inside = slices.Delete(l.inside, i, i+1)
	}
}

// advanceTo runs the channel up to a clock without feeding it.
func (l *hbmLane) advanceTo(clock int64) {
	for l.clock < clock {
		l.advance(true, clock)
	}
}

// drain runs until no burst is inside.
func (l *hbmLane) drain() {
	for !l.empty() {
		l.advance(true, never)
	}
}

func (l *hbmLane) settle(seen func(mark)) {
	s := l.copy()
	s.done = s.done[:0]
	s.drain()
	for _, m := range s.done {
		seen(m)
	}
}

func (l *hbmLane) take(add *stats.DRAM) []mark {
	add.Add(&l.counts)
	l.counts = stats.DRAM{}
	d := l.done
	l.done = d[:0]
	return d
}

func (l *hbmLane) copy() *hbmLane {
	n := *l
	n.inside, n.done = slices.Clone(l.inside), slices.Clone(l.done)
	return &n
}

func (l *hbmLane) twin() lane { return l.copy() }

func (l *hbmLane) equal(o lane) bool {
	m, ok := o.(*hbmLane)
	return ok && l.clock == m.clock && slices.Equal(l.inside, m.inside) && l.hbmState == m.hbmState
}
