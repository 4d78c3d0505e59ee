package simtest

import "testing"

// OneGoroutine leaves a test in which one goroutine does all to the run without the race detector, which finds nothing in it and makes
// it take five to ten times as long.
func OneGoroutine(t testing.TB) {
	t.Helper()
	if Racing {
		t.Skip("one goroutine does all: left to the run without the race detector")
	}
}
