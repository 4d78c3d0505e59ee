package dram

import (
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Transfer is one descriptor: a walk that only reads or only writes. Its bursts enter the controllers in walk order, after
// those of the transfers before it in its queue, and not before clock Release.
type Transfer struct {
	ID      int64
	Walk    isa.Pattern // global byte addresses; every field a multiple of the burst, or Submit rounds outwards
	Write   bool
	Release int64      // DRAM clock
	Queue   int        // of Options.Queues
	Class   uint8      // whose it is, for the statistics
	Chunk   unit.Bytes // 0, or report each part of about so many bytes on its own
}

// parts calls f on each part of a transfer: a contiguous walk is cut into Chunks, another one after whole rounds of its
// planes.
func (t *Transfer) parts(f func(part int, p *Transfer)) {
	p, w := *t, &t.Walk
	if t.Chunk <= 0 || w.Bytes() <= t.Chunk {
		f(0, t)
		return
	}
	if w.Outer == 1 && (w.Planes == 1 || w.PlaneStride == w.Turn) {
		all := w.Bytes()
		for i, at := 0, unit.Bytes(0); at < all; i, at = i+1, at+t.Chunk {
			p.Walk = isa.Contiguous(w.Base+at, min(t.Chunk, all-at))
			f(i, &p)
		}
		return
	}
	each := max(int(t.Chunk/(w.Turn*unit.Bytes(w.Planes))), 1)
	for i, at := 0, 0; at < w.Outer; i, at = i+1, at+each {
		p.Walk = *w
		p.Walk.Base += unit.Bytes(at) * w.OuterStride
		p.Walk.Outer = min(each, w.Outer-at)
		f(i, &p)
	}
}

// Done says that the last datum of a transfer, or of its part, has been returned (read) or its last command issued (write)
// at Clock.
type Done struct {
	ID    int64
	Part  int
	Clock int64
}

// Memory is what the memory component drives: channels with timing, or an ideal bandwidth.
//
// Time never runs backwards: releases must not decrease. Submit simulates at once, up to a clock (Accepted) until which
// nothing that is submitted later can change what happens. Completions that became certain on the way are returned by TakeDone. What is still in the controllers' queues
// at Accepted completes at a time that may depend on later transfers: Settle predicts it under the assumption that none
// comes before, without changing the state.
type Memory interface {
	Submit(t Transfer)
	TakeDone() []Done // certain completions since the last call, by Clock then ID; valid until the next Submit
	Accepted() int64  // DRAM clock
	Settle() []Done   // predicted completions of everything outstanding, by Clock then ID
	Next() []Done     // those among them that come first, at least one if anything is outstanding
	Finish(clock int64)
	Counts() stats.DRAM         // of everything up to Finish
	Classes() []stats.Requester // by Transfer.Class
	BurstBytes() int64
	Reset() // to power-on state: banks closed, clock 0, counts 0; what was learnt for speed is kept
}
