package folder

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// ReadShard returns the lines of a shard and how far they are whole. What stands behind the last line feed is the line
// of a worker that was killed, or that is writing it.
func ReadShard(path string) (rows []Line, whole int64, err error) { return ReadShardFrom(path, 0) }

// ReadShardFrom is ReadShard from an offset on, which a call before returned.
func ReadShardFrom(path string, from int64) (rows []Line, whole int64, err error) {
	f, err := files.Open(path, files.Results)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	if err := f.SeekTo(from); err != nil {
		return nil, 0, err
	}
	whole = from
	in := f.Lines()
	for number := 1; ; number++ {
		line, err := in.Next()
		if errors.Is(err, io.EOF) {
			return rows, whole, nil
		}
		if err != nil {
			return nil, 0, err
		}
		var l Line
		if err := strict(line, &l); err != nil {
			if zeros := bytes.Trim(line, "\x00\n"); len(zeros) == 0 {
				return rows, whole, nil // a file system's answer to a power failure: a length without data
			}
			return nil, 0, fmt.Errorf("%s:%d: not a row of this program: %w; accepted: remove the line, its point is simulated again", path, number, err)
		}
		rows, whole = append(rows, l), whole+int64(len(line))
	}
}

// Shards are the shards of a folder, in the order of their names. They are found by listing: characters of the folder's path
// have no meaning.
func Shards(dir string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(dir, "shards"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries { // sorted
		if strings.HasSuffix(e.Name(), ".jsonl") {
			files = append(files, filepath.Join(dir, "shards", e.Name()))
		}
	}
	return files, nil
}
