//go:build unix

package files

import (
	"errors"
	"os"
	"syscall"
)

// Flags of opening a file: fail at a link; do not wait for who is at the other end of a pipe.
const (
	NoFollow = syscall.O_NOFOLLOW
	noWait   = syscall.O_NONBLOCK
)

// Names is how many names a file has: hard links.
func Names(info os.FileInfo) int {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Nlink)
	}
	return 1
}

// writable is an error where a file may not be written to.
func writable(name string) error {
	const w = 2
	return syscall.Access(name, w)
}

// owner is who owns a file.
func owner(info os.FileInfo) (user, group int, ok bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(s.Uid), int(s.Gid), true
}

// lock takes the lock of an open file, and waits for it. Not every file system has locks; then there is none.
func lock(f *os.File) { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_EX) }

// locked reports whether another process has the lock of an open file.
func locked(f *os.File) bool {
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

// another opens the open file of a number again: what is written goes on where it is.
func another(fd int) (*os.File, error) {
	n, err := syscall.Dup(fd)
	if err != nil {
		return nil, err
	}
	syscall.CloseOnExec(n)
	return os.NewFile(uintptr(n), "another"), nil
}

// full reports whether an error is that of a disk, or of a user's share of it, that is full.
func full(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// unread reports whether an error is that of a pipe that nobody reads.
func unread(err error) bool { return errors.Is(err, syscall.ENXIO) }
