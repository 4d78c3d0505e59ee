package classifier

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/pmpdsim/pmpdsim/workloads/safetensors"
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
	c, err := Read("testdata/classifier.safetensors")
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
		near(t, c.pool(kv.Input(), nil, &state{}), want.Pooled)
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
		if err == nil || err.Error() != "the cache has 4 heads of 3 values; accepted: 2 of 3, those of the classifier" {
			t.Error(err)
		}
	})
	t.Run("the files are not each other", func(t *testing.T) {
		_, err := ReadKV("testdata/classifier.safetensors")
		if err == nil || err.Error() != `testdata/classifier.safetensors: tensor "key" is missing; accepted: key, value` {
			t.Error(err)
		}
		_, err = Read("testdata/kv.safetensors")
		if err == nil || !strings.HasPrefix(err.Error(), `testdata/kv.safetensors: tensor "query" is missing; accepted: query, project.0.weight`) {
			t.Error(err)
		}
	})
}

// saved writes a file of tensors that are all 1, of these shapes.
func saved(t *testing.T, shapes map[string][]int) string {
	t.Helper()
	var tensors []*safetensors.Tensor
	for name, shape := range shapes {
		n := 1
		for _, x := range shape {
			n *= x
		}
		tensors = append(tensors, safetensors.New(name, safetensors.F32, shape, slices.Repeat([]float32{1}, n)))
	}
	path := filepath.Join(t.TempDir(), "c.safetensors")
	var data bytes.Buffer
	if err := errors.Join(safetensors.Write(&data, tensors, nil), os.WriteFile(path, data.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestClassifierShapes(t *testing.T) {
	good := func() map[string][]int {
		return map[string][]int{"query": {2, 2, 3}, "project.0.weight": {6, 6}, "project.0.bias": {6}, "project.2.weight": {4, 6},
			"project.2.bias": {4}, "ln.weight": {6}, "ln.bias": {6}}
	}
	for _, c := range []struct {
		name, tensor string
		shape        []int
		want         string
	}{
		{"a query that is not square", "query", []int{2, 3, 3}, "query is [2 3 3]; accepted: [heads, heads, dim]"},
		{"three classes", "project.2.bias", []int{3}, "project.2.bias is [3]; accepted: [4] beside a query of [2 2 3]"},
		{"a tensor more", "extra", []int{1}, `tensor "extra" is not known; accepted: query, project.0.weight, project.0.bias, ` +
			`project.2.weight, project.2.bias, ln.weight, ln.bias`},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			m := good()
			m[c.tensor] = c.shape
			path := saved(t, m)
			if _, err := Read(path); err == nil || err.Error() != path+": "+c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
	t.Run("scores are probabilities whatever the inputs", func(t *testing.T) {
		c, err := Read(saved(t, good()))
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

func TestKV(t *testing.T) {
	t.Run("what was written is read", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "kv.safetensors")
		want := &KV{Heads: 1, Tokens: 2, Dim: 2, Key: []float32{1, -2, 3.5, 0}, Value: []float32{5, 6, 7, 1e-30}}
		var data bytes.Buffer
		if err := errors.Join(WriteKV(&data, want), os.WriteFile(path, data.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
		got, err := ReadKV(path)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("keys and values of two shapes are refused", func(t *testing.T) {
		path := saved(t, map[string][]int{"key": {1, 2, 3}, "value": {1, 3, 2}})
		want := path + ": key is [1 2 3] and value [1 3 2]; accepted: both [heads, tokens, dim]"
		if _, err := ReadKV(path); err == nil || err.Error() != want {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a file that is not there is named", func(t *testing.T) {
		name := filepath.Join(t.TempDir(), "none.safetensors")
		if _, err := ReadKV(name); err == nil || !strings.Contains(err.Error(), name) || !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	})
}
