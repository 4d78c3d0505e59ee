package dram

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

var _ channel = (*memoChannel)(nil)

// memoChannel is a channel that follows the memo. Its position is a state and what a snapshot leaves open: the clock,
// the rows, and the places of the walks. It is stepped only from states that lack the transition it needs.
type memoChannel struct {
	memo      *memo
	mapping   *spec.Mapping
	at        *state
	clock     int64
	due       int64        // clock at which the next refresh falls due
	unit      int64        // rank or bank that it refreshes
	unvisited []int64      // rows in the snapshot that no walk under way visits, by number
	inside    []insideWalk // by rank
	feeds     [controller.MaxQueues]memoFeed
	active    int // feeds that are on
	newStates int // states entered in a row that were new

	running    *runningPort // nil: in the memo
	budget     int          // what may still be spent on learning
	paidOff    bool         // the budget has risen above paidOffBudget
	retryEvery int          // walks from one attempt to return to the memo to the next

	counts  stats.DRAM
	classes []stats.Requester
	done    []completion

	rows    controller.RowCoder // these are reused, and hold nothing from one call to the next
	codec   controller.Codec
	key     []byte
	scratch []int64
}

// insideWalk is a walk with bursts in the controller or still to be fed. Its index in memoChannel.inside is its rank,
// by which snapshots and transitions name it.
type insideWalk struct {
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
	c := &memoChannel{memo: m, mapping: mapping, due: m.timer.Interval, budget: m.budget}
	c.at, _ = m.intern([]byte(m.powerOn))
	if b := m.background; b != nil {
		c.inside = append(c.inside, insideWalk{agentTag, b.class})
	}
	return c
}

func (c *memoChannel) now() int64 { return c.clock }

// run simulates up to a clock, or until a walk has been accepted, and returns that walk's queue.
func (c *memoChannel) run(limit int64) (ended int) {
	if c.running != nil {
		if ended, back := c.runPort(limit); !back {
			return ended
		}
	}
	if c.active > 0 && limit == controller.Never {
		return c.runWhole()
	}
	for c.clock < limit {
		c.at = c.memo.revive(c.at)
		if c.active == 0 && c.isQuiescent() {
			c.idle(limit)
			continue
		}
		t := c.findOrLearn(limit)
		if t == nil {
			return c.run(limit)
		}
		if c.follow(t); t.ended != noQueue {
			return t.ended
		}
	}
	return noQueue
}

// findOrLearn returns the transition that applies here, learnt if need be; nil if the channel has left the memo
// instead.
func (c *memoChannel) findOrLearn(limit int64) *transition {
	t := c.find(limit)
	if t == nil && !c.overBudget() {
		t = c.learn(limit)
	}
	return t
}

// overBudget pays for one more transition, or leaves the memo if the budget does not allow that. It reports whether the
// channel has left.
func (c *memoChannel) overBudget() bool {
	if c.budget -= learnCost; c.budget >= 0 {
		return false
	}
	c.leaveMemo()
	return true
}

// runWhole runs to the end of a walk, and records the path as one transition.
func (c *memoChannel) runWhole() int {
	c.at = c.memo.revive(c.at)
	if t := c.findEnd(controller.Never); t != nil {
		c.follow(t)
		return t.ended
	}
	from, p := c.at, c.startPath()
	for {
		c.at = c.memo.revive(c.at)
		t := c.findOrLearn(controller.Never)
		if t == nil {
			return c.run(controller.Never)
		}
		p.add(t)
		if c.follow(t); t.ended == noQueue {
			continue
		}
		if p.length > 1 && c.active == 0 {
			c.recordPath(from, p)
		}
		return t.ended
	}
}

// follow moves along a transition.
func (c *memoChannel) follow(t *transition) {
	if len(t.unvisited) > 0 || len(c.unvisited) > 0 {
		c.updateRanges()
		c.rows.Unvisited, c.scratch = c.unvisited, c.scratch[:0]
		for _, code := range t.unvisited {
			c.scratch = append(c.scratch, c.rows.Decode(code))
		}
		c.unvisited, c.scratch = c.scratch, c.unvisited
	}
	for i := range t.byWalk {
		w := &t.byWalk[i]
		classOf(&c.classes, c.inside[w.rank].class).Add(&w.stats)
	}
	if len(t.done) > 0 {
		c.complete(t.done)
	}
	for i := range t.moves {
		m := &t.moves[i]
		f := &c.feeds[m.queue]
		if f.left -= m.bursts; f.left > 0 {
			f.at(f.turnIndex+m.turns, f.offset+m.offset)
		}
	}
	if t.ended != noQueue {
		c.feeds[t.ended].on = false
		c.active--
	}
	if c.budget = min(c.budget+1, maxBudget); c.budget > paidOffBudget {
		c.paidOff = true
	}
	c.counts.Add(&t.counts)
	c.clock += t.clocks
	if t.intervals > 0 {
		timer := &c.memo.timer
		c.due += t.intervals * timer.Interval
		c.unit = (c.unit + t.intervals*timer.Step) % timer.Units
	}
	c.at = t.to
}

// complete notes the completions of walks inside; the ranks behind them move up.
func (c *memoChannel) complete(done []completion) {
	for _, d := range done {
		c.done = append(c.done, completion{c.inside[d.tag].tag, c.clock + d.clock})
	}
	c.inside = without(c.inside, done)
}

// without removes the ranks that are done from a list by rank.
func without[T any](list []T, done []completion) []T {
	n := 0
	for rank := range list {
		if !slices.ContainsFunc(done, func(d completion) bool { return d.tag == uint32(rank) }) {
			list[n] = list[rank]
			n++
		}
	}
	return list[:n]
}

// begin starts feeding a walk from a free queue.
func (c *memoChannel) begin(queue int, x *channelTransfer) {
	if c.running != nil && c.beginOnPort(queue, x) {
		return
	}
	c.at = c.memo.revive(c.at)
	f := &c.feeds[queue]
	f.begin(&x.walk)
	f.on, f.write = true, x.write
	key := c.startKey(queue)
	t := c.at.starts[string(key)]
	if t == nil {
		f.on = false
		if c.overBudget() {
			c.beginOnPort(queue, x)
			return
		}
		t = c.learnStart(queue, x, string(key))
	}
	f.on = false
	c.inside = append(c.inside, insideWalk{x.tag, x.class})
	c.follow(t)
	f.on = true
	c.active++
}

func (c *memoChannel) takeDone() []completion {
	d := c.done
	c.done = d[:0]
	return d
}

func (c *memoChannel) takeCounts(add *stats.DRAM, classes *[]stats.Requester) {
	if c.running != nil {
		c.takePortCounts()
	}
	add.Add(&c.counts)
	c.counts = stats.DRAM{}
	addClasses(classes, c.classes)
}

func (c *memoChannel) clone() channel {
	n := *c
	n.unvisited, n.inside = slices.Clone(c.unvisited), slices.Clone(c.inside)
	n.done, n.classes = slices.Clone(c.done), slices.Clone(c.classes)
	n.scratch, n.key, n.codec, n.rows.Unvisited = nil, nil, controller.Codec{}, nil
	if c.running != nil {
		v := *c.running
		v.port = v.clone()
		n.running = &v
	}
	return &n
}

func (c *memoChannel) equal(other channel) bool {
	o, ok := other.(*memoChannel)
	return ok && c.running == nil && o.running == nil && c.active == 0 && o.active == 0 && c.at == o.at &&
		c.clock == o.clock && c.due == o.due && c.unit == o.unit &&
		slices.Equal(c.unvisited, o.unvisited) && slices.Equal(c.inside, o.inside)
}
