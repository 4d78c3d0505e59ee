package dram

import (
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// Transfer is one descriptor: a walk that only reads or only writes. Its bursts enter the controllers' queues in walk
// order, at most two per channel and clock, after those of the transfer before it, and not before clock Release.
type Transfer struct {
	ID      int64
	Walk    isa.Pattern // global byte addresses; every field a multiple of the burst, or Submit rounds outwards
	Write   bool
	Release int64 // DRAM clock
}

// Done says that the last datum of a transfer has been returned (read) or its last command issued (write) at Clock.
type Done struct {
	ID    int64
	Clock int64
}

// Memory is what the memory component drives: channels with timing, or an ideal bandwidth.
//
// Time never runs backwards: releases must not decrease. Submit simulates at once, up to the clock at which the last
// burst of t has been accepted by its controller (Accepted); until then nothing that is submitted later can change what
// happens. Completions that became certain on the way are returned by TakeDone. What is still in the controllers' queues
// at Accepted completes at a time that may depend on later transfers: Settle predicts it under the assumption that none
// comes before, without changing the state.
type Memory interface {
	Submit(t Transfer)
	TakeDone() []Done // certain completions since the last call, by Clock then ID; valid until the next Submit
	Accepted() int64  // DRAM clock
	Settle() []Done   // predicted completions of everything outstanding, by Clock then ID
	Finish(clock int64)
	Counts() stats.DRAM // of everything up to Finish
	BurstBytes() int64
	Reset() // to power-on state: banks closed, clock 0, counts 0; what was learnt for speed is kept
}
