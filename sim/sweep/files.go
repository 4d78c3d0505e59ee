package sweep

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// inputs finds the files that a spec names: relative to the spec, or as copies in a sweep's directory. With the copies a
// sweep continues with the same inputs, on any machine and whatever happened to the files since.
type inputs struct {
	dir    string            // of the spec
	copies map[string]string // name in the spec to path of the copy; nil: the files themselves are read
	named  []string          // names of the files that were read, in order
}

// path returns the path from which to read name. It returns names of presets unchanged.
func (f *inputs) path(name string, presets []string) string {
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
		return name // neither a preset nor a file: the error then shows the name as the spec has it
	}
	if !slices.Contains(f.named, name) {
		f.named = append(f.named, name)
	}
	return path
}

// keep copies the named files into dir below root, and returns the paths of the copies relative to root. A copy keeps
// its file name, because NPUs and models are named after it, in a folder that is named after a hash of the contents.
func (f *inputs) keep(root, dir string) (map[string]string, error) {
	kept := map[string]string{}
	for _, name := range f.named {
		from := f.path(name, nil)
		inner := ""
		if info, err := os.Stat(from); err == nil && info.IsDir() {
			inner = "config.json" // of a model
		}
		data, err := files.Read(filepath.Join(from, inner), files.Input)
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
