package dram

import (
	"encoding/binary"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/stats"
)

var _ lane = (*memoLane)(nil)

// memoLane is a channel that lives in the memo: a node with the time, the rows and the transfers that the node's frame
// leaves open. It is stepped only from nodes that lack the edge it needs.
type memoLane struct {
	memo    *memo
	mapping *Mapping
	at      *node
	clock   int64
	foreign []int64  // rows of the frame's odd codes
	inside  []uint32 // tags by rank
	cursor  cursor   // of the transfer being fed
	counts  stats.DRAM
	done    []mark

	spare []int64
	key   []byte
}

func newMemoLane(m *memo, mapping *Mapping, power stepper) *memoLane {
	l := &memoLane{memo: m, mapping: mapping}
	l.at = m.intern(spot{frame: power.freeze(&rowCoder{})})
	return l
}

func (l *memoLane) run(release int64, j *job) int64 {
	l.at = l.memo.current(l.at)
	if wait := release - l.clock; wait > 0 {
		l.idle(wait)
	}
	if j == nil {
		return l.clock
	}
	l.cursor = begin(j.walk)
	names := l.coder(&l.cursor)
	p := phaseOf(&l.cursor, l.mapping, j.write, len(l.inside)+1)
	l.key = l.rowsMet(names, l.key[:0])
	if e := l.at.wholes[wholeKey{startKey{phase: p, rows: string(l.key)}, j.walk.bursts}]; e != nil {
		l.inside = append(l.inside, j.tag)
		l.follow(e)
		return l.clock
	}
	before := l.remember()
	l.start(names, p)
	l.inside = append(l.inside, j.tag)
	for l.cursor.left > 0 {
		l.at = l.memo.current(l.at)
		n := l.at
		switch {
		case n.next != nil && l.cursor.left > n.next.bursts:
			l.follow(n.next)
		case n.ends[l.cursor.left] != nil:
			l.follow(n.ends[l.cursor.left])
		default:
			l.follow(l.learn(n, j))
		}
	}
	l.shortcut(&before, wholeKey{startKey{p, string(l.key)}, j.walk.bursts}, names.base)
	return l.clock
}

// base is the row that even codes count from.
func (l *memoLane) base() int64 {
	return l.cursor.next() >> l.mapping.granuleShift * l.mapping.granuleRows
}

// coder codes rows at a position of the walk being fed.
func (l *memoLane) coder(c *cursor) *rowCoder {
	m := l.mapping
	return &rowCoder{base: c.next() >> m.granuleShift * m.granuleRows,
		low: c.low >> m.blockShift * m.blockRows, high: ((c.high-1)>>m.blockShift + 1) * m.blockRows}
}

// follow moves along an edge.
func (l *memoLane) follow(e *edge) {
	if len(e.rows) > 0 || len(l.foreign) > 0 {
		base := int64(0)
		if e.bursts > 0 || l.at.phase.inside > 0 {
			base = l.base()
		}
		l.spare = l.spare[:0]
		for _, code := range e.rows {
			l.spare = append(l.spare, decodeRow(code, base, l.foreign))
		}
		l.foreign, l.spare = l.spare, l.foreign
	}
	if len(e.done) > 0 {
		for _, m := range e.done {
			l.done = append(l.done, mark{l.inside[m.tag], l.clock + m.clock})
		}
		kept := l.inside[:0]
		for rank, tag := range l.inside {
			if !slices.ContainsFunc(e.done, func(m mark) bool { return m.tag == uint32(rank) }) {
				kept = append(kept, tag)
			}
		}
		l.inside = kept
	}
	if e.bursts > 0 {
		if l.cursor.left -= e.bursts; l.cursor.left > 0 {
			l.cursor.at(l.cursor.turnIndex+e.turns, l.cursor.offset+e.offset)
		}
	}
	l.counts.Add(&e.counts)
	l.clock += e.clocks
	l.at = e.to
}

// rowsMet appends the rows inside that the walk may visit, relative to its start.
func (l *memoLane) rowsMet(names *rowCoder, key []byte) []byte {
	for i, row := range l.foreign {
		if row >= names.low && row < names.high {
			key = binary.AppendVarint(binary.AppendVarint(key, int64(i)), row-names.base)
		}
	}
	return key
}

// start goes from rest to the start of the transfer under the cursor.
func (l *memoLane) start(names *rowCoder, p phase) {
	key := startKey{phase: p, rows: string(l.key)}
	e := l.at.starts[key]
	if e == nil {
		s := l.thaw(false)
		s.enter(uint32(len(l.inside)))
		e = l.edgeTo(s, names, p)
		if l.at.starts == nil {
			l.at.starts = map[startKey]*edge{}
		}
		l.at.starts[key] = e
	}
	l.follow(e)
}

// origin is where a lane was at rest before a transfer.
type origin struct {
	at      *node
	clock   int64
	foreign []int64
	inside  []uint32
	counts  stats.DRAM
	done    int
}

// remember notes where the lane is at rest.
func (l *memoLane) remember() origin {
	return origin{l.at, l.clock, slices.Clone(l.foreign), slices.Clone(l.inside), l.counts, len(l.done)}
}

// shortcut makes one edge of the way from rest to rest that a whole transfer has taken.
func (l *memoLane) shortcut(from *origin, key wholeKey, base int64) {
	e := &edge{to: l.at, clocks: l.clock - from.clock, counts: subtract(&l.counts, &from.counts), bursts: key.bursts}
	for _, m := range l.done[from.done:] {
		rank := slices.Index(from.inside, m.tag)
		if rank < 0 {
			rank = len(from.inside) // the transfer itself
		}
		e.done = append(e.done, mark{uint32(rank), m.clock - from.clock})
	}
	for _, row := range l.foreign {
		if i := slices.Index(from.foreign, row); i >= 0 {
			e.rows = append(e.rows, int64(2*i+1))
		} else {
			e.rows = append(e.rows, 2*(row-base))
		}
	}
	if from.at.wholes == nil {
		from.at.wholes = map[wholeKey]*edge{}
	}
	from.at.wholes[key] = e
	l.memo.bytes += edgeBytes
}

// idle goes from rest to rest, wait clocks later.
func (l *memoLane) idle(wait int64) {
	e := l.at.idles[wait]
	if e == nil {
		s := l.thaw(false)
		s.advanceTo(wait)
		e = l.edgeTo(s, &rowCoder{}, phase{})
		if l.at.idles == nil {
			l.at.idles = map[int64]*edge{}
		}
		l.at.idles[wait] = e
	}
	l.follow(e)
}

// thaw puts the memo's scratch channel into this lane's state, at clock 0.
func (l *memoLane) thaw(feeding bool) stepper {
	s := l.memo.scratch
	base := int64(0)
	if feeding {
		base = l.base()
	}
	s.thaw(l.at.frame, base, l.foreign, len(l.inside), feeding)
	return s
}

// learn steps from checkpoint n to the next one, or to the end of the transfer, and remembers the way.
func (l *memoLane) learn(n *node, j *job) *edge {
	s := l.thaw(true)
	cur := l.cursor
	here := l.memo.checkpoint(&cur)
	s.stretch(&cur, j.write, func(c *cursor, refreshed bool) bool { return refreshed || l.memo.checkpoint(c) != here })
	var e *edge
	if cur.left > 0 {
		_, _, done := s.learnt()
		e = l.edgeTo(s, l.coder(&cur), phaseOf(&cur, l.mapping, j.write, len(l.inside)-len(done)))
		n.next = e
	} else {
		e = l.edgeTo(s, &rowCoder{}, phase{})
		if n.ends == nil {
			n.ends = map[int64]*edge{}
		}
		n.ends[l.cursor.left] = e
	}
	e.bursts, e.turns, e.offset = l.cursor.left-cur.left, cur.turnIndex-l.cursor.turnIndex, cur.offset-l.cursor.offset
	return e
}

// checkpoint numbers the stretches of a walk; where one ends, and at each refresh, learn makes a node. Where nodes are
// does not matter to the result. It matters to the speed that histories meet again soon: a refresh wipes out most of what
// a channel remembers, so that its state then depends on little more than the position of the walk.
func (m *memo) checkpoint(c *cursor) int64 {
	if c.turn == 0 {
		return c.next() / (m.spacing * c.burst)
	}
	return (c.bursts - c.left) / m.spacing
}

// edgeTo makes the edge from this lane's node to the state that s has been stepped to.
func (l *memoLane) edgeTo(s stepper, names *rowCoder, p phase) *edge {
	clock, counts, done := s.learnt()
	e := &edge{to: l.memo.intern(spot{s.freeze(names), p}), clocks: clock, counts: *counts, done: slices.Clone(done)}
	l.memo.bytes += edgeBytes
	l.memo.steps += clock
	for _, row := range names.foreign {
		e.rows = append(e.rows, l.codeHere(row))
	}
	return e
}

// codeHere is the code of a row at this lane's node.
func (l *memoLane) codeHere(row int64) int64 {
	for i, f := range l.foreign {
		if f == row {
			return int64(2*i + 1)
		}
	}
	if l.at.phase.inside == 0 {
		panic("dram: a channel at rest met a new row")
	}
	return 2 * (row - l.base())
}

func (l *memoLane) settle(seen func(mark)) {
	l.at = l.memo.current(l.at)
	n := l.at
	if !n.known {
		s := l.thaw(false)
		s.drain()
		_, _, done := s.learnt()
		n.settled, n.known = slices.Clone(done), true
	}
	for _, m := range n.settled {
		seen(mark{l.inside[m.tag], l.clock + m.clock})
	}
}

func (l *memoLane) take(add *stats.DRAM) []mark {
	add.Add(&l.counts)
	l.counts = stats.DRAM{}
	d := l.done
	l.done = d[:0]
	return d
}

func (l *memoLane) twin() lane {
	n := *l
	n.foreign, n.inside, n.done = slices.Clone(l.foreign), slices.Clone(l.inside), slices.Clone(l.done)
	n.spare, n.key = nil, nil
	return &n
}

func (l *memoLane) equal(o lane) bool {
	m, ok := o.(*memoLane)
	return ok && l.at == m.at && l.clock == m.clock && slices.Equal(l.foreign, m.foreign) && slices.Equal(l.inside, m.inside)
}
