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

// Shard is what was read of a file of lines.
type Shard struct {
	Lines   []Line
	Damaged []Damage
	Whole   int64 // where the last whole line ends; behind it is the line of a worker that was killed, or that is writing it
}

// Damage is a line that is not believed.
type Damage struct {
	File   string
	Number int // of the line, from 1
	Why    error
}

func (d Damage) String() string {
	return fmt.Sprintf("%s:%d: the line %v; its point counts as not simulated", d.File, d.Number, d.Why)
}

// errUnsealed is the error of a line without a checksum where every line has one.
var errUnsealed = errors.New("is not as it was written: it has no checksum")

// ReadShard reads a shard from an offset on: 0, or how far an earlier call came. Numbers of lines count from there.
func ReadShard(path string, from int64) (Shard, error) {
	s := Shard{Whole: from}
	f, err := files.OpenStored(path, files.Results)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	if err := f.SeekTo(from); err != nil {
		return s, err
	}
	in := f.Lines()
	for number, empty := 1, int64(0); ; number++ {
		text, err := in.Next()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return s, err
		}
		if len(bytes.Trim(text, "\x00\r\n")) == 0 { // at the end it is a file system's answer to a power failure: a length without data
			empty += int64(len(text))
			continue
		}
		line, err := parseLine(text)
		if line.number = number; err != nil {
			s.Damaged = append(s.Damaged, Damage{path, number, err})
		} else {
			s.Lines = append(s.Lines, line)
		}
		s.Whole, empty = s.Whole+empty+int64(len(text)), 0
	}
}

func parseLine(text []byte) (l Line, err error) {
	text, l.Sealed, err = Unseal(text)
	if err != nil {
		return l, err
	}
	if err := strict(text, &l); err != nil {
		return l, fmt.Errorf("is no row of this program: %w", files.NotJSON(err))
	}
	return l, nil
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

// mostNotes is how many damaged lines Notes names.
const mostNotes = 10

// Notes says which lines of shards were not believed, for the user.
func (f *Folder) Notes() (notes []string) {
	for i, d := range f.Damaged {
		if i == mostNotes {
			return append(notes, fmt.Sprintf("and %d more lines that are not as they were written", len(f.Damaged)-i))
		}
		notes = append(notes, d.String())
	}
	return notes
}
