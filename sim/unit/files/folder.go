package files

import (
	"fmt"
	"io"
	"os"
)

// Replace replaces a file of our own in a folder of our own, at once and for good: readers see the old one or the whole new
// one, also after a loss of power. A link in its place is replaced, and what it leads to stays as it is.
func Replace(path string, write func(io.Writer) error) (err error) {
	if info, err := os.Lstat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a directory; accepted: a file", path)
	}
	f, err := newScratch(path, 0o666)
	if err != nil {
		return unwritable(path, err)
	}
	err = write(bareWriter{f})
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error counts
		return fmt.Errorf("writing %s: %w", path, bare(err))
	}
	return syncFolder(folderOf(path))
}

// Move gives a file or a folder of our own another name, at once. A file that had that name is replaced.
func Move(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return fmt.Errorf("writing %s: %w", to, bare(err))
	}
	return syncFolder(folderOf(to))
}

// syncFolder makes the names in a folder outlive a loss of power, where the file system can.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = d.Sync() // some file systems do not know it
	return d.Close()
}

// Append opens a file of our own to read it and to write at its end, and makes it if it is not there. It refuses a link,
// which leads to a file of somebody else's, and whatever else is no file.
func Append(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND|NoFollow|noWait, 0o666)
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", path, bare(err))
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		_ = f.Close() // nothing was written
		return nil, fmt.Errorf("writing %s: it is no file; accepted: a file", path)
	}
	return f, nil
}
