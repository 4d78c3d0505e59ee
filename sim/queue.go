package sim

import (
	"math"
	"math/bits"

	akita "github.com/sarchlab/akita/v3/sim"
)

// entry is an event in the queue beside its sort key, so that ordering never calls through the event's interface.
type entry struct {
	time  uint64 // bits of the time in seconds: for floats >= +0 the bits order like the numbers
	order uint64 // bit 63: secondary; below: sequence of insertion
	event akita.Event
}

const secondary = 1 << 63

// before returns 1 if a runs before b, and 0 otherwise. It is the borrow of a 128-bit subtraction: which of two events is
// earlier is a coin toss to the branch predictor, and mispredicted branches are most of what a heap costs.
func (a *entry) before(b *entry) uint64 {
	_, borrow := bits.Sub64(a.order, b.order, 0)
	_, borrow = bits.Sub64(a.time, b.time, borrow)
	return borrow
}

// queue is a 4-ary heap of entries: half the levels of a binary one, and the four children that a pop compares lie in
// two cache lines. The sequence number makes every key unique, which makes the unstable heap a stable queue.
type queue struct {
	heap     []entry
	inserted uint64
}

func (q *queue) push(t akita.VTimeInSec, late bool, e akita.Event) {
	order := q.inserted
	q.inserted++
	if late {
		order |= secondary
	}
	x := entry{time: math.Float64bits(float64(t)), order: order, event: e}
	q.heap = append(q.heap, x)
	h := q.heap
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / 4
		if x.before(&h[up]) == 0 {
			break
		}
		h[i] = h[up]
		i = up
	}
	h[i] = x
}

func (q *queue) pop() entry {
	h := q.heap
	top := h[0]
	last := len(h) - 1
	x := h[last]
	h[last] = entry{} // let go of the event
	h = h[:last]
	q.heap = h
	if last > 0 {
		q.sink(x)
	}
	return top
}

// sink puts x where it belongs, starting from the hole at the root.
func (q *queue) sink(x entry) {
	h := q.heap
	i := 0
	for {
		first := 4*i + 1
		if first >= len(h) {
			break
		}
		least := first
		if first+4 <= len(h) {
			least += leastOf((*[4]entry)(h[first:]))
		} else {
			for c := first + 1; c < len(h); c++ {
				least += (c - least) * int(h[c].before(&h[least])) // least = c, without a branch
			}
		}
		if h[least].before(&x) == 0 {
			break
		}
		h[i] = h[least]
		i = least
	}
	h[i] = x
}

// leastOf is a knockout: its first two comparisons do not wait for each other.
func leastOf(c *[4]entry) int {
	a := int(c[1].before(&c[0]))
	b := 2 + int(c[3].before(&c[2]))
	return a + (b-a)*int(c[b&3].before(&c[a&3])) // &3 spares the bounds checks
}

// clear empties the queue and hands every event to drop, in no particular order.
func (q *queue) clear(drop func(akita.Event)) {
	for i := range q.heap {
		drop(q.heap[i].event)
		q.heap[i] = entry{}
	}
	q.heap = q.heap[:0]
	q.inserted = 0
}
