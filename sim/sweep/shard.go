package sweep

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/gofrs/flock"

	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// shard is a file to which one worker appends lines. A lock keeps other processes from writing it.
type shard struct {
	path     string
	lock     *flock.Flock
	file     appendable
	size     int64 // of the complete lines, in bytes
	unsynced int   // lines since the last sync
}

// appendable is what a shard needs of a file.
type appendable interface {
	io.Writer
	Truncate(size int64) error
	Sync() error
	Close() error
}

// syncEvery is how many lines are written between two syncs. A power failure loses at most those, and their points are
// simulated again. A killed process loses none: the operating system has them.
const syncEvery = 64

// errLocked is the error of a shard that another process has locked.
var errLocked = errors.New("another process writes this shard")

// openShard locks a shard, cuts off a line that a killed worker left incomplete, and returns the rows in it.
func openShard(path string) (*shard, []folder.Line, error) {
	s := &shard{path: path, lock: flock.New(path+".lock", flock.SetFlag(os.O_CREATE|os.O_RDWR|files.NoFollow))}
	ok, err := s.lock.TryLock()
	if err != nil {
		return nil, nil, fmt.Errorf("locking %s: %w; accepted: a directory that can be written to, on a file system that knows flock", path, err)
	}
	if !ok {
		return nil, nil, errLocked
	}
	old, err := folder.ReadShard(path, 0)
	if err == nil {
		s.size = old.Whole
		err = s.open()
	}
	if err != nil {
		_ = s.lock.Unlock() // the first error counts
		return nil, nil, err
	}
	return s, old.Lines, nil
}

func (s *shard) open() error {
	f, err := files.Append(s.path)
	if err != nil {
		return err
	}
	s.file = f
	return s.rewind()
}

// rewind cuts off everything after the last complete line.
func (s *shard) rewind() error {
	if err := s.file.Truncate(s.size); err != nil {
		return fmt.Errorf("cutting a torn line off %s: %w", s.path, err)
	}
	return nil
}

// append writes a line, complete or not at all: on a full disk it cuts off what has been written.
func (s *shard) append(m *folder.Line) error {
	line, err := folder.Seal(m)
	if err != nil {
		return err
	}
	n, err := s.file.Write(line)
	if err == nil && n < len(line) {
		err = io.ErrShortWrite
	}
	if err != nil {
		err = fmt.Errorf("%w; what was complete is kept: make room, and the same command goes on from there", err)
		return errors.Join(err, s.rewind())
	}
	s.size += int64(len(line))
	if s.unsynced++; s.unsynced >= syncEvery {
		s.unsynced = 0
		return s.file.Sync()
	}
	return nil
}

func (s *shard) close() error {
	err := errors.Join(s.file.Sync(), s.file.Close())
	return errors.Join(err, s.lock.Unlock())
}
