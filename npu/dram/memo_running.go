package dram

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// Where hardly anything repeats (random reads, short walks with irregular pauses), frames are in vain. A lane has credit: it
// loses some with each edge that it learns and gains some with each that it knows. Without credit it leaves the memo and is
// live, that is stepped, on a port of its own. From time to time it looks whether the state that it has come to is a known
// one, notes it if not, and else returns.
const (
	firstBudget   = 4096 // at power-on
	returnBudget  = 128  // when it returns
	paidOffBudget = 256  // more than on return: edges are known
	maxBudget     = 16384
	learnCost     = 8
	runningStride = 5  // a live walk looks for the memo at the end of each 2^5 cells
	maxRetryEvery = 64 // between the short walks before which a live lane looks for the memo
)

// live is a lane out of the memo.
type runningPort struct {
	*port
	origin  int64 // clock at which it left
	retryIn int   // walks until it looks again
}

// leave makes the lane live.
func (l *memoChannel) leaveMemo() {
	p := l.load().clone()
	p.classes = nil
	controller.EachTag(p.Controller, func(tag *uint32) { *tag = l.inside[*tag].tag })
	for i := range p.inside {
		p.inside[i].tag, p.inside[i].class = l.inside[i].tag, l.inside[i].class
	}
	for q := range p.feeds {
		if f := &p.feeds[q]; f.on {
			f.tag, f.stop = l.inside[f.tag].tag, 0
		}
	}
	if l.paidOff { // it was worth while
		l.retryEvery = 0
	}
	l.retryEvery, l.paidOff = min(2*l.retryEvery+1, maxRetryEvery), false
	l.running = &runningPort{port: p, origin: l.clock, retryIn: l.retryEvery + 1} // the walk that it left for comes first
}

// runLive steps up to a clock, or until a walk has been accepted, unless it comes to a known state before.
func (l *memoChannel) runPort(limit int64) (ended int, back bool) {
	p := l.running
	end := controller.Never
	if limit != controller.Never {
		end = limit - p.origin
	}
	for p.Clock < end {
		for q := range p.feeds {
			if f := &p.feeds[q]; f.on && (f.stop >= f.left || f.stop == 0) {
				f.stop = f.left - f.toEnd(l.memo.cell<<runningStride)
			}
		}
		ended := p.run(end, true)
		l.takeCompletions()
		if ended != noQueue {
			l.active--
			return ended, false
		}
		if p.stopped() && l.returnToMemo() {
			return noQueue, true
		}
	}
	l.clock = p.origin + p.Clock
	return noQueue, false
}

// sync takes over what the live port has done.
func (l *memoChannel) takeCompletions() {
	p := l.running
	l.clock = p.origin + p.Clock
	for _, m := range p.done {
		l.done = append(l.done, completion{m.tag, p.origin + m.clock})
	}
	p.done = p.done[:0]
}

// gather takes the live port's counts over.
func (l *memoChannel) takePortCounts() {
	l.counts.Add(&l.running.Counts)
	l.running.Counts = stats.DRAM{}
	addClasses(&l.classes, l.running.classes)
}

// comeBack returns to the memo if the state is known there; if not, it will be.
func (l *memoChannel) returnToMemo() bool {
	p := l.running
	var names controller.RowCoder
	for q := range p.feeds {
		if f := &p.feeds[q]; f.on {
			names.Ranges[q] = rowRange(l.mapping, &f.cursor)
		}
	}
	p.store(&l.codec, &names, l.phase)
	n, fresh := l.memo.intern(l.codec.Bytes)
	if fresh {
		return false
	}
	l.takePortCounts()
	l.at, l.unvisited, l.clock, l.unit = n, slices.Clone(names.Unvisited), p.origin+p.Clock, p.NextUnit
	if l.memo.timer.Interval != controller.Never {
		l.due = p.origin + p.RefreshDue
	}
	l.inside = l.inside[:0]
	for i := range p.inside {
		l.inside = append(l.inside, resident{p.inside[i].tag, p.inside[i].class})
	}
	for q := range l.feeds {
		f := &p.feeds[q]
		l.feeds[q] = memoFeed{cursor: f.cursor, on: f.on, write: f.write}
	}
	l.running, l.budget, l.paidOff = nil, returnBudget, false
	return true
}

// beginLive starts feeding a walk from a live lane, unless it returns before.
func (l *memoChannel) beginOnPort(queue int, j *channelTransfer) bool {
	p := l.running
	if p.retryIn--; p.retryIn <= 0 && l.active == 0 {
		if l.returnToMemo() {
			return false
		}
		l.retryEvery = min(2*l.retryEvery+1, maxRetryEvery)
		p.retryIn = l.retryEvery
	}
	p.begin(queue, j)
	l.active++
	return true
}

// settleLive predicts what a copy does.
func (l *memoChannel) settleOnPort(seen func(completion)) {
	p := l.running
	c := p.clone()
	c.drain()
	for _, m := range c.done {
		seen(completion{m.tag, p.origin + m.clock})
	}
}
