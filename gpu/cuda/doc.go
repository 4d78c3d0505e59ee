// Package cuda runs passes on an NVIDIA GPU: one captured graph of kernels per precision.
//
// # What it models
//
// Nothing: it runs. Weights are uploaded to the device block by block. A decode pass walks over gpu.Ops and launches
// one kernel per op. What changes from token to token (the token, its position) is in device memory, so the launches
// are captured once per sequence and precision, and the graph is replayed. Its last node copies the chosen token and
// its statistics to page-locked memory; the host waits for an event after it. To time the ops, every SampleOps-th pass
// replays another graph, which has an event between every two kernels.
//
//	Decode ─► [token, if it is not the device's own] ─► event ─► graph of the precision ─► event ─► wait ─► Pass
//	                                                               │
//	            embed ► (norm ► qkv ► rope ► attention ► merge ► o ► …) × layers ► norm ► lm_head ► choose ► copy
//
// Prefill runs chunks of tokens: it expands the planes to fp16, a matrix at a time, and multiplies on the tensor cores.
//
// Only one goroutine, locked to its thread, calls the driver (gpu/driver); each method of Backend and Sequence runs
// there as a whole.
//
// # What it leaves out
//
// Batches, several GPUs, and what [Runs] and [Fits] refuse. Without the build tag cuda, Open returns an error and the package has nothing else.
//
// # Adding one more
//
// A new op is a case in sequence.launch (decode), sequence.launchRows (prefill) and backend.launchOf (its launch, for
// the trace). How to add a kernel is described in gpu/kernels.
package cuda

import (
	"time"

	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Options say what to prepare, and what to report to the caller.
type Options struct {
	Device int   // number of the GPU
	Bits   []int // precisions that passes will use; empty: all
	// Apart are assignments that passes will use, too. Where one gives parts of a product different bits (q, k, v; gate, up), these
	// are uploaded apart as well, and are products of their own under it. Others run as without it.
	Apart []precision.Assignment
	// SampleOps times the ops of every SampleOps-th decode pass of a sequence, the first included; 0: of none. Such a pass
	// takes longer.
	SampleOps int
	Rows      int // tokens of a prompt per chunk of prefill, which bounds scratch memory; 0: 512
	// Calibrate measures the GPU's peak rates before anything else runs. It takes a second or two.
	Calibrate bool

	Now    func() time.Duration // a monotonic clock; nil: the host times nothing
	Loaded func(blocks int)     // called after each block of the weights; may be nil
}

// Machine is a GPU and the kernels that are loaded on it.
type Machine struct {
	GPU       *traces.GPU
	Kernels   *traces.Kernels
	Calib     *traces.Calib // nil: not measured
	FreeBytes int64
	Emulated  bool
}
