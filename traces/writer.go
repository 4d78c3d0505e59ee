package traces

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Writer writes a trace. It checks each record as a Reader would, so what it wrote can be read. The same records give
// the same bytes, unless Flush is called at other places.
type Writer struct {
	out     stream
	binder  *binder
	checker checker
	line    int
	size    int64 // of the lines
	steps   hash.Hash
	closed  bool
}

// stream is what the lines of a trace go through.
type stream interface {
	io.WriteCloser
	Flush() error
}

// plainLines writes lines as they are. Writers that are given one do not compress.
type plainLines struct{ io.Writer }

func (plainLines) Flush() error { return nil }
func (plainLines) Close() error { return nil }

// As returns w, to which a Writer writes what the name of its file says: plain JSON lines for NAME.jsonl, else a zstd stream.
func As(name string, w io.Writer) io.Writer {
	if strings.HasSuffix(name, ".jsonl") {
		return plainLines{w}
	}
	return w
}

// NewWriter starts a trace on w, a zstd stream of JSON lines or plain ones (As), with its header. The header must not change
// any more.
func NewWriter(w io.Writer, h *Header) (*Writer, error) {
	var to stream
	if p, ok := w.(plainLines); ok {
		to = p
	} else {
		encoder, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedBetterCompression),
			zstd.WithWindowSize(1<<20), zstd.WithEncoderCRC(true))
		if err != nil {
			return nil, fmt.Errorf("writing a trace: starting the zstd encoder: %w", err)
		}
		to = encoder
	}
	out := &Writer{out: to, binder: newBinder(), steps: sha256.New()}
	if err := out.put(h); err != nil {
		return nil, errors.Join(err, out.Abort())
	}
	return out, nil
}

// Write adds a record. A footer finishes the trace.
func (w *Writer) Write(r Record) error {
	if footer, ok := r.(*Footer); ok {
		return w.Finish(*footer)
	}
	return w.put(r)
}

// Flush hands everything written so far to the stream below, so that a reader can have it and a crash cannot lose it.
func (w *Writer) Flush() error {
	if err := w.out.Flush(); err != nil {
		return fmt.Errorf("writing a trace: %w", err)
	}
	return nil
}

// Finish writes the footer and ends the stream. The hash of the step lines is computed here, since it depends on
// how they are written; so is the number of steps, unless the footer has one, which then must be right.
func (w *Writer) Finish(f Footer) error {
	f.SHA256Steps = hex.EncodeToString(w.steps.Sum(nil))
	if f.Steps == 0 {
		f.Steps = w.checker.steps
	}
	if err := w.put(&f); err != nil {
		return err
	}
	return w.Abort()
}

// Abort ends the stream without a footer: what was written stays readable, and readers say that the trace is cut
// off. After Finish or Abort it does nothing.
func (w *Writer) Abort() error {
	if w.closed {
		return nil
	}
	w.closed = true
	if err := w.out.Close(); err != nil {
		return fmt.Errorf("writing a trace: %w", err)
	}
	return nil
}

// put checks, encodes and writes a record.
func (w *Writer) put(r Record) error {
	w.line++
	if w.closed {
		return w.at(fault("type", "nothing", "a %s record comes after the end", r.kind()))
	}
	line, problem := w.binder.encode(r)
	if problem == nil {
		problem = w.fits(r, len(line))
	}
	if problem == nil {
		problem = w.checker.add(r)
	}
	if problem != nil {
		return w.at(problem)
	}
	if _, ok := r.(*Step); ok {
		w.steps.Write(line)
	}
	if _, err := w.out.Write(line); err != nil {
		return fmt.Errorf("writing a trace: line %d: %w", w.line, err)
	}
	return nil
}

// fits refuses what no reader would read.
func (w *Writer) fits(r Record, size int) *Error {
	l := most()
	w.size += int64(size)
	switch {
	case size > l.Line:
		return fault("", fmt.Sprintf("lines of at most %d bytes", l.Line), "the %s record is too long", r.kind())
	case w.line > l.Lines || w.size > l.Total:
		return fault("", fmt.Sprintf("at most %d lines and %d bytes", l.Lines, l.Total), "the trace is too long")
	}
	return nil
}

// at names the line that would have been written.
func (w *Writer) at(e *Error) error {
	e.File, e.Line = "the trace being written", w.line
	return e
}
