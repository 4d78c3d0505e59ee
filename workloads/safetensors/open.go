package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/bits"
	"slices"

	format "github.com/nlpodyssey/safetensors"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// File is an open file, of which only the values that are looked at are read.
type File struct {
	Path    string
	Tensors []*Tensor // by name
	file    *files.Reader
}

// Open reads a file's header and lists its tensors. What is cut off the file while it is open is an error of whoever reads it.
func Open(path string) (*File, error) {
	f, err := files.Open(path, files.Weights)
	return read(path, f, err)
}

// OpenFS is Open of a file among those that the program carries.
func OpenFS(in fs.FS, name string) (*File, error) {
	f, err := files.OpenFS(in, name, files.Weights)
	return read(name, f, err)
}

// read reads the header of an open file.
func read(path string, f *files.Reader, err error) (*File, error) {
	if err != nil {
		return nil, err
	}
	opened := &File{Path: path, file: f}
	if !f.Regular() {
		err = fmt.Errorf("%s: not a regular file; accepted: a safetensors file", path)
	} else {
		opened.Tensors, err = parse(path, f, f.Size())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return opened, nil
}

// Close closes the file. Its tensors have no values any more.
func (f *File) Close() error {
	f.Tensors = nil
	return f.file.Close()
}

// SHA256 returns the hash of an open file's bytes.
func (f *File) SHA256() (string, error) { return f.file.SHA256() }

// parse returns the tensors of a file of a size by their names.
func parse(path string, in io.ReaderAt, size int64) ([]*Tensor, error) {
	broken := func(err error) error {
		return fmt.Errorf("%s: %w in a file of %d bytes; accepted: a whole safetensors file", path, err, size)
	}
	header, err := readHeader(path, in, size)
	if err != nil {
		return nil, err
	}
	known, eights := withoutEights(header)
	var parsed format.Metadata
	if err := json.Unmarshal(known, &parsed); err != nil {
		return nil, broken(fmt.Errorf("invalid header: %w", files.NotJSON(err)))
	}
	var list []*Tensor
	values := int64(8 + len(header)) // where they begin
	infos := parsed.Tensors()
	for name, info := range infos {
		t := &Tensor{Name: name, File: path, Type: Type(info.DType.String()), in: in}
		if eights[name] {
			t.Type = E5M2
		}
		for _, n := range info.Shape {
			if n < 1 || n > math.MaxInt32 {
				return nil, t.Errorf("has the shape %v; accepted: 1 to %d each", info.Shape, math.MaxInt32)
			}
			t.Shape = append(t.Shape, int(n))
		}
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b *Tensor) int {
		x, y := infos[a.Name].DataOffsets, infos[b.Name].DataOffsets
		return cmp.Or(cmp.Compare(x[0], y[0]), cmp.Compare(x[1], y[1]), cmp.Compare(a.Name, b.Name))
	})
	end := uint64(0)
	for _, t := range list {
		info := infos[t.Name]
		if info.DataOffsets[0] != end {
			return nil, broken(fmt.Errorf("tensor %q begins at %d, and the one before it ends at %d,", t.Name, info.DataOffsets[0], end))
		}
		n, fits := bytesOf(info)
		if !fits || info.DataOffsets[1] < end || info.DataOffsets[1]-end != n {
			return nil, broken(fmt.Errorf("tensor %q of shape %v is not as large as its place from %d to %d", t.Name, info.Shape, end, info.DataOffsets[1]))
		}
		t.at = values + int64(end)
		if end = info.DataOffsets[1]; end > uint64(size) {
			break
		}
	}
	if end != uint64(size-values) {
		return nil, broken(fmt.Errorf("the tensors end at %d, and %d bytes of values are there", end, size-values))
	}
	slices.SortFunc(list, func(a, b *Tensor) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// withoutEights gives the tensors of type E5M2, which the JSON's reader does not know, another type of a byte, and returns their
// names. A header that is no object of objects stays as it is, for that reader to refuse.
func withoutEights(header []byte) (known []byte, names map[string]bool) {
	var all map[string]map[string]json.RawMessage
	if !bytes.Contains(header, []byte(E5M2)) || json.Unmarshal(header, &all) != nil {
		return header, nil
	}
	names = map[string]bool{}
	for name, info := range all {
		if string(info["dtype"]) == `"`+string(E5M2)+`"` {
			info["dtype"], names[name] = json.RawMessage(`"U8"`), true
		}
	}
	known, err := json.Marshal(all)
	if err != nil {
		return header, nil
	}
	return known, names
}

// readHeader reads the JSON at the start of a file of a size.
func readHeader(path string, in io.ReaderAt, size int64) ([]byte, error) {
	l := files.Header.Limits()
	var length [8]byte
	if size < int64(len(length)) {
		return nil, fmt.Errorf("%s: %d bytes; accepted: a safetensors file, whose first 8 say how long its header is", path, size)
	}
	if _, err := in.ReadAt(length[:], 0); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > uint64(size-8) {
		return nil, fmt.Errorf("%s: a header of %d bytes in a file of %d bytes; accepted: a whole safetensors file", path, n, size)
	}
	if n > uint64(l.Bytes) {
		return nil, fmt.Errorf("%s: a header of %d bytes; accepted: at most %d", path, n, l.Bytes)
	}
	header := make([]byte, n)
	if _, err := in.ReadAt(header, 8); err != nil {
		return nil, err
	}
	return header, files.CheckJSON(path, 0, header, files.Header)
}

// bytesOf returns how many bytes a tensor takes, unless they are too many to be counted.
func bytesOf(info *format.TensorInfo) (n uint64, fits bool) {
	n = info.DType.Size()
	for _, of := range info.Shape {
		high, low := bits.Mul64(n, of)
		if high != 0 {
			return 0, false
		}
		n = low
	}
	return n, true
}
