package dram

import (
	"encoding/binary"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

var _ lane = (*memoLane)(nil)

// memoLane is a channel that lives in the memo: a node with the time, the rows and the walks that the node's frame leaves
// open. It is stepped only from nodes that lack the edge it needs.
type memoLane struct {
	memo    *memo
	mapping *spec.Mapping
	at      *node
	clock   int64
	due     int64      // clock at which the next refresh falls due
	unit    int64      // that it concerns
	foreign []int64    // rows of the frame
	inside  []resident // by rank
	feeds   [controller.MaxQueues]memoFeed
	active  int
	new     int   // nodes met in a row that were new
	live    *live // nil: in the memo
	credit  int   // what learning may still cost
	worth   bool  // it has risen above creditGood
	pause   int   // walks between two looks for the memo

	counts  stats.DRAM
	classes []stats.Requester
	done    []mark

	names controller.RowCoder
	codec controller.Codec
	key   []byte
	spare []int64
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

func newMemoLane(m *memo, mapping *spec.Mapping) *memoLane {
	l := &memoLane{memo: m, mapping: mapping, due: m.timer.Interval, credit: m.credit}
	l.at, _ = m.intern([]byte(m.power))
	return l
}

func (l *memoLane) now() int64 { return l.clock }

// run simulates up to a clock, or until a walk has been accepted, and returns its queue.
func (l *memoLane) run(limit int64) (ended int) {
	if l.live != nil {
		if ended, back := l.runLive(limit); !back {
			return ended
		}
	}
	if l.active > 0 && limit == controller.Never {
		return l.runWhole()
	}
	for l.clock < limit {
		l.at = l.memo.current(l.at)
		if l.active == 0 && l.asleep() {
			l.doze(limit)
			continue
		}
		e := l.edge(limit)
		if e == nil {
			return l.run(limit)
		}
		if l.follow(e); e.ended != none {
			return e.ended
		}
	}
	return none
}

// edge is the edge from here that applies, learnt if need be; nil if the lane has become live instead.
func (l *memoLane) edge(limit int64) *edge {
	e := l.known(limit)
	if e == nil && !l.broke() {
		e = l.learn(limit)
	}
	return e
}

// broke makes the lane live if its credit does not allow it to learn another edge.
func (l *memoLane) broke() bool {
	if l.credit -= learnCosts; l.credit >= 0 {
		return false
	}
	l.leave()
	return true
}

// runWhole runs to the end of a walk, and remembers the way as one edge.
func (l *memoLane) runWhole() int {
	l.at = l.memo.current(l.at)
	if e := l.end(controller.Never); e != nil {
		l.follow(e)
		return e.ended
	}
	from, way := l.at, l.depart()
	for {
		l.at = l.memo.current(l.at)
		e := l.edge(controller.Never)
		if e == nil {
			return l.run(controller.Never)
		}
		way.add(e)
		if l.follow(e); e.ended == none {
			continue
		}
		if way.legs > 1 && l.active == 0 {
			l.shortcut(from, way)
		}
		return e.ended
	}
}

// known is the edge from here that applies, if there is one.
func (l *memoLane) known(limit int64) *edge {
	n, due, room := l.at, l.due-l.clock, limit-l.clock
	if e := n.next; e != nil && e.clocks < due && e.clocks <= room && l.lasts(e) {
		return e
	}
	if e := l.end(limit); e != nil {
		return e
	}
	if e := n.timed[timedKey{due: due, unit: l.unit}]; e != nil && e.clocks <= room && l.lasts(e) {
		return e
	}
	if limit == controller.Never {
		return nil
	}
	if e := n.stops[room]; e != nil && room < due && l.lasts(e) {
		return e
	}
	if e := n.timed[timedKey{due: due, unit: l.unit, stop: room}]; e != nil && l.lasts(e) {
		return e
	}
	return nil
}

// end is the edge to the end of a walk under way that applies, if there is one.
func (l *memoLane) end(limit int64) *edge {
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
		if (key.left-controller.MaxInside)*l.memo.perBurst < due { // else a refresh falls due on the way: no need to look
			if e := n.ends[key]; e != nil && e.clocks < due && e.clocks < room && l.lasts(e) {
				return e
			}
		}
		if e := n.timed[timedKey{due: due, unit: l.unit, end: key}]; e != nil && e.clocks < room && l.lasts(e) {
			return e
		}
	}
	return nil
}

// lasts says that the walks under way are long enough for an edge. One alone that ends with it is: the edge was found by
// its length.
func (l *memoLane) lasts(e *edge) bool {
	if l.active == 1 && e.ended != none {
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
func (l *memoLane) follow(e *edge) {
	if len(e.rows) > 0 || len(l.foreign) > 0 {
		l.span()
		l.names.Unvisited, l.spare = l.foreign, l.spare[:0]
		for _, code := range e.rows {
			l.spare = append(l.spare, l.names.Decode(code))
		}
		l.foreign, l.spare = l.spare, l.foreign
	}
	for i := range e.parts {
		p := &e.parts[i]
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
	if e.ended != none {
		l.feeds[e.ended].on = false
		l.active--
	}
	if l.credit = min(l.credit+1, creditMost); l.credit > creditGood {
		l.worth = true
	}
	l.counts.Add(&e.counts)
	l.clock += e.clocks
	if e.falls > 0 {
		t := &l.memo.timer
		l.due += e.falls * t.Interval
		l.unit = (l.unit + e.falls*t.Each) % t.Units
	}
	l.at = e.to
}

// complete notes the ends of walks inside; the others move up.
func (l *memoLane) complete(done []mark) {
	for _, m := range done {
		l.done = append(l.done, mark{l.inside[m.tag].tag, l.clock + m.clock})
	}
	l.inside = without(l.inside, done)
}

// without takes the ranks that are done out of a list by rank.
func without[T any](list []T, done []mark) []T {
	n := 0
	for rank := range list {
		if !slices.ContainsFunc(done, func(m mark) bool { return m.tag == uint32(rank) }) {
			list[n] = list[rank]
			n++
		}
	}
	return list[:n]
}

// span brings the row coder's spans in line with the walks under way.
func (l *memoLane) span() {
	for q := range l.feeds {
		if f := &l.feeds[q]; f.on {
			l.names.Spans[q] = spanOf(l.mapping, &f.cursor)
		} else {
			l.names.Spans[q].On = false
		}
	}
}

// bounds are the ends of walks that share rows: when one of them ends, they tell which rows the other may still visit.
func (l *memoLane) bounds() int32 {
	if l.active < 2 {
		return 0
	}
	l.span()
	l.key = l.key[:0]
	l.names.Overlaps(func(pair int64, a, b *controller.RowRange) {
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
func (l *memoLane) phase(k *controller.Codec, c *cursor) {
	numbers := [5]int64{l.memo.shape(&c.shape), c.next() & (l.mapping.Granule() - 1)}
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
func (l *memoLane) begin(queue int, j *job) {
	if l.live != nil && l.beginLive(queue, j) {
		return
	}
	l.at = l.memo.current(l.at)
	f := &l.feeds[queue]
	f.begin(&j.walk)
	f.on, f.write = true, j.write
	key := l.startKey(queue)
	e := l.at.starts[string(key)]
	if e == nil {
		f.on = false
		if l.broke() {
			l.beginLive(queue, j)
			return
		}
		at := string(key)
		p := l.thaw()
		p.begin(queue, &job{walk: j.walk, write: j.write, class: uint8(len(l.inside)), tag: uint32(len(l.inside))})
		e = l.edgeFrom(p, none)
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
func (l *memoLane) startKey(queue int) []byte {
	f, k := &l.feeds[queue], &l.codec
	k.Text, k.Reading = k.Text[:0], false
	head := int64(queue) << 1
	if f.write {
		head |= 1
	}
	k.Int64(&head)
	l.phase(k, &f.cursor)
	s := spanOf(l.mapping, &f.cursor)
	for i, row := range l.foreign {
		if row >= s.Low && row < s.High {
			index, distance := int64(i), row-s.Base
			k.Int64(&index)
			k.Int64(&distance)
		}
	}
	if l.active > 0 {
		l.span()
		l.names.Overlaps(func(pair int64, a, b *controller.RowRange) {
			for _, v := range []int64{-1, pair, b.Base - a.Base, a.Low - a.Base, a.High - a.Base, b.Low - b.Base, b.High - b.Base} {
				k.Int64(&v)
			}
		})
	}
	return k.Text
}

func (l *memoLane) take() []mark {
	d := l.done
	l.done = d[:0]
	return d
}

func (l *memoLane) harvest(add *stats.DRAM, classes *[]stats.Requester) {
	if l.live != nil {
		l.gather()
	}
	add.Add(&l.counts)
	l.counts = stats.DRAM{}
	addClasses(classes, l.classes)
}

func (l *memoLane) twin() lane {
	n := *l
	n.foreign, n.inside, n.done, n.classes = slices.Clone(l.foreign), slices.Clone(l.inside), slices.Clone(l.done), slices.Clone(l.classes)
	n.spare, n.key, n.codec, n.names.Unvisited = nil, nil, controller.Codec{}, nil
	if l.live != nil {
		v := *l.live
		v.port = v.clone()
		n.live = &v
	}
	return &n
}

func (l *memoLane) equal(o lane) bool {
	m, ok := o.(*memoLane)
	return ok && l.live == nil && m.live == nil && l.active == 0 && m.active == 0 && l.at == m.at && l.clock == m.clock && l.due == m.due && l.unit == m.unit &&
		slices.Equal(l.foreign, m.foreign) && slices.Equal(l.inside, m.inside)
}
