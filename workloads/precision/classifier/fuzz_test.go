package classifier

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// FuzzFiles reads files of classifiers and of caches.
func FuzzFiles(f *testing.F) {
	var data bytes.Buffer
	if err := WriteKV(&data, &KV{Key: []float32{1, 2}, Value: []float32{3, 4}, Heads: 1, Tokens: 1, Dim: 2}); err != nil {
		f.Fatal(err)
	}
	f.Add(data.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		simtest.Budget(t, func() {
			path := filepath.Join(t.TempDir(), "a.safetensors")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			_, _ = Read(path) // refused or not
			_, _ = ReadKV(path)
		})
	})
}
