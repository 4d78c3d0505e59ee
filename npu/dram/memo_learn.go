package dram

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// load puts the memo's scratch port into this channel's state, at clock 0. Tags become ranks.
func (c *memoChannel) load() *port {
	p := c.memo.scratch
	p.RefreshDue, p.NextUnit = c.due-c.clock, c.unit
	c.updateRanges()
	c.rows.Unvisited = c.unvisited
	p.load(c.at.snapshot, &c.rows, c.inPeriod())
	for q := range c.feeds {
		if f := &c.feeds[q]; f.on {
			p.feeds[q].cursor = f.cursor
			p.locate(&p.feeds[q])
		}
	}
	return p
}

// learn steps to the end of the cell, to a refresh, to the end of a walk, or to clock limit, whichever comes first;
// without a walk under way, to a quiescent state. It records the transition.
func (c *memoChannel) learn(limit int64) *transition {
	from, p, room := c.at, c.load(), limit-c.clock
	var key transitionKey
	ended, waiting := noQueue, p.agent.waiting
	if c.active == 0 && c.memo.background != nil {
		if p.run(min(room, c.toStation()), false); p.Clock == room {
			key.stop = room
		}
	} else if c.active == 0 {
		p.runUntilQuiescent(room)
		if p.Clock == room {
			key.stop = room
		}
	} else {
		cell := c.memo.cell << min(c.newStates/patience, maxWiden)
		for q := range p.feeds {
			if f := &p.feeds[q]; f.on {
				f.stop = f.left - f.toEnd(cell)
			}
		}
		if ended = p.run(room, true); ended == noQueue && !p.Refreshed && !p.stopped() {
			key.stop = room
		}
	}
	t := c.transitionTo(p, ended)
	if ended != noQueue {
		key.end = walkEnd{c.feeds[ended].left, int32(ended), c.bounds()}
	}
	switch {
	case c.memo.background == nil:
		if t.intervals > 0 {
			key.refresh = refreshTime{c.due - c.clock, c.unit}
		}
	case c.active == 0 || waiting > 0 || t.intervals > 0 || t.clocks >= c.quiet():
		key.phase = c.inPeriod() + 1
	}
	c.memo.add(from, key, t)
	return t
}

// learnStart steps no clock: it records how the state changes when a walk begins.
func (c *memoChannel) learnStart(queue int, x *channelTransfer, key string) *transition {
	p, rank := c.load(), len(c.inside)
	p.begin(queue, &channelTransfer{walk: x.walk, write: x.write, class: uint8(rank), tag: uint32(rank)})
	t := c.transitionTo(p, noQueue)
	t.moves = nil
	c.memo.addStart(c.at, key, t)
	return t
}

// Where one state after another is new, cells become longer: random traffic should not pay for snapshots that never
// recur.
const (
	patience = 16 // new states in a row before cells double
	maxWiden = 5  // times
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

// transitionTo makes the transition from this channel's state to the one that p has been stepped to.
func (c *memoChannel) transitionTo(p *port, ended int) *transition {
	t := &transition{clocks: p.Clock, intervals: p.DueCount, ended: ended, counts: p.Counts, done: slices.Clone(p.done)}
	for rank := range p.classes {
		if s := &p.classes[rank]; *s != (stats.Requester{}) {
			t.byWalk = append(t.byWalk, walkCounts{uint32(rank), *s})
		}
	}
	var rows controller.RowCoder
	for q := range c.feeds {
		f := &p.feeds[q]
		if f.on {
			rows.Ranges[q] = rowRange(c.mapping, &f.cursor)
		}
		if own := &c.feeds[q]; own.on {
			t.moves = append(t.moves, move{q, own.left - f.left, f.turnIndex - own.turnIndex, f.offset - own.offset})
		}
	}
	p.store(&c.codec, &rows, c.phase)
	var fresh bool
	if t.to, fresh = c.memo.intern(c.codec.Bytes); fresh {
		c.newStates++
	} else {
		c.newStates = 0
	}
	t.unvisited = codesOf(rows.Unvisited, &c.rows)
	c.memo.steps += p.Clock
	return t
}

// codesOf encodes rows that the coder knows.
func codesOf(rows []int64, coder *controller.RowCoder) []int64 {
	var codes []int64
	before := len(coder.Unvisited)
	for _, row := range rows {
		codes = append(codes, coder.Encode(row))
	}
	if len(coder.Unvisited) > before {
		panic("dram: a channel met a row of no walk")
	}
	return codes
}

// path is several transitions in a row, taken while one walk is fed from its place to its end.
type path struct {
	transition
	length int
	ranks  []uint32            // of the walks inside now, where the path began
	rows   controller.RowCoder // where the path began
	key    transitionKey
}

// startPath starts a path here.
func (c *memoChannel) startPath() *path {
	p := &path{key: transitionKey{refresh: refreshTime{c.due - c.clock, c.unit}}}
	if c.memo.background != nil {
		p.key = transitionKey{phase: c.inPeriod() + 1}
	}
	for rank := range c.inside {
		p.ranks = append(p.ranks, uint32(rank))
	}
	c.updateRanges()
	p.rows = controller.RowCoder{Ranges: c.rows.Ranges, Unvisited: slices.Clone(c.unvisited)}
	for q := range c.feeds {
		if f := &c.feeds[q]; f.on {
			p.key.end = walkEnd{left: f.left, queue: int32(q)}
		}
	}
	return p
}

// add appends a transition to the path.
func (p *path) add(t *transition) {
	p.length++
	p.counts.Add(&t.counts)
	for _, w := range t.byWalk {
		rank := p.ranks[w.rank]
		i := slices.IndexFunc(p.byWalk, func(x walkCounts) bool { return x.rank == rank })
		if i < 0 {
			p.byWalk = append(p.byWalk, walkCounts{rank: rank})
			i = len(p.byWalk) - 1
		}
		p.byWalk[i].stats.Add(&w.stats)
	}
	for _, d := range t.done {
		p.done = append(p.done, completion{p.ranks[d.tag], p.clocks + d.clock})
	}
	p.ranks = without(p.ranks, t.done)
	p.clocks += t.clocks
	p.intervals += t.intervals
	p.ended = t.ended
}

// recordPath records the path of a whole walk as one transition.
func (c *memoChannel) recordPath(from *state, p *path) {
	t, key := p.transition, p.key
	t.to, t.moves = c.at, []move{{queue: int(key.end.queue), bursts: key.end.left}}
	t.unvisited = codesOf(c.unvisited, &p.rows)
	if t.intervals == 0 {
		key.refresh = refreshTime{}
	}
	c.memo.add(from, key, &t)
}
