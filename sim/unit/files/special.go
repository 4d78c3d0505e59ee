package files

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// descriptor reports whether a path is an open file of a process, as /dev/stdout is, and the number of one of our own.
func descriptor(path string) (fd int, own, ok bool) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return 0, false, false
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(abs))
	if err != nil {
		return 0, false, false
	}
	parts := strings.Split(strings.TrimPrefix(dir, "/proc/"), "/")
	if !strings.HasPrefix(dir, "/proc/") || len(parts) < 2 || parts[len(parts)-1] != "fd" {
		return 0, false, false
	}
	if fd, err = strconv.Atoi(filepath.Base(abs)); err != nil {
		return 0, false, false
	}
	return fd, parts[0] == strconv.Itoa(os.Getpid()), true
}

// into writes into what is there. An interrupted run waits no longer for who reads it.
func (f *File) into(write func(io.Writer) error) error {
	out, err := f.open()
	if err != nil {
		return bare(err)
	}
	stop := context.AfterFunc(f.claims.ctx, func() { _ = out.SetWriteDeadline(time.Unix(1, 0)) }) // a disk has none
	defer stop()
	err = write(bareWriter{out})
	if closed := out.Close(); err == nil {
		err = bare(closed)
	}
	if err != nil && f.claims.ctx.Err() != nil {
		return context.Cause(f.claims.ctx)
	}
	return err
}

// open opens what is there. A pipe is waited for until somebody reads it.
func (f *File) open() (*os.File, error) {
	if f.fd >= 0 {
		return another(f.fd)
	}
	for {
		out, err := os.OpenFile(f.name, os.O_WRONLY|os.O_APPEND|noWait, 0)
		if !unread(err) || f.before.Mode()&os.ModeNamedPipe == 0 {
			return out, err
		}
		select {
		case <-f.claims.ctx.Done():
			return nil, context.Cause(f.claims.ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
