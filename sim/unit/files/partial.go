package files

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// Reserve is what is kept free on the disk for the end of a file that must not be lost: much more than a footer.
const Reserve = 64 << 10

// Partial is a file that grows while a run goes on, under another name until it has ended, which nothing else has. When the
// disk is full, what was half written is taken back, the run is told to stop, and a reserve is given up for what it has still
// to say.
type Partial struct {
	Sink Sink // what is written to; a test has disks that are full

	file   *File
	name   string // while it grows; empty for a device
	size   int64
	cancel context.CancelCauseFunc
	kept   bool // what is in it must not be lost
}

// Sink is what is needed of an *os.File; a test has disks that are full.
type Sink interface {
	io.Writer
	Truncate(size int64) error
	Seek(offset int64, whence int) (int64, error)
	Close() error
}

// Reserve takes from the disk what a Partial keeps for its end, before the work: a disk without that much room is found then.
func (f *File) Reserve() (err error) {
	if f.Special() || f.reserve != nil {
		return nil
	}
	if f.reserve, err = f.Unnamed(); err != nil {
		return err
	}
	if _, err = f.reserve.Write(make([]byte, Reserve)); err != nil {
		f.GiveUp()
		return fmt.Errorf("writing %s: %w; accepted: a file on a disk with room", f.path, bare(err))
	}
	return nil
}

// GiveUp frees the reserve.
func (f *File) GiveUp() {
	if f.reserve != nil {
		_ = f.reserve.Close() // nobody needs it
		f.reserve = nil
	}
}

// Grow begins the file; cancel tells the run to stop when the disk is full.
func (f *File) Grow(cancel context.CancelCauseFunc) (*Partial, error) {
	p := &Partial{file: f, cancel: cancel}
	if f.Special() {
		out, err := f.open()
		p.Sink = out
		return p, f.named(bare(err))
	}
	s, err := f.newPartial()
	if err != nil {
		return nil, unwritable(f.path, err)
	}
	p.Sink, p.name = s, s.Name()
	f.claims.remember(p.name)
	lock(s) // tells others that it grows
	if err := f.Reserve(); err != nil {
		p.Remove()
		return nil, err
	}
	return p, nil
}

// Name is the file's while it grows.
func (p *Partial) Name() string { return cmp.Or(p.name, p.file.path) }

// Reserved reports whether the reserve is still there.
func (p *Partial) Reserved() bool { return p.file.reserve != nil }

// Keep says that what has been written so far must not be lost: whatever ends the process waits for the file's end.
func (p *Partial) Keep() {
	if !p.kept && p.name != "" {
		p.kept = true
		p.file.claims.begin()
		p.file.claims.forget(p.name)
	}
}

// letGo ends what Keep began.
func (p *Partial) letGo() {
	if p.kept {
		p.kept = false
		p.file.claims.end()
	}
}

// Write writes all of b or nothing.
func (p *Partial) Write(b []byte) (int, error) {
	n, err := p.Sink.Write(b)
	if err == nil {
		p.size += int64(n)
		return n, nil
	}
	switch err = bare(err); {
	case p.name == "":
		return 0, err // a pipe, from which nothing can be taken back
	case p.file.reserve == nil || !full(err):
		return 0, errors.Join(err, p.takeBack())
	}
	p.cancel(p.file.named(err))
	if err := p.takeBack(); err != nil {
		return 0, err
	}
	p.file.GiveUp()
	if n, err = p.Sink.Write(b); err != nil {
		return 0, errors.Join(bare(err), p.takeBack())
	}
	p.size += int64(n)
	return n, nil
}

// takeBack removes what a write that failed has left.
func (p *Partial) takeBack() error {
	err := p.Sink.Truncate(p.size)
	if err == nil {
		_, err = p.Sink.Seek(p.size, io.SeekStart)
	}
	return bare(err)
}

// Finish gives the file its name.
func (p *Partial) Finish() error {
	if p.name == "" {
		return p.file.named(p.close())
	}
	if s, ok := p.Sink.(*os.File); ok {
		if err := p.named(s); err != nil {
			return errors.Join(p.file.named(err), p.Close())
		}
		p.file.finish(s)
	}
	if err := p.close(); err != nil {
		return errors.Join(fmt.Errorf("%w; it is in %s", p.file.named(err), p.name), p.Close())
	}
	defer p.letGo()
	return p.file.named(p.file.complete(p.name))
}

// named makes sure that the file has its name still. If somebody has taken that away, alone or with its folder, what is in the
// file is only here: it is copied to a name beside it, or to the folder for temporary files.
func (p *Partial) named(s *os.File) error {
	own, err := s.Stat()
	if err != nil {
		return bare(err)
	}
	if there, err := os.Lstat(p.name); err == nil && os.SameFile(own, there) {
		return nil
	}
	p.file.GiveUp()
	p.file.claims.forget(p.name)
	return p.file.Aside(fmt.Errorf("%s was removed while it grew", p.name), func(w io.Writer) error {
		_, err := io.Copy(w, io.NewSectionReader(s, 0, p.size))
		return err
	})
}

// Close closes the file, which keeps its name.
func (p *Partial) Close() error {
	defer p.letGo()
	return p.close()
}

func (p *Partial) close() error {
	p.file.GiveUp()
	if p.Sink == nil {
		return nil
	}
	err := p.Sink.Close()
	p.Sink = nil
	return bare(err)
}

// Remove takes the file away: there is nothing in it.
func (p *Partial) Remove() {
	_ = p.Close() // nothing in it counts
	if p.name != "" {
		p.file.claims.discard(p.name)
	}
}
