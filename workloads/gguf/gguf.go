package gguf

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/sim/unit/visible"
)

// File is an open model, of whose weights only those that are looked at are read.
type File struct {
	Path    string
	Meta    Meta      // of the first file
	Tensors []*Tensor // in the order of the files
	files   []*files.Reader
}

// Meta is what a file says of its model: each value is an int64, a float64, a bool, a string, or a list of one of these.
type Meta map[string]any

// Value returns the value of a key if it has the type T; ok is false where there is none.
func Value[T any](m Meta, key string) (value T, ok bool) {
	value, ok = m[key].(T)
	return value, ok
}

// Is reports whether a path names a GGUF file.
func Is(path string) bool { return strings.EqualFold(filepath.Ext(path), ".gguf") }

// Open reads what is in front of the weights, of all files if the model is cut into several.
func Open(path string) (*File, error) {
	f := &File{Path: path}
	if err := f.open(path); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (f *File) open(path string) error {
	meta, err := f.add(path)
	if err != nil {
		return err
	}
	f.Meta = meta
	n, _ := Value[int64](meta, "split.count")
	if n <= 1 {
		return f.unique()
	}
	const most = 1 << 10 // files of one model
	stem, ok := strings.CutSuffix(path, fmt.Sprintf("-00001-of-%05d.gguf", n))
	if !ok || n > most {
		return fmt.Errorf("%s: is one of %d files of a model; accepted: the first one, NAME-00001-of-%05d.gguf, with the others beside it", path, n, min(n, most))
	}
	for i := int64(2); i <= n; i++ {
		if _, err := f.add(fmt.Sprintf("%s-%05d-of-%05d.gguf", stem, i, n)); err != nil {
			return err
		}
	}
	return f.unique()
}

// unique refuses two tensors of one name.
func (f *File) unique() error {
	seen := map[string]bool{}
	for _, t := range f.Tensors {
		if seen[t.Name] {
			return t.Errorf("stands there twice; accepted: one tensor of a name")
		}
		seen[t.Name] = true
	}
	return nil
}

// Close closes the files. Tensors have no values any more.
func (f *File) Close() error {
	var errs []error
	for _, r := range f.files {
		errs = append(errs, r.Close())
	}
	f.files = nil
	return errors.Join(errs...)
}

// Parts returns the files, one or more, in their order.
func (f *File) Parts() []*files.Reader { return f.files }

// Find returns the tensor of a name; nil: there is none.
func (f *File) Find(name string) *Tensor {
	for _, t := range f.Tensors {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// add reads one file.
func (f *File) add(path string) (Meta, error) {
	in, err := files.Open(path, files.GGUF)
	if err != nil {
		return nil, err
	}
	f.files = append(f.files, in)
	if !in.Regular() {
		return nil, fmt.Errorf("%s: not a regular file; accepted: a GGUF file", path)
	}
	meta, tensors, err := parse(path, in, in.Size())
	f.Tensors = append(f.Tensors, tensors...)
	return meta, err
}

// parse reads a file of a size.
func parse(path string, in io.ReaderAt, size int64) (Meta, []*Tensor, error) {
	r := newReader(path, in, size)
	r.magic()
	tensors, keys := r.uint(8), r.uint(8)
	meta := Meta{}
	if r.room("number of keys", keys, 12) { // a length and a type at least
		for range keys {
			key := r.text("a key")
			value := r.value(key)
			if r.err != nil {
				return nil, nil, r.err
			}
			if _, twice := meta[key]; twice {
				return nil, nil, fmt.Errorf("%s: %s stands there twice; accepted: each key once", path, visible.Line(key))
			}
			meta[key] = value
		}
	}
	var all []*Tensor
	if r.room("number of tensors", tensors, 24) { // lengths of name and shape, type, place
		for range tensors {
			if t := r.tensor(); r.err == nil {
				all = append(all, t)
			}
		}
	}
	if r.err != nil {
		return nil, nil, r.err
	}
	return meta, all, place(path, meta, all, in, r.at, size)
}

// magic reads the first bytes.
func (r *reader) magic() {
	var magic [4]byte
	if r.bytes(magic[:]); r.err == nil && string(magic[:]) != "GGUF" {
		r.fail("begins with %q; accepted: a GGUF file, which begins with GGUF", magic[:])
	}
	switch version := r.uint(4); {
	case r.err != nil, version == 2, version == 3:
	case version&0xffff == 0:
		r.fail("is for big-endian machines; accepted: little-endian GGUF of version 2 or 3")
	default:
		r.fail("version %d; accepted: GGUF of version 2 or 3", version)
	}
}
