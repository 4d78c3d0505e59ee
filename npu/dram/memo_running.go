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
	firstCredit  = 4096 // at power-on
	creditBack   = 128  // when it returns
	creditGood   = 256  // more than on return: edges are known
	creditMost   = 16384
	learnCosts   = 8
	liveStride   = 5  // a live walk looks for the memo at the end of each 2^5 cells
	longestPause = 64 // between the short walks before which a live lane looks for the memo
)

// live is a lane out of the memo.
type live struct {
	*port
	origin int64 // clock at which it left
	wait   int   // walks until it looks again
}

// leave makes the lane live.
func (l *memoLane) leave() {
	p := l.thaw().clone()
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
	if l.worth { // it was worth while
		l.pause = 0
	}
	l.pause, l.worth = min(2*l.pause+1, longestPause), false
	l.live = &live{port: p, origin: l.clock, wait: l.pause + 1} // the walk that it left for comes first
}

// runLive steps up to a clock, or until a walk has been accepted, unless it comes to a known state before.
func (l *memoLane) runLive(limit int64) (ended int, back bool) {
	p := l.live
	end := controller.Never
	if limit != controller.Never {
		end = limit - p.origin
	}
	for p.Clock < end {
		for q := range p.feeds {
			if f := &p.feeds[q]; f.on && (f.stop >= f.left || f.stop == 0) {
				f.stop = f.left - f.toEnd(l.memo.cell<<liveStride)
			}
		}
		ended := p.run(end, true)
		l.sync()
		if ended != none {
			l.active--
			return ended, false
		}
		if p.stopped() && l.comeBack() {
			return none, true
		}
	}
	l.clock = p.origin + p.Clock
	return none, false
}

// sync takes over what the live port has done.
func (l *memoLane) sync() {
	p := l.live
	l.clock = p.origin + p.Clock
	for _, m := range p.done {
		l.done = append(l.done, mark{m.tag, p.origin + m.clock})
	}
	p.done = p.done[:0]
}

// gather takes the live port's counts over.
func (l *memoLane) gather() {
	l.counts.Add(&l.live.Counts)
	l.live.Counts = stats.DRAM{}
	addClasses(&l.classes, l.live.classes)
}

// comeBack returns to the memo if the state is known there; if not, it will be.
func (l *memoLane) comeBack() bool {
	p := l.live
	var names controller.RowCoder
	for q := range p.feeds {
		if f := &p.feeds[q]; f.on {
			names.Spans[q] = spanOf(l.mapping, &f.cursor)
		}
	}
	p.freeze(&l.codec, &names, l.phase)
	n, fresh := l.memo.intern(l.codec.Text)
	if fresh {
		return false
	}
	l.gather()
	l.at, l.foreign, l.clock, l.unit = n, slices.Clone(names.Unvisited), p.origin+p.Clock, p.NextUnit
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
	l.live, l.credit, l.worth = nil, creditBack, false
	return true
}

// beginLive starts feeding a walk from a live lane, unless it returns before.
func (l *memoLane) beginLive(queue int, j *job) bool {
	p := l.live
	if p.wait--; p.wait <= 0 && l.active == 0 {
		if l.comeBack() {
			return false
		}
		l.pause = min(2*l.pause+1, longestPause)
		p.wait = l.pause
	}
	p.begin(queue, j)
	l.active++
	return true
}

// settleLive predicts what a copy does.
func (l *memoLane) settleLive(seen func(mark)) {
	p := l.live
	c := p.clone()
	c.drain()
	for _, m := range c.done {
		seen(mark{m.tag, p.origin + m.clock})
	}
}
