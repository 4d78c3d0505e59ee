package sweep

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/gofrs/flock"

	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

// shard is a file that one worker appends lines to: nobody else writes it while its lock is held.
type shard struct {
	path     string
	lock     *flock.Flock
	file     appendable
	size     int64 // up to which lines are whole
	unsynced int   // lines since the last sync
}

// appendable is what a shard needs of a file.
type appendable interface {
	io.Writer
	Truncate(size int64) error
	Seek(offset int64, whence int) (int64, error)
	Sync() error
	Close() error
}

// syncEvery bounds what a power failure takes: the lines since the last sync, which are simulated again. A process that is
// killed loses none of them, because the system has them.
const syncEvery = 64

// errTaken says that another process has the shard.
var errLocked = errors.New("another process writes this shard")

// openShard takes a shard, cuts off a line that a killed worker left half written, and returns what is in it.
func openShard(path string) (*shard, []folder.Line, error) {
	s := &shard{path: path, lock: flock.New(path+".lock", flock.SetFlag(os.O_CREATE|os.O_RDWR))}
	ok, err := s.lock.TryLock()
	if err != nil {
		return nil, nil, fmt.Errorf("locking %s: %w (the file system must know flock)", path, err)
	}
	if !ok {
		return nil, nil, errLocked
	}
	rows, whole, err := folder.ReadShard(path)
	if err == nil {
		s.size = whole
		err = s.open()
	}
	if err != nil {
		_ = s.lock.Unlock() // the first error counts
		return nil, nil, err
	}
	return s, rows, nil
}

func (s *shard) open() error {
	f, err := os.OpenFile(s.path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	s.file = f
	return s.rewind()
}

// rewind cuts off what lies behind the last whole line.
func (s *shard) rewind() error {
	if err := s.file.Truncate(s.size); err != nil {
		return fmt.Errorf("cutting a torn line off %s: %w", s.path, err)
	}
	_, err := s.file.Seek(s.size, io.SeekStart)
	return err
}

// append writes a line, whole or not at all: on a full disk what has been written of it is taken back.
func (s *shard) append(m *folder.Line) error {
	line, err := folder.Encode(m)
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
