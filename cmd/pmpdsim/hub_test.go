package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhereTheHubKeepsModels(t *testing.T) {
	for _, key := range []string{"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"} {
		t.Setenv(key, "")
	}
	t.Setenv("HOME", "/h")
	for _, c := range []struct{ key, value, want string }{
		{"HOME", "/h", "/h/.cache/huggingface/hub"}, {"XDG_CACHE_HOME", "/x", "/x/huggingface/hub"}, {"HF_HOME", "/f", "/f/hub"},
		{"HUGGINGFACE_HUB_CACHE", "/o", "/o"}, {"HF_HUB_CACHE", "/c", "/c"},
	} {
		t.Setenv(c.key, c.value)
		if got := hubCache(); got != c.want {
			t.Errorf("%s=%s: %s, want %s", c.key, c.value, got, c.want)
		}
	}
}

func TestModelsByTheirIDs(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("HF_HUB_CACHE", cache)
	dir := filepath.Join(cache, "models--org--name-7b", "snapshots", "aaaa")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"model_type": "gpt2"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"org/name-7b": "name-7b", "Qwen/Qwen3-8B": "qwen3-8b"} {
		if m, err := loadModel(id); err != nil || m.Name != want {
			t.Errorf("%s: %+v, %v", id, m, err)
		}
	}
	if got := modelFolder("org/name-7b"); got != dir {
		t.Errorf("%s, want %s", got, dir)
	}
	want := "; the hub's cache " + cache + " does not have it"
	if m, err := loadModel("org/none"); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("%+v, %v, want …%s", m, err, want)
	}
}
