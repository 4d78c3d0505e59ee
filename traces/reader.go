package traces

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"reflect"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

// maxWindow is the bytes of history of the zstd stream, what RFC 8878 asks of every decoder. Package files has the other limits.
const maxWindow = 8 << 20

// most is what a trace may have.
func most() files.Limit { return files.Trace.Limits() }

// Reader is the Source of a file or a pipe. It yields each record as soon as its line is there, so it can follow a run
// that is still going on.
type Reader struct {
	name  string
	lines *files.Lines
	zstd  *zstd.Decoder // nil for plain JSON lines
	file  *files.Reader // nil unless Open opened it

	binder  *binder
	checker checker
	raw     []byte // the header's line
	all     hash.Hash
	steps   hash.Hash
	err     error // sticky
}

var _ Source = (*Reader)(nil)

// Open opens a trace file and reads its header. The caller closes the Reader.
func Open(path string) (*Reader, error) {
	file, err := files.Open(path, files.Trace)
	if err != nil {
		return nil, err
	}
	r, err := NewReader(path, file)
	if err != nil {
		file.Close()
		return nil, err
	}
	r.file = file
	return r, nil
}

// NewReader reads the header of a trace from in, which is a zstd stream or plain JSON lines. The name stands in errors.
func NewReader(name string, in io.Reader) (*Reader, error) {
	r := &Reader{name: name, binder: newBinder(), all: sha256.New(), steps: sha256.New()}
	raw := bufio.NewReaderSize(in, 64<<10)
	const accepted = "a trace of format " + Format + ", zstd or plain JSON lines"
	magic, err := raw.Peek(4)
	switch {
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		if r.zstd, err = zstd.NewReader(raw, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow)); err != nil {
			return nil, fmt.Errorf("%s: starting the zstd decoder: %w", name, err)
		}
		r.lines = files.NewLines(name, r.zstd, files.Trace)
	case len(magic) > 0 && magic[0] == '{':
		r.lines = files.NewLines(name, raw, files.Trace)
	case err != nil && err != io.EOF:
		return nil, suggest.File(fmt.Errorf("%s: reading a trace: %w", name, err), accepted)
	case len(magic) == 0:
		return nil, &Error{File: name, What: "the file is empty", Accepted: accepted}
	default:
		return nil, &Error{File: name, What: "the file starts as neither zstd nor JSON lines", Accepted: accepted}
	}
	if err := r.readHeader(); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Header returns the first record.
func (r *Reader) Header() *Header { return r.checker.header }

// HeaderJSON returns the header's line as it stands in the file, without the line feed.
func (r *Reader) HeaderJSON() []byte { return r.raw }

// Name returns the name that errors carry.
func (r *Reader) Name() string { return r.name }

// SHA256 returns the hash of the JSON lines read so far, each with its line feed; after io.EOF, that of the trace. It
// does not depend on the compression.
func (r *Reader) SHA256() string { return hex.EncodeToString(r.all.Sum(nil)) }

// Close frees the decoder and closes the file that Open opened.
func (r *Reader) Close() error {
	if r.zstd != nil {
		r.zstd.Close()
	}
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

// Next returns the next record, and io.EOF after the footer. Every other error is of type *Error or comes from the
// stream below, and all later calls return it again.
func (r *Reader) Next() (Record, error) {
	if r.err != nil {
		return nil, r.err
	}
	record, err := r.next()
	r.err = err
	return record, err
}

func (r *Reader) next() (Record, error) {
	line, err := r.readLine()
	if err == io.EOF && r.checker.footer != nil {
		return nil, io.EOF
	}
	if err == io.EOF {
		return nil, r.at(fault("footer", "a file that ends with its footer", "the trace ends without one after %d steps", r.checker.steps))
	}
	if err != nil {
		return nil, err
	}
	root, problem := scan(line)
	if problem != nil {
		return nil, r.at(problem)
	}
	return r.record(root, line)
}

// record turns the tree of a line into a checked record.
func (r *Reader) record(root node, line []byte) (Record, error) {
	var kind string
	for i, key := range root.keys {
		if key == "type" && root.kids[i].kind == '"' {
			kind = unquote(root.kids[i].raw)
		}
	}
	if kind == "" {
		return nil, r.at(fault("type", recordTypes, "the key is missing or no string"))
	}
	record := newRecord(kind)
	if record == nil {
		types := strings.Split(recordTypes, ", ")
		version := Version
		if h := r.checker.header; h != nil {
			version = h.Version
		}
		return nil, r.at(unknown("type", kind, types, "%q is not a record of version %d", clip(kind), version))
	}
	if err := r.binder.object(root, reflect.ValueOf(record).Elem(), "type"); err != nil {
		return nil, r.at(err)
	}
	if err := r.checker.add(record); err != nil {
		return nil, r.at(err)
	}
	switch record := record.(type) {
	case *Step:
		r.steps.Write(line)
		r.steps.Write([]byte{'\n'})
	case *Footer:
		if sum := hex.EncodeToString(r.steps.Sum(nil)); record.SHA256Steps != sum {
			return nil, r.at(fault("sha256_steps", sum, "the step lines have another hash: the file was changed"))
		}
	}
	return record, nil
}

// readHeader reads line 1. Format and version come before everything else: a later version may have any key.
func (r *Reader) readHeader() error {
	line, err := r.readLine()
	if err == io.EOF {
		return r.at(fault("header", "a trace of format "+Format, "the stream holds no line"))
	}
	if err != nil {
		return err
	}
	root, problem := scan(line)
	if problem != nil {
		return r.at(problem)
	}
	for i, key := range root.keys {
		kid := root.kids[i]
		if key == "format" && (kid.kind != '"' || unquote(kid.raw) != Format) {
			return r.at(fault("format", Format, "%s is another format", clip(string(kid.raw))))
		}
	}
	for i, key := range root.keys {
		v := string(root.kids[i].raw)
		if n, err := strconv.Atoi(v); key == "version" && (err != nil || n < Oldest || n > Version) {
			return r.at(fault("version", versions(), "version %s is not read", clip(v)))
		}
	}
	r.raw = bytes.Clone(line)
	_, err = r.record(root, line)
	return err
}

// readLine returns the next line without its line feed, valid until the next call.
func (r *Reader) readLine() ([]byte, error) {
	line, err := r.lines.Next()
	if err != nil && (err != io.EOF || len(line) == 0) {
		return nil, r.broken(err)
	}
	line = bytes.TrimSuffix(line, []byte("\n"))
	r.all.Write(line)
	r.all.Write([]byte{'\n'})
	if len(bytes.TrimSpace(line)) == 0 {
		return nil, r.at(fault("", "one JSON object a line", "the line is empty"))
	}
	return line, r.broken(files.CheckJSON(r.name, r.lines.Number(), line, files.Trace))
}

// broken explains an error of the stream below, or of its limits; nil stays nil.
func (r *Reader) broken(err error) error {
	const whole = "the file as it was written"
	number := r.lines.Number()
	if err == nil || err == io.EOF {
		return err
	}
	var much *files.TooMuch
	if errors.As(err, &much) {
		return &Error{File: r.name, Line: much.Line, What: much.What, Accepted: much.Accepted}
	}
	if r.zstd == nil {
		return fmt.Errorf("%s:%d: reading a trace: %w", r.name, number+1, err)
	}
	problem := fault("", whole, "the zstd stream is broken after %d whole lines: %v", number, err)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		problem = fault("", whole, "the zstd stream is cut off after %d whole lines", number)
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		problem = fault("", fmt.Sprintf("a window of at most %d MiB, which zstd has up to level 19", maxWindow>>20), "the zstd stream needs too much memory")
	}
	problem.File, problem.Line = r.name, number+1
	return problem
}

// at adds the file and the line to a fault.
func (r *Reader) at(e *Error) error {
	e.File, e.Line = r.name, r.lines.Number()
	return e
}
