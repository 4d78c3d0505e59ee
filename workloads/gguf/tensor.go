package gguf

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/pmpdsim/pmpdsim/sim/unit/visible"
)

// Tensor is an array of a file.
type Tensor struct {
	Name  string
	File  string // path, for errors
	Type  Type
	Shape []int // 1 or more each, the outer index first, as elsewhere here; files have them the other way round

	in io.ReaderAt
	at int64 // place of its first block
}

// Errorf says where the tensor is before it says what is wrong with it.
func (t *Tensor) Errorf(format string, args ...any) error {
	return fmt.Errorf("%s: tensor %q %s", t.File, visible.Line(t.Name), fmt.Sprintf(format, args...))
}

// Len returns the number of values.
func (t *Tensor) Len() int {
	n := 1
	for _, of := range t.Shape {
		n *= of
	}
	return n
}

// Bytes returns what the tensor takes in its file.
func (t *Tensor) Bytes() int64 {
	weights, bytes := t.Type.Block()
	return int64(t.Len()/weights) * int64(bytes)
}

// piece is how many values are read at a time; a whole number of blocks of any type.
const piece = 1 << 18

// Pieces calls f with the blocks of the values from one place to another, whole blocks both, as they lie in the file, a part of
// them at a time. The bytes are valid during the call.
func (t *Tensor) Pieces(from, to int, f func(at int, raw []byte) error) error {
	weights, bytes := t.Type.Block()
	if from%weights != 0 || to%weights != 0 || from < 0 || to > t.Len() {
		return t.Errorf("has no blocks from value %d to %d; accepted: multiples of %d up to %d", from, to, weights, t.Len())
	}
	var room []byte
	for ; from < to; from += piece {
		n := min(piece, to-from) / weights * bytes
		if room == nil {
			room = make([]byte, n)
		}
		if _, err := t.in.ReadAt(room[:n], t.at+int64(from/weights)*int64(bytes)); err != nil {
			return err
		}
		if err := f(from, room[:n]); err != nil {
			return err
		}
	}
	return nil
}

// mostDims is how many indices a tensor has at most (GGML_MAX_DIMS).
const mostDims = 4

// tensor reads what the file says of a tensor.
func (r *reader) tensor() *Tensor {
	t := &Tensor{Name: r.text("a tensor's name"), File: r.path}
	dims := r.uint(4)
	if r.err == nil && dims > mostDims {
		r.err = t.Errorf("has %d dimensions; accepted: at most %d", dims, mostDims)
	}
	n := uint64(1)
	for i := uint64(0); i < dims && r.err == nil; i++ {
		of := r.uint(8)
		if r.err == nil && (of < 1 || of > math.MaxInt32 || of > mostValues/n) {
			r.err = t.Errorf("has %d values in dimension %d; accepted: 1 to %d, and at most %d in all", of, i, math.MaxInt32, int64(mostValues))
			return t
		}
		n *= max(1, of)
		t.Shape = append(t.Shape, int(of))
	}
	slices.Reverse(t.Shape)
	t.Type = Type(r.uint(4))
	t.at = int64(r.uint(8)) // from the first weight, for now
	if r.err != nil {
		return t
	}
	weights, _ := t.Type.Block()
	switch {
	case weights == 0:
		r.err = t.Errorf("has weights of %v; accepted: %v", t.Type, Names())
	case len(t.Shape) == 0 && weights > 1, len(t.Shape) > 0 && t.Shape[len(t.Shape)-1]%weights != 0:
		r.err = t.Errorf("of shape %v does not consist of blocks of %d weights, as %v has; accepted: rows of whole blocks", t.Shape, weights, t.Type)
	}
	return t
}

// mostValues is how many values a tensor has at most: far above any model's, and its bytes can be counted.
const mostValues = 1 << 40

// place finds the tensors of a file whose weights follow so many bytes, and refuses those that lie in each other or outside.
func place(path string, meta Meta, all []*Tensor, in io.ReaderAt, header, size int64) error {
	align, ok := Value[int64](meta, "general.alignment")
	if !ok {
		align = 32 // GGUF_DEFAULT_ALIGNMENT
	}
	if align < 1 || align > 1<<20 || align&(align-1) != 0 {
		return fmt.Errorf("%s: general.alignment: %d; accepted: a power of two up to %d", path, align, 1<<20)
	}
	first := (header + align - 1) / align * align
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b *Tensor) int { return cmp.Compare(a.at, b.at) })
	end := int64(0)
	for _, t := range sorted {
		n := t.Bytes()
		switch {
		case t.at < end || t.at%align != 0:
			return t.Errorf("begins at byte %d of the weights, the one before ends at %d; accepted: one behind the other, at multiples of %d", t.at, end, align)
		case t.at > size-first || n > size-first-t.at:
			return t.Errorf("takes %d bytes from byte %d of the weights on, and the file has %d; accepted: a whole GGUF file", n, t.at, max(0, size-first))
		}
		end = t.at + n
		t.at, t.in = first+t.at, in
	}
	return nil
}
