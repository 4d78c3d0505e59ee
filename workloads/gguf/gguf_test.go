package gguf

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// testdata/make.py wrote the file with llama.cpp's own library, and says what that library reads of it.
func TestFilesAreReadAsLlamaCppsLibraryReadsThem(t *testing.T) {
	var want struct {
		Meta    map[string]any
		Tensors []struct {
			Name, Type, First, Last string
			Shape                   []int
			Bytes                   int64
		}
	}
	data, err := os.ReadFile("testdata/types.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	f, err := Open("testdata/types.gguf")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for key, value := range want.Meta {
		got, _ := json.Marshal(f.Meta[key])
		wanted, _ := json.Marshal(value)
		var a, b any
		_, _ = json.Unmarshal(got, &a), json.Unmarshal(wanted, &b)
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s: %s, want %s", key, got, wanted)
		}
	}
	if n, ok := Value[int64](f.Meta, "t.u64"); !ok || n != 1<<60 {
		t.Errorf("t.u64: %d, %v", n, ok)
	}
	if arch, ok := Value[string](f.Meta, "general.architecture"); !ok || arch != "llama" {
		t.Errorf("architecture %q", arch)
	}
	if len(f.Tensors) != len(want.Tensors) || len(f.Tensors) != len(kinds) {
		t.Fatalf("%d tensors, want %d, of %d types", len(f.Tensors), len(want.Tensors), len(kinds))
	}
	for i, w := range want.Tensors {
		got := f.Tensors[i]
		if got.Name != w.Name || got.Type.String() != w.Type || got.Bytes() != w.Bytes {
			t.Errorf("%s: %v, %d bytes; want %+v", got.Name, got.Type, got.Bytes(), w)
		}
		if got.Len() != 3*256 {
			t.Errorf("%s: %d values, shape %v", got.Name, got.Len(), got.Shape)
		}
		var raw []byte
		if err := got.Pieces(0, got.Len(), func(_ int, b []byte) error { raw = append(raw, b...); return nil }); err != nil {
			t.Fatal(err)
		}
		if n := len(raw); int64(n) != w.Bytes || hex.EncodeToString(raw[:4]) != w.First || hex.EncodeToString(raw[n-4:]) != w.Last {
			t.Errorf("%s: %d bytes, %x … %x; want %d, %s … %s", w.Name, n, raw[:4], raw[n-4:], w.Bytes, w.First, w.Last)
		}
	}
}

func TestAPartOfATensorIsItsBlocks(t *testing.T) {
	f, err := Open("testdata/types.gguf")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	q := f.Find("w.Q4_0")
	var all, part []byte
	_ = q.Pieces(0, q.Len(), func(_ int, b []byte) error { all = append(all, b...); return nil })
	if err := q.Pieces(64, 128, func(_ int, b []byte) error { part = append(part, b...); return nil }); err != nil || !bytes.Equal(part, all[2*18:4*18]) {
		t.Errorf("%x, %v; want %x", part, err, all[2*18:4*18])
	}
	if err := q.Pieces(1, 32, nil); err == nil {
		t.Error("half a block is read")
	}
}

// whole is the file of make.py.
func whole(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/types.gguf")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestWhatIsNoGGUFIsRefused(t *testing.T) {
	good := whole(t)
	changed := func(at int, with ...byte) []byte {
		b := bytes.Clone(good)
		copy(b[at:], with)
		return b
	}
	most := bytes.Repeat([]byte{0xff}, 8)
	shape := bytes.Index(good, []byte("w.F16")) + 5 + 4 // behind name and number of dimensions
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"no file":              {nil, "ends at byte 0"},
		"another file":         {[]byte("PK\x03\x04 is a zip"), `begins with "PK\x03\x04"; accepted: a GGUF file`},
		"version 1":            {changed(4, 1), "version 1; accepted: GGUF of version 2 or 3"},
		"big-endian":           {changed(4, 0, 0, 0, 3), "big-endian"},
		"too many tensors":     {changed(8, most...), "number of tensors: 18446744073709551615"},
		"too many keys":        {changed(16, most...), "number of keys: 18446744073709551615"},
		"a long key":           {changed(24, most...), "length of a key: 18446744073709551615"},
		"cut in the header":    {good[:100], "bytes are left of what is read; accepted: a whole GGUF file"},
		"cut in the weights":   {good[:len(good)-3000], "and the file has"},
		"too large a shape":    {changed(shape, most...), `tensor "w.F16" has 18446744073709551615 values in dimension 0`},
		"an unknown type":      {changed(shape+16, 99), `has weights of type 99; accepted: [F32 F16 Q4_0`},
		"a tensor on another":  {changed(shape+20, make([]byte, 8)...), "begins at byte 0 of the weights, the one before ends at 3072"},
		"broken blocks":        {changed(bytes.Index(good, []byte("w.Q4_K"))+6+4, 8), "does not consist of blocks of 256 weights"},
		"a list within a list": {changed(bytes.Index(good, []byte("t.ints"))+6+4, typeArray), "t.ints: a list of type 9 is not read"},
		"an unknown value":     {changed(bytes.Index(good, []byte("t.u8"))+4, 77), "t.u8: values of type 77 are not known"},
	} {
		path := filepath.Join(t.TempDir(), "x.gguf")
		if err := os.WriteFile(path, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path)
		if err == nil {
			_ = f.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%s: %v; want %s", name, err, c.want)
		}
	}
}

func TestAModelInSeveralFiles(t *testing.T) {
	dir := t.TempDir()
	// key of 11 letters, of type 4 (uint32): the count of files
	data := whole(t)
	head := bytes.Clone(data[:24])
	head[16]++
	key := append([]byte{11, 0, 0, 0, 0, 0, 0, 0}, "split.count\x04\x00\x00\x00\x02\x00\x00\x00"...)
	key = append(key, append([]byte{3, 0, 0, 0, 0, 0, 0, 0}, "p.d\x08\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x000123456789abcdef"...)...)
	head[16]++ // what fills up to a multiple of the alignment
	first := append(append(head, key...), data[24:]...)
	if len(key)%32 != 0 {
		first = append(append(bytes.Clone(head), append(key, filler(32-len(key)%32)...)...), data[24:]...)
		first[16]++
	}
	second := bytes.ReplaceAll(data, []byte("w."), []byte("x."))
	put := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := put("m-00001-of-00002.gguf", first)
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "m-00002-of-00002.gguf") {
		t.Errorf("without the second: %v", err)
	}
	put("m-00002-of-00002.gguf", second)
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if len(f.Tensors) != 2*len(kinds) || f.Find("x.Q4_K").File != filepath.Join(dir, "m-00002-of-00002.gguf") {
		t.Errorf("%d tensors", len(f.Tensors))
	}
	put("m-00002-of-00002.gguf", data)
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), `tensor "w.F32" stands there twice`) {
		t.Errorf("twice: %v", err)
	}
	if _, err := Open(put("other.gguf", first)); err == nil || !strings.Contains(err.Error(), "is one of 2 files of a model") {
		t.Errorf("renamed: %v", err)
	}
}

// filler is a key that takes n bytes, or n and 32: 8 + 1 for its name, 4 for its type, 8 + m for its text.
func filler(n int) []byte {
	for n < 21 {
		n += 32
	}
	b := append([]byte{1, 0, 0, 0, 0, 0, 0, 0}, 'f', typeString, 0, 0, 0, byte(n-21), 0, 0, 0, 0, 0, 0, 0)
	return append(b, make([]byte, n-21)...)
}

func TestTypesAreNamed(t *testing.T) {
	if Type(12).String() != "Q4_K" || Type(4).String() != "type 4" || !Is("a/B.GGUF") || Is("gguf") || len(Names()) != len(kinds) {
		t.Error(Type(12), Type(4), Names())
	}
	for _, k := range kinds {
		if piece%k.weights != 0 || k.weights < 1 || k.bytes < 1 || math.MaxInt32 < k.bytes {
			t.Errorf("%+v", k)
		}
	}
}

func FuzzParse(f *testing.F) {
	data := whole(f)
	f.Add(data)
	f.Add(data[:200])
	f.Fuzz(func(t *testing.T, b []byte) {
		simtest.Budget(t, func() {
			_, all, err := parse("x.gguf", bytes.NewReader(b), int64(len(b)))
			if err != nil {
				return
			}
			for _, x := range all {
				if err := x.Pieces(0, min(x.Len(), piece), func(int, []byte) error { return nil }); err != nil {
					t.Errorf("accepted: %v: %v", x, err)
				}
			}
		})
	})
}
