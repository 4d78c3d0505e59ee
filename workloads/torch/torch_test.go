package torch

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/workloads/safetensors"
)

func open(t *testing.T, name string) *File {
	t.Helper()
	f, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// testdata/make.py has saved the same values in both formats.
func TestCheckpointsHoldWhatTorchSaved(t *testing.T) {
	want, err := safetensors.Open("testdata/values.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	for _, name := range []string{"dict", "ordered", "parameters", "protocol4"} {
		t.Run(name, func(t *testing.T) {
			got := open(t, "testdata/"+name+".bin")
			if len(got.Tensors) != len(want.Tensors) || len(got.Tensors) != 7 {
				t.Fatalf("%d tensors, want %d", len(got.Tensors), len(want.Tensors))
			}
			for i, w := range want.Tensors {
				g := got.Tensors[i]
				a, err := w.Values()
				if err != nil {
					t.Fatal(err)
				}
				b, err := g.Values()
				if err != nil || g.Name != w.Name || g.Type != w.Type || !reflect.DeepEqual(append([]int{}, g.Shape...), append([]int{}, w.Shape...)) || !reflect.DeepEqual(a, b) {
					t.Errorf("%s %s %v %v, %v; want %s %s %v %v", g.Name, g.Type, g.Shape, b, err, w.Name, w.Type, w.Shape, a)
				}
			}
		})
	}
	module := open(t, "testdata/module.bin")
	if len(module.Tensors) != 2 || module.Tensors[1].Name != "a.weight" || !reflect.DeepEqual(module.Tensors[1].Shape, []int{2, 3}) {
		t.Errorf("%+v", module.Tensors)
	}
}

// Masks and counters of older models, which nobody asks for.
func TestValuesThatAreNotReadAreRefusedWhenAskedFor(t *testing.T) {
	f := open(t, "testdata/long.bin")
	if len(f.Tensors) != 1 || f.Tensors[0].Type != "I64" {
		t.Fatalf("%+v", f.Tensors)
	}
	_, err := f.Tensors[0].Values()
	if want := `testdata/long.bin: tensor "n" has values of type I64; accepted: F16, BF16, F32, F8_E5M2`; err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
}

func TestCheckpointsThatAreRefused(t *testing.T) {
	for name, want := range map[string]string{
		"old.bin":        "is in the format of before PyTorch 1.6, a pickle or tar that is no zip archive; accepted: a checkpoint that PyTorch 1.6 or later has saved, or safetensors",
		"evil.bin":       "data.pkl asks for posix.system, which may run code and is not run; accepted: collections.OrderedDict, torch's storages, torch._utils._rebuild_tensor_v2 and _rebuild_parameter, which make a state_dict()",
		"whole.bin":      "data.pkl asks for __main__.Module, which may run code and is not run; accepted: ",
		"transposed.bin": `tensor "t" of shape [6 4] has strides [1 6]; accepted: values one behind the other, as contiguous() makes them`,
		"nested.bin":     `"model" is no tensor; accepted: names with tensors, as torch.save writes model.state_dict()`,
		"number.bin":     `"epoch" is no tensor; accepted: names with tensors`,
		"list.bin":       "data.pkl has no tensors; accepted: names with tensors",
		"make.py":        "begins with neither a zip archive nor a pickle; accepted: ",
	} {
		f, err := Open("testdata/" + name)
		if err == nil {
			_ = f.Close()
		}
		if err == nil || !strings.HasPrefix(err.Error(), "testdata/"+name+": "+want) {
			t.Errorf("%s: %v\nwant %s", name, err, want)
		}
	}
}

// packed makes a checkpoint of a pickle and one storage.
func packed(t *testing.T, pickle string, values []byte, method uint16) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, data := range map[string][]byte{"m/data.pkl": []byte(pickle), "m/data/0": values} {
		e, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err == nil {
			_, err = e.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.bin")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// described is the pickle of one tensor "t" of float32 values.
func described(values, offset, rows, columns, stride int) string {
	word := func(s string) string { return fmt.Sprintf("X%c\x00\x00\x00%s", len(s), s) }
	n := func(n int) string { return "J" + string([]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}) }
	return "\x80\x02}" + word("t") + "ctorch._utils\n_rebuild_tensor_v2\n((" + word("storage") + "ctorch\nFloatStorage\n" + word("0") + word("cpu") + n(values) + "tQ" +
		n(offset) + n(rows) + n(columns) + "\x86" + n(stride) + n(1) + "\x86\x89)tRs."
}

func TestHostileCheckpoints(t *testing.T) {
	eight := make([]byte, 32)
	good := described(8, 0, 2, 4, 4)
	if f := open(t, packed(t, good, eight, zip.Store)); len(f.Tensors) != 1 || f.Tensors[0].Len() != 8 {
		t.Fatal(f.Tensors)
	}
	for name, c := range map[string]struct {
		pickle string
		method uint16
		want   string
	}{
		"compressed":           {good, zip.Deflate, "data.pkl is compressed; accepted: entries as torch.save writes them"},
		"longer than its data": {described(9, 0, 2, 4, 4), zip.Store, `tensor "t" is in a storage of 9 values, whose entry data/0 has 32 bytes; accepted: a whole file`},
		"past its storage":     {described(8, 1, 2, 4, 4), zip.Store, `tensor "t" takes 8 values from 1 on of a storage of 8; accepted: a whole file`},
		"before its storage":   {described(8, -1, 2, 4, 4), zip.Store, "data.pkl makes something else than a tensor of a storage; accepted: "},
		"huge":                 {described(8, 0, 1<<30, 1<<30, 1<<30), zip.Store, `tensor "t" has the shape [1073741824 1073741824]; accepted: `},
		"negative":             {described(8, 0, -2, 4, 4), zip.Store, `tensor "t" has the shape [-2 4]; accepted: 1 to 2147483647 each`},
		"a window":             {described(8, 0, 2, 4, 1), zip.Store, `tensor "t" of shape [2 4] has strides [1 1]; accepted: values one behind the other`},
		"cut":                  {good[:40], zip.Store, "data.pkl ends too early; accepted: a whole file"},
		"an empty stack":       {"R.", zip.Store, "data.pkl takes more values than there are; accepted: "},
		"an unknown number":    {"h\x07.", zip.Store, "data.pkl takes value 7, which there is not; accepted: "},
		"an instruction":       {"}\x91.", zip.Store, "data.pkl byte 1: the instruction 0x91 is not done; accepted: "},
		"no mark":              {"}u.", zip.Store, "data.pkl takes more values than there are; accepted: "},
		"keys of a number":     {"K\x01K\x01K\x01s.", zip.Store, "data.pkl puts values into what is no dictionary; accepted: "},
		"a long text":          {"X\xff\xff\xff\xff.", zip.Store, "data.pkl ends too early; accepted: a whole file"},
		"too many values":      {strings.Repeat("}", mostMade+1) + ".", zip.Store, "data.pkl makes more than 2097152 values; accepted: "},
		"a lookalike":          {"ctorch.evil\nFloatStorage\n.", zip.Store, "data.pkl asks for torch.evil.FloatStorage, which may run code and is not run; accepted: "},
		"eval by protocol 4":   {"\x8c\x08builtins\x8c\x04eval\x93.", zip.Store, "data.pkl asks for builtins.eval, which may run code and is not run; accepted: "},
	} {
		path := packed(t, c.pickle, eight, c.method)
		_, err := Open(path)
		if err == nil || !strings.HasPrefix(err.Error(), path+": "+c.want) {
			t.Errorf("%s: %v\nwant %s", name, err, c.want)
		}
	}
}

func TestDamagedCheckpoints(t *testing.T) {
	data, err := os.ReadFile("testdata/ordered.bin")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(r *rapid.T) {
		damaged(r, data, rapid.IntRange(0, len(data)-1).Draw(r, "at"), rapid.Byte().Draw(r, "with"))
	})
	for cut := 0; cut < len(data); cut += 97 {
		if all, err := parse("x.bin", bytes.NewReader(data[:cut]), int64(cut)); err == nil {
			t.Errorf("%d bytes: %v", cut, all)
		}
	}
}

// damaged wants an error or tensors whose values lie in the file.
func damaged(t rapid.TB, data []byte, at int, with byte) {
	b := bytes.Clone(data)
	b[at] = with
	all, err := parse("x.bin", bytes.NewReader(b), int64(len(b)))
	if err != nil {
		if !strings.HasPrefix(err.Error(), "x.bin: ") || !strings.Contains(err.Error(), "accepted: ") {
			t.Errorf("%v does not name the file, or what is accepted", err)
		}
		return
	}
	for _, x := range all {
		if err := x.Pieces(0, x.Len(), func(int, []byte) error { return nil }); err != nil {
			t.Errorf("%s: %v", x.Name, err)
		}
	}
}

func FuzzPickle(f *testing.F) {
	f.Add([]byte(described(8, 0, 2, 4, 4)))
	f.Add([]byte("\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94K\x01\x8c\x01b\x94](K\x02K\x03eu."))
	f.Fuzz(func(t *testing.T, data []byte) {
		simtest.Budget(t, func() { _, _ = run(data) })
	})
}
