package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// reserve is what is kept free on the disk for the end of a file that must not be lost: much more than a footer.
const reserve = 64 << 10

// partial is a file that grows while a run goes on, under another name until it has ended. When the disk is full, what was
// half written is taken back, the run is told to stop, and a reserve is given up for what it has still to say.
type partial struct {
	path   string
	file   file
	size   int64
	hold   string // file of the reserve; empty: given up
	cancel context.CancelCauseFunc
}

// file is what is needed of an *os.File; a test has disks that are full.
type file interface {
	io.Writer
	Truncate(size int64) error
	Seek(offset int64, whence int) (int64, error)
	Close() error
}

// newPartial begins the file.
func newPartial(path string, cancel context.CancelCauseFunc) (*partial, error) {
	p := &partial{path: path, cancel: cancel}
	if special(path) {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		p.file = f
		return p, err
	}
	f, err := os.Create(p.name())
	if err != nil {
		return nil, err
	}
	p.file, p.hold = f, path+".reserve"
	if err := os.WriteFile(p.hold, make([]byte, reserve), 0o600); err != nil {
		p.remove()
		return nil, err
	}
	return p, nil
}

// name is the file's while it grows.
func (p *partial) name() string { return p.path + ".partial" }

// Write writes all of b or nothing.
func (p *partial) Write(b []byte) (int, error) {
	n, err := p.file.Write(b)
	if err == nil {
		p.size += int64(n)
		return n, nil
	}
	if !errors.Is(err, syscall.ENOSPC) || p.hold == "" {
		return 0, err
	}
	p.cancel(fmt.Errorf("writing %s: %w", p.path, err))
	if err := p.file.Truncate(p.size); err != nil {
		return 0, err
	}
	if _, err := p.file.Seek(p.size, io.SeekStart); err != nil {
		return 0, err
	}
	p.giveUp()
	n, err = p.file.Write(b)
	p.size += int64(n)
	return n, err
}

// giveUp frees the reserve.
func (p *partial) giveUp() {
	if p.hold != "" {
		_ = os.Remove(p.hold) // nobody needs it
		p.hold = ""
	}
}

// finish gives the file its name.
func (p *partial) finish() error {
	p.giveUp()
	if err := p.close(); err != nil {
		return err
	}
	if special(p.path) {
		return nil
	}
	return os.Rename(p.name(), p.path)
}

// close closes the file, which keeps its name.
func (p *partial) close() error {
	p.giveUp()
	if p.file == nil {
		return nil
	}
	err := p.file.Close()
	p.file = nil
	return err
}

// remove takes the file away: there is nothing in it.
func (p *partial) remove() {
	_ = p.close()
	if !special(p.path) {
		_ = os.Remove(p.name())
	}
}
