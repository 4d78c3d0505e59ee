package sweep

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmpdsim/pmpdsim/sim/study"
	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

// testdata/v0.1.0 is a folder that version 0.1.0 has made: without a marker, without checksums. It is read as before; a sweep
// takes it for its own only with the user's word, because another version has made it, and keeps all of it.
func TestFoldersOfVersion010(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "results")
	put(t, dir, withoutFolders(tree(t, "testdata/v0.1.0")))
	o := attempt{spec: specIn(t, read(t, filepath.Join(dir, "spec.yaml"))), dir: dir, version: testVersion}
	rewrite(t, filepath.Join(filepath.Dir(o.spec), "tiny.json"), read(t, filepath.Join(dir, "inputs/d429470c630d4a75/tiny.json")))
	results := read(t, filepath.Join(dir, "results.jsonl"))
	reads := func(t *testing.T, dir string) {
		t.Helper()
		if s, err := StatusOf(dir); err != nil || s.Done != 2 || s.Left != 0 || len(s.Notes) != 0 || s.Version != "v0.1.0" {
			t.Errorf("status %+v, %v", s, err)
		}
		if set, err := study.Read(dir); err != nil || len(set.Outcomes) != 2 || len(set.Inputs[0].Notes) != 0 {
			t.Errorf("read: %v", err)
		}
		if npus, err := NPUs(dir); err != nil || len(npus) != 1 {
			t.Errorf("NPUs %v, %v", npus, err)
		}
		rows, _, err := rowsOf(t, dir)
		if err != nil {
			t.Fatal(err)
		}
		if table, err := NewTable(rows); err != nil || len(table.Rows) != 2 {
			t.Errorf("table: %v", err)
		}
	}
	t.Run("are read", func(t *testing.T) { reads(t, dir) })
	t.Run("are not swept into without the user's word", func(t *testing.T) {
		before := tree(t, dir)
		err := o.run(t.Context(), workers(dir, 1), func(Progress) {})
		want := dir + ": has 2 of 2 results of another plan (of version v0.1.0 of the program, this is test); accepted: another directory, or --replan, which keeps them in " +
			dir + "/old/1"
		if err == nil || err.Error() != want {
			t.Errorf("error %v\nwant %s", err, want)
		}
		after := tree(t, dir)
		delete(after, folder.Marker)
		delete(after, "lock")
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("the folder has changed:\n%s", diff)
		}
	})
	t.Run("are kept when they are", func(t *testing.T) {
		o.replan = true
		if err := o.run(t.Context(), workers(dir, 1), func(Progress) {}); err != nil {
			t.Fatal(err)
		}
		reads(t, filepath.Join(dir, "old", "1"))
		if read(t, filepath.Join(dir, "old", "1", "results.jsonl")) != results {
			t.Error("the old results are not what they were")
		}
		if s, err := StatusOf(dir); err != nil || s.Done != 2 || len(s.Notes) != 0 || !strings.Contains(read(t, filepath.Join(dir, "plan.jsonl")), folder.Format) {
			t.Errorf("status %+v, %v", s, err)
		}
	})
}
