package precision

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestClassifier compares with testdata/kv_classifier.py, an implementation on its own in plain Python.
func TestClassifier(t *testing.T) {
	var want struct{ Pooled, Scores []float64 }
	text, err := os.ReadFile("testdata/kv_classifier.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	c, err := ReadClassifier("testdata/classifier.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	kv, err := ReadKV("testdata/kv.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	near := func(t *testing.T, got, want []float64) {
		t.Helper()
		if len(got) != len(want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		for i := range got {
			if math.Abs(got[i]-want[i]) > 1e-12 {
				t.Errorf("value %d: got %v, want %v", i, got[i], want[i])
			}
		}
	}
	t.Run("attention over keys and values gives what the other implementation gives", func(t *testing.T) {
		near(t, c.pool(kv.mean(kv.Key), kv.mean(kv.Value), kv.Tokens), want.Pooled)
	})
	t.Run("and so do the scores", func(t *testing.T) {
		got, err := c.Scores(kv)
		if err != nil {
			t.Fatal(err)
		}
		near(t, got, want.Scores)
	})
	t.Run("a cache of another shape is refused", func(t *testing.T) {
		_, err := c.Scores(&KV{Heads: 4, Tokens: 1, Dim: 3})
		if err == nil || err.Error() != "the classifier is one of 2 heads of 3 values, the cache has 4 of 3" {
			t.Error(err)
		}
	})
	t.Run("the files are not each other", func(t *testing.T) {
		_, err := ReadKV("testdata/classifier.safetensors")
		if err == nil || err.Error() != `testdata/classifier.safetensors: tensor "key" is missing; accepted: key, value` {
			t.Error(err)
		}
		_, err = ReadClassifier("testdata/kv.safetensors")
		if err == nil || !strings.HasPrefix(err.Error(), `testdata/kv.safetensors: tensor "query" is missing; accepted: query, project.0.weight`) {
			t.Error(err)
		}
	})
}

func TestClassifierShapes(t *testing.T) {
	good := func() map[string]tensor {
		make := func(shape ...int) tensor {
			n := 1
			for _, x := range shape {
				n *= x
			}
			return tensor{shape, slices.Repeat([]float32{1}, n)}
		}
		return map[string]tensor{"query": make(2, 2, 3), "project.0.weight": make(6, 6), "project.0.bias": make(6),
			"project.2.weight": make(4, 6), "project.2.bias": make(4), "ln.weight": make(6), "ln.bias": make(6)}
	}
	for _, c := range []struct {
		name   string
		change func(map[string]tensor)
		want   string
	}{
		{"a query that is not square", func(m map[string]tensor) { m["query"] = tensor{[]int{2, 3, 3}, nil} },
			"query is [2 3 3]; accepted: [heads, heads, dim]"},
		{"three classes", func(m map[string]tensor) { m["project.2.bias"] = tensor{[]int{3}, nil} },
			"project.2.bias is [3]; accepted: [4] beside a query of [2 2 3]"},
		{"a tensor more", func(m map[string]tensor) { m["extra"] = tensor{} },
			`tensor "extra" is not known; accepted: query, project.0.weight, project.0.bias, project.2.weight, project.2.bias, ln.weight, ln.bias`},
		{"infinity", func(m map[string]tensor) { m["ln.bias"].values[3] = float32(math.Inf(1)) },
			`tensor "ln.bias" has a value that is not finite`},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			m := good()
			c.change(m)
			if _, err := newClassifier(m); err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
	t.Run("scores are probabilities whatever the inputs", func(t *testing.T) {
		c, err := newClassifier(good())
		if err != nil {
			t.Fatal(err)
		}
		rapid.Check(t, func(r *rapid.T) {
			n := rapid.IntRange(1, 9).Draw(r, "tokens")
			values := rapid.SliceOfN(rapid.Float32Range(-1e4, 1e4), 6*n, 6*n)
			scores, err := c.Scores(&KV{Heads: 2, Dim: 3, Tokens: n, Key: values.Draw(r, "key"), Value: values.Draw(r, "value")})
			if err != nil {
				r.Fatal(err)
			}
			sum := 0.0
			for _, s := range scores {
				if !(s >= 0) {
					r.Fatal(scores)
				}
				sum += s
			}
			if math.Abs(sum-1) > 1e-9 {
				r.Fatal(scores)
			}
		})
	})
}

// file is a safetensors file with a header and so many bytes of values.
func file(header string, values int) []byte {
	data := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(data, header...), make([]byte, values)...)
}

func TestSafetensors(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"an empty file", nil, "header too small in a file of 0 bytes; accepted: a whole safetensors file"},
		{"a header longer than the file", file("{}", 0)[:9], "invalid header length in a file of 9 bytes; accepted: a whole safetensors file"},
		{"no object", file("[]", 0), "json: cannot unmarshal array into Go value of type map[string]map[string]interface {} in a file of 10 bytes"},
		{"an unfinished object", file(`{"a":`, 0), "invalid header deserialization: unexpected end of JSON input in a file of 13 bytes"},
		{"text behind the object", file(`{} x`, 0), "invalid header deserialization: invalid character 'x' after top-level value in a file of 12 bytes"},
		{"a type that is not read", file(`{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}`, 8),
			`tensor "a": values of type "I64"; accepted: F32, F16, BF16`},
		{"a type that does not exist", file(`{"a":{"dtype":"F4","shape":[1],"data_offsets":[0,8]}}`, 8),
			`failed to JSON-decode tensor "a": invalid DType string value "F4" in a file of 69 bytes`},
		{"a key that is not known", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"b":1}}`, 4),
			`failed to JSON-decode tensor "a": invalid keys: expected 3 keys (dtype, shape, data_offsets), actual 4 in a file of 72 bytes`},
		{"bytes that do not fit the shape", file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4),
			"metadata validation error: info data offsets mismatch in a file of 66 bytes"},
		{"a shape that overflows", file(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}`, 4),
			"failed to compute num elements from shape: multiplication overflow: 4294967296 * 4294967296 in a file of 86 bytes"},
		{"a shape of nothing", file(`{"a":{"dtype":"F32","shape":[0,2],"data_offsets":[0,0]}}`, 0), `tensor "a": shape [0 2]; accepted: 1 to 2147483647 each`},
		{"an end before the start", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, 4),
			`invalid metadata offset for tensor "a" in a file of 66 bytes`},
		{"a gap", file(`{"a":{"dtype":"F16","shape":[1],"data_offsets":[2,4]}}`, 4), `invalid metadata offset for tensor "a" in a file of 66 bytes`},
		{"two tensors in one place", file(`{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"F16","shape":[1],"data_offsets":[2,4]}}`, 4),
			`invalid metadata offset for tensor "b" in a file of 119 bytes`},
		{"values that are missing", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 2),
			"metadata incomplete buffer in a file of 64 bytes; accepted: a whole safetensors file"},
		{"values behind the tensors", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 6),
			"metadata incomplete buffer in a file of 68 bytes; accepted: a whole safetensors file"},
		{"metadata that is not text", file(`{"__metadata__":{"a":1}}`, 0), `__metadata__ "a" has value "1": expected string type, actual json.Number`},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			if got, err := parseTensors(c.data); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got  %v, %v\nwant %s", got, err, c.want)
			}
		})
	}
	t.Run("a file that is not there is named", func(t *testing.T) {
		name := filepath.Join(t.TempDir(), "none.safetensors")
		if _, err := ReadKV(name); err == nil || !strings.Contains(err.Error(), name) || !os.IsNotExist(err) {
			t.Error(err)
		}
	})
	t.Run("values of each type are what they say", func(t *testing.T) {
		for dtype, values := range map[string]string{"F32": "\x00\x00\x80\xbf\x00\x00\x00\x3f", "F16": "\x00\xbc\x00\x38", "BF16": "\x80\xbf\x00\x3f"} {
			data := append(file(fmt.Sprintf(`{"a":{"dtype":"%s","shape":[2],"data_offsets":[0,%d]}}`, dtype, len(values)), 0), values...)
			got, err := parseTensors(data)
			if err != nil || !slices.Equal(got["a"].values, []float32{-1, 0.5}) {
				t.Errorf("%s: %v, %v", dtype, got, err)
			}
		}
	})
}

func FuzzSafetensors(f *testing.F) {
	f.Add(file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4))
	f.Add(file(`{"__metadata__":{"a":"b"},"a":{"dtype":"BF16","shape":[1,2],"data_offsets":[0,4]}} `, 4))
	f.Fuzz(func(t *testing.T, data []byte) {
		tensors, err := parseTensors(data)
		if err != nil {
			return
		}
		for name, x := range tensors {
			n := 1
			for _, s := range x.shape {
				n *= s
			}
			if n != len(x.values) {
				t.Fatalf("%q: %d values of shape %v", name, len(x.values), x.shape)
			}
		}
	})
}
