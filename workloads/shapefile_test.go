package workloads_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads"
)

// One small file says the same of a model as its folder, or its GGUF file, does.
func TestAModelIsPortable(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plain := put("plain/config.json", string(config("llama", nil)))
	put("old/config.json", string(config("llama", nil)))
	put("old/quantize_config.json", `{"bits": 4, "group_size": 32}`)
	for path, want := range map[string]string{plain: "config.json", filepath.Join(dir, "plain"): "config.json", filepath.Join(dir, "old"): "old.shape.json",
		llama().save(t, "tiny.gguf"): "tiny.shape.json"} {
		m, err := workloads.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		data, name, err := workloads.Portable(path)
		if err != nil || name != want {
			t.Errorf("%s: %s, %v; want %s", path, name, err, want)
			continue
		}
		again, err := workloads.Load(put(m.Name+"-copy/"+name, string(data)))
		if err != nil || again.Fingerprint() != m.Fingerprint() || name != "config.json" && again.Name != m.Name || again.PaperHigh != 4 {
			t.Errorf("%s is %+v, its copy %+v, %v", path, m, again, err)
		}
	}
	if _, err := workloads.Load(put("bad.shape.json", `{"layers": 1}`)); err == nil || !strings.Contains(err.Error(), "bad.shape.json: model_type: ") {
		t.Error(err)
	}
}
