package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Claims are the files that a run writes, together with those that it reads. A claim proves before the work that a file can
// be written and that nothing is lost by it: no input of the run, no other output, no file that its owner has protected.
type Claims struct {
	ctx    context.Context // of the run; a pipe that nobody reads is waited for no longer
	stdout os.FileInfo     // where the standard output goes; nil: unknown

	mu      sync.Mutex // of what follows
	idle    *sync.Cond // none of them is being completed
	busy    int        // files that are being completed
	stopped bool
	inputs  []input
	files   []*File
	scratch map[string]bool // names of files that nobody needs if the run ends now
	written []string
}

// input is a file that the run reads.
type input struct {
	path string
	info os.FileInfo
}

// NewClaims returns the claims of a run, of which there are none yet.
func NewClaims(ctx context.Context) *Claims {
	c := &Claims{ctx: ctx, scratch: map[string]bool{}}
	c.idle = sync.NewCond(&c.mu)
	if info, err := os.Stdout.Stat(); err == nil && info.Mode().IsRegular() {
		c.stdout = info
	}
	return c
}

// Reads names what the run reads. What does not exist is left out: whoever reads it says so.
func (c *Claims) Reads(paths ...string) {
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil {
			c.inputs = append(c.inputs, input{path, info})
		}
	}
}

// Writes claims a file that the run writes: one at a path that the user has named, which is replaced when the new one is
// complete. A link is followed, and stays. What asked for it is named where another one asks for the same file.
func (c *Claims) Writes(path, asked string) (*File, error) {
	f, err := c.find(path)
	if err == nil {
		err = c.apart(f)
	}
	if err == nil {
		err = f.prove()
	}
	if err != nil {
		return nil, err
	}
	f.asked = asked
	c.files = append(c.files, f)
	return f, nil
}

// Derives claims a file whose name is made from one that the user has named. He may not know that it is there: a link, which
// leads to a file of another name, is refused.
func (c *Claims) Derives(path, asked string) (*File, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSymlink != 0 {
		return nil, fmt.Errorf("%s is a link, and nobody has named what it leads to; accepted: a file, or nothing yet", path)
	}
	return c.Writes(path, asked)
}

// File returns what has been claimed at a path, or claims it.
func (c *Claims) File(path, asked string) (*File, error) {
	if i := slices.IndexFunc(c.files, func(f *File) bool { return f.path == path && f.asked == asked }); i >= 0 {
		return c.files[i], nil
	}
	return c.Writes(path, asked)
}

// apart refuses a file that the run reads, or writes already.
func (c *Claims) apart(f *File) error {
	if f.kind == device {
		return nil // it holds nothing that could be lost
	}
	for _, in := range c.inputs {
		if f.before != nil && os.SameFile(f.before, in.info) {
			if f.path == in.path {
				return fmt.Errorf("%s is read, too; accepted: another file", f.path)
			}
			return fmt.Errorf("%s is %s, which is read, too; accepted: another file", f.path, in.path)
		}
	}
	for _, other := range c.files {
		if f.same(other) {
			return fmt.Errorf("%s is where %s goes, too; accepted: another file", f.path, other.asked)
		}
	}
	if f.kind == regular && f.before != nil && c.stdout != nil && os.SameFile(f.before, c.stdout) {
		return fmt.Errorf("%s is where the standard output goes, too; accepted: another file", f.path)
	}
	return nil
}

// same reports whether two claims are of one file, which need not exist yet.
func (f *File) same(other *File) bool {
	if f.before != nil && other.before != nil {
		return os.SameFile(f.before, other.before)
	}
	if f.before != nil || other.before != nil || filepath.Base(f.name) != filepath.Base(other.name) {
		return false
	}
	a, errA := os.Stat(folderOf(f.name))
	b, errB := os.Stat(folderOf(other.name))
	return errA == nil && errB == nil && os.SameFile(a, b)
}

// prove finds out whether the file can be written: its folder takes a file, and the disk has room.
func (f *File) prove() error {
	if f.kind != regular {
		return nil
	}
	if f.before != nil {
		if err := f.replaceable(); err != nil {
			return err
		}
	}
	s, err := f.claims.newScratch(f.name, 0o600)
	if err != nil {
		return unwritable(f.path, err)
	}
	_, err = s.Write(make([]byte, 4096))
	if closed := s.Close(); err == nil {
		err = closed
	}
	f.claims.discard(s.Name())
	if err != nil {
		return fmt.Errorf("writing %s: %w; accepted: a file on a disk with room", f.path, bare(err))
	}
	return nil
}

// replaceable refuses a file that its owner has protected, or that belongs to another user who alone may replace it.
func (f *File) replaceable() error {
	if err := writable(f.name); err != nil {
		return fmt.Errorf("writing %s: %w; accepted: a file that can be written to", f.path, err)
	}
	dir, err := os.Stat(folderOf(f.name))
	if err != nil || dir.Mode()&os.ModeSticky == 0 || os.Geteuid() == 0 {
		return nil
	}
	own := func(info os.FileInfo) bool {
		user, _, ok := owner(info)
		return !ok || user == os.Geteuid()
	}
	if !own(f.before) && !own(dir) {
		return fmt.Errorf("writing %s: it belongs to another user; accepted: a file of your own", f.path)
	}
	return nil
}

// Written are the files that are complete, in the order in which they were, as they were named.
func (c *Claims) Written() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.written)
}

// Wrote notes what was written, for Written: a path, or rows of a stream.
func (c *Claims) Wrote(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.written = append(c.written, what)
}

// begin is called before a file gets its name, and end after it. Nothing begins in a process that is about to end.
func (c *Claims) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.stopped {
		c.idle.Wait()
	}
	c.busy++
}

func (c *Claims) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy--
	c.idle.Broadcast()
}

// Hold keeps Stop waiting until the function that it returns is called: for who has an orderly end of its own.
func (c *Claims) Hold() (release func()) {
	c.begin()
	return c.end
}

// Stop ends all writing, for a process that is about to end: it waits for files that are being completed and for recordings
// that have something to keep, and removes the scratch files of the others.
func (c *Claims) Stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.busy > 0 {
		c.idle.Wait()
	}
	c.stopped = true
	for name := range c.scratch {
		_ = os.Remove(name) // the process ends
	}
}

// errLinks is the error of a link that leads to itself.
var errLinks = errors.New("too many levels of symbolic links")

// find resolves a path: to what links lead, and what is there.
func (c *Claims) find(path string) (*File, error) {
	f := &File{claims: c, path: path, name: path}
	if strings.HasSuffix(path, string(filepath.Separator)) {
		return nil, fmt.Errorf("%s is a directory; accepted: a file", path)
	}
	for range 40 { // as many links as Linux follows
		if fd, own, ok := descriptor(f.name); ok {
			f.kind, f.fd = pipe, fd
			if !own {
				f.fd = -1
			}
			if f.before, _ = os.Stat(f.name); f.before == nil {
				return nil, unwritable(path, os.ErrNotExist)
			}
			return f, nil
		}
		info, err := os.Lstat(f.name)
		switch {
		case errors.Is(err, os.ErrNotExist):
			return f, nil // the proof says whether it can be made
		case err != nil:
			return nil, unwritable(path, err)
		case info.Mode()&os.ModeSymlink != 0:
			to, err := os.Readlink(f.name)
			if err != nil {
				return nil, unwritable(path, err)
			}
			if !filepath.IsAbs(to) {
				to = beside(f.name, to)
			}
			f.name = to
			continue
		case info.IsDir():
			return nil, fmt.Errorf("%s is a directory; accepted: a file", path)
		case info.Mode()&os.ModeSocket != 0:
			return nil, fmt.Errorf("%s is a socket; accepted: a file", path)
		case info.Mode()&os.ModeDevice != 0:
			f.kind, f.fd = device, -1
		case !info.Mode().IsRegular():
			f.kind, f.fd = pipe, -1
		}
		f.before = info
		return f, nil
	}
	return nil, fmt.Errorf("writing %s: %w; accepted: a file in a directory that can be written to", path, errLinks)
}
