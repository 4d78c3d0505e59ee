package sweep

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// shard is a file that one worker appends lines to: nobody else writes it while its lock is held.
type shard struct {
	path string
	lock *flock.Flock
	file appendable
	size int64 // up to which lines are whole
	late int   // lines since the last sync
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
var errTaken = errors.New("another process writes this shard")

// openShard takes a shard, cuts off a line that a killed worker left half written, and returns what is in it.
func openShard(path string) (*shard, []measured, error) {
	s := &shard{path: path, lock: flock.New(path+".lock", flock.SetFlag(os.O_CREATE|os.O_RDWR))}
	ok, err := s.lock.TryLock()
	if err != nil {
		return nil, nil, fmt.Errorf("locking %s: %w (the file system must know flock)", path, err)
	}
	if !ok {
		return nil, nil, errTaken
	}
	rows, whole, err := readShard(path)
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
func (s *shard) append(m *measured) error {
	line, err := encode(m)
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
	if s.late++; s.late >= syncEvery {
		s.late = 0
		return s.file.Sync()
	}
	return nil
}

func (s *shard) close() error {
	err := errors.Join(s.file.Sync(), s.file.Close())
	return errors.Join(err, s.lock.Unlock())
}

// readShard returns the lines of a shard and how far they are whole. What stands behind the last line feed is the line
// of a worker that was killed, or that is writing it.
func readShard(path string) (rows []measured, whole int64, err error) { return readShardFrom(path, 0) }

// readShardFrom is readShard from an offset on, which a call before returned.
func readShardFrom(path string, from int64) (rows []measured, whole int64, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	if whole, err = f.Seek(from, io.SeekStart); err != nil {
		return nil, 0, err
	}
	in := bufio.NewReaderSize(f, 1<<16)
	for number := 1; ; number++ {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return rows, whole, nil
		}
		if err != nil {
			return nil, 0, err
		}
		var m measured
		if err := strict(line, &m); err != nil {
			if zeros := bytes.Trim(line, "\x00\n"); len(zeros) == 0 {
				return rows, whole, nil // a file system's answer to a power failure: a length without data
			}
			return nil, 0, fmt.Errorf("%s:%d: not a row of this program: %w; accepted: remove the line, its point is simulated again", path, number, err)
		}
		rows, whole = append(rows, m), whole+int64(len(line))
	}
}

// shards are the shards of a directory, in the order of their names.
func shards(dir string) ([]string, error) {
	return filepath.Glob(filepath.Join(dir, "shards", "*.jsonl"))
}
