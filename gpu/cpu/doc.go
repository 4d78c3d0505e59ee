// Package cpu runs passes on the CPU: the same ops, weights and KV cache as gpu/cuda, for small models and as the
// reference for the GPU's kernels.
//
// Values are rounded to binary16 where the kernels store them, and summed in fp32 as there. The order of the sums
// differs, and the kernels add a few products in binary16. Results therefore agree to some 1e-3, and tokens unless two
// are that close. The order of a row's sum is fixed, so results do not depend on the number of workers.
//
// It runs every family whose tensors package weights can name; tests hold its logits against those of transformers.
// It leaves out speed: it takes a nanosecond or two per weight and pass at every precision.
package cpu
