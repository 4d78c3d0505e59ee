package safetensors

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"

	format "github.com/nlpodyssey/safetensors"
	"github.com/x448/float16"
)

// Type is how the values of a tensor are stored.
type Type string

// The types that are read.
const (
	F32  Type = "F32"
	F16  Type = "F16"
	BF16 Type = "BF16"
)

// read reports whether values of the type are read and written.
func (t Type) read() bool { return t == F32 || t == F16 || t == BF16 }

// Size returns the bytes of a value.
func (t Type) Size() int {
	if t == F32 {
		return 4
	}
	return 2
}

// Tensor is one array of a file.
type Tensor struct {
	Name  string
	File  string // path, for errors
	Type  Type
	Shape []int  // 1 or more each
	Data  []byte // little-endian values, the last index first; of an open file: not to be written
}

// Errorf says where the tensor is before it says what is wrong with it.
func (t *Tensor) Errorf(format string, args ...any) error {
	return fmt.Errorf("%s: tensor %q %s", t.File, t.Name, fmt.Sprintf(format, args...))
}

// Len returns the number of values.
func (t *Tensor) Len() int { return len(t.Data) / t.Type.Size() }

// At returns value i, which every type holds exactly as a float32.
func (t *Tensor) At(i int) float32 {
	switch t.Type {
	case F32:
		return math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*i:]))
	case BF16:
		return math.Float32frombits(uint32(binary.LittleEndian.Uint16(t.Data[2*i:])) << 16)
	default:
		return float16.Frombits(binary.LittleEndian.Uint16(t.Data[2*i:])).Float32()
	}
}

// Values returns all values, the last index first. One that is infinite or not a number is an error.
func (t *Tensor) Values() ([]float32, error) {
	values := make([]float32, t.Len())
	for i := range values {
		values[i] = t.At(i)
		if x := float64(values[i]); math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, t.Refuse(i, "finite values")
		}
	}
	return values, nil
}

// Refuse returns the error of value i, which is none of those accepted.
func (t *Tensor) Refuse(i int, accepted string) error {
	at := make([]int, len(t.Shape))
	for d, rest := len(at)-1, i; d >= 0; d-- {
		at[d], rest = rest%t.Shape[d], rest/t.Shape[d]
	}
	return t.Errorf("has the value %g at %v; accepted: %s", t.At(i), at, accepted)
}

// File is an open file, mapped so that only the values that are looked at are read.
type File struct {
	Path    string
	Tensors []*Tensor // by name
	data    []byte
}

// Open maps a file and lists its tensors. The file must not change while it is open.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file; accepted: a safetensors file", path)
	}
	if info.Size() < 8 {
		return nil, fmt.Errorf("%s: %d bytes; accepted: a safetensors file, whose first 8 say how long its header is", path, info.Size())
	}
	opened := &File{Path: path}
	if opened.data, err = mapFile(f, info.Size()); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if opened.Tensors, err = parse(path, opened.data); err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return opened, nil
}

// Close unmaps the file. Its tensors have no values any more.
func (f *File) Close() error {
	data := f.data
	f.data, f.Tensors = nil, nil
	return unmapFile(data)
}

// SHA256 returns the hash of an open file's bytes.
func (f *File) SHA256() string {
	sum := sha256.Sum256(f.data)
	return hex.EncodeToString(sum[:])
}

// parse returns the tensors of a file by their names.
func parse(path string, data []byte) ([]*Tensor, error) {
	parsed, err := format.Deserialize(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w in a file of %d bytes; accepted: a whole safetensors file", path, err, len(data))
	}
	views := parsed.Tensors()
	slices.SortFunc(views, func(a, b format.NamedTensorView) int { return cmp.Compare(a.Name, b.Name) })
	var list []*Tensor
	for _, v := range views {
		t := &Tensor{Name: v.Name, File: path, Type: Type(v.TensorView.DType().String()), Data: v.TensorView.Data()}
		for _, n := range v.TensorView.Shape() {
			if n < 1 || n > math.MaxInt32 {
				return nil, t.Errorf("has the shape %v; accepted: 1 to %d each", v.TensorView.Shape(), math.MaxInt32)
			}
			t.Shape = append(t.Shape, int(n))
		}
		if !t.Type.read() {
			return nil, t.Errorf("has values of type %s; accepted: F16, BF16, F32", t.Type)
		}
		list = append(list, t)
	}
	return list, nil
}
