package packed

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func TestFilesAreReadByTheirNames(t *testing.T) {
	const text = "words, words, words"
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	files := FS(fstest.MapFS{"plain": {Data: []byte("as it is")}, "small.gz": {Data: b.Bytes()}, "cut.gz": {Data: b.Bytes()[:b.Len()-6]},
		"none.gz": {Data: []byte("no gzip")}})
	for name, want := range map[string]string{"plain": "as it is", "small": text, "small.gz": b.String()} {
		got, err := fs.ReadFile(files, name)
		if err != nil || string(got) != want {
			t.Errorf("%s is %q, %v; want %q", name, got, err, want)
		}
	}
	if info, err := fs.Stat(files, "small"); err != nil || info.Name() != "small" || info.Size() != int64(len(text)) {
		t.Errorf("small is described as %v, %v", info, err)
	}
	if _, err := fs.ReadFile(files, "absent"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is absent: %v", err)
	}
	for _, bad := range []string{"cut", "none"} {
		if _, err := fs.ReadFile(files, bad); err == nil || !strings.Contains(err.Error(), bad+".gz") {
			t.Errorf("%s: %v; want an error with its name", bad, err)
		}
	}
}
