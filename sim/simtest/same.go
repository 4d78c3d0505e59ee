package simtest

import (
	"bytes"
	"testing"
)

// SameBytes runs f n times and fails when two runs differ. Go ranges over maps in a new order every time, so a result
// that depends on that order differs within a few runs.
func SameBytes(t testing.TB, n int, f func() []byte) {
	t.Helper()
	if n < 2 {
		t.Fatalf("simtest: %d runs cannot differ", n)
	}
	first := bytes.Clone(f())
	for i := 2; i <= n; i++ {
		if next := f(); !bytes.Equal(first, next) {
			t.Errorf("run %d of %d differs from the first:\n%s", i, n, diff(first, next))
			return
		}
	}
}
