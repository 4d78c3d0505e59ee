// Package files reads files up to a limit, and writes files that appear whole or not at all.
//
// Reading: Read, Open and Lines read up to what a Kind of file may have, whatever the path leads to: a file that is too large, a
// device that never ends, a stream that unrolls to more than memory holds. Limits has the one table. No other package opens files
// to read them (arch_test.go).
//
// Writing: Replace writes one at once; a Partial grows under another name until it has ended, and keeps room on the disk for its
// end. Devices, pipes and links are written to and never replaced.
//
// It leaves out locks, and the syncing that would hold against a loss of power.
//
// Contract: errors name the path that the caller gave, never a temporary one.
package files

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Replace replaces a file at once: readers see the old one or the whole new one.
func Replace(path string, write func(io.Writer) error) (err error) {
	if Special(path) {
		return writeInto(path, write)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return unwritable(path, err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()           // the first error counts
			_ = os.Remove(f.Name()) //
			err = fmt.Errorf("writing %s: %w", path, err)
		}
	}()
	if err = write(f); err != nil {
		return err
	}
	if err = f.Chmod(0o644); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// Special reports whether a path is a device, a pipe or a link, which must not be replaced by a file.
func Special(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && !info.Mode().IsRegular()
}

func writeInto(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		_ = f.Close() // the first error counts
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return f.Close()
}

// Writable finds out before a long simulation whether its output can be written.
func Writable(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a directory; accepted: a file", path)
	}
	if Special(path) {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return unwritable(path, err)
	}
	_ = f.Close() // nothing was written
	return os.Remove(f.Name())
}

// unwritable words an error of creating a file, without the temporary name that it was created under.
func unwritable(path string, err error) error {
	if at := (*os.PathError)(nil); errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("writing %s: %w; accepted: a file in a directory that can be written to", path, err)
}
