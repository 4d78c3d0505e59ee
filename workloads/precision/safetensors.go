package precision

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
)

// tensor is one array of a safetensors file, as float32.
type tensor struct {
	shape  []int
	values []float32
}

// entry is what the header of a safetensors file says of a tensor.
type entry struct {
	DType   string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets []int  `json:"data_offsets"`

	name string
}

// readTensors reads a whole safetensors file (huggingface/safetensors): eight bytes with the length of a JSON object,
// little-endian, the object, and the values one tensor after the other without gaps. Values are F32, F16 or BF16.
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
	const most = 100 << 20 // the format's own limit of a header
	if len(data) < 8 {
		return nil, fmt.Errorf("%d bytes; accepted: a safetensors file, whose first 8 say how long its header is", len(data))
	}
	n := binary.LittleEndian.Uint64(data)
	if n > most || n > uint64(len(data)-8) {
		return nil, fmt.Errorf("the header would have %d bytes of the file's %d; accepted: a safetensors file", n, len(data))
	}
	entries, err := parseEntries(data[8 : 8+n])
	if err != nil {
		return nil, err
	}
	values := data[8+n:]
	slices.SortStableFunc(entries, func(a, b entry) int { return a.Offsets[0] - b.Offsets[0] })
	tensors, at := map[string]tensor{}, 0
	for _, e := range entries {
		if e.Offsets[0] != at {
			return nil, fmt.Errorf("tensor %q starts at byte %d of the values; accepted: %d, where the one before it ends", e.name,
				e.Offsets[0], at)
		}
		if at = e.Offsets[1]; at > len(values) {
			return nil, fmt.Errorf("tensor %q ends at byte %d of the values, of which there are %d", e.name, at, len(values))
		}
		tensors[e.name] = tensor{e.Shape, floats(values[e.Offsets[0]:at], e.DType)}
	}
	if at != len(values) {
		return nil, fmt.Errorf("the values have %d bytes, the tensors %d; accepted: nothing behind them", len(values), at)
	}
	return tensors, nil
}

// parseEntries reads the header. A name that stands twice is refused: readers disagree about which one counts.
func parseEntries(header []byte) ([]entry, error) {
	d := json.NewDecoder(bytes.NewReader(header))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("the header is no JSON object; accepted: a safetensors file")
	}
	var entries []entry
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("the header: %w", err)
		}
		name, _ := t.(string)
		if seen[name] {
			return nil, fmt.Errorf("tensor %q stands twice in the header", name)
		}
		seen[name] = true
		if name == "__metadata__" {
			if err := d.Decode(&map[string]string{}); err != nil {
				return nil, fmt.Errorf("the header's __metadata__: %w", err)
			}
			continue
		}
		e := entry{name: name}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, fmt.Errorf("the header: %w", err)
		}
		strict := json.NewDecoder(bytes.NewReader(raw))
		strict.DisallowUnknownFields()
		if err := strict.Decode(&e); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		entries = append(entries, e)
	}
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("the header: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("the header goes on after its object; accepted: spaces only")
	}
	return entries, nil
}

// check compares the bytes of a tensor with its shape.
func (e *entry) check() error {
	size := 0
	switch e.DType {
	case "F32":
		size = 4
	case "F16", "BF16":
		size = 2
	default:
		return fmt.Errorf("values of type %q; accepted: F32, F16, BF16", e.DType)
	}
	if len(e.Offsets) != 2 || e.Offsets[0] < 0 || e.Offsets[1] < e.Offsets[0] {
		return fmt.Errorf("data_offsets %v; accepted: where it starts and ends", e.Offsets)
	}
	for _, n := range e.Shape {
		if n < 1 || n > math.MaxInt32 || size > math.MaxInt32/n {
			return fmt.Errorf("shape %v; accepted: 1 or more each, 2 GiB in all at most", e.Shape)
		}
		size *= n
	}
	if got := e.Offsets[1] - e.Offsets[0]; got != size {
		return fmt.Errorf("%d bytes for shape %v of %s, which takes %d", got, e.Shape, e.DType, size)
	}
	return nil
}

// floats decodes little-endian values.
func floats(data []byte, dtype string) []float32 {
	var out []float32
	if dtype == "F32" {
		for ; len(data) > 0; data = data[4:] {
			out = append(out, math.Float32frombits(binary.LittleEndian.Uint32(data)))
		}
		return out
	}
	for ; len(data) > 0; data = data[2:] {
		x := binary.LittleEndian.Uint16(data)
		if dtype == "BF16" {
			out = append(out, math.Float32frombits(uint32(x)<<16))
		} else {
			out = append(out, half(x))
		}
	}
	return out
}

// half is the value of an IEEE 754 binary16.
func half(x uint16) float32 {
	sign, exponent, fraction := float64(1), int(x>>10&31), float64(x&1023)
	if x>>15 == 1 {
		sign = -1
	}
	switch exponent {
	case 0:
		return float32(sign * math.Ldexp(fraction, -24))
	case 31:
		if fraction != 0 {
			return float32(math.NaN())
		}
		return float32(math.Inf(int(sign)))
	}
	return float32(sign * math.Ldexp(1024+fraction, exponent-25))
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
		return nil, fmt.Errorf("tensor %q is unknown; accepted: %s", more[0], strings.Join(names, ", "))
	}
	return found, nil
}
