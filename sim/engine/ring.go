package engine

// ring is a FIFO in a ring buffer that grows. (A short Go slice that is appended to at one end and cut at the other
// allocates for nearly every element.) Popped elements are not zeroed: messages are reused anyway, and zeroing would
// cost a write barrier during garbage collection.
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
	r.head++
	if r.head == len(r.items) {
		r.head = 0
	}
	r.size--
	return x
}

func (r *ring[T]) clear() { r.head, r.size = 0, 0 }
