//go:build linux

package files

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestWhatMayNotBeWritten is known before the work. Where the tests run as root, who may write everything, they look as somebody else.
func TestWhatMayNotBeWritten(t *testing.T) {
	const nobody = 65534
	dir, err := os.MkdirTemp("", "access") // whose folder everybody may enter
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(os.Chmod(dir, 0o755), os.Mkdir(at("ro"), 0o755), os.Mkdir(at("sticky"), 0o755)); err != nil {
		t.Fatal(err)
	}
	put(t, at("ro/old"), "old", 0o666)
	put(t, at("protected"), "old", 0o444)
	put(t, at("sticky/old"), "old", 0o666)
	if err := errors.Join(os.Chmod(at("sticky"), 0o777|os.ModeSticky), os.Chmod(at("ro"), 0o555)); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(at("ro"), 0o755)
	refused := map[string]string{at("ro/new"): "permission denied; accepted: a file in a directory that can be written to",
		at("ro/old"): "permission denied; accepted: a file in a directory that can be written to"}
	if os.Geteuid() != 0 {
		refused[at("protected")] = "permission denied; accepted: a file that can be written to"
	} else {
		refused[at("sticky/old")] = "it belongs to another user; accepted: a file of your own"
		if err := syscall.Setresuid(-1, nobody, -1); err != nil {
			t.Skip(err)
		}
		defer func() {
			if err := syscall.Setresuid(-1, 0, -1); err != nil {
				panic(err) // the other tests would be somebody else's
			}
		}()
	}
	for path, want := range refused {
		if _, err := NewClaims(t.Context()).Writes(path, "--output"); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
}
