package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// Reserve is what is kept free on the disk for the end of a file that must not be lost: much more than a footer.
const Reserve = 64 << 10

// Partial is a file that grows while a run goes on, under another name until it has ended. When the disk is full, what was
// half written is taken back, the run is told to stop, and a reserve is given up for what it has still to say.
type Partial struct {
	path   string
	File   File // what is written to; a test has disks that are full
	size   int64
	hold   string // file of the reserve; empty: given up
	cancel context.CancelCauseFunc
}

// File is what is needed of an *os.File; a test has disks that are full.
type File interface {
	io.Writer
	Truncate(size int64) error
	Seek(offset int64, whence int) (int64, error)
	Close() error
}

// NewPartial begins the file at a path; cancel tells the run to stop when the disk is full.
func NewPartial(path string, cancel context.CancelCauseFunc) (*Partial, error) {
	p := &Partial{path: path, cancel: cancel}
	if Special(path) {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		p.File = f
		return p, err
	}
	f, err := os.Create(p.Name())
	if err != nil {
		return nil, err
	}
	p.File, p.hold = f, path+".reserve"
	if err := os.WriteFile(p.hold, make([]byte, Reserve), 0o600); err != nil {
		p.Remove()
		return nil, err
	}
	return p, nil
}

// Name is the file's while it grows.
func (p *Partial) Name() string { return p.path + ".partial" }

// Write writes all of b or nothing.
func (p *Partial) Write(b []byte) (int, error) {
	n, err := p.File.Write(b)
	if err == nil {
		p.size += int64(n)
		return n, nil
	}
	if !errors.Is(err, syscall.ENOSPC) || p.hold == "" {
		return 0, err
	}
	p.cancel(fmt.Errorf("writing %s: %w", p.path, err))
	if err := p.File.Truncate(p.size); err != nil {
		return 0, err
	}
	if _, err := p.File.Seek(p.size, io.SeekStart); err != nil {
		return 0, err
	}
	p.giveUp()
	n, err = p.File.Write(b)
	p.size += int64(n)
	return n, err
}

// giveUp frees the reserve.
func (p *Partial) giveUp() {
	if p.hold != "" {
		_ = os.Remove(p.hold) // nobody needs it
		p.hold = ""
	}
}

// Finish gives the file its name.
func (p *Partial) Finish() error {
	p.giveUp()
	if err := p.Close(); err != nil {
		return err
	}
	if Special(p.path) {
		return nil
	}
	return os.Rename(p.Name(), p.path)
}

// Close closes the file, which keeps its name.
func (p *Partial) Close() error {
	p.giveUp()
	if p.File == nil {
		return nil
	}
	err := p.File.Close()
	p.File = nil
	return err
}

// Remove takes the file away: there is nothing in it.
func (p *Partial) Remove() {
	_ = p.Close()
	if !Special(p.path) {
		_ = os.Remove(p.Name())
	}
}
