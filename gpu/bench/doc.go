// Package bench measures kernels on the GPU: matrix-vector products and decode passes against the device's peak rates.
// It also checks them: Check compares whole passes with those of the CPU backend.
//
// # What it models
//
// Two ceilings for a product: every byte of weights, codebooks and vectors once at the bandwidth that a copy on the
// same device reaches; and, for weights of 2 to 4 bits, the instructions that unpack them (docs/gpu-kernels.md) at the
// rate that the multiprocessors issue them. The lower ceiling bounds the product. Each product runs in one graph over
// copies of its weights that are together far larger than the L2 cache, as the matrices of a model are. Its time is the
// graph's time divided by the number of copies, so it includes the gap between two nodes, as in a decode pass. The
// median of several repeats counts. Clocks are not changed.
//
// # What it leaves out
//
// Batches, prefill, power, and the actual clock: the instruction ceiling assumes the highest clock that the driver
// reports.
//
// # Adding one more
//
// To measure another product kernel, launch it in bench.product and add its rate to perClock.
package bench
