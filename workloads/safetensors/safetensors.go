package safetensors

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/x448/float16"
)

// Type is how the values of a tensor are stored.
type Type string

// The types that are read.
const (
	F32  Type = "F32"
	F16  Type = "F16"
	BF16 Type = "BF16"
	E5M2 Type = "F8_E5M2" // the upper half of an F16 (OCP 8-bit Floating Point Specification 1.0)
	I32  Type = "I32"     // read as bytes alone: planes of codes
)

// floats reports whether the values of the type are read as numbers.
func (t Type) floats() bool { return t.written() || t == E5M2 }

// written reports whether values are written as the type.
func (t Type) written() bool { return t == F32 || t == F16 || t == BF16 }

// Size returns the bytes of a value of a type that is read.
func (t Type) Size() int {
	switch t {
	case F32, I32:
		return 4
	case E5M2:
		return 1
	default:
		return 2
	}
}

// at returns a value of raw ones; every type is held exactly as a float32.
func (t Type) at(raw []byte, i int) float32 {
	switch t {
	case F32:
		return math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	case BF16:
		return math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw[2*i:])) << 16)
	case E5M2:
		return float16.Frombits(uint16(raw[i]) << 8).Float32()
	default:
		return float16.Frombits(binary.LittleEndian.Uint16(raw[2*i:])).Float32()
	}
}

// Tensor is one array of a file.
type Tensor struct {
	Name  string
	File  string // path, for errors
	Type  Type
	Shape []int  // 1 or more each
	Data  []byte // of one that New made: little-endian values, the last index first

	in io.ReaderAt // of a file's
	at int64       // place of its first value
}

// Errorf says where the tensor is before it says what is wrong with it.
func (t *Tensor) Errorf(format string, args ...any) error {
	return fmt.Errorf("%s: tensor %q %s", t.File, t.Name, fmt.Sprintf(format, args...))
}

// Len returns the number of values.
func (t *Tensor) Len() int {
	n := 1
	for _, of := range t.Shape {
		n *= of
	}
	return n
}

// piece is how many values are read at a time, whatever the size of the tensor.
const piece = 1 << 18

// Pieces calls f with the values from one place to another as they lie in the file: little-endian, a part of them at a time.
// The bytes are valid during the call.
func (t *Tensor) Pieces(from, to int, f func(at int, raw []byte) error) error {
	size := t.Type.Size()
	var room []byte
	for ; from < to; from += piece {
		n := min(piece, to-from)
		var raw []byte
		if t.in == nil {
			raw = t.Data[from*size : (from+n)*size]
		} else {
			if room == nil {
				room = make([]byte, n*size)
			}
			raw = room[:n*size]
			if _, err := t.in.ReadAt(raw, t.at+int64(from)*int64(size)); err != nil {
				return err
			}
		}
		if err := f(from, raw); err != nil {
			return err
		}
	}
	return nil
}

// CheckFloats refuses a tensor whose values are not read as numbers. A file may have some that nobody asks for.
func (t *Tensor) CheckFloats() error {
	if !t.Type.floats() {
		return t.Errorf("has values of type %s; accepted: F16, BF16, F32, F8_E5M2", t.Type)
	}
	return nil
}

// Floats calls f with the values from one place to another, a part of them at a time.
func (t *Tensor) Floats(from, to int, f func(at int, values []float32) error) error {
	if err := t.CheckFloats(); err != nil {
		return err
	}
	var room []float32
	return t.Pieces(from, to, func(at int, raw []byte) error {
		n := len(raw) / t.Type.Size()
		if room == nil {
			room = make([]float32, n)
		}
		for i := range room[:n] {
			room[i] = t.Type.at(raw, i)
		}
		return f(at, room[:n])
	})
}

// Values returns all values, the last index first. One that is infinite or not a number is an error.
func (t *Tensor) Values() ([]float32, error) {
	values := make([]float32, t.Len())
	err := t.Floats(0, len(values), func(at int, some []float32) error {
		for i, v := range some {
			if x := float64(v); math.IsNaN(x) || math.IsInf(x, 0) {
				return t.Refuse(at+i, v, "finite values")
			}
		}
		copy(values[at:], some)
		return nil
	})
	return values, err
}

// Refuse returns the error of value i, which is none of those accepted.
func (t *Tensor) Refuse(i int, value float32, accepted string) error {
	at := make([]int, len(t.Shape))
	for d, rest := len(at)-1, i; d >= 0; d-- {
		at[d], rest = rest%t.Shape[d], rest/t.Shape[d]
	}
	return t.Errorf("has the value %g at %v; accepted: %s", value, at, accepted)
}
