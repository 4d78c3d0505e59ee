package simtest

import (
	"syscall"
	"testing"
	"time"
)

// CPUTime is what this process has used: on a shared machine wall time tells little.
func CPUTime(b testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
