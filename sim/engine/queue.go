package engine

import (
	"math"
	"math/bits"

	akita "github.com/sarchlab/akita/v3/sim"
)

// entry is one event in the queue. It holds no pointer, so an event costs no allocation, moving an entry costs no write
// barrier, and the garbage collector does not scan the queue.
type entry struct {
	time  uint64 // bits of the time in seconds: for floats >= +0 the bits order like the numbers
	order uint64 // bit 63: secondary; below: sequence of insertion
	call
}

// call is what an event does: it calls fire(kind, arg) of the engine's target number to.
type call struct {
	arg  int64
	to   int32
	kind int32
}

const secondary = 1 << 63

// before returns 1 if a runs before b, and 0 otherwise. It is the borrow of a 128-bit subtraction, without a branch:
// which of two events is earlier cannot be predicted, and mispredicted branches are most of a heap's cost.
func (a *entry) before(b *entry) uint64 {
	_, borrow := bits.Sub64(a.order, b.order, 0)
	_, borrow = bits.Sub64(a.time, b.time, borrow)
	return borrow
}

// queue is a stable priority queue of entries. A short sorted list holds the entries that are due next: most of what a
// machine schedules is due within a few cycles and finds its place there after one or two comparisons. A heap holds the
// others. The sequence number makes every key unique, and so the order stable.
type queue struct {
	near     []entry // at most nearby, the next one last
	far      heap    // none before any of near
	inserted uint64
}

const nearby = 16

func (q *queue) len() int { return len(q.near) + len(q.far) }

func (q *queue) push(t akita.VTimeInSec, late bool, c call) {
	x := entry{time: math.Float64bits(float64(t)), order: q.inserted, call: c}
	q.inserted++
	if late {
		x.order |= secondary
	}
	switch n := len(q.near); {
	case len(q.far) > 0 && x.before(&q.far[0]) == 0, n == nearby && x.before(&q.near[0]) == 0:
		q.far.push(&x)
		return
	case n == nearby:
		q.far.push(&q.near[0])
		q.near = q.near[:copy(q.near, q.near[1:])]
	}
	q.near = append(q.near, entry{})
	h := q.near
	i := len(h) - 1
	for i > 0 && h[i-1].before(&x) != 0 {
		h[i] = h[i-1]
		i--
	}
	h[i] = x
}

func (q *queue) pop() entry {
	if n := len(q.near) - 1; n >= 0 {
		x := q.near[n]
		q.near = q.near[:n]
		return x
	}
	return q.far.pop()
}

// clear empties the queue.
func (q *queue) clear() { q.near, q.far, q.inserted = q.near[:0], q.far[:0], 0 }

// heap is a 4-ary heap, which has half the levels of a binary one.
type heap []entry

func (q *heap) push(x *entry) {
	*q = append(*q, entry{})
	h := *q
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / 4
		if x.before(&h[up]) == 0 {
			break
		}
		h[i] = h[up]
		i = up
	}
	h[i] = *x
}

func (q *heap) pop() entry {
	h := *q
	top := h[0]
	last := len(h) - 1
	*q = h[:last]
	if last > 0 {
		q.sink(&h[last])
	}
	return top
}

// sink moves x from the root down to its place. The root is a hole; x lies behind the heap's end.
func (q *heap) sink(x *entry) {
	h := *q
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
		if h[least].before(x) == 0 {
			break
		}
		h[i] = h[least]
		i = least
	}
	h[i] = *x
}

// leastOf returns the index of the least of four entries. Its first two comparisons are independent of each other.
func leastOf(c *[4]entry) int {
	a := int(c[1].before(&c[0]))
	b := 2 + int(c[3].before(&c[2]))
	return a + (b-a)*int(c[b&3].before(&c[a&3])) // &3 spares the bounds checks
}
