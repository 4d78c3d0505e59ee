package files

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

// Lines reads a stream line by line, up to the limits of its kind: of a line, of their number, and of all together.
type Lines struct {
	name   string
	limit  Limit
	in     *bufio.Reader
	number int
	total  int64
}

// NewLines reads from a stream, which may be what a decompressor makes of a file.
func NewLines(name string, in io.Reader, k Kind) *Lines {
	return &Lines{name: name, limit: k.Limits(), in: bufio.NewReaderSize(in, 64*kib)}
}

// Lines reads what is left of a file line by line.
func (r *Reader) Lines() *Lines { return NewLines(r.path, r, r.kind) }

// Number is that of the last line that was read, from 1.
func (l *Lines) Number() int { return l.number }

// Total is how many bytes of lines were read, those of a line that is not whole among them.
func (l *Lines) Total() int64 { return l.total }

// Next returns the next line with its line feed, valid until the next call. With io.EOF it returns what stands behind the
// last line feed.
func (l *Lines) Next() ([]byte, error) {
	var long []byte
	for {
		part, err := l.in.ReadSlice('\n')
		l.total += int64(len(part))
		switch {
		case len(long) == 0 && len(part) > 0 && l.number >= l.limit.Lines && l.limit.Lines > 0:
			return nil, l.limit.refuse(l.name, l.number+1, fmt.Sprintf("goes on after %d lines", l.limit.Lines), fmt.Sprintf("at most %d lines", l.limit.Lines))
		case l.limit.Line > 0 && len(long)+len(part) > l.limit.Line:
			return nil, l.limit.refuse(l.name, l.number+1, "the line goes on after "+size(int64(l.limit.Line)), "lines of at most "+size(int64(l.limit.Line)))
		case l.limit.Total > 0 && l.total > l.limit.Total:
			return nil, l.limit.refuse(l.name, l.number+1, "goes on after "+size(l.limit.Total)+" of lines", "at most "+size(l.limit.Total)+" of lines")
		case errors.Is(err, bufio.ErrBufferFull):
			long = append(long, part...)
			continue
		}
		if len(long) > 0 {
			part = append(long, part...)
		}
		if err == nil || err == io.EOF && len(part) > 0 {
			l.number++
		}
		return part, suggest.File(err, l.limit.What)
	}
}
