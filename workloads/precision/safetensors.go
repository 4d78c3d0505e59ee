package precision

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/nlpodyssey/safetensors"
	"github.com/x448/float16"
)

// tensor is one array of a safetensors file, as float32.
type tensor struct {
	shape  []int
	values []float32
}

// readTensors reads a whole safetensors file, whose values are F32, F16 or BF16.
func readTensors(path string) (tensors map[string]tensor, data []byte, err error) {
	if data, err = os.ReadFile(path); err != nil {
		return nil, nil, err
	}
	if tensors, err = parseTensors(data); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return tensors, data, nil
}

func parseTensors(data []byte) (map[string]tensor, error) {
	parsed, err := safetensors.Deserialize(data)
	if err != nil {
		return nil, fmt.Errorf("%w in a file of %d bytes; accepted: a whole safetensors file", err, len(data))
	}
	tensors := map[string]tensor{}
	for _, view := range parsed.Tensors() { // in the order of their values
		t, err := newTensor(view.TensorView)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", view.Name, err)
		}
		tensors[view.Name] = t
	}
	return tensors, nil
}

func newTensor(view safetensors.TensorView) (tensor, error) {
	var t tensor
	for _, n := range view.Shape() {
		if n < 1 || n > math.MaxInt32 {
			return tensor{}, fmt.Errorf("shape %v; accepted: 1 to %d each", view.Shape(), math.MaxInt32)
		}
		t.shape = append(t.shape, int(n))
	}
	data := view.Data() // little-endian
	switch view.DType() {
	case safetensors.F32:
		for ; len(data) > 0; data = data[4:] {
			t.values = append(t.values, math.Float32frombits(binary.LittleEndian.Uint32(data)))
		}
	case safetensors.F16:
		for ; len(data) > 0; data = data[2:] {
			t.values = append(t.values, float16.Frombits(binary.LittleEndian.Uint16(data)).Float32())
		}
	case safetensors.BF16:
		for ; len(data) > 0; data = data[2:] {
			t.values = append(t.values, math.Float32frombits(uint32(binary.LittleEndian.Uint16(data))<<16))
		}
	default:
		return tensor{}, fmt.Errorf("values of type %q; accepted: F32, F16, BF16", view.DType())
	}
	return t, nil
}

// take finds the tensors of a file by name: all of them, and no others.
func take(tensors map[string]tensor, names ...string) ([]tensor, error) {
	var found []tensor
	for _, name := range names {
		t, ok := tensors[name]
		if !ok {
			return nil, fmt.Errorf("tensor %q is missing; accepted: %s", name, strings.Join(names, ", "))
		}
		if slices.ContainsFunc(t.values, func(x float32) bool { return math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) }) {
			return nil, fmt.Errorf("tensor %q has a value that is not finite", name)
		}
		found = append(found, t)
	}
	if len(tensors) > len(names) {
		var more []string
		for name := range tensors {
			if !slices.Contains(names, name) {
				more = append(more, name)
			}
		}
		slices.Sort(more)
		return nil, fmt.Errorf("tensor %q is not known; accepted: %s", more[0], strings.Join(names, ", "))
	}
	return found, nil
}
