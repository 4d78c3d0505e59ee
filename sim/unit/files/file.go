package files

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// kind is what is at a path.
type kind int

const (
	regular kind = iota // a file, or nothing yet
	device              // takes bytes and keeps none
	pipe                // what is written into, and is there for somebody else
)

// File is a file that a run writes, claimed before the work.
type File struct {
	claims *Claims
	path   string // as the user gave it
	asked  string // what asked for it
	name   string // where links lead
	kind   kind
	fd     int         // of this process, for /dev/stdout and its like; -1: none
	before os.FileInfo // what was there; nil: nothing

	reserve *os.File // room on the disk for the end of a Partial, without a name; nil: none
}

// Special reports whether the file is a device or a pipe, which is written into and never replaced.
func (f *File) Special() bool { return f.kind != regular }

// Place is the path of what is written: the one that was given, or where its links lead.
func (f *File) Place() string { return f.name }

// ErrKept is the error of a file that is complete and could not get its name; it names the one that the file has.
var ErrKept = errors.New("what this one has written")

// errChanged is the error of a file that somebody else has written since it was claimed.
var errChanged = errors.New("another program has written it since this one began, and that stays")

// Write replaces the file at once: readers see the old one or the whole new one, which has the old one's mode. What cannot be
// put in its place is kept beside it, and the error names it.
func (f *File) Write(write func(io.Writer) error) error {
	if f.Special() {
		return f.named(f.into(write))
	}
	s, err := f.claims.newScratch(f.name, f.mode())
	if err != nil {
		return unwritable(f.path, err)
	}
	err = write(bareWriter{s})
	f.finish(s)
	if closed := s.Close(); err == nil {
		err = closed
	}
	if err != nil {
		f.claims.discard(s.Name())
		return f.named(err)
	}
	return f.named(f.complete(s.Name()))
}

// WriteSomewhere is Write for what cannot be had again: where that fails it writes to another name beside the file, or in the
// folder for temporary files, which the error names.
func (f *File) WriteSomewhere(write func(io.Writer) error) error {
	err := f.Write(write)
	if err == nil || f.Special() || errors.Is(err, ErrKept) {
		return err
	}
	return f.Aside(err, write)
}

// Aside writes what cannot have its name, nor be had again, beside the file or in the folder for temporary files. The error is
// why it has not, and names the file.
func (f *File) Aside(why error, write func(io.Writer) error) error {
	for _, name := range []string{f.aside(), filepath.Join(os.TempDir(), filepath.Base(f.aside()))} {
		to, err := create(name, 0o600)
		if err != nil {
			continue
		}
		if err = errors.Join(write(to), to.Close()); err == nil {
			return fmt.Errorf("%w; %w is in %s", why, ErrKept, name)
		}
		_ = os.Remove(name) // not all of it
	}
	return why
}

// mode is what a new file is made with: nobody else reads it before it has the old one's mode.
func (f *File) mode() os.FileMode {
	if f.before != nil {
		return 0o600
	}
	return 0o666 // the umask takes what it takes
}

// finish gives a file the mode and the owner of the one that it replaces, as far as the file system has them. Where it has not,
// nobody else may read the file.
func (f *File) finish(s *os.File) {
	if f.before == nil {
		return
	}
	if user, group, ok := owner(f.before); ok {
		_ = s.Chown(user, group)
	}
	_ = s.Chmod(f.before.Mode().Perm())
}

// complete gives a scratch file the name that was claimed. Programs that do so in one folder wait for each other.
func (f *File) complete(scratch string) error {
	f.claims.begin()
	defer f.claims.end()
	if dir, err := os.Open(folderOf(f.name)); err == nil {
		defer dir.Close()
		lock(dir)
	}
	now, err := os.Lstat(f.name)
	if err != nil {
		now = nil
	}
	err = errChanged
	if unchanged(f.before, now) {
		err = os.Rename(scratch, f.name)
	}
	if err != nil {
		return f.keep(scratch, bare(err))
	}
	f.claims.forget(scratch)
	f.before, _ = os.Lstat(f.name)
	f.claims.Wrote(f.path)
	return nil
}

// unchanged reports whether nothing is lost when a file is replaced that was there, or was not, when it was claimed.
func unchanged(before, now os.FileInfo) bool {
	if now == nil {
		return true
	}
	return before != nil && os.SameFile(before, now) && before.Size() == now.Size() && before.ModTime().Equal(now.ModTime())
}

// keep gives a scratch file a name beside the one that it cannot have.
func (f *File) keep(scratch string, why error) error {
	name := f.aside()
	if err := os.Rename(scratch, name); err != nil {
		return errors.Join(why, bare(err))
	}
	f.claims.forget(scratch)
	return fmt.Errorf("%w; %w is in %s", why, ErrKept, name)
}

// aside is a name beside the file that nobody has, and that ends as the file's.
func (f *File) aside() string {
	stem, ext, dotted := strings.Cut(f.stem(), ".")
	if dotted {
		ext = "." + ext
	}
	return beside(f.name, strings.TrimPrefix(stem+".kept-"+random()+ext, "."))
}

// stem is the file's name, or as much of it as leaves room for what is added to it.
func (f *File) stem() string {
	base := filepath.Base(f.name)
	return base[:min(len(base), 255-len(".kept-.partial")-randomLength)] // 255 bytes are the most on most file systems
}

// named puts the path in front of an error.
func (f *File) named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("writing %s: %w", f.path, err)
}

// Unnamed opens a file without a name on the disk of this one, for what is on its way there. It is gone when it is closed,
// and when the process ends.
func (f *File) Unnamed() (*os.File, error) {
	place := f.name
	if f.Special() {
		place = filepath.Join(os.TempDir(), "x") // a device is where no files should be
	}
	s, err := f.claims.newScratch(place, 0o600)
	if err != nil {
		return nil, unwritable(f.path, err)
	}
	f.claims.discard(s.Name())
	return s, nil
}

// bareWriter is a file whose errors leave its name out, which tells nobody anything.
type bareWriter struct{ io.Writer }

func (w bareWriter) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	return n, bare(err)
}

// bare is an error without the name of the file that it is about.
func bare(err error) error {
	if at := (*os.PathError)(nil); errors.As(err, &at) {
		return at.Err
	}
	if at := (*os.LinkError)(nil); errors.As(err, &at) {
		return at.Err
	}
	return err
}

// unwritable words an error of creating a file, without the temporary name that it was created under.
func unwritable(path string, err error) error {
	return fmt.Errorf("writing %s: %w; accepted: a file in a directory that can be written to", path, bare(err))
}
