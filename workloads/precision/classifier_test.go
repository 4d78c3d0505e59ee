package precision

import (
	"encoding/binary"
	"encoding/json"
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
			`tensor "extra" is unknown; accepted: query, project.0.weight, project.0.bias, project.2.weight, project.2.bias, ln.weight, ln.bias`},
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
		{"an empty file", nil, "0 bytes; accepted: a safetensors file, whose first 8 say how long its header is"},
		{"a header longer than the file", file("{}", 0)[:9], "the header would have 2 bytes of the file's 9; accepted: a safetensors file"},
		{"no object", file("[]", 0), "the header is no JSON object; accepted: a safetensors file"},
		{"an unfinished object", file(`{"a":`, 0), `the header: EOF`},
		{"text behind the object", file(`{} x`, 0), "the header goes on after its object; accepted: spaces only"},
		{"a type that is not read", file(`{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}`, 8),
			`tensor "a": values of type "I64"; accepted: F32, F16, BF16`},
		{"a key that is not known", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"b":1}}`, 4), `tensor "a": json: unknown field "b"`},
		{"a tensor that stands twice", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{}}`, 4),
			`tensor "a" stands twice in the header`},
		{"bytes that do not fit the shape", file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4),
			`tensor "a": 4 bytes for shape [2] of F32, which takes 8`},
		{"a shape that overflows", file(`{"a":{"dtype":"F32","shape":[2147483647,2147483647],"data_offsets":[0,4]}}`, 4),
			`tensor "a": shape [2147483647 2147483647]; accepted: 1 or more each, 2 GiB in all at most`},
		{"an end before the start", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, 4),
			`tensor "a": data_offsets [4 0]; accepted: where it starts and ends`},
		{"a gap", file(`{"a":{"dtype":"F16","shape":[1],"data_offsets":[2,4]}}`, 4),
			`tensor "a" starts at byte 2 of the values; accepted: 0, where the one before it ends`},
		{"values that are missing", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 2),
			`tensor "a" ends at byte 4 of the values, of which there are 2`},
		{"values behind the tensors", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 6),
			`the values have 6 bytes, the tensors 4; accepted: nothing behind them`},
		{"metadata that is not text", file(`{"__metadata__":{"a":1}}`, 0),
			`the header's __metadata__: json: cannot unmarshal number into Go value of type string`},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			if got, err := parseTensors(c.data); err == nil || err.Error() != c.want {
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
	t.Run("16-bit values are what IEEE 754 says", func(t *testing.T) {
		for bits, want := range map[uint16]float32{0: 0, 0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x0400: 6.103515625e-05, 0x0001: 5.9604644775390625e-08,
			0x3555: 0.333251953125, 0x7c00: float32(math.Inf(1)), 0xfc00: float32(math.Inf(-1))} {
			if got := half(bits); got != want {
				t.Errorf("%#x: %v, want %v", bits, got, want)
			}
		}
		if got := half(0x7e00); got == got {
			t.Errorf("NaN is %v", got)
		}
		if got := floats([]byte{0x80, 0xbf}, "BF16"); got[0] != -1 {
			t.Errorf("bf16: %v", got)
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
