// Package cpu runs passes on the CPU in float32, with the weights and the binary16 rounding of the GPU's kernels.
package cpu
