// Package check checks every kernel alone on the device that is there: against the same in float64, and the products of
// decode against bits that are known.
//
// # What it holds
//
// A [Check] is one kernel, or several that belong together, over sizes with all kinds of tails. [Run] opens a device once
// and runs [All] of them, one after the other. Memory that a kernel must write is NaN before. The products of decode
// round exactly, in an order that the source fixes, so their bits are those of kernels.Golden on every device; others
// use approximations and tensor cores, and may be off by as much as each check says.
//
// With PMPD_LIBCUDA at gpu/emu's libfakecuda.so the device is the emulator, which holds every access against what was
// allocated; tests run the checks there, with threads and blocks in three orders, and with kernels that are spoilt.
//
// # What it leaves out
//
// Order in memory between blocks, speed, and passes of whole models (package bench).
//
// # Adding one more
//
// A Check in a file of this package and in the list of All. A test fails if a kernel is launched by none.
package check

import "slices"

// names are those of the checks: the products first, since most of a decode pass is theirs.
var names = []string{"golden", "gemv", "norm-gemv", "gemv-adds", "attention", "norm", "rope", "activations", "choose", "choose-ties", "embed",
	"dequant", "gemm", "attention-prefill", "copy"}

// Names are the names of the checks, in the order in which they run.
func Names() []string { return slices.Clone(names) }

// Row is what became of a check: a line of JSON.
type Row struct {
	Kind  string `json:"kind"` // kernel
	Check string `json:"check"`
	Wrong string `json:"wrong"` // what is wrong, in lines; empty: nothing
}
