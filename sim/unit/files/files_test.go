package files

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReplaceIsAllOrNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	text := func(s string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
	}
	if err := Replace(path, text("old")); err != nil {
		t.Fatal(err)
	}
	failed := errors.New("no more")
	err := Replace(path, func(w io.Writer) error { return errors.Join(text("half")(w), failed) })
	if data, _ := os.ReadFile(path); !errors.Is(err, failed) || string(data) != "old" {
		t.Errorf("error %v, and the file holds %q", err, data)
	}
	if err := Replace(path, text("new")); err != nil {
		t.Fatal(err)
	}
	if data, _ := os.ReadFile(path); string(data) != "new" {
		t.Errorf("the file holds %q", data)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if err := Replace(link, text("through")); err != nil || !Special(link) {
		t.Errorf("a link was replaced: %v", err)
	}
	if data, _ := os.ReadFile(path); string(data) != "through" {
		t.Errorf("what the link leads to holds %q", data)
	}
	if all, _ := os.ReadDir(dir); len(all) != 2 {
		t.Errorf("left: %v", all)
	}
}

func TestErrorsNameThePathThatWasGiven(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none", "a.txt")
	want := "writing " + path + ": no such file or directory; accepted: a file in a directory that can be written to"
	for name, err := range map[string]error{"Writable": Writable(path), "Replace": Replace(path, nil)} {
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	if err := Writable(t.TempDir()); err == nil || !strings.HasSuffix(err.Error(), " is a directory; accepted: a file") {
		t.Errorf("a directory: %v", err)
	}
}
