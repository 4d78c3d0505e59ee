package files

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// sparse makes a file of a size that takes no room.
func sparse(t *testing.T, size int64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sparse")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(size), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// endless makes a pipe into which bytes are written for as long as anyone reads.
func endless(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	go func() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return
		}
		for text := bytes.Repeat([]byte("x"), 1<<16); err == nil; _, err = f.Write(text) {
		}
		_ = f.Close() // nobody reads any more
	}()
	return path
}

// What the program keeps for itself is no pipe: it would be waited for without end.
func TestAPipeInPlaceOfWhatIsStoredIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	for _, at := range []string{path, "/dev/zero"} {
		_, err := ReadStored(at, Plan)
		if want := at + ": is a pipe or a device; accepted: "; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// wholes are the kinds of which Read reads a whole file.
func wholes() (all []Kind) {
	for _, k := range Kinds() {
		if l := k.Limits(); l.Bytes > 0 && l.Line == 0 {
			all = append(all, k)
		}
	}
	return all
}

func TestEveryKindIsReadUpToItsLimit(t *testing.T) {
	simtest.OneGoroutine(t)
	for _, k := range wholes() {
		l := k.Limits()
		if testing.Short() && l.Bytes > 32*mib {
			continue
		}
		t.Run(l.What, func(t *testing.T) {
			t.Run("a file of the largest size is read", func(t *testing.T) {
				data, err := Read(sparse(t, l.Bytes), k)
				if err != nil || int64(len(data)) != l.Bytes {
					t.Errorf("%d bytes, %v", len(data), err)
				}
			})
			t.Run("a byte more is refused", func(t *testing.T) {
				path := sparse(t, l.Bytes+1)
				want := fmt.Sprintf("%s: has %d bytes; accepted: %s with at most %s", path, l.Bytes+1, l.What, size(l.Bytes))
				if _, err := Read(path, k); err == nil || !strings.HasPrefix(err.Error(), want) {
					t.Errorf("got %v, want %s", err, want)
				}
			})
			for name, path := range map[string]string{"a device that never ends": "/dev/zero", "a pipe that never ends": endless(t)} {
				t.Run(name+" is refused", func(t *testing.T) {
					want := fmt.Sprintf("%s: goes on after %s; accepted: %s with at most ", path, size(l.Bytes), l.What)
					if _, err := Read(path, k); err == nil || !strings.HasPrefix(err.Error(), want) {
						t.Errorf("got %v, want %s", err, want)
					}
				})
			}
			t.Run("a folder, and what is not there, are refused", func(t *testing.T) {
				dir := t.TempDir()
				if _, err := Read(dir, k); err == nil || err.Error() != dir+": is a directory; accepted: "+l.What {
					t.Errorf("a folder: %v", err)
				}
				if _, err := Read(filepath.Join(dir, "none"), k); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("nothing: %v", err)
				}
			})
		})
	}
}

// repeated is a stream of a text, over and over.
type repeated string

func (r repeated) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = r[i%len(r)]
	}
	return len(b) / len(r) * len(r), nil
}

func TestLinesAreReadUpToTheirLimits(t *testing.T) {
	for _, k := range []Kind{Trace, Results, Plan} {
		l := k.Limits()
		for _, c := range []struct{ name, text, want string }{
			{"a line", "x", "name:1: the line goes on after " + size(int64(l.Line)) + "; accepted: " + l.What + " with lines of at most "},
			{"the number of lines", "\n", fmt.Sprintf("name:%d: goes on after %d lines; accepted: %s with at most ", l.Lines+1, l.Lines, l.What)},
		} {
			t.Run(l.What+", "+c.name, func(t *testing.T) {
				in := NewLines("name", repeated(c.text), k)
				var err error
				for err == nil {
					_, err = in.Next()
				}
				if !strings.HasPrefix(err.Error(), c.want) {
					t.Errorf("got %v, want %s", err, c.want)
				}
			})
		}
	}
	t.Run("all together", func(t *testing.T) {
		in := NewLines("name", repeated(strings.Repeat("x", 4095)+"\n"), Trace)
		var err error
		for err == nil {
			_, err = in.Next()
		}
		if want := "name:65537: goes on after 256 MiB of lines; accepted: a decode trace (NAME.trace.jsonl.zst) with at most 256 MiB of lines"; err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	})
	t.Run("what is within them comes as it is", func(t *testing.T) {
		long := strings.Repeat("y", 200_000)
		in := NewLines("name", strings.NewReader("a\n\n"+long+"\nend"), Trace)
		for i, want := range []string{"a\n", "\n", long + "\n"} {
			if line, err := in.Next(); err != nil || string(line) != want || in.Number() != i+1 {
				t.Errorf("line %d: %.20q, %v", in.Number(), line, err)
			}
		}
		if line, err := in.Next(); err != io.EOF || string(line) != "end" {
			t.Errorf("%q, %v", line, err)
		}
	})
}

func TestJSONIsCheckedBeforeItTakesMemory(t *testing.T) {
	const most = "name: holds more than 100000 values; accepted: a Hugging Face config.json with at most 100000 values"
	var keys strings.Builder
	for i := range 1_000_000 {
		fmt.Fprintf(&keys, `{"%d":1,`[min(i, 1):], i)
	}
	for _, c := range []struct{ name, text, want string }{
		{"a million keys", keys.String(), most},
		{"a million empty lists", "[" + strings.Repeat(`[],`, 1e6) + `1]`, most},
		{"deep lists", strings.Repeat("[", 65), "name: nests objects and lists more than 64 deep; accepted: a Hugging Face config.json with at most 64 levels"},
		{"deep objects", strings.Repeat(`{"a":`, 65), "name: nests objects and lists more than 64 deep; accepted: a Hugging Face config.json with at most 64 levels"},
		{"what stands in texts does not count", `["` + strings.Repeat(`[{,\"`, 1e5) + `"]`, ""},
		{"lists beside each other are not deep", "[" + strings.Repeat("[],", 1e4) + "[]]", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			if err := CheckJSON("name", 0, []byte(c.text), ModelConfig); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestPlacesOfFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path, Weights)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	b := make([]byte, 4)
	if _, err := f.ReadAt(b, 3); err != nil || string(b) != "3456" {
		t.Errorf("%q, %v", b, err)
	}
	if err := f.SeekTo(8); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(f); err != nil || string(rest) != "89" {
		t.Errorf("%q, %v", rest, err)
	}
	if err := os.Truncate(path, 5); err != nil {
		t.Fatal(err)
	}
	_, err = f.ReadAt(b, 3)
	if want := path + ": was cut short while it was read, and had 10 bytes; accepted: a file that does not change while it is read"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
