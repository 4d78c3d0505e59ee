package torch

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/sim/unit/visible"
	"github.com/pmpdsim/pmpdsim/workloads/safetensors"
)

// File is an open checkpoint, of which only the values that are looked at are read.
type File struct {
	*files.Reader
	Tensors []*safetensors.Tensor // by name
}

// Open reads the pickle of a checkpoint, and finds its tensors.
func Open(name string) (*File, error) {
	in, err := files.Open(name, files.Checkpoint)
	if err != nil {
		return nil, err
	}
	f := &File{Reader: in}
	if !in.Regular() {
		err = fmt.Errorf("%s: not a regular file; accepted: a checkpoint of PyTorch", name)
	} else {
		f.Tensors, err = parse(name, in, in.Size())
	}
	if err != nil {
		return nil, errors.Join(err, in.Close())
	}
	return f, nil
}

// parse finds the tensors of a file of a size.
func parse(name string, in io.ReaderAt, size int64) ([]*safetensors.Tensor, error) {
	var magic [4]byte
	if size < int64(len(magic)) {
		return nil, fmt.Errorf("%s: %d bytes; accepted: a checkpoint of PyTorch, or safetensors", name, size)
	}
	if _, err := in.ReadAt(magic[:], 0); err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(magic[:], []byte("PK")) {
		what := "begins with neither a zip archive nor a pickle"
		if magic[0] == 0x80 || magic[0] == '.' {
			what = "is in the format of before PyTorch 1.6, a pickle or tar that is no zip archive"
		}
		return nil, fmt.Errorf("%s: %s; accepted: a checkpoint that PyTorch 1.6 or later has saved, or safetensors", name, what)
	}
	archive, err := zip.NewReader(in, size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; accepted: a whole checkpoint of PyTorch", name, err)
	}
	a := &entries{name: name, in: in, size: size, by: map[string]*zip.File{}}
	for _, e := range archive.File {
		dir, rest, _ := strings.Cut(e.Name, "/")
		if a.root == "" && rest == "data.pkl" {
			a.root = dir
		}
		if _, twice := a.by[e.Name]; twice {
			return nil, fmt.Errorf("%s: %s is there twice; accepted: each entry once", name, visible.Line(e.Name))
		}
		a.by[e.Name] = e
	}
	return a.tensors()
}

// entries are those of an archive.
type entries struct {
	name string // of the file
	in   io.ReaderAt
	size int64
	root string // the folder that all are in
	by   map[string]*zip.File
}

// place returns where the bytes of an entry lie. They have to lie there as they are.
func (a *entries) place(entry string) (at, bytes int64, err error) {
	e, ok := a.by[path.Join(a.root, entry)]
	switch {
	case !ok:
		err = errors.New("is missing; accepted: a whole checkpoint of PyTorch")
	case e.Method != zip.Store || e.CompressedSize64 != e.UncompressedSize64:
		err = errors.New("is compressed; accepted: entries as torch.save writes them")
	default:
		if at, err = e.DataOffset(); err != nil {
			err = fmt.Errorf("has no place: %w; accepted: a whole checkpoint of PyTorch", err)
		}
		if n := e.UncompressedSize64; err == nil && (n > uint64(a.size) || at > a.size-int64(n)) {
			err = fmt.Errorf("takes %d bytes from %d on, and the file has %d; accepted: a whole file", n, at, a.size)
		}
	}
	if err != nil {
		return 0, 0, fmt.Errorf("%s: %s %w", a.name, visible.Line(entry), err)
	}
	return at, int64(e.UncompressedSize64), nil
}

// read returns a small entry.
func (a *entries) read(entry string, k files.Kind) ([]byte, error) {
	at, n, err := a.place(entry)
	if err != nil {
		return nil, err
	}
	if most := k.Limits().Bytes; n > most {
		return nil, k.Fits(a.name+": "+entry, int(min(n, math.MaxInt)))
	}
	data := make([]byte, n)
	_, err = a.in.ReadAt(data, at)
	return data, err
}

// tensors runs the pickle and finds what it says.
func (a *entries) tensors() ([]*safetensors.Tensor, error) {
	pickle, err := a.read("data.pkl", files.Pickle)
	if err != nil {
		return nil, err
	}
	if a.by[path.Join(a.root, "byteorder")] != nil {
		order, err := a.read("byteorder", files.Note)
		if err != nil {
			return nil, err
		}
		if string(order) != "little" {
			return nil, fmt.Errorf("%s: byteorder: %.20q; accepted: little", a.name, order)
		}
	}
	result, err := run(pickle)
	if err != nil {
		return nil, fmt.Errorf("%s: data.pkl %w", a.name, err)
	}
	d, ok := result.(*dict)
	if !ok || len(d.items) == 0 {
		return nil, fmt.Errorf("%s: data.pkl has no tensors; %s", a.name, acceptedPickle)
	}
	var all []*safetensors.Tensor
	for _, key := range slices.Sorted(maps.Keys(d.items)) {
		t, ok := d.items[key].(*tensor)
		if !ok {
			return nil, fmt.Errorf("%s: %q is no tensor; %s", a.name, visible.Line(key), acceptedPickle)
		}
		found, err := a.find(key, t)
		if err != nil {
			return nil, err
		}
		all = append(all, found)
	}
	return all, nil
}

// find finds the values of a tensor.
func (a *entries) find(key string, t *tensor) (*safetensors.Tensor, error) {
	kind := storages[t.of.class]
	blank := safetensors.Of(visible.Line(key), a.name, kind.is, t.shape, a.in, 0)
	values := int64(1) // that the tensor has, from the last index to the first
	for i := len(t.shape) - 1; i >= 0; i-- {
		n := int64(t.shape[i])
		if n < 1 || n > math.MaxInt32 || n > (math.MaxInt64/8)/values {
			return nil, blank.Errorf("has the shape %v; accepted: 1 to %d each", t.shape, math.MaxInt32)
		}
		if n > 1 && t.strides[i] != values {
			return nil, blank.Errorf("of shape %v has strides %v; accepted: values one behind the other, as contiguous() makes them", t.shape, t.strides)
		}
		values *= n
	}
	at, bytes, err := a.place("data/" + t.of.key)
	if err != nil {
		return nil, err
	}
	if bytes/kind.bytes != t.of.values || bytes%kind.bytes != 0 {
		return nil, blank.Errorf("is in a storage of %d values, whose entry data/%s has %d bytes; accepted: a whole file", t.of.values, visible.Line(t.of.key), bytes)
	}
	if t.at > t.of.values-values {
		return nil, blank.Errorf("takes %d values from %d on of a storage of %d; accepted: a whole file", values, t.at, t.of.values)
	}
	return safetensors.Of(key, a.name, kind.is, t.shape, a.in, at+t.at*kind.bytes), nil
}
