package dram

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// lane simulates one channel.
type channel interface {
	now() int64
	begin(queue int, j *channelTransfer)                    // starts feeding a walk from a free queue
	run(limit int64) (ended int)                            // to a clock, or until a walk has been accepted: its queue
	settle(seen func(completion))                           // predicts the completion of every walk inside; none is under way
	takeDone() []completion                                 // completions since the last call
	takeCounts(add *stats.DRAM, classes *[]stats.Requester) // counts since the last call
	clone() channel                                         // a copy
	equal(o channel) bool                                   // certainly in equal states; may miss some
}

var _ channel = (*steppedChannel)(nil)

// steppedLane is the plain twin: one channel, stepped.
type steppedChannel struct{ *port }

func (l steppedChannel) now() int64                  { return l.Clock }
func (l steppedChannel) run(limit int64) (ended int) { return l.port.run(limit, false) }

func (l steppedChannel) settle(seen func(completion)) {
	scratch := l.port.clone()
	scratch.done = scratch.done[:0]
	scratch.drain()
	for _, m := range scratch.done {
		seen(m)
	}
}

func (l steppedChannel) takeDone() []completion {
	d := slices.Clone(l.done)
	l.done = l.done[:0]
	return d
}

func (l steppedChannel) takeCounts(add *stats.DRAM, classes *[]stats.Requester) {
	add.Add(&l.Counts)
	l.Counts = stats.DRAM{}
	addClasses(classes, l.classes)
}

func (l steppedChannel) clone() channel { return steppedChannel{l.port.clone()} }

func (l steppedChannel) equal(channel) bool { return false }

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
