package safetensors

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	format "github.com/nlpodyssey/safetensors"
	"github.com/x448/float16"
)

// New returns a tensor with values of a type: exact where the type holds them, rounded to the nearest in F16, cut in
// BF16.
func New(name string, t Type, shape []int, values []float32) *Tensor {
	data := make([]byte, 0, t.Size()*len(values))
	for _, v := range values {
		switch bits := math.Float32bits(v); t {
		case F32:
			data = binary.LittleEndian.AppendUint32(data, bits)
		case BF16:
			data = binary.LittleEndian.AppendUint16(data, uint16(bits>>16))
		default:
			data = binary.LittleEndian.AppendUint16(data, float16.Fromfloat32(v).Bits())
		}
	}
	return &Tensor{Name: name, Type: t, Shape: shape, Data: data}
}

// Write writes what Open reads.
func Write(w io.Writer, tensors []*Tensor, metadata map[string]string) error {
	views := map[string]format.TensorView{}
	for _, t := range tensors {
		shape := make([]uint64, len(t.Shape))
		for i, n := range t.Shape {
			shape[i] = uint64(n)
		}
		if !t.Type.written() {
			return fmt.Errorf("tensor %q: has values of type %s; accepted: F16, BF16, F32", t.Name, t.Type)
		}
		dtype, err := format.ParseDType(string(t.Type))
		if err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		if views[t.Name], err = format.NewTensorView(dtype, shape, t.Data); err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
	}
	b := bufio.NewWriter(w)
	if err := format.SerializeToWriter(views, metadata, b); err != nil {
		return err
	}
	return b.Flush()
}
