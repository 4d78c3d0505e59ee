package simtest

import (
	"syscall"
	"testing"
	"time"
)

// CPUTime returns the CPU time that this process has used; on a shared machine, wall time says little.
func CPUTime(b testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
