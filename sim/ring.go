package sim

import akita "github.com/sarchlab/akita/v3/sim"

// ring is a FIFO that reuses its memory. A Go slice that is appended to at one end and cut at the other allocates for
// nearly every element when it is short, which queues of messages are.
type ring[T any] struct {
	items []T
	head  int
	size  int
}

func (r *ring[T]) push(x T) {
	if r.size == len(r.items) {
		r.grow()
	}
	i := r.head + r.size
	if i >= len(r.items) {
		i -= len(r.items)
	}
	r.items[i] = x
	r.size++
}

func (r *ring[T]) grow() {
	bigger := make([]T, max(4, 2*len(r.items)))
	n := copy(bigger, r.items[r.head:])
	copy(bigger[n:], r.items[:r.head])
	r.items, r.head = bigger, 0
}

// front returns the oldest element of a ring that has one.
func (r *ring[T]) front() T { return r.items[r.head] }

func (r *ring[T]) pop() T {
	x := r.items[r.head]
	var none T
	r.items[r.head] = none
	r.head++
	if r.head == len(r.items) {
		r.head = 0
	}
	r.size--
	return x
}

func (r *ring[T]) clear() {
	for r.size > 0 {
		r.pop()
	}
}

// buffer is an akita Buffer on a ring. Akita's own allocates once per message, and its port does not tell how full its
// buffer is; the watchdog wants to know.
type buffer struct {
	akita.HookableBase

	name     string
	capacity int
	ring     ring[any]
}

var _ akita.Buffer = (*buffer)(nil)

func (b *buffer) Name() string  { return b.name }
func (b *buffer) CanPush() bool { return b.ring.size < b.capacity }
func (b *buffer) Capacity() int { return b.capacity }
func (b *buffer) Size() int     { return b.ring.size }
func (b *buffer) Clear()        { b.ring.clear() }

func (b *buffer) Push(e any) {
	if !b.CanPush() {
		panic("sim: push into the full buffer " + b.name)
	}
	b.ring.push(e)
	b.tell(akita.HookPosBufPush, e)
}

func (b *buffer) Pop() any {
	if b.ring.size == 0 {
		return nil
	}
	e := b.ring.pop()
	b.tell(akita.HookPosBufPop, e)
	return e
}

func (b *buffer) Peek() any {
	if b.ring.size == 0 {
		return nil
	}
	return b.ring.front()
}

func (b *buffer) tell(pos *akita.HookPos, e any) {
	if b.NumHooks() > 0 {
		b.InvokeHook(akita.HookCtx{Domain: b, Pos: pos, Item: e})
	}
}
