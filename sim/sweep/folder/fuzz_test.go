package folder

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// FuzzFolder reads a folder of a sweep whose plan and shard hold anything.
func FuzzFolder(f *testing.F) {
	plan := NewPlan(Plan{Spec: "spec", Version: "v1", Files: map[string]string{"a": "b"}}, nil)
	text, err := plan.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text, []byte(`{"fingerprint":"a","error":"no"}`+"\n"), []byte(MarkerText))
	f.Add([]byte(`{"format":"pmpdsim-sweep 1","spec":"s","version":"v","points":1}`+"\n"+`{"fingerprint":"a","axes":{},"memory":0,"cost":1}`+"\n"),
		[]byte(`{"fingerprint":"a","result":{}}`+"\n"), []byte("{"))
	f.Fuzz(func(t *testing.T, plan, shard, marker []byte) {
		simtest.Budget(t, func() {
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "shards"), 0o700); err != nil {
				t.Fatal(err)
			}
			for name, text := range map[string][]byte{"plan.jsonl": plan, "shards/0.jsonl": shard, Marker: marker} {
				if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, _ = Marked(dir) // refused or not
			s, err := ReadShard(filepath.Join(dir, "shards", "0.jsonl"), 0)
			if err == nil && (s.Whole > int64(len(shard)) || bytes.Count(shard, []byte("\n")) < len(s.Lines)) {
				t.Errorf("%d bytes and %d lines of %q", s.Whole, len(s.Lines), shard)
			}
			opened, err := Open(dir)
			if err != nil {
				return
			}
			if rows, missing, err := opened.Rows(); err == nil && len(rows)+missing != len(opened.Plan.Rows) {
				t.Errorf("%d rows and %d missing of %d points", len(rows), missing, len(opened.Plan.Rows))
			}
		})
	})
}
