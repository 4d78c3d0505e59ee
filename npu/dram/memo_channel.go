package dram

import (
	"encoding/binary"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

var _ channel = (*memoChannel)(nil)

// memoLane is a channel that lives in the memo: a node with the time, the rows and the walks that the node's frame leaves
// open. It is stepped only from nodes that lack the edge it needs.
type memoChannel struct {
	memo       *memo
	mapping    *spec.Mapping
	at         *state
	clock      int64
	due        int64      // clock at which the next refresh falls due
	unit       int64      // that it concerns
	unvisited  []int64    // rows of the frame
	inside     []resident // by rank
	feeds      [controller.MaxQueues]memoFeed
	active     int
	newStates  int          // nodes met in a row that were new
	running    *runningPort // nil: in the memo
	budget     int          // what learning may still cost
	paidOff    bool         // it has risen above creditGood
	retryEvery int          // walks between two looks for the memo

	counts  stats.DRAM
	classes []stats.Requester
	done    []completion

	rows    controller.RowCoder
	codec   controller.Codec
	key     []byte
	scratch []int64
}

// resident is a walk inside.
type resident struct {
	tag   uint32
	class uint8
}

// memoFeed is a walk being fed.
type memoFeed struct {
	cursor
	on    bool
	write bool
}

func newMemoChannel(m *memo, mapping *spec.Mapping) *memoChannel {
	l := &memoChannel{memo: m, mapping: mapping, due: m.timer.Interval, budget: m.budget}
	l.at, _ = m.intern([]byte(m.powerOn))
	return l
}

func (l *memoChannel) now() int64 { return l.clock }

// run simulates up to a clock, or until a walk has been accepted, and returns its queue.
func (l *memoChannel) run(limit int64) (ended int) {
	if l.running != nil {
		if ended, back := l.runPort(limit); !back {
			return ended
		}
	}
	if l.active > 0 && limit == controller.Never {
		return l.runWhole()
	}
	for l.clock < limit {
		l.at = l.memo.revive(l.at)
		if l.active == 0 && l.isQuiescent() {
			l.idle(limit)
			continue
		}
		e := l.findOrLearn(limit)
		if e == nil {
			return l.run(limit)
		}
		if l.follow(e); e.ended != noQueue {
			return e.ended
		}
	}
	return noQueue
}

// edge is the edge from here that applies, learnt if need be; nil if the lane has become live instead.
func (l *memoChannel) findOrLearn(limit int64) *transition {
	e := l.find(limit)
	if e == nil && !l.overBudget() {
		e = l.learn(limit)
	}
	return e
}

// broke makes the lane live if its credit does not allow it to learn another edge.
func (l *memoChannel) overBudget() bool {
	if l.budget -= learnCost; l.budget >= 0 {
		return false
	}
	l.leaveMemo()
	return true
}

// runWhole runs to the end of a walk, and remembers the way as one edge.
func (l *memoChannel) runWhole() int {
	l.at = l.memo.revive(l.at)
	if e := l.findEnd(controller.Never); e != nil {
		l.follow(e)
		return e.ended
	}
	from, way := l.at, l.startPath()
	for {
		l.at = l.memo.revive(l.at)
		e := l.findOrLearn(controller.Never)
		if e == nil {
			return l.run(controller.Never)
		}
		way.add(e)
		if l.follow(e); e.ended == noQueue {
			continue
		}
		if way.length > 1 && l.active == 0 {
			l.shortcut(from, way)
		}
		return e.ended
	}
}

// known is the edge from here that applies, if there is one.
func (l *memoChannel) find(limit int64) *transition {
	n, due, room := l.at, l.due-l.clock, limit-l.clock
	if e := n.next; e != nil && e.clocks < due && e.clocks <= room && l.applies(e) {
		return e
	}
	if e := l.findEnd(limit); e != nil {
		return e
	}
	if e := n.timed[timedKey{due: due, unit: l.unit}]; e != nil && e.clocks <= room && l.applies(e) {
		return e
	}
	if limit == controller.Never {
		return nil
	}
	if e := n.stops[room]; e != nil && room < due && l.applies(e) {
		return e
	}
	if e := n.timed[timedKey{due: due, unit: l.unit, stop: room}]; e != nil && l.applies(e) {
		return e
	}
	return nil
}

// end is the edge to the end of a walk under way that applies, if there is one.
func (l *memoChannel) findEnd(limit int64) *transition {
	n, due, room := l.at, l.due-l.clock, limit-l.clock
	if n.ends == nil && n.timed == nil {
		return nil
	}
	bounds := l.bounds()
	for q := range l.feeds {
		if !l.feeds[q].on {
			continue
		}
		key := endKey{l.feeds[q].left, int32(q), bounds}
		if (key.left-controller.MaxBursts)*l.memo.burstClocks < due { // else a refresh falls due on the way: no need to look
			if e := n.ends[key]; e != nil && e.clocks < due && e.clocks < room && l.applies(e) {
				return e
			}
		}
		if e := n.timed[timedKey{due: due, unit: l.unit, end: key}]; e != nil && e.clocks < room && l.applies(e) {
			return e
		}
	}
	return nil
}

// lasts says that the walks under way are long enough for an edge. One alone that ends with it is: the edge was found by
// its length.
func (l *memoChannel) applies(e *transition) bool {
	if l.active == 1 && e.ended != noQueue {
		return true
	}
	for i := range e.moves {
		m := &e.moves[i]
		if left := l.feeds[m.queue].left - m.bursts; left < 0 || left == 0 != (e.ended == m.queue) {
			return false
		}
	}
	return true
}

// follow moves along an edge.
func (l *memoChannel) follow(e *transition) {
	if len(e.unvisited) > 0 || len(l.unvisited) > 0 {
		l.updateRanges()
		l.rows.Unvisited, l.scratch = l.unvisited, l.scratch[:0]
		for _, code := range e.unvisited {
			l.scratch = append(l.scratch, l.rows.Decode(code))
		}
		l.unvisited, l.scratch = l.scratch, l.unvisited
	}
	for i := range e.byWalk {
		p := &e.byWalk[i]
		classOf(&l.classes, l.inside[p.rank].class).Add(&p.stats)
	}
	if len(e.done) > 0 {
		l.complete(e.done)
	}
	for i := range e.moves {
		m := &e.moves[i]
		f := &l.feeds[m.queue]
		if f.left -= m.bursts; f.left > 0 {
			f.at(f.turnIndex+m.turns, f.offset+m.offset)
		}
	}
	if e.ended != noQueue {
		l.feeds[e.ended].on = false
		l.active--
	}
	if l.budget = min(l.budget+1, maxBudget); l.budget > paidOffBudget {
		l.paidOff = true
	}
	l.counts.Add(&e.counts)
	l.clock += e.clocks
	if e.intervals > 0 {
		t := &l.memo.timer
		l.due += e.intervals * t.Interval
		l.unit = (l.unit + e.intervals*t.Step) % t.Units
	}
	l.at = e.to
}

// complete notes the ends of walks inside; the others move up.
func (l *memoChannel) complete(done []completion) {
	for _, m := range done {
		l.done = append(l.done, completion{l.inside[m.tag].tag, l.clock + m.clock})
	}
	l.inside = without(l.inside, done)
}

// without takes the ranks that are done out of a list by rank.
func without[T any](list []T, done []completion) []T {
	n := 0
	for rank := range list {
		if !slices.ContainsFunc(done, func(m completion) bool { return m.tag == uint32(rank) }) {
			list[n] = list[rank]
			n++
		}
	}
	return list[:n]
}

// span brings the row coder's spans in line with the walks under way.
func (l *memoChannel) updateRanges() {
	for q := range l.feeds {
		if f := &l.feeds[q]; f.on {
			l.rows.Ranges[q] = rowRange(l.mapping, &f.cursor)
		} else {
			l.rows.Ranges[q].Active = false
		}
	}
}

// bounds are the ends of walks that share rows: when one of them ends, they tell which rows the other may still visit.
func (l *memoChannel) bounds() int32 {
	if l.active < 2 {
		return 0
	}
	l.updateRanges()
	l.key = l.key[:0]
	l.rows.EachOverlap(func(pair int64, a, b *controller.RowRange) {
		for _, v := range []int64{pair, a.Low - a.Base, a.High - a.Base, b.Low - b.Base, b.High - b.Base} {
			l.key = binary.AppendVarint(l.key, v)
		}
	})
	if len(l.key) == 0 {
		return 0
	}
	n, ok := l.memo.bounds[string(l.key)]
	if !ok {
		n = int32(len(l.memo.bounds)) + 1
		l.memo.bounds[string(l.key)] = n
	}
	return n
}

// phase writes where a walk stands, as far as its coming bursts depend on it, apart from a translation by whole granules.
func (l *memoChannel) phase(k *controller.Codec, c *cursor) {
	numbers := [5]int64{l.memo.shapeNumber(&c.shape), c.next() & (l.mapping.Granule() - 1)}
	if c.turn > 0 {
		numbers[2], numbers[3] = c.turnIndex%c.planes, c.offset
	}
	if p := c.via.Period; p > 0 {
		numbers[4] = c.start(c.turnIndex) % p
	}
	for i := range numbers {
		k.Int64(&numbers[i])
	}
}

// begin starts feeding a walk from a free queue.
func (l *memoChannel) begin(queue int, j *channelTransfer) {
	if l.running != nil && l.beginOnPort(queue, j) {
		return
	}
	l.at = l.memo.revive(l.at)
	f := &l.feeds[queue]
	f.begin(&j.walk)
	f.on, f.write = true, j.write
	key := l.startKey(queue)
	e := l.at.starts[string(key)]
	if e == nil {
		f.on = false
		if l.overBudget() {
			l.beginOnPort(queue, j)
			return
		}
		at := string(key)
		p := l.load()
		p.begin(queue, &channelTransfer{walk: j.walk, write: j.write, class: uint8(len(l.inside)), tag: uint32(len(l.inside))})
		e = l.transitionTo(p, noQueue)
		e.moves = nil
		put(l.memo, &l.at.starts, at, e)
	}
	f.on = false
	l.inside = append(l.inside, resident{j.tag, j.class})
	l.follow(e)
	f.on = true
	l.active++
}

// startKey is a coming walk as a channel sees it: its phase, and the rows inside that it may visit.
func (l *memoChannel) startKey(queue int) []byte {
	f, k := &l.feeds[queue], &l.codec
	k.Bytes, k.Reading = k.Bytes[:0], false
	head := int64(queue) << 1
	if f.write {
		head |= 1
	}
	k.Int64(&head)
	l.phase(k, &f.cursor)
	s := rowRange(l.mapping, &f.cursor)
	for i, row := range l.unvisited {
		if row >= s.Low && row < s.High {
			index, distance := int64(i), row-s.Base
			k.Int64(&index)
			k.Int64(&distance)
		}
	}
	if l.active > 0 {
		l.updateRanges()
		l.rows.EachOverlap(func(pair int64, a, b *controller.RowRange) {
			for _, v := range []int64{-1, pair, b.Base - a.Base, a.Low - a.Base, a.High - a.Base, b.Low - b.Base, b.High - b.Base} {
				k.Int64(&v)
			}
		})
	}
	return k.Bytes
}

func (l *memoChannel) takeDone() []completion {
	d := l.done
	l.done = d[:0]
	return d
}

func (l *memoChannel) takeCounts(add *stats.DRAM, classes *[]stats.Requester) {
	if l.running != nil {
		l.takePortCounts()
	}
	add.Add(&l.counts)
	l.counts = stats.DRAM{}
	addClasses(classes, l.classes)
}

func (l *memoChannel) clone() channel {
	n := *l
	n.unvisited, n.inside, n.done, n.classes = slices.Clone(l.unvisited), slices.Clone(l.inside), slices.Clone(l.done), slices.Clone(l.classes)
	n.scratch, n.key, n.codec, n.rows.Unvisited = nil, nil, controller.Codec{}, nil
	if l.running != nil {
		v := *l.running
		v.port = v.clone()
		n.running = &v
	}
	return &n
}

func (l *memoChannel) equal(o channel) bool {
	m, ok := o.(*memoChannel)
	return ok && l.running == nil && m.running == nil && l.active == 0 && m.active == 0 && l.at == m.at && l.clock == m.clock && l.due == m.due && l.unit == m.unit &&
		slices.Equal(l.unvisited, m.unvisited) && slices.Equal(l.inside, m.inside)
}
