package workloads

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
	"github.com/pmpdsim/pmpdsim/sim/unit/visible"
	"github.com/pmpdsim/pmpdsim/workloads/gguf"
)

//go:embed models/*.json
var presetFiles embed.FS // read only

// preset is what models/index.json adds to a preset's config.json.
type preset struct {
	Name      string `json:"name"`
	ID        string `json:"id"` // on huggingface.co
	Source    string `json:"source"`
	Published int64  `json:"published"`
	PaperHigh int    `json:"paper_high"`
	PaperLow  int    `json:"paper_low"`
}

func presets() []preset {
	var index struct {
		Models []preset `json:"models"`
	}
	data, err := presetFiles.ReadFile("models/index.json")
	if err == nil {
		err = json.Unmarshal(data, &index)
	}
	if err != nil {
		panic("workloads: embedded models/index.json: " + err.Error())
	}
	return index.Models
}

func (p preset) load() (*Model, *Config) {
	file := "models/" + p.Name + ".json"
	data, err := presetFiles.ReadFile(file)
	if err != nil {
		panic("workloads: embedded " + err.Error())
	}
	m, err := ParseConfig(p.Name, file, data)
	if err != nil {
		panic("workloads: embedded " + err.Error())
	}
	m.Source = p.ID + ": " + p.Source
	m.Published, m.PaperHigh, m.PaperLow = p.Published, p.PaperHigh, p.PaperLow
	return m, &Config{File: file, Data: data, Preset: true}
}

// Models returns the presets: the paper's models first.
func Models() []*Model {
	models := []*Model{}
	for _, p := range presets() {
		m, _ := p.load()
		models = append(models, m)
	}
	return models
}

// Config is a config.json and where it lies.
type Config struct {
	File   string // for error messages
	Data   []byte
	Preset bool // embedded
}

// Load finds a model: a preset, the one that the program carries, or a shape (Shapes) by its name; or else a Hugging Face config.json by its path, by its
// directory's, or by that of a folder of the hub's cache; or else by its id on the hub a preset.
func Load(nameOrPath string) (*Model, error) {
	m, _, err := LoadConfig(nameOrPath)
	return m, err
}

// LoadConfig does what Load does, and also returns what the model was read from.
func LoadConfig(nameOrPath string) (*Model, *Config, error) {
	names := []string{}
	for _, p := range presets() {
		if p.Name == nameOrPath {
			m, c := p.load()
			return m, c, nil
		}
		names = append(names, p.Name)
	}
	shapes := Shapes()
	if slices.Contains(shapes, nameOrPath) {
		m, c := loadShape(nameOrPath)
		return m, c, nil
	}
	if nameOrPath == TinyModel {
		m, c := loadTiny()
		return m, c, nil
	}
	names = append(append(names, TinyModel), shapes...)
	if _, err := os.Stat(nameOrPath); err != nil {
		if p, ok := presetID(nameOrPath); ok {
			m, c := p.load()
			return m, c, nil
		}
	}
	return loadFile(nameOrPath, names)
}

// loadFile reads a config.json, or a GGUF file.
func loadFile(nameOrPath string, names []string) (*Model, *Config, error) {
	file := Locate(nameOrPath)
	info, err := os.Stat(file)
	if err == nil && info.IsDir() {
		file = filepath.Join(file, "config.json")
		info, err = os.Stat(file)
	}
	switch {
	case nameOrPath == "" || (errors.Is(err, fs.ErrNotExist) && file == nameOrPath):
		return nil, nil, fmt.Errorf("model %q is neither a preset nor a file; %s", nameOrPath, suggest.Accepted(nameOrPath, names,
			"or the path of a Hugging Face config.json, of its directory, of a folder of the hub's cache, or of a GGUF file"))
	case errors.Is(err, fs.ErrNotExist) && ggufOf(nameOrPath) != "":
		return nil, nil, fmt.Errorf("model %q: no config.json; accepted: a file of those that it has, as %s", nameOrPath, ggufOf(nameOrPath))
	case errors.Is(err, fs.ErrNotExist) && isHubFolder(nameOrPath):
		return nil, nil, fmt.Errorf("model %q: no snapshot has a config.json; accepted: a folder of the hub's cache with snapshots/REVISION/config.json",
			nameOrPath)
	case err != nil:
		return nil, nil, fmt.Errorf("model %q: %w", nameOrPath, suggest.File(err, "a Hugging Face config.json or its directory"))
	case !info.Mode().IsRegular():
		return nil, nil, fmt.Errorf("model %q: not a regular file; accepted: a Hugging Face config.json or its directory", nameOrPath)
	}
	if gguf.Is(file) {
		return loadGGUF(file)
	}
	if strings.HasSuffix(file, shapeSuffix) {
		return loadShapeFile(file)
	}
	data, err := files.Read(file, files.ModelConfig) // not the weights, whose path was meant for the model's
	if err != nil {
		return nil, nil, err
	}
	m, err := ParseConfig(nameOf(file), file, data)
	if err == nil && m.Stored == nil {
		err = m.storedBeside(file)
	}
	if err != nil {
		return nil, nil, err
	}
	return m, &Config{File: file, Data: data}, nil
}

// NameOf returns what the model in a file or a folder is called: after the file; when that is called config.json, after its
// folder; a snapshot of the hub's cache is called after its repository.
func NameOf(path string) string {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, "config.json")
	}
	return nameOf(path)
}

func nameOf(file string) string {
	if abs, err := filepath.Abs(file); err == nil {
		file = abs
	}
	base := filepath.Base(file)
	if base == "config.json" {
		if base = hubName(filepath.Dir(file)); base == "" {
			base = filepath.Base(filepath.Dir(file))
		}
	}
	return visible.Line(strings.TrimSuffix(base, ".json"))
}
