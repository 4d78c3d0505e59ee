package sweep

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// files finds what a spec names: beside the spec, or in the copies that a sweep's directory keeps. A sweep thus goes on
// with what it began with, on whatever machine and whatever became of the files since.
type files struct {
	dir    string            // of the spec
	copies map[string]string // from the name in the spec to the copy; nil: none, the files themselves are read
	named  []string          // that were asked for, in order
}

// path returns where to read name from. The names of presets are no files.
func (f *files) path(name string, presets []string) string {
	if slices.Contains(presets, name) || name == "" {
		return name
	}
	if c, ok := f.copies[name]; ok {
		return c
	}
	path := name
	if !filepath.IsAbs(name) {
		path = filepath.Join(f.dir, name)
	}
	if _, err := os.Stat(path); err != nil {
		return name // neither a preset nor a file: the message names it as the spec does
	}
	if !slices.Contains(f.named, name) {
		f.named = append(f.named, name)
	}
	return path
}

// keep copies the files that were named into dir, and returns their places there relative to root. A copy keeps its name,
// which NPUs and models are called by, in a folder that is called by the contents.
func (f *files) keep(root, dir string) (map[string]string, error) {
	kept := map[string]string{}
	for _, name := range f.named {
		from := f.path(name, nil)
		inner := ""
		if info, err := os.Stat(from); err == nil && info.IsDir() {
			inner = "config.json" // of a model
		}
		data, err := os.ReadFile(filepath.Join(from, inner))
		if err != nil {
			return nil, fmt.Errorf("keeping a copy of what the spec names: %w", err)
		}
		sum := sha256.Sum256(data)
		abs, err := filepath.Abs(from)
		if err != nil {
			return nil, err
		}
		folder := filepath.Join(dir, hex.EncodeToString(sum[:8]))
		if inner == "" && filepath.Base(abs) == "config.json" { // its model is called by the folder
			abs, inner = filepath.Dir(abs), "config.json"
		}
		to := filepath.Join(folder, filepath.Base(abs), inner)
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, to)), 0o755); err != nil {
			return nil, err
		}
		if err := replace(filepath.Join(root, to), data); err != nil {
			return nil, err
		}
		kept[name] = to
	}
	return kept, nil
}
