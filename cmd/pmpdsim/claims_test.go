package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

// keptSweep makes the files of a sweep's folder that keeps a plan, with what a folder of a model has, and returns their
// paths.
func keptSweep(t *testing.T, dir string) (all []string) {
	t.Helper()
	for _, name := range []string{folder.Marker, "plan.jsonl", "results.jsonl", "spec.yaml", "shards/worker-0.jsonl", "inputs/full.jsonl",
		"inputs/0f/t.trace.jsonl.zst", "inputs/0f/m/config.json", "old/1/plan.jsonl", "old/1/spec.yaml", "tokenizer.model", "tokenizer.json"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(folder.MarkerText), 0o644); err != nil {
			t.Fatal(err)
		}
		all = append(all, path)
	}
	return all
}

// TestFilesOfFoldersAreInputs: whatever of a folder is read, or makes it what it is, no output takes its place; nor of
// a sweep's folder of version 0.1.0, which has no marker.
func TestFilesOfFoldersAreInputs(t *testing.T) {
	dir := t.TempDir()
	sweep := keptSweep(t, dir)
	noOutputs(t, dir, sweep)
	if err := os.Remove(sweep[0]); err != nil {
		t.Fatal(err)
	}
	noOutputs(t, dir, slices.DeleteFunc(sweep[1:], func(path string) bool {
		return strings.Contains(path, "full.jsonl") || strings.Contains(path, "old") // which it has not
	}))
}

func noOutputs(t *testing.T, dir string, files []string) {
	t.Helper()
	for _, from := range []string{"", "results.jsonl"} {
		for _, file := range files {
			from := filepath.Join(dir, from)
			_, errs, code := pmpdsim(t, "report", from, "-o", file)
			if code != exitUsage || !strings.Contains(errs, "is read, too") && !strings.Contains(errs, "belongs to the sweep") {
				t.Errorf("report %s -o %s: status %d, %s", from, file, code, errs)
			}
			if data, err := os.ReadFile(file); err != nil || string(data) != folder.MarkerText {
				t.Fatalf("report %s -o %s: %s is lost: %v", from, file, data, err)
			}
		}
	}
}

// TestLinksIntoSweeps: a link to a file that a sweep has not written yet leads there, too.
func TestLinksIntoSweeps(t *testing.T) {
	dir := t.TempDir()
	results := filepath.Join(dir, "sweep", "results.jsonl")
	keptSweep(t, filepath.Dir(results))
	link := filepath.Join(dir, "out.html")
	if err := errors.Join(os.Remove(results), os.Symlink(results, link)); err != nil {
		t.Fatal(err)
	}
	_, errs, code := pmpdsim(t, "report", filepath.Join(dir, "sweep"), "-o", link)
	if code != exitUsage || !strings.Contains(errs, link+" belongs to the sweep in ") {
		t.Errorf("status %d, %s", code, errs)
	}
}

// TestTracesBesideResults: those of a plan that a sweep keeps lie among the inputs of the sweep; names lead nowhere
// else.
func TestTracesBesideResults(t *testing.T) {
	dir := t.TempDir()
	keptSweep(t, dir)
	const name = "t.trace.jsonl.zst"
	there := filepath.Join(dir, "inputs", "0f", name)
	for _, from := range []string{dir, filepath.Join(dir, "results.jsonl"), filepath.Join(dir, "old", "1"), filepath.Join(dir, "old", "1", "plan.jsonl")} {
		if found := beside(from, name); !slices.Contains(found, there) {
			t.Errorf("%s: %v", from, found)
		}
	}
	if found := beside(filepath.Join(dir, "inputs"), filepath.Join("..", "spec.yaml")); len(found) > 0 {
		t.Errorf("found %v", found)
	}
}

func TestResultsOfCosimNameNoFolder(t *testing.T) {
	dir := stage(t)
	o := examples()["cosim"]
	o.command = "cosim"
	line := append(strings.Fields(o.command+" "+strings.ReplaceAll(o.args, "DIR", dir)), "--traces", dir)
	out, errs, code := pmpdsim(t, line...)
	if code != exitOK || !strings.Contains(out, `"trace":"m.uniform-4.trace.jsonl.zst"`) || strings.Contains(out, dir) {
		t.Errorf("status %d, %s, %s", code, out, errs)
	}
	if _, err := os.Stat(filepath.Join(dir, "m.uniform-4.trace.jsonl.zst")); err != nil {
		t.Error(err)
	}
}
