package dram

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// lane simulates one channel.
type lane interface {
	now() int64
	begin(queue int, j *job)                             // starts feeding a walk from a free queue
	run(limit int64) (ended int)                         // to a clock, or until a walk has been accepted: its queue
	settle(seen func(mark))                              // predicts the completion of every walk inside; none is under way
	take() []mark                                        // completions since the last call
	harvest(add *stats.DRAM, classes *[]stats.Requester) // counts since the last call
	twin() lane                                          // a copy
	equal(o lane) bool                                   // certainly in equal states; may miss some
}

var _ lane = (*steppedLane)(nil)

// steppedLane is the plain twin: one channel, stepped.
type steppedLane struct{ *port }

func (l steppedLane) now() int64                  { return l.Clock }
func (l steppedLane) run(limit int64) (ended int) { return l.port.run(limit, false) }

func (l steppedLane) settle(seen func(mark)) {
	scratch := l.clone()
	scratch.done = scratch.done[:0]
	scratch.drain()
	for _, m := range scratch.done {
		seen(m)
	}
}

func (l steppedLane) take() []mark {
	d := slices.Clone(l.done)
	l.done = l.done[:0]
	return d
}

func (l steppedLane) harvest(add *stats.DRAM, classes *[]stats.Requester) {
	add.Add(&l.Counts)
	l.Counts = stats.DRAM{}
	addClasses(classes, l.classes)
}

func (l steppedLane) twin() lane { return steppedLane{l.clone()} }

func (l steppedLane) equal(lane) bool { return false }

// classOf is the place of a class in a list, which grows with the classes that are met.
func classOf(list *[]stats.Requester, class uint8) *stats.Requester {
	for int(class) >= len(*list) {
		*list = append(*list, stats.Requester{})
	}
	return &(*list)[class]
}

// addClasses adds what is in from to to, and empties from.
func addClasses(to *[]stats.Requester, from []stats.Requester) {
	for i := range from {
		classOf(to, uint8(i)).Add(&from[i])
	}
	clear(from)
}
