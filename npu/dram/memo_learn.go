package dram

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// thaw puts the memo's scratch port into this lane's state, at clock 0.
func (l *memoLane) thaw() *port {
	p := l.memo.scratch
	p.RefreshDue, p.NextUnit = l.due-l.clock, l.unit
	l.span()
	l.names.Unvisited = l.foreign
	p.thaw(l.at.text, &l.names)
	for q := range l.feeds {
		if f := &l.feeds[q]; f.on {
			p.feeds[q].cursor, p.feeds[q].place = f.cursor, l.mapping.Locate(f.next())
		}
	}
	return p
}

// learn steps to the end of the cell, to a refresh, to the end of a walk, or to a clock; at rest, until nothing happens any
// more. It remembers the way.
func (l *memoLane) learn(limit int64) *edge {
	n, p, room := l.at, l.thaw(), limit-l.clock
	ended, stop := none, int64(0)
	if l.active == 0 {
		p.rest(room)
		if p.Clock == room {
			stop = room
		}
	} else {
		cell := l.memo.cell << min(l.new/patience, maxWiden)
		for q := range p.feeds {
			if f := &p.feeds[q]; f.on {
				f.stop = f.left - f.toEnd(cell)
			}
		}
		if ended = p.run(room, true); ended == none && !p.Refreshed && !p.stopped() {
			stop = room
		}
	}
	e := l.edgeFrom(p, ended)
	var end endKey
	if ended != none {
		end = endKey{l.feeds[ended].left, int32(ended), l.bounds()}
	}
	switch {
	case e.falls > 0:
		put(l.memo, &n.timed, timedKey{due: l.due - l.clock, unit: l.unit, stop: stop, end: end}, e)
	case ended != none:
		put(l.memo, &n.ends, end, e)
	case stop > 0:
		put(l.memo, &n.stops, stop, e)
	default:
		n.next = e
		l.memo.book(e)
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
func (l *memoLane) edgeFrom(p *port, ended int) *edge {
	e := &edge{clocks: p.Clock, falls: p.DueCount, ended: ended, counts: p.Counts, done: slices.Clone(p.done)}
	for rank := range p.classes {
		if s := &p.classes[rank]; *s != (stats.Requester{}) {
			e.parts = append(e.parts, part{uint32(rank), *s})
		}
	}
	var names controller.RowCoder
	for q := range l.feeds {
		f := &p.feeds[q]
		if f.on {
			names.Spans[q] = spanOf(l.mapping, &f.cursor)
		}
		if c := &l.feeds[q]; c.on {
			e.moves = append(e.moves, move{q, c.left - f.left, f.turnIndex - c.turnIndex, f.offset - c.offset})
		}
	}
	p.freeze(&l.codec, &names, l.phase)
	var fresh bool
	if e.to, fresh = l.memo.intern(l.codec.Text); fresh {
		l.new++
	} else {
		l.new = 0
	}
	e.rows = codesOf(names.Unvisited, &l.names)
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
type way struct {
	edge
	legs  int
	ranks []uint32            // at the source, of the walks inside now
	names controller.RowCoder // of the source
	due   int64
	unit  int64
	key   endKey
}

// depart starts a way here.
func (l *memoLane) depart() *way {
	w := &way{due: l.due - l.clock, unit: l.unit}
	for rank := range l.inside {
		w.ranks = append(w.ranks, uint32(rank))
	}
	l.span()
	w.names = controller.RowCoder{Spans: l.names.Spans, Unvisited: slices.Clone(l.foreign)}
	for q := range l.feeds {
		if f := &l.feeds[q]; f.on {
			w.key = endKey{left: f.left, queue: int32(q)}
		}
	}
	return w
}

// add goes on along an edge.
func (w *way) add(e *edge) {
	w.legs++
	w.counts.Add(&e.counts)
	for _, p := range e.parts {
		rank := w.ranks[p.rank]
		i := slices.IndexFunc(w.parts, func(x part) bool { return x.rank == rank })
		if i < 0 {
			w.parts = append(w.parts, part{rank: rank})
			i = len(w.parts) - 1
		}
		w.parts[i].stats.Add(&p.stats)
	}
	for _, m := range e.done {
		w.done = append(w.done, mark{w.ranks[m.tag], w.clocks + m.clock})
	}
	w.ranks = without(w.ranks, e.done)
	w.clocks += e.clocks
	w.falls += e.falls
	w.ended = e.ended
}

// shortcut makes one edge of the way that a whole walk has taken.
func (l *memoLane) shortcut(from *node, w *way) {
	e := w.edge
	e.to, e.moves = l.at, []move{{queue: int(w.key.queue), bursts: w.key.left}}
	e.rows = codesOf(l.foreign, &w.names)
	if e.falls > 0 {
		put(l.memo, &from.timed, timedKey{due: w.due, unit: w.unit, end: w.key}, &e)
	} else {
		put(l.memo, &from.ends, w.key, &e)
	}
}

// asleep says that nothing happens here any more, apart from refreshes that fall due.
func (l *memoLane) asleep() bool {
	if n := l.at; n.sleep == notTried {
		n.sleep = awake
		if len(l.inside) == 0 {
			p := l.thaw()
			p.RefreshDue = controller.Never
			p.run(1, false)
			if p.freeze(&l.codec, &controller.RowCoder{}, nil); string(l.codec.Text) == n.text {
				n.sleep = asleep
			}
		}
	}
	return l.at.sleep == asleep
}

// doze goes to a clock, or through the next refresh.
func (l *memoLane) doze(limit int64) {
	if limit < l.due {
		l.clock = limit
		return
	}
	l.clock = max(l.clock, l.due-1)
	e := l.known(limit)
	if e == nil {
		e = l.learn(limit)
	}
	l.follow(e)
}

func (l *memoLane) settle(seen func(mark)) {
	if l.live != nil {
		l.settleLive(seen)
		return
	}
	if l.active > 0 {
		panic("dram: a walk under way cannot be settled")
	}
	l.at = l.memo.current(l.at)
	n, due := l.at, l.due-l.clock
	key := timedKey{due: due, unit: l.unit}
	done, ok := n.settled[key]
	switch {
	case n.calm != nil && n.calm.clocks < due:
		done = n.calm.done
	case !ok:
		p := l.thaw()
		p.drain()
		done = slices.Clone(p.done)
		if p.DueCount == 0 {
			n.calm = &calm{p.Clock, done}
		} else {
			if n.settled == nil {
				n.settled = map[timedKey][]mark{}
			}
			n.settled[key] = done
			l.memo.grow(edgeBytes / 2)
		}
	}
	for _, m := range done {
		seen(mark{l.inside[m.tag].tag, l.clock + m.clock})
	}
}
