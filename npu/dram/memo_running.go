package dram

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// Where hardly anything repeats (random reads, short walks with irregular gaps), a memo costs more than it saves. So a
// channel has a budget: every transition that it learns takes learnCost off, every one that it follows adds 1. Without
// budget it leaves the memo and is stepped on a port of its own. From time to time it takes a snapshot: if the memo has
// that state, the channel returns; if not, the memo adds it.
const (
	firstBudget   = 4096  // at power-on
	returnBudget  = 128   // on return
	paidOffBudget = 256   // above it the return was worth its cost
	maxBudget     = 16384 // more is not saved up
	learnCost     = 8

	runningStride = 5  // a long walk tries to return at the end of each 2^5 cells
	maxRetryEvery = 64 // walks between two attempts to return, at most
)

// runningPort steps a channel that has left the memo. Its clocks count from origin.
type runningPort struct {
	*port
	origin  int64 // clock at which the channel left
	retryIn int   // walks until it tries to return
}

// leaveMemo has the channel stepped on a port of its own from here on.
func (c *memoChannel) leaveMemo() {
	p := c.load().clone()
	p.classes = nil
	controller.EachTag(p.Controller, func(tag *uint32) { *tag = c.inside[*tag].tag })
	for i := range p.inside {
		p.inside[i].tag, p.inside[i].class = c.inside[i].tag, c.inside[i].class
	}
	for q := range p.feeds {
		if f := &p.feeds[q]; f.on {
			f.tag, f.stop = c.inside[f.tag].tag, 0
		}
	}
	if c.paidOff {
		c.retryEvery = 0
	}
	c.retryEvery, c.paidOff = min(2*c.retryEvery+1, maxRetryEvery), false
	c.running = &runningPort{port: p, origin: c.clock, retryIn: c.retryEvery + 1} // the walk about to begin counts, too
}

// runPort steps up to a clock, or until a walk has been accepted. It reports back if the channel has returned to the
// memo before that.
func (c *memoChannel) runPort(limit int64) (ended int, back bool) {
	p := c.running
	end := controller.Never
	if limit != controller.Never {
		end = limit - p.origin
	}
	for p.Clock < end {
		for q := range p.feeds {
			if f := &p.feeds[q]; f.on && (f.stop >= f.left || f.stop == 0) {
				f.stop = f.left - f.toEnd(c.memo.cell<<runningStride)
			}
		}
		ended := p.run(end, true)
		c.takeCompletions()
		if ended != noQueue {
			c.active--
			return ended, false
		}
		if p.stopped() && c.returnToMemo() {
			return noQueue, true
		}
	}
	c.clock = p.origin + p.Clock
	return noQueue, false
}

// takeCompletions takes over the clock and the completions of the running port.
func (c *memoChannel) takeCompletions() {
	p := c.running
	c.clock = p.origin + p.Clock
	for _, d := range p.done {
		c.done = append(c.done, completion{d.tag, p.origin + d.clock})
	}
	p.done = p.done[:0]
}

// takePortCounts takes over the counts of the running port.
func (c *memoChannel) takePortCounts() {
	c.counts.Add(&c.running.Counts)
	c.running.Counts = stats.DRAM{}
	addClasses(&c.classes, c.running.classes)
}

// returnToMemo returns to the memo if that has the port's state, and reports whether it has. If not, the state is
// added.
func (c *memoChannel) returnToMemo() bool {
	p := c.running
	var rows controller.RowCoder
	for q := range p.feeds {
		if f := &p.feeds[q]; f.on {
			rows.Ranges[q] = rowRange(c.mapping, &f.cursor)
		}
	}
	p.store(&c.codec, &rows, c.phase)
	s, fresh := c.memo.intern(c.codec.Bytes)
	if fresh {
		return false
	}
	c.takePortCounts()
	c.at, c.unvisited, c.clock, c.unit = s, slices.Clone(rows.Unvisited), p.origin+p.Clock, p.NextUnit
	if c.memo.timer.Interval != controller.Never {
		c.due = p.origin + p.RefreshDue
	}
	c.inside = c.inside[:0]
	for i := range p.inside {
		c.inside = append(c.inside, insideWalk{p.inside[i].tag, p.inside[i].class})
	}
	for q := range c.feeds {
		f := &p.feeds[q]
		c.feeds[q] = memoFeed{cursor: f.cursor, on: f.on, write: f.write}
	}
	c.running, c.budget, c.paidOff = nil, returnBudget, false
	return true
}

// beginOnPort starts feeding a walk on the running port. It reports false if the channel has returned to the memo
// instead.
func (c *memoChannel) beginOnPort(queue int, x *channelTransfer) bool {
	p := c.running
	if p.retryIn--; p.retryIn <= 0 && c.active == 0 {
		if c.returnToMemo() {
			return false
		}
		c.retryEvery = min(2*c.retryEvery+1, maxRetryEvery)
		p.retryIn = c.retryEvery
	}
	p.begin(queue, x)
	c.active++
	return true
}

// settleOnPort predicts what a copy of the running port does.
func (c *memoChannel) settleOnPort(seen func(completion)) {
	p := c.running
	n := p.clone()
	n.drain()
	for _, d := range n.done {
		seen(completion{d.tag, p.origin + d.clock})
	}
}
