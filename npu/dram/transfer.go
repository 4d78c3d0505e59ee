package dram

import (
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Transfer is a walk that only reads or only writes. Its bursts enter the controllers in walk order, after those of
// earlier transfers in its queue, and not before clock Release.
type Transfer struct {
	ID      int64
	Walk    isa.Pattern // global byte addresses; every field a multiple of the burst, or Submit rounds outwards
	Write   bool
	Release int64      // DRAM clock
	Queue   int        // of Options.Queues
	Class   uint8      // the requester under which Classes counts it
	Chunk   unit.Bytes // report each part of about so many bytes on its own; 0: the whole transfer
}

// parts calls f on each part of a transfer. A contiguous walk is cut into Chunks, any other after whole rounds of its
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

// Done is the completion of a transfer or of a part of one.
type Done struct {
	ID    int64 // of the transfer
	Part  int   // number of the part, from 0
	Clock int64 // DRAM clock at which the last datum is returned (read) or the last command issued (write)
}

// Memory is what the memory component drives: channels with timing (System), or an ideal bandwidth (npu/mem.Ideal).
//
// Time never runs backwards: releases must not decrease. Submit simulates at once, up to clock Accepted: nothing that
// is submitted later can change what happens until then. TakeDone returns the completions that became certain on the
// way. What is still in the controllers' queues at Accepted completes at a time that may depend on later transfers.
// Settle predicts that time, assuming that no other transfer comes, without changing the state.
type Memory interface {
	Submit(t Transfer)
	TakeDone() []Done           // certain completions since the last call, by Clock then ID; valid until the next call
	Accepted() int64            // DRAM clock
	Settle() []Done             // predicted completions of everything outstanding, by Clock then ID
	Next() []Done               // those of them that come first: at least one if anything is outstanding
	Finish(clock int64)         // runs every channel to a clock
	Counts() stats.DRAM         // of everything up to Finish
	Classes() []stats.Requester // by Transfer.Class
	BurstBytes() int64          // size of a burst: the unit of traffic
	Reset()                     // to power-on state: banks closed, clock 0, counts 0; what is remembered for speed stays
}
