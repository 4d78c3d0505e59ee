package study

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

func FuzzRows(f *testing.F) {
	data, err := os.ReadFile("testdata/results.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	lines := bytes.SplitAfterN(data, []byte("\n"), 3)
	f.Add(bytes.Join(lines[:2], nil), "npu=edge-lpddr5")
	f.Add([]byte(`{"fingerprint":"a","error":"no"}`), "schedule=")
	f.Fuzz(func(t *testing.T, text []byte, only string) {
		simtest.Budget(t, func() {
			path := filepath.Join(t.TempDir(), "r.jsonl")
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := Read(path)
			if err != nil {
				return
			}
			if kept, err := s.Only(only); err == nil && len(kept.Outcomes) > len(s.Outcomes) {
				t.Errorf("%q keeps %d of %d", only, len(kept.Outcomes), len(s.Outcomes))
			}
		})
	})
}
