// Package cpu runs passes on the CPU: the same ops, weights and KV cache as gpu/cuda, for small models and as what the GPU's
// kernels are held against.
//
// Values are rounded to binary16 where the kernels store them, and summed in fp32 as there; the order of the sums, and the
// few products that the kernels add in binary16, differ, so results agree to some 1e-3 and tokens as long as no two are that
// close. A row's sum has the same order always: results do not depend on the number of workers.
//
// What it leaves out: speed. It takes a nanosecond or two per weight and pass, whatever the precision.
package cpu
