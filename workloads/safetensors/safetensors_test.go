package safetensors

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// file is a safetensors file with a header and so many bytes of values.
func file(header string, values int) []byte {
	data := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(data, header...), make([]byte, values)...)
}

// Masks and counters of older models, which nobody asks for.
func TestTypesThatAreNotReadAreRefusedWhenAskedFor(t *testing.T) {
	data := file(`{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"b":{"dtype":"F16","shape":[1],"data_offsets":[8,10]}}`, 10)
	all, err := parse("x", bytes.NewReader(data), int64(len(data)))
	if err != nil || len(all) != 2 {
		t.Fatalf("%v, %v", all, err)
	}
	_, err = all[0].Values()
	if want := `x: tensor "a" has values of type I64; accepted: F16, BF16, F32, F8_E5M2`; err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
	if _, err := all[1].Values(); err != nil {
		t.Error(err)
	}
}

func TestSafetensors(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"an empty file", nil, "x: 0 bytes; accepted: a safetensors file, whose first 8 say how long its header is"},
		{"a header longer than the file", file("{}", 0)[:9], "x: a header of 2 bytes in a file of 9 bytes; accepted: a whole safetensors file"},
		{"no object", file("[]", 0), "invalid header: a list stands where an object is due in a file of 10 bytes"},
		{"an unfinished object", file(`{"a":`, 0), "invalid header: not JSON: it ends too early in a file of 13 bytes"},
		{"text behind the object", file(`{} x`, 0), "invalid header: not JSON: 'x' cannot stand at byte 4 in a file of 12 bytes"},
		{"a type that does not exist", file(`{"a":{"dtype":"F4","shape":[1],"data_offsets":[0,8]}}`, 8),
			`failed to JSON-decode tensor "a": invalid DType string value "F4" in a file of 69 bytes`},
		{"a key that is not known", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"b":1}}`, 4),
			`failed to JSON-decode tensor "a": invalid keys: expected 3 keys (dtype, shape, data_offsets), actual 4 in a file of 72 bytes`},
		{"bytes that do not fit the shape", file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4),
			`tensor "a" of shape [2] is not as large as its place from 0 to 4 in a file of 66 bytes`},
		{"a shape that overflows", file(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}`, 4),
			`x: tensor "a" has the shape [4294967296 4294967296]; accepted: 1 to 2147483647 each`},
		{"a shape of nothing", file(`{"a":{"dtype":"F32","shape":[0,2],"data_offsets":[0,0]}}`, 0), `x: tensor "a" has the shape [0 2]; accepted: 1 to 2147483647 each`},
		{"an end before the start", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, 4),
			`tensor "a" begins at 4, and the one before it ends at 0, in a file of 66 bytes`},
		{"a gap", file(`{"a":{"dtype":"F16","shape":[1],"data_offsets":[2,4]}}`, 4), `tensor "a" begins at 2, and the one before it ends at 0, in a file of 66 bytes`},
		{"two tensors in one place", file(`{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"F16","shape":[1],"data_offsets":[2,4]}}`, 4),
			`tensor "b" begins at 2, and the one before it ends at 4, in a file of 119 bytes`},
		{"values that are missing", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 2),
			"the tensors end at 4, and 2 bytes of values are there in a file of 64 bytes; accepted: a whole safetensors file"},
		{"values behind the tensors", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 6),
			"the tensors end at 4, and 6 bytes of values are there in a file of 68 bytes; accepted: a whole safetensors file"},
		{"a type of a byte whose bytes do not fit the shape", file(`{"a":{"dtype":"F8_E5M2","shape":[4],"data_offsets":[0,8]}}`, 8),
			`tensor "a" of shape [4] is not as large as its place from 0 to 8 in a file of 74 bytes`},
		{"a type of a byte with a key that is not known", file(`{"a":{"dtype":"F8_E5M2","shape":[1],"data_offsets":[0,1],"b":1}}`, 1),
			`failed to JSON-decode tensor "a": invalid keys: expected 3 keys (dtype, shape, data_offsets), actual 4`},
		{"metadata that is not text", file(`{"__metadata__":{"a":1}}`, 0), `__metadata__ "a" has value "1": expected string type, actual json.Number`},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			if got, err := parse("x", bytes.NewReader(c.data), int64(len(c.data))); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got  %v, %v\nwant %s", got, err, c.want)
			}
		})
	}
	t.Run("values of each type are what they say", func(t *testing.T) {
		for dtype, values := range map[string]string{"F32": "\x00\x00\x80\xbf\x00\x00\x00\x3f", "F16": "\x00\xbc\x00\x38", "BF16": "\x80\xbf\x00\x3f", "F8_E5M2": "\xbc\x38"} {
			data := append(file(fmt.Sprintf(`{"a":{"dtype":"%s","shape":[2],"data_offsets":[0,%d]}}`, dtype, len(values)), 0), values...)
			got, err := parse("x", bytes.NewReader(data), int64(len(data)))
			if err != nil {
				t.Fatal(err)
			}
			if x, err := got[0].Values(); err != nil || !slices.Equal(x, []float32{-1, 0.5}) {
				t.Errorf("%s: %v, %v", dtype, x, err)
			}
		}
	})
}

func TestFiles(t *testing.T) {
	t.Run("what was written is read, whatever its type, by name", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "a.safetensors")
		values := []float32{1, -0.5, 0, 65504, 2, 3}
		var data bytes.Buffer
		err := Write(&data, []*Tensor{New("c", F16, []int{2, 3}, values), New("a", BF16, []int{6}, []float32{1, -0.5, 0, 65536, 2, 3}),
			New("b", F32, []int{3, 2}, values)}, map[string]string{"format": "pt"})
		if err := errors.Join(err, os.WriteFile(path, data.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		for i, want := range []string{"a [6] [1 -0.5 0 65536 2 3]", "b [3 2] [1 -0.5 0 65504 2 3]", "c [2 3] [1 -0.5 0 65504 2 3]"} {
			x, err := f.Tensors[i].Values()
			if got := fmt.Sprint(f.Tensors[i].Name, f.Tensors[i].Shape, x); err != nil || got != strings.Replace(want, " ", "", 1) {
				t.Errorf("got %s, %v, want %s", got, err, want)
			}
		}
		if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
			t.Errorf("%v, %v", left, err)
		}
	})
	t.Run("a file that the program carries is read as one on disk", func(t *testing.T) {
		var data bytes.Buffer
		if err := Write(&data, []*Tensor{New("a", F16, []int{2}, []float32{1, -2})}, nil); err != nil {
			t.Fatal(err)
		}
		in := fstest.MapFS{"b.safetensors": {Data: data.Bytes()}}
		f, err := OpenFS(in, "b.safetensors")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		x, err := f.Tensors[0].Values()
		sum, err2 := f.SHA256()
		if want := fmt.Sprintf("%x", sha256.Sum256(data.Bytes())); err != nil || err2 != nil || !slices.Equal(x, []float32{1, -2}) || sum != want {
			t.Errorf("%v, %v; %s, %v, want %s", x, err, sum, err2, want)
		}
		if _, err := OpenFS(in, "c.safetensors"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("values that are not finite are refused with their place", func(t *testing.T) {
		for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			a := New("a", F32, []int{2, 2}, []float32{1, 2, float32(x), 4})
			if _, err := a.Values(); err == nil || !strings.HasSuffix(err.Error(), fmt.Sprintf(`tensor "a" has the value %g at [1 0]; accepted: finite values`, x)) {
				t.Errorf("got %v", err)
			}
		}
	})
	t.Run("what is no file of tensors is refused by its name", func(t *testing.T) {
		dir := t.TempDir()
		short := filepath.Join(dir, "short")
		if err := os.WriteFile(short, []byte("1234567"), 0o644); err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]string{dir: "is a directory; accepted: a safetensors file", "/dev/null": "not a regular file; accepted: a safetensors file",
			short: "7 bytes; accepted: a safetensors file, whose first 8 say how long its header is"} {
			if _, err := Open(path); err == nil || err.Error() != path+": "+want {
				t.Errorf("got %v, want %s", err, want)
			}
		}
	})
	t.Run("values that do not fit the shape, and other types, are not written", func(t *testing.T) {
		for _, bad := range []*Tensor{New("a", F32, []int{3}, []float32{1}), {Name: "a", Type: "I8", Shape: []int{1}, Data: []byte{1}}} {
			var data bytes.Buffer
			if err := Write(&data, []*Tensor{bad}, nil); err == nil || !strings.Contains(err.Error(), `tensor "a": `) || data.Len() > 0 {
				t.Errorf("got %v, %d bytes", err, data.Len())
			}
		}
	})
}

func FuzzSafetensors(f *testing.F) {
	f.Add(file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4))
	f.Add(file(`{"__metadata__":{"a":"b"},"a":{"dtype":"BF16","shape":[1,2],"data_offsets":[0,4]}} `, 4))
	f.Fuzz(func(t *testing.T, data []byte) {
		simtest.Budget(t, func() {
			tensors, err := parse("x", bytes.NewReader(data), int64(len(data)))
			if err != nil {
				return
			}
			for _, x := range tensors {
				n := 1
				for _, s := range x.Shape {
					n *= s
				}
				if n != x.Len() {
					t.Fatalf("%q: %d values of shape %v", x.Name, x.Len(), x.Shape)
				}
			}
		})
	})
}
