package simtest

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files with what the tests got")

// Update reports whether golden files are rewritten.
func Update() bool { return *update }

// Golden compares got with the file at path, which lies relative to the package under test. A missing file fails, so
// that a forgotten one cannot pass; with -update the file is written instead.
func Golden(t testing.TB, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v\n(go test -update writes it)", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (-file +test; go test -update rewrites it):\n%s", path, diff(want, got))
	}
}

// diff shows the lines that differ; cmp splits strings of several lines by itself.
func diff(want, got []byte) string {
	d := cmp.Diff(string(want), string(got))
	const most = 4000
	if len(d) > most {
		d = d[:most] + "\n… and more"
	}
	return d
}

// Goldens is a directory of golden files of which every file must belong to a test.
type Goldens struct {
	dir  string
	used []string
}

// NewGoldens returns the golden files in dir. When t ends it fails for each file in dir that no Check has used, so that
// goldens of deleted tests do not pile up; a run that leaves subtests out skips this.
func NewGoldens(t testing.TB, dir string) *Goldens {
	g := &Goldens{dir: dir}
	t.Cleanup(func() {
		if filtered() || t.Failed() || t.Skipped() {
			return
		}
		for _, o := range g.orphans(t) {
			t.Errorf("%s belongs to no test; delete it", filepath.Join(dir, o))
		}
	})
	return g
}

// Check compares got with the file of a name, such as "lpddr5/sequential.txt".
func (g *Goldens) Check(t testing.TB, name string, got []byte) {
	t.Helper()
	g.used = append(g.used, filepath.Clean(name))
	Golden(t, filepath.Join(g.dir, name), got)
}

func (g *Goldens) orphans(t testing.TB) []string {
	var found []string
	err := filepath.WalkDir(g.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(g.dir, path)
		if err == nil && !slices.Contains(g.used, name) {
			found = append(found, name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return found
}

// filtered reports whether go test may leave subtests out.
func filtered() bool {
	value := func(name string) string {
		if f := flag.Lookup(name); f != nil {
			return f.Value.String()
		}
		return ""
	}
	return strings.Contains(value("test.run"), "/") || value("test.skip") != "" || testing.Short()
}
