package simtest

import (
	"flag"
	"testing"
)

var long = flag.Bool("long", false, "run what takes minutes: every golden row, thousands of random cases (docs/testing.md)")

// Long reports whether the tests may take minutes.
func Long() bool { return *long }

// WantError fails the test unless err says exactly want.
func WantError(t testing.TB, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("error %v\nwant  %s", err, want)
	}
}
