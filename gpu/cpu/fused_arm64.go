package cpu

// fused is a·b + c in one rounding: the compiler makes one instruction of it, which a test holds against fusedOdd.
func fused(a, b, c float32) float32 { return a*b + c }
