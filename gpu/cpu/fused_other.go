//go:build !arm64

package cpu

// fused is a·b + c in one rounding.
func fused(a, b, c float32) float32 { return fusedOdd(a, b, c) }
