package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// drawing is a command of the documents that makes a figure and the numbers in it.
var drawing = regexp.MustCompile(`(?m)^pmpdsim (.*) -o (docs/figures/\S+\.png) > (docs/figures/\S+\.csv)$`)

// running is a command of the documents that makes results for figures.
var running = regexp.MustCompile(`(?m)^pmpdsim (run .*) -o (build/\S+\.jsonl)$`)

// TestFiguresOfTheDocs runs the commands that docs/*.md give for their figures. The numbers beside each have to be
// what the command prints; -update draws the figures anew.
func TestFiguresOfTheDocs(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds a figure")
	}
	t.Chdir("../..")
	documents, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	var text []byte
	for _, d := range documents {
		more, err := os.ReadFile(d)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, more...)
	}
	made := map[string]bool{}
	lines := strings.ReplaceAll(string(text), "\\\n", " ")
	for _, m := range running.FindAllStringSubmatch(lines, -1) {
		if err := os.MkdirAll(filepath.Dir(m[2]), 0o755); err != nil {
			t.Fatal(err)
		}
		args := append(strings.Fields(m[1]), "-o", m[2])
		if _, errs, code := pmpdsim(t, args...); code != exitOK {
			t.Fatalf("%v: exit code %d, %s", args, code, errs)
		}
	}
	for _, m := range drawing.FindAllStringSubmatch(lines, -1) {
		args, picture, numbers := strings.Fields(m[1]), m[2], m[3]
		made[picture], made[numbers] = true, true
		if *update {
			args = append(args, "-o", picture)
		}
		out, errs, code := pmpdsim(t, args...)
		if code != exitOK || errs != "" {
			t.Fatalf("%v: exit code %d, %s", args, code, errs)
		}
		if *update {
			if err := os.WriteFile(numbers, []byte(out), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(numbers); err != nil || string(want) != out {
			t.Errorf("%s is stale (%v): go test ./cmd/pmpdsim -update", numbers, err)
		}
		drawn, err := os.ReadFile(picture)
		if err != nil || !bytes.Contains(drawn, []byte("tEXtComment\x00pmpdsim "+args[0]+" ")) || !bytes.Contains(drawn, []byte(picture)) {
			t.Errorf("%s does not say how it was made (%v)", picture, err)
		}
		if len(drawn) > 150_000 {
			t.Errorf("%s has %d bytes", picture, len(drawn))
		}
	}
	there, err := filepath.Glob("docs/figures/*")
	there = slices.DeleteFunc(there, func(path string) bool { return strings.HasPrefix(filepath.Base(path), "report-") }) // screenshots
	if err != nil || len(there) == 0 || len(there) != len(made) {
		t.Errorf("docs/figures holds %v (%v), the commands make %v", there, err, made)
	}
}
