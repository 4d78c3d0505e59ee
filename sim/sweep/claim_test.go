package sweep

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

const one = "schedules: fp16\n" + common

// tree returns what lies below a folder: texts of files, "/" for folders, where links lead.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		switch {
		case e.IsDir():
			all[name] = "/"
		case e.Type()&fs.ModeSymlink != 0:
			all[name], err = os.Readlink(path)
		case e.Type().IsRegular():
			all[name] = read(t, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// put writes files below a folder; a text that starts with "-> " is where a link leads.
func put(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if to, link := strings.CutPrefix(text, "-> "); link {
			err = errors.Join(err, os.Symlink(to, path))
		} else if strings.HasSuffix(name, "/") {
			err = errors.Join(err, os.MkdirAll(path, 0o755))
		} else {
			err = errors.Join(err, os.WriteFile(path, []byte(text), 0o644))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A folder that holds anything but a sweep is refused and stays as it was, whatever its files are called.
func TestFoldersOfOtherThingsAreLeftAlone(t *testing.T) {
	spec := specIn(t, one)
	for name, files := range map[string]map[string]string{
		"a file of another name":           {"thesis.tex": "x"},
		"a hidden file":                    {".hidden": "x"},
		"an empty folder":                  {"figures/": ""},
		"a spec of the user's":             {"spec.yaml": "npu: [card-hbm3] # mine\n"},
		"results and inputs of the user's": {"results.jsonl": "mine\n", "inputs/mine.txt": "x"},
		"a plan of the user's":             {"plan.jsonl": "buy milk\n"},
		"a plan of another format":         {"plan.jsonl": `{"format":"else 1"}` + "\n"},
		"an empty plan":                    {"plan.jsonl": ""},
		"a plan cut short":                 {"plan.jsonl": `{"format":"pmpdsim-sweep 1","spec":"s","version":"v","points":2}` + "\n"},
		"shards":                           {"shards/worker-0.jsonl": "{}\n"},
		"a lock":                           {"lock": ""},
		"a beginning of a marker":          {folder.Marker: folder.MarkerText[:9]},
		"a file that is not complete":      {".pmpdsim-abcdefghij": "", "spec.yaml": "mine"},
		"another marker":                   {folder.Marker: `{"format":"pmpdsim-sweep 99"}` + "\n"},
		"a marker of the user's":           {folder.Marker: "mine"},
		"a link in place of the marker":    {folder.Marker: "-> elsewhere"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, files)
			before := tree(t, dir)
			err := conduct(t.Context(), spec, dir, 1)
			if err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "; accepted: ") {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
				t.Errorf("the folder has changed (-before +after):\n%s", diff)
			}
		})
	}
	for name, files := range map[string]map[string]string{
		"an empty folder":                                       {},
		"a folder with a marker alone":                          {folder.Marker: folder.MarkerText},
		"a file that is not complete":                           {".pmpdsim-abcdefghij": folder.MarkerText[:9]},
		"a folder with a marker that holds notes of the user's": {folder.Marker: folder.MarkerText, "notes.txt": "mine"},
	} {
		t.Run(name+" is taken", func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, files)
			if err := conduct(t.Context(), spec, dir, 1); err != nil {
				t.Fatal(err)
			}
			if after := tree(t, dir); after[folder.Marker] != folder.MarkerText || after["notes.txt"] != files["notes.txt"] {
				t.Errorf("it holds %v", after)
			}
		})
	}
}

// Links among the files of a sweep lead to files of others: they are neither followed nor replaced.
func TestLinksInAFolderOfResultsAreRefused(t *testing.T) {
	spec := specIn(t, one)
	done := swept(t, one)
	for _, name := range []string{"lock", "spec.yaml", "plan.jsonl", "results.jsonl", "shards/worker-0.jsonl", "shards/worker-0.jsonl.lock", "shards",
		"inputs", "slurm", "old", folder.Marker} {
		t.Run(name, func(t *testing.T) {
			dir, foreign := t.TempDir(), t.TempDir()
			put(t, dir, withoutFolders(tree(t, done)))
			path, to := filepath.Join(dir, name), filepath.Join(foreign, filepath.Base(name))
			if err := os.Rename(path, to); errors.Is(err, fs.ErrNotExist) {
				put(t, foreign, map[string]string{filepath.Base(name) + "/mine": "mine"})
			} else if err != nil {
				t.Fatal(err)
			}
			put(t, dir, map[string]string{name: "-> " + to})
			inside, outside := tree(t, dir), tree(t, foreign)
			err := conduct(t.Context(), spec, dir, 1)
			if err == nil || !strings.HasPrefix(err.Error(), path+" is a link or a device; accepted: ") {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff(outside, tree(t, foreign)); diff != "" {
				t.Errorf("what the link leads to has changed:\n%s", diff)
			}
			if diff := cmp.Diff(inside, tree(t, dir)); diff != "" {
				t.Errorf("the folder has changed:\n%s", diff)
			}
		})
	}
	t.Run("a shard with two names", func(t *testing.T) {
		dir := t.TempDir()
		put(t, dir, withoutFolders(tree(t, done)))
		shard := filepath.Join(dir, "shards", "worker-0.jsonl")
		if err := os.Link(shard, filepath.Join(t.TempDir(), "snapshot")); err != nil {
			t.Fatal(err)
		}
		if err := conduct(t.Context(), spec, dir, 1); err == nil || !strings.HasPrefix(err.Error(), shard+" is a hard link") {
			t.Errorf("error %v", err)
		}
	})
}

func withoutFolders(all map[string]string) map[string]string {
	for name, text := range all {
		if text == "/" {
			delete(all, name)
		}
	}
	return all
}

// oddNames are names of folders that mean something to shells, patterns, formats or programs' flags.
func oddNames() []string {
	return []string{"res[1]", "res[!a]", "res*", "res?", `res\`, "res{a,b}", "a b", "a\tb", "a\nb", "it's", `say "hi"`, "$(touch x)", "`touch x`", "${HOME}",
		"-rf", "--array=0", "~", "#c", "a;b", "a&b", "a|b", "a>b", "%s%d%a", "100%", "é", "\xff\xfe", "a:b", "=x", "!x", "res\x1b[31m"}
}

// A folder of results may be called what it likes, and neighbours whose names it would match as a pattern are not read.
func TestFoldersOfAnyName(t *testing.T) {
	spec := specIn(t, one)
	want := results(t, spec, 1)
	root := t.TempDir()
	for _, name := range []string{"resA", "res1"} {
		if err := conduct(t.Context(), specIn(t, strings.Replace(one, "fp16", "\"uniform:4\"", 1)), filepath.Join(root, name), 1); err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range oddNames() {
		if testing.Short() && i > 4 && i%4 != 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(root, name)
			if err := conduct(t.Context(), spec, dir, 1); err != nil {
				t.Fatal(err)
			}
			if got := read(t, filepath.Join(dir, "results.jsonl")); got != want {
				t.Error("other results than in a folder with a plain name")
			}
			if s, err := StatusOf(dir); err != nil || s.Done != 1 || s.Left != 0 {
				t.Errorf("%+v, %v", s, err)
			}
			if files, err := folder.Shards(dir); err != nil || len(files) != 1 {
				t.Errorf("shards %q, %v", files, err)
			}
		})
	}
}

func TestThePlanHasTheAxesInTheOrderOfTheSpec(t *testing.T) {
	dir := swept(t, "schedules: fp16\naxes:\n  - shape: {128x128: {array.rows: 128}, 8x8: {array.rows: 8}, 16x16: {array.rows: 16}}\n  - clock: [2GHz, 1GHz]\n"+common)
	f, err := folder.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []folder.Axis{{Name: "shape", Values: []string{"128x128", "8x8", "16x16"}}, {Name: "clock", Values: []string{"2GHz", "1GHz"}}}
	if diff := cmp.Diff(want, f.Plan.Axes); diff != "" {
		t.Errorf("axes (-want +got):\n%s", diff)
	}
}

func TestAPipeIsNoLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	if held(path) {
		t.Error("a pipe is taken for a lock that is held")
	}
}

// A folder of a sweep's own is no place for another sweep; one beside its files is.
func TestASweepWithinAnother(t *testing.T) {
	dir := t.TempDir()
	if err := claim(dir); err != nil {
		t.Fatal(err)
	}
	for name, own := range map[string]bool{"shards": true, "shards/new": true, "inputs/x/y": true, "slurm": true, "another": false} {
		err := claim(filepath.Join(dir, name))
		if own != (err != nil && strings.Contains(err.Error(), " belongs to the sweep in ")) || !own && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if own && files.Exists(filepath.Join(dir, "shards")) {
			t.Errorf("%s has been made", name)
		}
	}
}
