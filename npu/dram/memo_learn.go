package dram

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// thaw puts the memo's scratch port into this lane's state, at clock 0.
func (l *memoChannel) load() *port {
	p := l.memo.scratch
	p.RefreshDue, p.NextUnit = l.due-l.clock, l.unit
	l.updateRanges()
	l.rows.Unvisited = l.unvisited
	p.load(l.at.snapshot, &l.rows)
	for q := range l.feeds {
		if f := &l.feeds[q]; f.on {
			p.feeds[q].cursor, p.feeds[q].place = f.cursor, l.mapping.Locate(f.next())
		}
	}
	return p
}

// learn steps to the end of the cell, to a refresh, to the end of a walk, or to a clock; at rest, until nothing happens any
// more. It remembers the way.
func (l *memoChannel) learn(limit int64) *transition {
	n, p, room := l.at, l.load(), limit-l.clock
	ended, stop := noQueue, int64(0)
	if l.active == 0 {
		p.runUntilQuiescent(room)
		if p.Clock == room {
			stop = room
		}
	} else {
		cell := l.memo.cell << min(l.newStates/patience, maxWiden)
		for q := range p.feeds {
			if f := &p.feeds[q]; f.on {
				f.stop = f.left - f.toEnd(cell)
			}
		}
		if ended = p.run(room, true); ended == noQueue && !p.Refreshed && !p.stopped() {
			stop = room
		}
	}
	e := l.transitionTo(p, ended)
	var end endKey
	if ended != noQueue {
		end = endKey{l.feeds[ended].left, int32(ended), l.bounds()}
	}
	switch {
	case e.intervals > 0:
		put(l.memo, &n.timed, timedKey{due: l.due - l.clock, unit: l.unit, stop: stop, end: end}, e)
	case ended != noQueue:
		put(l.memo, &n.ends, end, e)
	case stop > 0:
		put(l.memo, &n.stops, stop, e)
	default:
		n.next = e
		l.memo.record(e)
	}
	return e
}

// Where node after node is new, cells are widened: a random walk should not pay for frames that never come again.
const (
	patience = 16 // new nodes in a row before cells double
	maxWiden = 5
)

// toEnd is the number of bursts to the end of a cell. Where cells end does not matter to the result. It matters to the
// speed that different histories meet again at the same places.
func (c *cursor) toEnd(cell int64) int64 {
	if c.turn == 0 {
		return cell - c.next()/c.burst%cell
	}
	size := c.length / c.burst
	if size >= cell {
		return max(min(cell-c.offset%cell, c.size-c.offset), 1)
	}
	turns := cell / max(size, 1)
	return max((turns-c.turnIndex%turns)*size-c.offset, 1)
}

// edgeFrom makes the edge from this lane's node to the state that p has been stepped to.
func (l *memoChannel) transitionTo(p *port, ended int) *transition {
	e := &transition{clocks: p.Clock, intervals: p.DueCount, ended: ended, counts: p.Counts, done: slices.Clone(p.done)}
	for rank := range p.classes {
		if s := &p.classes[rank]; *s != (stats.Requester{}) {
			e.byWalk = append(e.byWalk, walkCounts{uint32(rank), *s})
		}
	}
	var names controller.RowCoder
	for q := range l.feeds {
		f := &p.feeds[q]
		if f.on {
			names.Ranges[q] = rowRange(l.mapping, &f.cursor)
		}
		if c := &l.feeds[q]; c.on {
			e.moves = append(e.moves, move{q, c.left - f.left, f.turnIndex - c.turnIndex, f.offset - c.offset})
		}
	}
	p.store(&l.codec, &names, l.phase)
	var fresh bool
	if e.to, fresh = l.memo.intern(l.codec.Bytes); fresh {
		l.newStates++
	} else {
		l.newStates = 0
	}
	e.unvisited = codesOf(names.Unvisited, &l.rows)
	l.memo.steps += p.Clock
	return e
}

// codesOf are the codes of rows that are known at a place.
func codesOf(rows []int64, at *controller.RowCoder) []int64 {
	var codes []int64
	known := len(at.Unvisited)
	for _, row := range rows {
		codes = append(codes, at.Encode(row))
	}
	if len(at.Unvisited) > known {
		panic("dram: a channel met a row of no walk")
	}
	return codes
}

// way is several edges in a row.
type path struct {
	transition
	length int
	ranks  []uint32            // at the source, of the walks inside now
	names  controller.RowCoder // of the source
	due    int64
	unit   int64
	key    endKey
}

// depart starts a way here.
func (l *memoChannel) startPath() *path {
	w := &path{due: l.due - l.clock, unit: l.unit}
	for rank := range l.inside {
		w.ranks = append(w.ranks, uint32(rank))
	}
	l.updateRanges()
	w.names = controller.RowCoder{Ranges: l.rows.Ranges, Unvisited: slices.Clone(l.unvisited)}
	for q := range l.feeds {
		if f := &l.feeds[q]; f.on {
			w.key = endKey{left: f.left, queue: int32(q)}
		}
	}
	return w
}

// add goes on along an edge.
func (w *path) add(e *transition) {
	w.length++
	w.counts.Add(&e.counts)
	for _, p := range e.byWalk {
		rank := w.ranks[p.rank]
		i := slices.IndexFunc(w.byWalk, func(x walkCounts) bool { return x.rank == rank })
		if i < 0 {
			w.byWalk = append(w.byWalk, walkCounts{rank: rank})
			i = len(w.byWalk) - 1
		}
		w.byWalk[i].stats.Add(&p.stats)
	}
	for _, m := range e.done {
		w.done = append(w.done, completion{w.ranks[m.tag], w.clocks + m.clock})
	}
	w.ranks = without(w.ranks, e.done)
	w.clocks += e.clocks
	w.intervals += e.intervals
	w.ended = e.ended
}

// shortcut makes one edge of the way that a whole walk has taken.
func (l *memoChannel) shortcut(from *state, w *path) {
	e := w.transition
	e.to, e.moves = l.at, []move{{queue: int(w.key.queue), bursts: w.key.left}}
	e.unvisited = codesOf(l.unvisited, &w.names)
	if e.intervals > 0 {
		put(l.memo, &from.timed, timedKey{due: w.due, unit: w.unit, end: w.key}, &e)
	} else {
		put(l.memo, &from.ends, w.key, &e)
	}
}

// asleep says that nothing happens here any more, apart from refreshes that fall due.
func (l *memoChannel) isQuiescent() bool {
	if n := l.at; n.quiescence == untested {
		n.quiescence = notQuiescent
		if len(l.inside) == 0 {
			p := l.load()
			p.RefreshDue = controller.Never
			p.run(1, false)
			if p.store(&l.codec, &controller.RowCoder{}, nil); string(l.codec.Bytes) == n.snapshot {
				n.quiescence = quiescent
			}
		}
	}
	return l.at.quiescence == quiescent
}

// doze goes to a clock, or through the next refresh.
func (l *memoChannel) idle(limit int64) {
	if limit < l.due {
		l.clock = limit
		return
	}
	l.clock = max(l.clock, l.due-1)
	e := l.find(limit)
	if e == nil {
		e = l.learn(limit)
	}
	l.follow(e)
}

func (l *memoChannel) settle(seen func(completion)) {
	if l.running != nil {
		l.settleOnPort(seen)
		return
	}
	if l.active > 0 {
		panic("dram: a walk under way cannot be settled")
	}
	l.at = l.memo.revive(l.at)
	n, due := l.at, l.due-l.clock
	key := timedKey{due: due, unit: l.unit}
	done, ok := n.settled[key]
	switch {
	case n.calm != nil && n.calm.clocks < due:
		done = n.calm.done
	case !ok:
		p := l.load()
		p.drain()
		done = slices.Clone(p.done)
		if p.DueCount == 0 {
			n.calm = &calm{p.Clock, done}
		} else {
			if n.settled == nil {
				n.settled = map[timedKey][]completion{}
			}
			n.settled[key] = done
			l.memo.account(transitionBytes / 2)
		}
	}
	for _, m := range done {
		seen(completion{l.inside[m.tag].tag, l.clock + m.clock})
	}
}
