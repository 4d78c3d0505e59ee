package gguf

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/sim/unit/visible"
)

// reader reads what stands in front of the weights, in order. The first thing that is wrong stays in err, and every later
// answer is zero.
type reader struct {
	path string
	in   *bufio.Reader
	at   int64 // what has been read
	most int64 // what may be read: of the file, or of its kind
	err  error
}

func newReader(path string, in io.ReaderAt, size int64) *reader {
	most := min(size, files.GGUFHeader.Limits().Bytes)
	return &reader{path: path, in: bufio.NewReaderSize(io.NewSectionReader(in, 0, most), 1<<16), most: most}
}

// fail keeps the first error.
func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%s: %s", r.path, fmt.Sprintf(format, args...))
	}
}

// room refuses so many items of so many bytes at least if that is more than what is left.
func (r *reader) room(what string, n uint64, each int64) bool {
	if left := r.most - r.at; r.err == nil && n > uint64(left/each) {
		r.fail("%s: %d at byte %d, and %d bytes are left of what is read; accepted: a whole GGUF file, with at most %d MiB in front of its weights",
			what, n, r.at, left, files.GGUFHeader.Limits().Bytes>>20)
	}
	return r.err == nil
}

// bytes reads some bytes.
func (r *reader) bytes(to []byte) bool {
	if r.err != nil {
		return false
	}
	n, err := io.ReadFull(r.in, to)
	r.at += int64(n)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		r.fail("ends at byte %d, in front of its weights; accepted: a whole GGUF file", r.at)
	case err != nil:
		r.err = err
	}
	return r.err == nil
}

func (r *reader) uint(size int) uint64 {
	var b [8]byte
	if !r.bytes(b[:size]) {
		return 0
	}
	return binary.LittleEndian.Uint64(b[:])
}

// text reads a string; what is for errors.
func (r *reader) text(what string) string {
	n := r.uint(8)
	if !r.room("length of "+what, n, 1) {
		return ""
	}
	b := make([]byte, n)
	r.bytes(b)
	return string(b)
}

// The types of values in metadata (docs/gguf.md, enum gguf_metadata_value_type).
const (
	typeUint8 = iota
	typeInt8
	typeUint16
	typeInt16
	typeUint32
	typeInt32
	typeFloat32
	typeBool
	typeString
	typeArray
	typeUint64
	typeInt64
	typeFloat64
)

// sizeOf is what a value of a type takes at least.
func sizeOf(kind uint64) int64 {
	switch kind {
	case typeUint8, typeInt8, typeBool:
		return 1
	case typeUint16, typeInt16:
		return 2
	case typeUint32, typeInt32, typeFloat32:
		return 4
	case typeUint64, typeInt64, typeFloat64, typeString:
		return 8
	}
	return 0
}

// value reads a value of metadata: int64, float64, bool, string, or a list of one of these.
func (r *reader) value(key string) any {
	kind := r.uint(4)
	if kind == typeArray {
		return r.array(key)
	}
	return r.one(key, kind)
}

// one reads a value that is no list.
func (r *reader) one(key string, kind uint64) any {
	switch kind {
	case typeString:
		return r.text(visible.Line(key))
	case typeFloat32:
		return float64(math.Float32frombits(uint32(r.uint(4))))
	case typeFloat64:
		return math.Float64frombits(r.uint(8))
	case typeBool:
		return r.uint(1) != 0
	case typeInt8:
		return int64(int8(r.uint(1)))
	case typeInt16:
		return int64(int16(r.uint(2)))
	case typeInt32:
		return int64(int32(r.uint(4)))
	case typeUint8, typeUint16, typeUint32, typeInt64:
		return int64(r.uint(int(sizeOf(kind))))
	case typeUint64:
		n := r.uint(8)
		if n > math.MaxInt64 {
			r.fail("%s: %d is too large; accepted: at most %d", visible.Line(key), n, int64(math.MaxInt64))
		}
		return int64(n)
	}
	r.fail("%s: values of type %d are not known; accepted: numbers, bool, strings, and lists of them", visible.Line(key), kind)
	return nil
}

func (r *reader) array(key string) any {
	kind, n := r.uint(4), r.uint(8)
	size := sizeOf(kind)
	if r.err == nil && size == 0 {
		r.fail("%s: a list of type %d is not read; accepted: lists of numbers, bool or strings", visible.Line(key), kind)
	}
	if r.err != nil || !r.room("length of "+visible.Line(key), n, size) {
		return nil
	}
	switch kind {
	case typeString:
		return list[string](r, key, kind, n)
	case typeFloat32, typeFloat64:
		return list[float64](r, key, kind, n)
	case typeBool:
		return list[bool](r, key, kind, n)
	}
	return list[int64](r, key, kind, n)
}

func list[T any](r *reader, key string, kind, n uint64) []T {
	values := make([]T, 0, min(n, 1<<16)) // the file may end before
	for range n {
		v, ok := r.one(key, kind).(T)
		if r.err != nil || !ok {
			return nil
		}
		values = append(values, v)
	}
	return values
}
