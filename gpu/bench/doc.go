// Package bench measures kernels on the GPU: matrix-vector products and decode passes against what the device can do at best.
// It also checks them: Check compares whole passes with those of the CPU backend.
//
// # What it models
//
// Two ceilings for a product: every byte of weights, codebooks and vectors once at the bandwidth that a copy on the same device
// reaches; and, for weights of 2 to 4 bits, the instructions that unpack them (docs/gpu-kernels.md) at the rate that the
// multiprocessors issue them. The lower one bounds the product. Each product runs over copies of its weights that are together far larger than the L2
// cache, as the matrices of a model are, in one graph; the time of one is the graph's over their number, so the gap between two
// nodes of a graph is in it, as it is in a decode pass. Medians of several repeats. Clocks are left alone.
//
// # What it leaves out
//
// Batches, prefill, power. The clock while something runs: the ceiling of instructions takes the highest that the driver names.
//
// # Adding one more
//
// A kernel of products: package gpu/kernels says how it is launched and how many weights its instructions
// allow in a clock.
package bench
