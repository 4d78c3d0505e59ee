package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/pmpdsim/pmpdsim/gpu/gputest"
)

// inputs are the places where the program reads a file that a user names, each as a command line with FILE for the file's path.
// NAME/FILE is a file of that name in a folder, which the command line has.
var inputs = []struct{ name, file, args string }{
	{"an NPU", "n.yaml", "run --npu FILE"},
	{"a DRAM part", "p.yaml", "dram part check FILE"},
	{"a DRAM part of an NPU", "p.yaml", "run --set dram.standard=FILE"},
	{"a model", "m.json", "run --model FILE --prompt 4 --gen 2"},
	{"a trace", "t.trace.jsonl.zst", "run --trace FILE"},
	{"a trace to look at", "t.trace.jsonl.zst", "trace info FILE"},
	{"a trace to repair", "t.trace.jsonl.zst", "trace repair FILE -o out.trace.jsonl.zst"},
	{"a trace to decide on", "t.trace.jsonl.zst", "schedule random:4>3,seed=7 --trace FILE"},
	{"a spec", "s.yaml", "sweep FILE --dry-run"},
	{"results to compare", "r.jsonl", "compare FILE"},
	{"results to draw", "r.jsonl", "plot pareto FILE -o out.png"},
	{"results for a page", "r.jsonl", "report FILE -o out.html"},
	{"results to export", "r.jsonl", "export FILE -o out.csv"},
	{"results to run again", "r.jsonl", "rerun FILE"},
	{"a plan", "sweep/plan.jsonl", "sweep status sweep"},
	{"a folder's results", "only/results.jsonl", "compare only"},
	{"a trace of addresses", "a.trace", "dram --standard lpddr5-6400 --addresses FILE"},
	{"a classifier", "c.safetensors", "record --model tiny-llama --weights random --backend cpu --schedule learned:4>2,classifier=FILE --prompt 4 --gen 8 -o out.trace.jsonl.zst"},
	{"weights", "w/model.safetensors", "record --model w --backend cpu --schedule fp16 --prompt 4 --gen 3 -o out.trace.jsonl.zst"},
	{"the index of weights", "i/model.safetensors.index.json", "record --model i --backend cpu --schedule fp16 --prompt 4 --gen 3 -o out.trace.jsonl.zst"},
	{"the text of a prompt", "p.txt", "record --model words --weights random --backend cpu --schedule fp16 --prompt-file FILE --gen 3 -o out.trace.jsonl.zst"},
	{"a list of prompts", "p.jsonl", "record --model tiny-llama --weights random --backend cpu --schedule fp16 --prompts FILE --gen 3 -o out"},
	{anyText, "t.txt", "quality --text FILE --prompts 1 --prompt 4 --gen 3 --schedule uniform:4 --npu none"},
	{"a text to learn from", "l.txt", "schedule train --model words --weights random --text FILE --prompts 4000 --prompt 8 --gen 8 -o out.safetensors"},
	{"a tokenizer", "tok/tokenizer.json", "record --model tok --weights random --backend cpu --schedule fp16 --prompt-file small.txt --gen 3 -o out.trace.jsonl.zst"},
	{"pieces", "sp/tokenizer.model", "record --model sp --weights random --backend cpu --schedule fp16 --prompt-file small.txt --gen 3 -o out.trace.jsonl.zst"},
	{"the settings of a tokenizer", "cfg/tokenizer_config.json", "record --model cfg --weights random --backend cpu --schedule fp16 --prompt-file small.txt --gen 3 -o out.trace.jsonl.zst"},
}

// anyText is an input that may be any text: what is none is refused, and what is one is cut.
const anyText = "a text to cut into prompts"

// bombs write what takes much more memory or time than it is worth to a path.
var bombs = map[string]func(path string) error{
	"a file of 20 GB without data": func(path string) error {
		f, err := os.Create(path)
		if err != nil {
			return err
		}
		return errors.Join(f.Truncate(20e9), f.Close())
	},
	"a device that never ends": func(path string) error { return os.Symlink("/dev/zero", path) },
	"a zstd stream that unrolls to one line": func(path string) error {
		return rolled(path, bytes.Repeat([]byte(" "), 1<<20), 3000)
	},
	"a zstd stream that unrolls to many lines": func(path string) error {
		return rolled(path, bytes.Repeat([]byte(`{"type":"step","i":1,"kv_len":7,"w_bits":4}`+"\n"), 20000), 3000)
	},
	"lists within each other":   func(path string) error { return os.WriteFile(path, bytes.Repeat([]byte("["), 900_000), 0o600) },
	"objects within each other": func(path string) error { return os.WriteFile(path, bytes.Repeat([]byte(`{"a":`), 180_000), 0o600) },
	"a list of a million": func(path string) error {
		return os.WriteFile(path, []byte("["+strings.Repeat("1,", 500_000)+"1]"), 0o600)
	},
	"a million keys": func(path string) error {
		return os.WriteFile(path, []byte("{"+strings.Repeat(`"a":{},`, 150_000)+`"b":1}`), 0o600)
	},
	"a million records": func(path string) error { return os.WriteFile(path, bytes.Repeat([]byte("{}\n"), 1_000_001), 0o600) },
	"aliases of aliases": func(path string) error {
		text := "a: &a [x,x,x,x,x,x,x,x,x]\n"
		for c := 'b'; c < 'k'; c++ {
			text += string(c) + ": &" + string(c) + " [" + strings.TrimSuffix(strings.Repeat("*"+string(c-1)+",", 9), ",") + "]\n"
		}
		return os.WriteFile(path, []byte(text), 0o600)
	},
	"a header of safetensors that is too long": func(path string) error {
		f, err := os.Create(path)
		if err != nil {
			return err
		}
		_, err = f.Write([]byte{0, 0, 0, 0, 1, 0, 0, 0}) // 4 GiB
		return errors.Join(err, f.Truncate(5<<30), f.Close())
	},
}

// rolled writes a zstd stream of a text, over and over.
func rolled(path string, text []byte, times int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w, err := zstd.NewWriter(f, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(1<<20))
	for range times {
		if err == nil {
			_, err = w.Write(text)
		}
	}
	return errors.Join(err, w.Close(), f.Close())
}

// What is too much is an error of the user's, within a memory that no machine lacks, wherever it is read.
func TestEveryInputHasItsLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("every input is a process")
	}
	stored := t.TempDir()
	for name, write := range bombs {
		if err := write(filepath.Join(stored, name)); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	err := os.WriteFile(filepath.Join(dir, "small.txt"), []byte("a text"), 0o600)
	for _, model := range []string{"tiny-llama", "w", "i", "words", "tok", "sp", "cfg"} {
		err = errors.Join(err, os.Mkdir(filepath.Join(dir, model), 0o700),
			os.WriteFile(filepath.Join(dir, model, "config.json"), []byte(gputest.Config("llama")), 0o600))
	}
	if err := errors.Join(err, os.CopyFS(filepath.Join(dir, "words"), os.DirFS("../../gpu/tokens/testdata/vicuna"))); err != nil {
		t.Fatal(err)
	}
	for _, in := range inputs {
		path := filepath.Join(dir, in.file)
		for name := range bombs {
			t.Run(in.name+", "+name, func(t *testing.T) {
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.Symlink(filepath.Join(stored, name), path)); err != nil {
					t.Fatal(err)
				}
				defer func() { _ = os.Remove(path) }() // of this case
				status, said := child(t, 3<<20, dir, strings.Fields(strings.ReplaceAll(in.args, "FILE", path))...)
				if status != exitUsage && (in.name != anyText || status != exitOK) {
					t.Errorf("status %d, not %d", status, exitUsage)
				}
				answered(t, status, said)
				if len(said) > 20_000 {
					t.Errorf("%d bytes of error", len(said))
				}
			})
		}
	}
}
