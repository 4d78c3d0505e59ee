package sweep

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/gguf"
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

// places returns where the copies of the named files are to lie, relative to the sweep's directory. A copy keeps its file
// name, because NPUs and models are named after it, in a folder that is named after a hash of the contents.
func (f *inputs) places() (map[string]string, error) {
	all := map[string]string{}
	for _, name := range f.named {
		_, to, err := f.contents(name)
		if err != nil {
			return nil, err
		}
		all[name] = to
	}
	return all, nil
}

// contents reads a named file, and tells where its copy lies.
func (f *inputs) contents(name string) (data []byte, to string, err error) {
	from := workloads.Locate(f.path(name, nil))
	if data, to, err = modelOf(from); data != nil || err != nil {
		return data, to, err
	}
	inner := ""
	if info, err := os.Stat(from); err == nil && info.IsDir() {
		inner = "config.json" // of a model
	}
	data, err = files.Read(filepath.Join(from, inner), files.Input)
	if err != nil {
		return nil, "", fmt.Errorf("keeping a copy of what the spec names: %w", err)
	}
	sum := sha256.Sum256(data)
	abs, err := filepath.Abs(from)
	if err != nil {
		return nil, "", err
	}
	if inner == "" && filepath.Base(abs) == "config.json" { // its model is called by the folder
		abs, inner = filepath.Dir(abs), "config.json"
	}
	called := filepath.Base(abs)
	if inner != "" {
		called = workloads.NameOf(abs)
	}
	return data, filepath.Join("inputs", hex.EncodeToString(sum[:8]), called, inner), nil
}

// modelOf returns what stands for a model that is more than its config.json, and tells where that lies; nothing if the path is no
// such model's.
func modelOf(from string) (data []byte, to string, err error) {
	info, err := os.Stat(from)
	if err != nil || !info.IsDir() && !gguf.Is(from) {
		return nil, "", nil
	}
	data, name, err := workloads.Portable(from)
	if err != nil {
		return nil, "", fmt.Errorf("keeping a copy of what the spec names: %w", err)
	}
	if name == "config.json" {
		return nil, "", nil
	}
	sum := sha256.Sum256(data)
	return data, filepath.Join("inputs", hex.EncodeToString(sum[:8]), name), nil
}

// keepFiles copies the files that the spec names to their places below root, and checks that the copies are what was read
// when the spec was.
func (s *Spec) keepFiles(root string, places map[string]string) error {
	copies := map[string]string{}
	for _, name := range s.files.named {
		data, to, err := s.files.contents(name)
		if err != nil {
			return err
		}
		if to != places[name] {
			return changed(name)
		}
		copies[name] = filepath.Join(root, to)
		if there, err := files.Read(copies[name], files.Input); err == nil && bytes.Equal(there, data) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(copies[name]), 0o755); err != nil {
			return err
		}
		if err := replace(copies[name], data); err != nil {
			return err
		}
	}
	again, err := parse(s.data, "spec.yaml", math.MaxInt, &inputs{dir: s.files.dir, copies: copies})
	if err != nil || again.inputs() != s.inputs() {
		return changed(strings.Join(s.files.named, " or "))
	}
	return nil
}

func changed(name string) error {
	return fmt.Errorf("%s changed while the spec was read; accepted: the same command again", name)
}

// inputs is a text that differs if what was read of the named files does.
func (s *Spec) inputs() string {
	var all []string
	for _, n := range s.npus {
		all = append(all, n.Name, n.Fingerprint())
	}
	for _, m := range s.models {
		shape := *m.Model
		shape.Source = "" // names the file
		text, err := json.Marshal(shape)
		if err != nil {
			panic("sweep: " + err.Error())
		}
		all = append(all, string(text))
	}
	for _, name := range slices.Sorted(maps.Keys(s.parts)) {
		all = append(all, s.parts[name].Text())
	}
	for _, w := range s.workloads {
		if w.trace != nil {
			all = append(all, w.trace.SHA256)
		}
	}
	return strings.Join(all, "\n")
}
