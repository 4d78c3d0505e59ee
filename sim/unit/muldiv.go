package unit

import "math/bits"

// MulDivDown returns a·b/c rounded down, exactly: the product has 128 bits. It reports whether the quotient fits in 64 bits;
// nothing divided by zero does.
func MulDivDown(a, b, c uint64) (q uint64, fits bool) {
	high, low := bits.Mul64(a, b)
	return div(high, low, c)
}

// MulDivUp is MulDivDown, but rounds up.
func MulDivUp(a, b, c uint64) (q uint64, fits bool) {
	high, low := bits.Mul64(a, b)
	low, carry := bits.Add64(low, c-1, 0)
	return div(high+carry, low, c) // the sum fits in 128 bits: (2^64-1)^2 + 2^64-1 < 2^128
}

func div(high, low, c uint64) (q uint64, fits bool) {
	if high >= c {
		return 0, false
	}
	q, _ = bits.Div64(high, low, c)
	return q, true
}
