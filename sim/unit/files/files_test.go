package files

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// text writes a text.
func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

// claimed claims a file, which has to go well.
func claimed(t *testing.T, c *Claims, path string) *File {
	t.Helper()
	f, err := c.Writes(path, "--output")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// holds checks what is in a file.
func holds(t *testing.T, path, want string) {
	t.Helper()
	if data, err := os.ReadFile(path); err != nil || string(data) != want {
		t.Errorf("%s holds %q (%v), want %q", path, data, err, want)
	}
}

// left checks which files are in a folder.
func left(t *testing.T, dir string, want ...string) {
	t.Helper()
	var got []string
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if err != nil || strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("left: %q (%v), want %q", got, err, want)
	}
}

// put writes a file with a mode.
func put(t *testing.T, path, data string, mode os.FileMode) {
	t.Helper()
	if err := errors.Join(os.WriteFile(path, []byte(data), mode), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
}

func TestWriteIsAllOrNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	c := NewClaims(t.Context())
	f := claimed(t, c, path)
	left(t, dir)
	if err := f.Write(text("old")); err != nil {
		t.Fatal(err)
	}
	failed := errors.New("no more")
	err := f.Write(func(w io.Writer) error { return errors.Join(text("half")(w), failed) })
	if !errors.Is(err, failed) || !strings.HasPrefix(err.Error(), "writing "+path+": ") {
		t.Errorf("error %v", err)
	}
	holds(t, path, "old")
	if err := f.Write(text("new")); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "new")
	left(t, dir, "a.txt")
	if got := c.Written(); len(got) != 2 || got[0] != path {
		t.Errorf("written: %v", got)
	}
}

// TestLinksAreFollowedAndStay: a link, a chain of them, and one that leads to nothing yet.
func TestLinksAreFollowedAndStay(t *testing.T) {
	for name, old := range map[string]bool{"there": true, "not there": false} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			target := filepath.Join(dir, "in", "target")
			if err := errors.Join(os.Mkdir(filepath.Dir(target), 0o755), os.Symlink("second", filepath.Join(dir, "link")),
				os.Symlink("in/target", filepath.Join(dir, "second"))); err != nil {
				t.Fatal(err)
			}
			if old {
				put(t, target, "old", 0o640)
			}
			if err := claimed(t, NewClaims(t.Context()), filepath.Join(dir, "link")).Write(text("through")); err != nil {
				t.Fatal(err)
			}
			holds(t, target, "through")
			left(t, filepath.Dir(target), "target")
			left(t, dir, "in", "link", "second")
			if info, err := os.Lstat(filepath.Join(dir, "link")); err != nil || info.Mode()&os.ModeSymlink == 0 {
				t.Errorf("the link was replaced: %v", err)
			}
		})
	}
}

func TestModes(t *testing.T) {
	dir := t.TempDir()
	old := syscall.Umask(0o027)
	defer syscall.Umask(old)
	for _, c := range []struct {
		name         string
		before, want os.FileMode
	}{{"new", 0, 0o640}, {"secret", 0o600, 0o600}, {"program", 0o755, 0o755}, {"everybody's", 0o666, 0o666}} {
		for _, grown := range []bool{false, true} {
			path := filepath.Join(dir, c.name)
			if c.before != 0 {
				put(t, path, "old", c.before)
			} else {
				_ = os.Remove(path)
			}
			f := claimed(t, NewClaims(t.Context()), path)
			if grown {
				p, err := f.Grow(nil)
				if err != nil {
					t.Fatal(err)
				}
				if info, err := os.Stat(p.Name()); err != nil || info.Mode().Perm()&^c.want != 0 {
					t.Errorf("%s grows with mode %v (%v)", c.name, info.Mode(), err)
				}
				if err := p.Finish(); err != nil {
					t.Fatal(err)
				}
			} else if err := f.Write(text("new")); err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != c.want {
				t.Errorf("%s, grown %v: mode %v (%v), want %v", c.name, grown, info.Mode(), err, c.want)
			}
		}
	}
}

// TestNobodysFileIsLost: what somebody else wrote since the claim stays, and so does what was written here.
func TestNobodysFileIsLost(t *testing.T) {
	for name, before := range map[string]bool{"over an old file": true, "to a new name": false} {
		for _, grown := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				dir := t.TempDir()
				path := filepath.Join(dir, "t.trace.jsonl")
				if before {
					put(t, path, "old", 0o644)
				}
				f := claimed(t, NewClaims(t.Context()), path)
				if err := claimed(t, NewClaims(t.Context()), path).Write(text("theirs")); err != nil {
					t.Fatal(err)
				}
				var err error
				if grown {
					p, failed := f.Grow(nil)
					if failed != nil {
						t.Fatal(failed)
					}
					if _, err := io.WriteString(p, "ours"); err != nil {
						t.Fatal(err)
					}
					p.Keep()
					err = p.Finish()
				} else {
					err = f.Write(text("ours"))
				}
				holds(t, path, "theirs")
				kept, _ := filepath.Glob(filepath.Join(dir, "t.kept-*.trace.jsonl"))
				if len(kept) != 1 || err == nil || !strings.HasSuffix(err.Error(), "is in "+kept[0]) {
					t.Fatalf("kept %v, error %v", kept, err)
				}
				holds(t, kept[0], "ours")
				left(t, dir, filepath.Base(kept[0]), "t.trace.jsonl")
			})
		}
	}
}

// TestClaimsRefuse: what cannot be written, and what would be lost, is known before the work.
func TestClaimsRefuse(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	put(t, at("input"), "in", 0o644)
	if err := errors.Join(os.Mkdir(at("folder"), 0o755), os.Symlink(at("input"), at("link")), os.Link(at("input"), at("hard")),
		os.Symlink(at("folder"), at("folderlink")), os.Symlink(at("round"), at("round")), os.Symlink(at("gone/x"), at("dangling"))); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, path, want string }{
		{"a folder", at("folder"), "is a directory; accepted: a file"},
		{"a folder behind a link", at("folderlink"), "is a directory; accepted: a file"},
		{"a name that is a folder's", at("new") + "/", "is a directory; accepted: a file"},
		{"no folder", at("none/x"), ": no such file or directory; accepted: a file in a directory that can be written to"},
		{"a link into no folder", at("dangling"), ": no such file or directory; accepted: a file in a directory that can be written to"},
		{"a file as a folder", at("input/x"), ": not a directory; accepted: a file in a directory that can be written to"},
		{"a link to itself", at("round"), ": too many levels of symbolic links; accepted: a file in a directory that can be written to"},
		{"a name too long", at(strings.Repeat("x", 300)), ": file name too long; accepted: a file in a directory that can be written to"},
		{"an input", at("input"), "is read, too; accepted: another file"},
		{"an input, spelt in another way", at("folder") + "/../input", "is " + at("input") + ", which is read, too; accepted: another file"},
		{"an input behind a link", at("link"), "is " + at("input") + ", which is read, too; accepted: another file"},
		{"an input by another name", at("hard"), "is " + at("input") + ", which is read, too; accepted: another file"},
		{"another output", at("out"), "is where --csv goes, too; accepted: another file"},
		{"another output, spelt in another way", at("folder") + "/../out", "is where --csv goes, too; accepted: another file"},
		{"another output behind a link to its folder", at("folderlink") + "/../out", "is where --csv goes, too; accepted: another file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			claims := NewClaims(t.Context())
			claims.Reads(at("input"), at("gone"))
			if _, err := claims.Writes(at("out"), "--csv"); err != nil {
				t.Fatal(err)
			}
			_, err := claims.Writes(c.path, "--output")
			if err == nil || !strings.HasSuffix(err.Error(), c.want) || !strings.Contains(err.Error(), c.path) {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
	for _, path := range []string{at("link"), at("dangling"), at("round")} {
		if _, err := NewClaims(t.Context()).Derives(path, "--traces"); err == nil || !strings.Contains(err.Error(), path+" is a link, ") {
			t.Errorf("a name that nobody gave: %v", err)
		}
	}
	holds(t, at("input"), "in")
	left(t, dir, "dangling", "folder", "folderlink", "hard", "input", "link", "round")
	left(t, at("folder"))
}

func TestSpecials(t *testing.T) {
	t.Run("a device takes everything, as often as you like", func(t *testing.T) {
		c := NewClaims(t.Context())
		c.Reads("/dev/null")
		for range 2 {
			if f := claimed(t, c, "/dev/null"); !f.Special() || f.Write(text("x")) != nil {
				t.Error("not written")
			}
		}
	})
	t.Run("a device that is full", func(t *testing.T) {
		err := claimed(t, NewClaims(t.Context()), "/dev/full").Write(text("x"))
		if !errors.Is(err, syscall.ENOSPC) || err.Error() != "writing /dev/full: no space left on device" {
			t.Errorf("error %v", err)
		}
	})
	t.Run("a pipe is waited for, and an interruption ends that", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "pipe")
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
		got := make(chan string)
		ctx, cancel := context.WithCancel(t.Context())
		f := claimed(t, NewClaims(ctx), path)
		go func() {
			data, _ := os.ReadFile(path)
			got <- string(data)
		}()
		if err := f.Write(text("through")); err != nil || <-got != "through" {
			t.Errorf("error %v", err)
		}
		cancel()
		if err := f.Write(text("nobody reads")); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("a file that is open, as /dev/stdout may be, goes on where it is", func(t *testing.T) {
		open, err := os.Create(filepath.Join(t.TempDir(), "redirected"))
		if err != nil {
			t.Fatal(err)
		}
		defer open.Close()
		for _, name := range []string{"/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/"} {
			link := filepath.Join(t.TempDir(), "stdout")
			if err := errors.Join(text("before, ")(open), os.Symlink(name+strconv.Itoa(int(open.Fd())), link)); err != nil {
				t.Fatal(err)
			}
			if err := claimed(t, NewClaims(t.Context()), link).Write(text("written, ")); err != nil {
				t.Error(err)
			}
		}
		holds(t, open.Name(), strings.Repeat("before, written, ", 3))
	})
}
