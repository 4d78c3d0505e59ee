package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/gpu/gputest"
)

// output is a command with a flag that names a file to be written, and how the command is tried.
type output struct {
	command, flag string
	args          string // with DIR for a folder of the test's; paths below DIR/in/ are read
	name          string // of the file, where its end counts
	slow          bool
}

// examples are the arguments with which commands that write files are tried. Every such command has some.
func examples() map[string]output {
	const short = " --prompt 4 --gen 3"
	all := map[string]output{
		"run":              {args: "--model DIR/in/m --trace DIR/in/t.trace.jsonl.zst --schedule fp16 --format json", name: "o.json"},
		"styles":           {args: "--model DIR/in/m --context 16 --bits 4 --batch 1", name: "o.svg"},
		"validate":         {args: "--device lunar-lake-npu4", name: "o.svg"},
		"bench host":       {args: "--repeats 1 --threads 1", name: "o.yaml", slow: true},
		"dram":             {args: "--standard lpddr5-6400 --stream bytes=16KiB", name: "o.csv"},
		"dram sensitivity": {args: "--model DIR/in/m --prompt 4 --gen 4", name: "o.svg", slow: true},
		"dram layouts":     {args: "--bytes 64KiB --planes 2 --chunk 256B --skew 0", name: "o.svg"},
		"trace synth":      {args: "--model DIR/in/m" + short, name: "o.trace.jsonl.zst"},
		"trace repair":     {args: "DIR/in/cut.partial", name: "o.trace.jsonl.zst"},
		"record":           {args: "--backend cpu --model DIR/in/m --weights random --schedule uniform:4" + short, name: "o.trace.jsonl.zst"},
		"cosim":            {args: "--backend cpu --model DIR/in/m --weights random --schedule uniform:4 --npu pmpd-paper --format json" + short, name: "o.json"},
		"quality":          {args: "--schedule uniform:4 --prompts 1 --format json" + short, name: "o.jsonl"},
		"schedule search":  {args: "--model tiny --prompts 1 --prompt 4 --gen 4 --bits 4 --bound kl<=1", name: "o.csv", slow: true},
		"schedule train":   {args: "--model tiny --text DIR/in/words.txt --prompts 10 --prompt 4 --gen 4 --epochs 1", name: "o.safetensors", slow: true},
		"export":           {args: "DIR/in/results.jsonl", name: "o.csv"},
		"report":           {args: "DIR/in/results.jsonl", name: "o.html"},
		"paper":            {args: "--waterfall --panel iwslt --model mobilellama-1.4b --scheme fp16", name: "o.svg", slow: true},
	}
	for _, kind := range strings.Fields("throughput schedule breakdown pareto precision heatmap roofline") {
		all["plot "+kind] = output{args: "DIR/in/results.jsonl", name: "o.svg"}
	}
	all["plot passes"] = output{args: "DIR/in/passes.jsonl", name: "o.svg"}
	all["plot quality"] = output{args: "DIR/in/quality.jsonl --y kl_mean", name: "o.svg"}
	all["plot heatmap"] = output{args: "DIR/in/results.jsonl --x batch --y schedule", name: "o.svg"}
	return all
}

// outputs are all flags of all commands that name a file to be written.
func outputs(t *testing.T) (all []output) {
	examples := examples()
	var walk func(path string, below []*cli.Command)
	walk = func(path string, below []*cli.Command) {
		for _, c := range below {
			for _, f := range c.Flags {
				f, ok := f.(fileFlag)
				if !ok {
					continue
				}
				o, ok := examples[path+c.Name]
				if !ok {
					t.Errorf("%s writes a file, and has no example in outputs_test.go", path+c.Name)
					continue
				}
				o.command, o.flag = path+c.Name, f.Name
				if o.flag != "output" {
					o.name = "o.also"
				}
				if o.flag == "per-pass" {
					o.name = "o.csv"
				}
				all = append(all, o)
			}
			walk(path+c.Name+" ", c.Subcommands)
		}
	}
	walk("", app(nil, nil).Commands)
	if len(all) < 18 {
		t.Fatalf("%d outputs found", len(all))
	}
	return all
}

// stage makes what the examples read, and returns the folder.
func stage(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	if err := writeModel(filepath.Join(in, "m"), gputest.Config("llama")); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{
		"trace synth --model IN/m --prompt 4 --gen 3 -o IN/t.trace.jsonl.zst",
		"run --model IN/m --prompt 4 --gen 3 --schedule fp16 --schedule uniform:4 --schedule static:4>2 --breakdown --format json --per-pass IN/passes.jsonl -o IN/results.jsonl",
		"record --backend cpu --model IN/m --weights random --prompt 4 --gen 3 --schedule uniform:4 -o IN/cut.partial",
		"quality --npu none --schedule uniform:4 --schedule uniform:3 --prompts 1 --prompt 4 --gen 3 --format json -o IN/quality.jsonl",
	} {
		if _, errs, code := pmpdsim(t, strings.Fields(strings.ReplaceAll(args, "IN", in))...); code != exitOK {
			t.Fatalf("%s: %s", args, errs)
		}
	}
	if err := os.WriteFile(filepath.Join(in, "words.txt"), []byte(strings.Repeat("for i := range n { sum += i }\n", 40)), 0o644); err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(in, "cut.partial")
	data, err := os.ReadFile(cut)
	if err = errors.Join(err, os.WriteFile(cut, data[:len(data)-30], 0o644)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// line is the command line that writes to a path.
func (o output) line(dir, path string) []string {
	return append(strings.Fields(o.command+" "+strings.ReplaceAll(o.args, "DIR", dir)), "--"+o.flag, path)
}

// contents are all files below a folder, with what is in them; links with where they lead.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if d.Type()&os.ModeSymlink != 0 {
			all[path], err = os.Readlink(path)
			return err
		}
		data, err := os.ReadFile(path)
		all[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// changed are the names of what differs between two contents.
func changed(a, b map[string]string) (names []string) {
	for name, data := range b {
		if old, ok := a[name]; !ok || old != data {
			names = append(names, name)
		}
	}
	for name := range a {
		if _, ok := b[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// TestOutputsAreRefusedBeforeTheWork: every output of every command, in every way in which it cannot be written or would take
// something with it.
func TestOutputsAreRefusedBeforeTheWork(t *testing.T) {
	dir := stage(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(os.Mkdir(at("folder"), 0o755), os.Symlink(at("none/x"), at("dangling")), os.Symlink(at("in"), at("inlink"))); err != nil {
		t.Fatal(err)
	}
	before := contents(t, dir)
	for _, o := range outputs(t) {
		t.Run(o.command+" --"+o.flag, func(t *testing.T) {
			bad := map[string]string{at("folder"): " is a directory; ", at("none/x"): "no such file or directory; ", at("dangling"): "no such file or directory; ",
				at("in/results.jsonl/x"): "not a directory; "}
			for _, word := range strings.Fields(strings.ReplaceAll(o.args, "DIR", dir)) {
				if rest, ok := strings.CutPrefix(word, at("in")); ok {
					if strings.HasSuffix(rest, "/m") {
						rest += "/config.json"
					}
					for _, spelt := range []string{at("in") + rest, at("folder") + "/../in/." + rest, at("inlink") + rest} {
						bad[spelt] = " read, too; "
					}
				}
			}
			for path, want := range bad {
				out, errs, code := pmpdsim(t, o.line(dir, path)...)
				if code != exitUsage || out != "" || !strings.HasPrefix(errs, "pmpdsim: --"+o.flag+": ") || !strings.Contains(errs, want+"accepted: ") {
					t.Errorf("%s: exit code %d, %q, printed %d bytes", path, code, errs, len(out))
				}
			}
			if now := changed(before, contents(t, dir)); len(now) > 0 {
				t.Errorf("changed: %v", now)
			}
		})
	}
}

// TestOutputsReplaceNothingElse: a new file has the mode that the umask leaves; an old one keeps its own; a link stays, and what
// it leads to, or is to lead to, is written; nothing else is.
func TestOutputsReplaceNothingElse(t *testing.T) {
	dir := stage(t)
	defer syscall.Umask(syscall.Umask(0o027))
	for _, o := range outputs(t) {
		t.Run(o.command+" --"+o.flag, func(t *testing.T) {
			if o.slow && testing.Short() {
				t.Skip("some seconds of simulation")
			}
			to, err := os.MkdirTemp(dir, "out")
			if err != nil {
				t.Fatal(err)
			}
			file, link := filepath.Join(to, o.name), filepath.Join(to, "link"+filepath.Ext(o.name))
			if strings.HasSuffix(o.name, ".zst") {
				link = filepath.Join(to, "link.trace.jsonl.zst")
			}
			if err := os.Symlink(o.name, link); err != nil {
				t.Fatal(err)
			}
			write := func(path string, mode os.FileMode) {
				before := contents(t, dir)
				if _, errs, code := pmpdsim(t, o.line(dir, path)...); code != exitOK {
					t.Fatalf("exit code %d, %s", code, errs)
				}
				info, err := os.Lstat(file)
				if err != nil || info.Mode() != mode || info.Size() == 0 {
					t.Errorf("written with mode %v (%v), want %v", info.Mode(), err, mode)
				}
				if now := changed(before, contents(t, dir)); len(now) != 1 || now[0] != file {
					t.Errorf("changed: %v", now)
				}
			}
			write(link, 0o640)
			if o.slow {
				return // it is the same code
			}
			if err := errors.Join(os.WriteFile(file, []byte("old"), 0o600), os.Chmod(file, 0o600)); err != nil {
				t.Fatal(err)
			}
			write(file, 0o600)
		})
	}
}

// TestFlagsThatNameFiles: what a flag names is known to be read or written, so that claim keeps the two apart.
func TestFlagsThatNameFiles(t *testing.T) {
	folders := map[string]bool{"sweep --output": true, "cosim --traces": true, "job --dir": true,
		"gpu qualify --output": true, "gpu adopt --into": true} // the command looks after them itself
	found := 0
	var walk func(path string, below []*cli.Command)
	walk = func(path string, below []*cli.Command) {
		for _, c := range below {
			for _, f := range c.Flags {
				var usage string
				known := false
				switch f := f.(type) {
				case *cli.StringFlag:
					usage, known = f.Usage, f.TakesFile
				case *cli.StringSliceFlag:
					usage, known = f.Usage, f.TakesFile
				case fileFlag:
					usage, known = f.Usage, true
				}
				for _, word := range []string{"`FILE`", "`DIR`", " file", "folder", "config.json"} {
					if place := path + c.Name + " --" + f.Names()[0]; strings.Contains(usage, word) && !folders[place] {
						found++
						if !known {
							t.Errorf("%s names a file (%s): write TakesFile, or make it a fileFlag", place, usage)
						}
					}
				}
			}
			walk(path+c.Name+" ", c.Subcommands)
		}
	}
	walk("", app(nil, nil).Commands)
	if found < 40 {
		t.Errorf("%d found", found)
	}
}
