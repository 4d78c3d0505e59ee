package files

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// grow begins to write a file, which has to go well.
func grow(t *testing.T, path, data string) *Partial {
	t.Helper()
	p, err := claimed(t, NewClaims(t.Context()), path).Grow(nil)
	if err == nil {
		_, err = io.WriteString(p, data)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestAPartialTakesNobodysName: what earlier runs left, what a user has and what another run writes stays as it is.
func TestAPartialTakesNobodysName(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "t")
	put(t, path+".partial", "of a killed run", 0o644)
	put(t, path+".reserve", "a user's", 0o644)
	put(t, filepath.Join(dir, "other"), "a user's", 0o644)
	first, second := grow(t, path, "first"), grow(t, path, "second")
	third := grow(t, filepath.Join(dir, "s"), "third")
	if third.Name() != filepath.Join(dir, "s.partial") || !first.Reserved() {
		t.Errorf("grows as %s", third.Name())
	}
	var names []string
	grows := 0
	for _, l := range claimed(t, NewClaims(t.Context()), path).Leftovers() {
		names = append(names, l.Name)
		if l.Grows {
			grows++
		}
	}
	if len(names) != 3 || grows != 2 || !strings.Contains(strings.Join(names, " "), path+".partial") {
		t.Errorf("leftovers %v, of which %d grow", names, grows)
	}
	if err := first.Finish(); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "first")
	if err := second.Finish(); err == nil || !strings.Contains(err.Error(), ".kept-") {
		t.Errorf("the second of two: %v", err)
	}
	third.Remove()
	if err := grow(t, filepath.Join(dir, strings.Repeat("x", 255)), "long").Finish(); err != nil {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(dir, strings.Repeat("x", 255))); err != nil {
		t.Error(err)
	}
	holds(t, path+".partial", "of a killed run")
	holds(t, path+".reserve", "a user's")
	kept, _ := filepath.Glob(path + ".kept-*")
	if len(kept) != 1 {
		t.Fatalf("kept %v", kept)
	}
	holds(t, kept[0], "second")
	left(t, dir, "other", "t", filepath.Base(kept[0]), "t.partial", "t.reserve")
}

// TestALinkInTheWay leads to a user's file, which nothing is written to.
func TestALinkInTheWay(t *testing.T) {
	dir := t.TempDir()
	users := filepath.Join(dir, "users")
	put(t, users, "a user's", 0o644)
	if err := errors.Join(os.Symlink(users, filepath.Join(dir, "t.partial")), os.Symlink(users, filepath.Join(dir, "own"))); err != nil {
		t.Fatal(err)
	}
	if err := grow(t, filepath.Join(dir, "t"), "x").Finish(); err != nil {
		t.Fatal(err)
	}
	if _, err := Append(filepath.Join(dir, "own")); err == nil {
		t.Error("appended to what a link leads to")
	}
	if err := Replace(filepath.Join(dir, "own"), text("new")); err != nil {
		t.Error(err)
	}
	holds(t, users, "a user's")
	holds(t, filepath.Join(dir, "own"), "new")
	holds(t, filepath.Join(dir, "t"), "x")
	left(t, dir, "own", "t", "t.partial", "users")
}

// TestFilesOfOurOwn: what Append opens is read, and written at its end, whatever was read.
func TestFilesOfOurOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shard")
	for _, line := range []string{"one\n", "two\n"} {
		f, err := Append(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(line); err != nil {
			t.Fatal(err)
		}
		if data, err := os.ReadFile(path); err != nil || !strings.HasSuffix(string(data), line) {
			t.Errorf("%q, %v", data, err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	holds(t, path, "one\ntwo\n")
	if _, err := Append(filepath.Dir(path)); err == nil {
		t.Error("appended to a folder")
	}
	failed := errors.New("no more")
	if err := Replace(path, func(io.Writer) error { return failed }); !errors.Is(err, failed) {
		t.Errorf("error %v", err)
	}
	if err := Replace(filepath.Dir(path), text("x")); err == nil || !strings.HasSuffix(err.Error(), "is a directory; accepted: a file") {
		t.Errorf("error %v", err)
	}
	holds(t, path, "one\ntwo\n")
	left(t, filepath.Dir(path), "shard")
}

// TestStop: what grows and need not be kept goes with the process; what is kept is waited for.
func TestStop(t *testing.T) {
	dir := t.TempDir()
	c := NewClaims(t.Context())
	begin := func(name string) *Partial {
		p, err := claimed(t, c, filepath.Join(dir, name)).Grow(nil)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	kept, again := begin("a"), begin("b")
	begin("lost")
	kept.Keep()
	stopped := make(chan bool)
	go func() { c.Stop(); close(stopped) }()
	again.Keep() // while another one is, nothing keeps it from that
	if err := again.Finish(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-stopped:
		t.Error("stopped while a file was to be kept")
	default:
	}
	if err := kept.Finish(); err != nil {
		t.Fatal(err)
	}
	<-stopped
	left(t, dir, "a", "b")
}

// TestAPartialThatWasRemoved is only in this process: it is copied to where it can be found.
func TestAPartialThatWasRemoved(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	for name, remove := range map[string]func(dir string) error{
		"alone":           func(dir string) error { return os.Remove(filepath.Join(dir, "t.zst.partial")) },
		"with its folder": os.RemoveAll,
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "in")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			p := grow(t, filepath.Join(dir, "t.zst"), "some passes")
			p.Keep()
			if err := remove(dir); err != nil {
				t.Fatal(err)
			}
			err := p.Finish()
			if err == nil {
				t.Fatal("no error")
			}
			kept := err.Error()[strings.LastIndex(err.Error(), " ")+1:]
			holds(t, kept, "some passes")
			if where := filepath.Dir(kept); (where != tmp) != (name == "alone") || !strings.HasSuffix(kept, ".zst") {
				t.Errorf("kept in %s", kept)
			}
		})
	}
}
