// Package cuda runs passes on an NVIDIA GPU: one captured graph of kernels per precision.
package cuda
