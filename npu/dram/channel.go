package dram

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// channel simulates one DRAM channel. There are two: steppedChannel, the reference, and memoChannel, which must equal
// it.
type channel interface {
	now() int64                                             // clock
	begin(queue int, x *channelTransfer)                    // starts feeding a walk from a free queue
	run(limit int64) (ended int)                            // to a clock, or until a walk has been accepted: its queue
	settle(seen func(completion))                           // predicts when the walks inside complete; none is under way
	takeDone() []completion                                 // completions since the last call; valid until the next run
	takeCounts(add *stats.DRAM, classes *[]stats.Requester) // adds the counts since the last call
	clone() channel
	equal(o channel) bool // true only if the states are equal; may miss some that are
}

var _ channel = (*steppedChannel)(nil)

// steppedChannel is the reference: it steps its port and remembers nothing.
type steppedChannel struct{ *port }

func (c steppedChannel) now() int64                  { return c.Clock }
func (c steppedChannel) run(limit int64) (ended int) { return c.port.run(limit, false) }

func (c steppedChannel) settle(seen func(completion)) {
	n := c.port.clone()
	n.done = n.done[:0]
	n.drain()
	for _, d := range n.done {
		seen(d)
	}
}

func (c steppedChannel) takeDone() []completion {
	d := slices.Clone(c.done)
	c.done = c.done[:0]
	return d
}

func (c steppedChannel) takeCounts(add *stats.DRAM, classes *[]stats.Requester) {
	add.Add(&c.Counts)
	c.Counts = stats.DRAM{}
	addClasses(classes, c.classes)
}

func (c steppedChannel) clone() channel { return steppedChannel{c.port.clone()} }

func (c steppedChannel) equal(channel) bool { return false }

// classOf returns the counts of a class in a list, which grows to hold them.
func classOf(list *[]stats.Requester, class uint8) *stats.Requester {
	for int(class) >= len(*list) {
		*list = append(*list, stats.Requester{})
	}
	return &(*list)[class]
}

// addClasses adds the counts in from to those in to, and clears from.
func addClasses(to *[]stats.Requester, from []stats.Requester) {
	for i := range from {
		classOf(to, uint8(i)).Add(&from[i])
	}
	clear(from)
}
