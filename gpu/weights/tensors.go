package weights

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/nlpodyssey/safetensors"
	"github.com/x448/float16"
)

// file is a mapped safetensors file.
type file struct {
	path string
	data []byte
}

// tensor is one array of a file: values lie in the mapping.
type tensor struct {
	name, file string
	dtype      safetensors.DType
	shape      []int
	data       []byte
}

// errorf says where the tensor is before it says what is wrong with it.
func (t *tensor) errorf(format string, args ...any) error {
	return fmt.Errorf("%s: tensor %q %s", t.file, t.name, fmt.Sprintf(format, args...))
}

// openFile maps a file and lists its tensors in the order of their names.
func openFile(path string) (opened *file, list []*tensor, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s: not a regular file; accepted: a safetensors file", path)
	}
	if info.Size() < 8 {
		return nil, nil, fmt.Errorf("%s: %d bytes; accepted: a safetensors file, whose first 8 say how long its header is", path, info.Size())
	}
	opened = &file{path: path}
	if opened.data, err = mapFile(f, info.Size()); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	if list, err = opened.tensors(); err != nil {
		return nil, nil, errors.Join(err, opened.close())
	}
	return opened, list, nil
}

func (f *file) close() error {
	data := f.data
	f.data = nil
	return unmapFile(data)
}

func (f *file) tensors() ([]*tensor, error) {
	parsed, err := safetensors.Deserialize(f.data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w in a file of %d bytes; accepted: a whole safetensors file", f.path, err, len(f.data))
	}
	views := parsed.Tensors()
	slices.SortFunc(views, func(a, b safetensors.NamedTensorView) int { return cmp.Compare(a.Name, b.Name) })
	var list []*tensor
	for _, v := range views {
		t := &tensor{name: v.Name, file: f.path, dtype: v.TensorView.DType(), data: v.TensorView.Data()}
		for _, n := range v.TensorView.Shape() {
			if n > math.MaxInt32 {
				return nil, t.errorf("has the shape %v; accepted: up to %d each", v.TensorView.Shape(), math.MaxInt32)
			}
			t.shape = append(t.shape, int(n))
		}
		switch t.dtype {
		case safetensors.F16, safetensors.BF16, safetensors.F32:
		default:
			return nil, t.errorf("has values of type %s; accepted: F16, BF16, F32", t.dtype)
		}
		list = append(list, t)
	}
	return list, nil
}

// halves are the values as binary16.
func (t *tensor) halves() ([]uint16, error) {
	size := int(t.dtype.Size())
	out := make([]uint16, len(t.data)/size)
	err := split(len(out), 1<<12, func(from, to int) error {
		part := t.data[from*size : to*size]
		var bad int
		if t.dtype == safetensors.F16 {
			bad = copyHalves(out[from:to], part)
		} else {
			bad = t.roundHalves(out[from:to], part)
		}
		if bad >= 0 {
			return t.refuse(from + bad)
		}
		return nil
	})
	return out, err
}

// copyHalves returns the place of the first value that is not finite, or -1.
func copyHalves(out []uint16, data []byte) int {
	for i := range out {
		out[i] = binary.LittleEndian.Uint16(data[2*i:])
		if out[i]&0x7c00 == 0x7c00 {
			return i
		}
	}
	return -1
}

// roundHalves does so with wider values, and those that are not finite as binary16.
func (t *tensor) roundHalves(out []uint16, data []byte) int {
	for i := range out {
		out[i] = float16.Fromfloat32(t.at(data, i)).Bits()
		if out[i]&0x7c00 == 0x7c00 {
			return i
		}
	}
	return -1
}

// at is value i of data.
func (t *tensor) at(data []byte, i int) float32 {
	switch t.dtype {
	case safetensors.F32:
		return math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	case safetensors.BF16:
		return math.Float32frombits(uint32(binary.LittleEndian.Uint16(data[2*i:])) << 16)
	default:
		return float16.Frombits(binary.LittleEndian.Uint16(data[2*i:])).Float32()
	}
}

// refuse says which value cannot be run.
func (t *tensor) refuse(i int) error {
	at := make([]int, len(t.shape))
	for d, rest := len(at)-1, i; d >= 0; d-- {
		at[d], rest = rest%t.shape[d], rest/t.shape[d]
	}
	return t.errorf("has the value %g at %v; accepted: finite ones up to 65504, the largest of binary16", t.at(t.data, i), at)
}
