//go:build !linux

package cpu

// available is not known here.
func available() int64 { return -1 }
