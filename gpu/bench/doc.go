// Package bench measures kernels on the GPU: matrix-vector products against the copy bandwidth.
package bench
