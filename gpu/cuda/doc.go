// Package cuda runs passes on an NVIDIA GPU: one captured graph of kernels per precision.
//
// # What it models
//
// Nothing: it runs. Weights lie on the device, uploaded block by block. A decode pass walks over gpu.Ops and launches one kernel
// per op; what changes from token to token (the token, its position) is in the device's memory, so the walk is captured once
// per sequence and precision and the graph replayed. Its last node copies what the last kernel chose, and how sure it was, to
// page-locked memory; the host waits for an event behind it. A second kind of graph has an event between every two kernels and
// yields the times of the ops, every so many passes.
//
//	Decode ─► [token, if it is not the device's own] ─► event ─► graph of the precision ─► event ─► wait ─► Pass
//	                                                               │
//	            embed ► (norm ► qkv ► rope ► attention ► merge ► o ► …) × layers ► norm ► lm_head ► choose ► copy
//
// Prefill runs chunks of rows: planes are turned into fp16 matrices, a matrix at a time, and multiplied on the tensor cores.
//
// One goroutine, locked to its thread, talks to the driver (gpu/driver); each method of Backend and Sequence is one visit there.
//
// # What it leaves out
//
// Batches, several GPUs. Without the build tag cuda, Open says so and nothing else is here.
//
// # Adding one more
//
// An op is a case in passes.launch and in prefill.run; a kernel is described in gpu/kernels.
package cuda

import (
	"time"

	"github.com/pmpdsim/pmpdsim/traces"
)

// Options say what is to be ready, and what the caller hears.
type Options struct {
	Device int   // number of the GPU
	Bits   []int // precisions of the passes to come; none: all that there are
	// SampleOps takes every so many-th decode pass of a sequence apart, the first one included, to time its ops; 0: none. Such a
	// pass takes longer.
	SampleOps int
	Rows      int // tokens of a prompt that are read at a time: they take scratch; 0: 512
	// Calibrate measures what the GPU does at best before anything else runs: a second or two.
	Calibrate bool

	Now    func() time.Duration // a monotonic clock; nil: the host times nothing
	Loaded func(blocks int)     // called after each block of the weights; may be nil
}

// Machine is a GPU and what is known of the kernels on it.
type Machine struct {
	GPU       *traces.GPU
	Kernels   *traces.Kernels
	Calib     *traces.Calib // nil: not measured
	FreeBytes int64
	Emulated  bool
}
