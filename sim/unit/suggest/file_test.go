package suggest_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

func TestFile(t *testing.T) {
	t.Chdir(t.TempDir())
	_, missing := os.ReadFile("nofile")
	err := suggest.File(fmt.Errorf("reading: %w", missing), "a decode trace")
	if want := "nofile: no such file or directory; accepted: a decode trace"; err.Error() != want || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %q, want %q", err, want)
	}
	other := errors.New("nofile:1: not JSON")
	if err := suggest.File(other, "a decode trace"); err != other {
		t.Errorf("an error that is not of a file: %v", err)
	}
	if err := suggest.File(nil, "a decode trace"); err != nil {
		t.Errorf("no error: %v", err)
	}
}
