// Package kernels holds the GPU's kernels: CUDA sources, the PTX made from them, and how each is launched.
package kernels
